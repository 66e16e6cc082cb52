"""The feed."""

from actors.feed.messages import GetFeed
from server.http.routing import get

ROUTES = (get("/v1/feed", GetFeed, live=True, public_max_age=1),)
