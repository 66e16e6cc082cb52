"""The feed, and whom one might want to follow."""

from actors.feed.messages import GetFeed, GetSuggestions
from server.http.routing import get

ROUTES = (
    get("/v1/feed", GetFeed, live=True, public_max_age=1),
    get("/v1/suggestions", GetSuggestions),
)
