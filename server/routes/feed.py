"""The feed, what people tell it, and whom one might want to follow."""

from actors.feed.messages import GetFeed, GetSuggestions
from actors.feed.tasting_messages import GetFeedPreferences, GiveFeedback, SetFeedPreferences
from server.http.routing import get, patch, post

ROUTES = (
    get("/v1/feed", GetFeed, live=True, public_max_age=1),
    post("/v1/feed/feedback", GiveFeedback, status=204),
    get("/v1/feed/preferences", GetFeedPreferences),
    patch("/v1/feed/preferences", SetFeedPreferences),
    get("/v1/suggestions", GetSuggestions),
)
