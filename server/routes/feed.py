"""The feed, what people tell it, and whom one might want to follow."""

from actors.feed.messages import FeedType, GetFeed, GetSuggestions
from actors.feed.tasting_messages import GetFeedPreferences, GiveFeedback, SetFeedPreferences
from server.http.routing import get, patch, post


def _is_for_you(question: GetFeed) -> bool:
    """*Following* is for one person, and changes with every post: it is always read."""
    return question.caller is None or question.type is FeedType.for_you


ROUTES = (
    # A page is kept here already: kept elsewhere for a second more it might show for longer what is hidden since.
    get("/v1/feed", GetFeed, live=True, public_max_age=0, keeps=_is_for_you),
    post("/v1/feed/feedback", GiveFeedback, status=204),
    get("/v1/feed/preferences", GetFeedPreferences),
    patch("/v1/feed/preferences", SetFeedPreferences),
    get("/v1/suggestions", GetSuggestions, live=True),
)
