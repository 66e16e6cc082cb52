"""The tables of the feed."""

from piccolo.columns import UUID, BigInt, DoublePrecision, ForeignKey
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from actors.posts.tables import Post


class FeedScore(Table, tablename="feed_scores"):
    """How much a post is worth seeing, as of version `v` of its counts."""

    post_id = ForeignKey(Post, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    author_id = UUID(default=None, null=False)
    score = DoublePrecision(default=0.0)
    v = BigInt(default=0)


RAW = ("CREATE INDEX feed_scores_ranking ON feed_scores (score DESC, post_id DESC) INCLUDE (author_id)",)
