"""How people show, and who is around them."""

from aiohttp import web

from actors.auth.people import Account
from actors.auth.standing import BecomeCreator, Promoted
from actors.profiles.messages import EditProfile, GetProfile, ListFollowers, ListFollowing
from server.http.routing import get, patch, post
from server.keys import STANDINGS


async def _promoted(request: web.Request, reply: Promoted) -> web.Response:
    # Every process hears of it from the live log; this one must not wait for that.
    request.app[STANDINGS].change(reply.standing)
    return web.Response(text=reply.account.model_dump_json(), content_type="application/json")


ROUTES = (
    get("/v1/profiles/{username}", GetProfile, live=True, public_max_age=1),
    patch("/v1/profiles/me", EditProfile),
    post("/v1/profiles/me/creator", BecomeCreator, tag="profiles", respond=_promoted, renders=Account),
    get("/v1/profiles/{username}/followers", ListFollowers, live=True, public_max_age=1),
    get("/v1/profiles/{username}/following", ListFollowing, live=True, public_max_age=1),
)
