"""The tables of posts."""

from piccolo.columns import UUID, Array, BigInt, Boolean, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from actors.auth.tables import User
from actors.media.tables import Photo


class Post(Table, tablename="posts"):
    """A photograph somebody published, or, with `original_post_id` and no photograph, their repost of one."""

    id = UUID(primary_key=True, default=None)
    author_id = ForeignKey(User, null=False, on_delete=OnDelete.cascade, default=None)
    photo_id = ForeignKey(Photo, null=True, on_delete=OnDelete.restrict, default=None)
    original_post_id: ForeignKey["Post"] = ForeignKey("self", null=True, on_delete=OnDelete.cascade, default=None)
    caption = Text(default="")
    tags = Array(base_column=Text())
    sensitive = Boolean(default=False)
    likes = Integer(default=0)
    reposts = Integer(default=0)
    comments = Integer(default=0)
    v = BigInt(default=0, help_text="grows with every change of a count")
    created_at = Timestamptz()
    edited_at = Timestamptz(null=True, default=None)
    deleted_at = Timestamptz(null=True, default=None)


class Like(Table, tablename="likes"):
    """Somebody likes a post."""

    post_id = ForeignKey(Post, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    user_id = ForeignKey(User, null=False, on_delete=OnDelete.cascade, default=None)
    created_at = Timestamptz()


class Repost(Table, tablename="reposts"):
    """Somebody reposts a post, once; `repost_id` is the row of posts that shows it."""

    post_id = ForeignKey(Post, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    user_id = ForeignKey(User, null=False, on_delete=OnDelete.cascade, default=None)
    repost_id = ForeignKey(Post, null=False, on_delete=OnDelete.cascade, default=None)
    created_at = Timestamptz()


RAW = (
    # Counters move often and stand in no index: room on the page keeps those updates out of the indexes.
    "ALTER TABLE posts SET (fillfactor = 85)",
    """CREATE INDEX posts_by_author ON posts (author_id, id DESC) INCLUDE (original_post_id)
        WHERE deleted_at IS NULL""",
    "CREATE UNIQUE INDEX posts_photo ON posts (photo_id) WHERE photo_id IS NOT NULL",
    "CREATE INDEX posts_reposting ON posts (original_post_id) WHERE original_post_id IS NOT NULL",
    "ALTER TABLE likes DROP CONSTRAINT likes_pkey, ADD PRIMARY KEY (post_id, user_id)",
    "ALTER TABLE reposts DROP CONSTRAINT reposts_pkey, ADD PRIMARY KEY (post_id, user_id)",
    "CREATE UNIQUE INDEX reposts_row ON reposts (repost_id)",
)
