"""The table of comments."""

from piccolo.columns import UUID, Array, BigInt, ForeignKey, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from actors.auth.tables import User
from actors.posts.tables import Post


class Comment(Table, tablename="comments"):
    """A comment on a post or, with `parent_id`, a reply to a comment. It shows while neither is deleted."""

    id = UUID(primary_key=True, default=None)
    post_id = ForeignKey(Post, null=False, on_delete=OnDelete.cascade, default=None)
    author_id = ForeignKey(User, null=False, on_delete=OnDelete.cascade, default=None)
    parent_id: ForeignKey["Comment"] = ForeignKey("self", null=True, on_delete=OnDelete.cascade, default=None)
    body = Text()
    mentions = Array(base_column=UUID(), help_text="whom it names, of those who may see the post")
    replies = BigInt(default=0, help_text="living replies")
    created_at = Timestamptz()
    edited_at = Timestamptz(null=True, default=None)
    deleted_at = Timestamptz(null=True, default=None)


RAW = (
    "CREATE INDEX comments_of_post ON comments (post_id, id DESC) WHERE parent_id IS NULL AND deleted_at IS NULL",
    "CREATE INDEX comments_replies ON comments (parent_id, id) WHERE deleted_at IS NULL",
    "CREATE INDEX comments_by_author ON comments (author_id, id) WHERE body <> ''",
    "CREATE INDEX comments_deleted ON comments (deleted_at) WHERE deleted_at IS NOT NULL AND body <> ''",
    "CREATE INDEX comments_post_author ON comments (post_id, author_id)",
)
