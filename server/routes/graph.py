"""Following people, and how the caller stands to them."""

from actors.graph.messages import Relationships, SetFollow
from server.http.routing import delete, get, put

ROUTES = (
    put("/v1/profiles/{username}/follow", SetFollow, fixed={"following": True}),
    delete("/v1/profiles/{username}/follow", SetFollow, fixed={"following": False}),
    get("/v1/relationships", Relationships, live=True),
)
