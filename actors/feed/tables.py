"""The tables of the feed."""

from piccolo.columns import UUID, BigInt, Boolean, DoublePrecision, ForeignKey, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from actors.auth.tables import User
from actors.posts.tables import Post


class FeedScore(Table, tablename="feed_scores"):
    """How much a post is worth seeing, as of version `v` of its counts."""

    post_id = ForeignKey(Post, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    author_id = UUID(default=None, null=False)
    score = DoublePrecision(default=0.0)
    v = BigInt(default=0)


class FeedFeedback(Table, tablename="feed_feedback"):
    """Somebody wants to see less like a post, or has seen it; `signal` says which."""

    user_id = ForeignKey(User, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    signal = Text()
    post_id = ForeignKey(Post, null=False, on_delete=OnDelete.cascade, default=None)
    at = Timestamptz()


class FeedPreference(Table, tablename="feed_preferences"):
    """How somebody wants their feed; who has no row wants it as it comes."""

    user_id = ForeignKey(User, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    show_sensitive = Boolean(default=False)


class FeedGiant(Table, tablename="feed_giants"):
    """An author with so many followers that their posts are not fanned out, but looked up by each page, for good."""

    user_id = ForeignKey(User, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    since = Timestamptz()


RAW = (
    "CREATE INDEX feed_scores_ranking ON feed_scores (score DESC, post_id DESC) INCLUDE (author_id)",
    "ALTER TABLE feed_feedback DROP CONSTRAINT feed_feedback_pkey, ADD PRIMARY KEY (user_id, signal, post_id)",
    # A post that is purged takes along what was said of it.
    "CREATE INDEX feed_feedback_of_post ON feed_feedback (post_id)",
    # Facts that timelines want to hear of: the names are those of `timeline_queries.FACTS`.
    """CREATE INDEX outbox_shown ON outbox (type, at, id)
        WHERE type IN ('PostPublished', 'PostRestored', 'PostRepostsChanged', 'RowShown', 'Followed')""",
)
