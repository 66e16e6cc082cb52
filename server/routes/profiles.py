"""How people show, and who is around them."""

from actors.auth.standing import BecomeCreator
from actors.profiles.messages import EditProfile, GetProfile, ListFollowers, ListFollowing
from server.http.routing import get, patch, post

ROUTES = (
    get("/v1/profiles/{username}", GetProfile, live=True, public_max_age=1),
    patch("/v1/profiles/me", EditProfile),
    post("/v1/profiles/me/creator", BecomeCreator, tag="profiles"),
    get("/v1/profiles/{username}/followers", ListFollowers, live=True, public_max_age=1),
    get("/v1/profiles/{username}/following", ListFollowing, live=True, public_max_age=1),
)
