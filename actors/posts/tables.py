"""The tables of posts."""

from piccolo.columns import JSONB, UUID, Array, BigInt, Boolean, ForeignKey, Integer, Text, Timestamptz
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
    alt = Text(null=True, default=None)
    focus = JSONB(null=True, default=None)
    mentions = Array(base_column=UUID(), help_text="whom the caption names, those who may see it")
    comments_closed = Boolean(default=False)
    show_camera = Boolean(default=False, help_text="its photograph says how it was taken")
    likes = Integer(default=0)
    reposts = Integer(default=0)
    comments = Integer(default=0)
    v = BigInt(default=0, help_text="grows with every change of a count")
    created_at = Timestamptz()
    edited_at = Timestamptz(null=True, default=None)
    deleted_at = Timestamptz(null=True, default=None)
    deleted_for = Text(null=True, default=None, help_text="author: it may be restored; photo, account: it may not")


class PostTag(Table, tablename="post_tags"):
    """A living post bears a tag: where pages of tags are read. The order on the post itself is in `posts.tags`."""

    post_id = ForeignKey(Post, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    tag = Text()


class PostRevision(Table, tablename="post_revisions"):
    """What a post showed from one moment until another; the first is number 1."""

    post_id = ForeignKey(Post, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    number = Integer()
    caption = Text()
    tags = Array(base_column=Text())
    sensitive = Boolean()
    alt = Text(null=True, default=None)
    focus = JSONB(null=True, default=None)
    shown_from = Timestamptz(default=None)
    shown_until = Timestamptz(default=None)


class TagFollow(Table, tablename="tag_follows"):
    """Somebody follows a tag."""

    user_id = ForeignKey(User, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    tag = Text()
    created_at = Timestamptz()


class Like(Table, tablename="likes"):
    """Somebody likes a post."""

    post_id = ForeignKey(Post, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    user_id = ForeignKey(User, null=False, on_delete=OnDelete.cascade, default=None)
    created_at = Timestamptz()


class Bookmark(Table, tablename="bookmarks"):
    """Somebody keeps a post for themselves."""

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
    # A profile shows photographs: however much somebody reposts, none of that is read there.
    "CREATE INDEX posts_originals ON posts (author_id, id DESC) WHERE deleted_at IS NULL AND photo_id IS NOT NULL",
    "CREATE UNIQUE INDEX posts_photo ON posts (photo_id) WHERE photo_id IS NOT NULL",
    "CREATE INDEX posts_reposting ON posts (original_post_id) WHERE original_post_id IS NOT NULL",
    "ALTER TABLE likes DROP CONSTRAINT likes_pkey, ADD PRIMARY KEY (post_id, user_id)",
    "ALTER TABLE reposts DROP CONSTRAINT reposts_pkey, ADD PRIMARY KEY (post_id, user_id)",
    "CREATE UNIQUE INDEX reposts_row ON reposts (repost_id)",
    "CREATE INDEX posts_deleted ON posts (deleted_at) WHERE deleted_at IS NOT NULL",
    "CREATE INDEX likes_latest ON likes (post_id, created_at DESC, user_id DESC)",
    "ALTER TABLE bookmarks DROP CONSTRAINT bookmarks_pkey, ADD PRIMARY KEY (post_id, user_id)",
    "CREATE INDEX bookmarks_latest ON bookmarks (user_id, created_at DESC, post_id DESC)",
    "ALTER TABLE post_tags DROP CONSTRAINT post_tags_pkey, ADD PRIMARY KEY (post_id, tag)",
    "CREATE INDEX post_tags_newest ON post_tags (tag, post_id DESC)",
    "ALTER TABLE post_revisions DROP CONSTRAINT post_revisions_pkey, ADD PRIMARY KEY (post_id, number)",
    "ALTER TABLE tag_follows DROP CONSTRAINT tag_follows_pkey, ADD PRIMARY KEY (user_id, tag)",
    # What somebody likes is asked for when they take it along and when they are erased.
    "CREATE INDEX likes_of_person ON likes (user_id, post_id)",
    "CREATE INDEX reposts_of_person ON reposts (user_id, post_id)",
    # What was published before there were pages of tags, and before a post had its own words for those who cannot see.
    """INSERT INTO post_tags (post_id, tag) SELECT id, tag FROM posts CROSS JOIN unnest(tags) AS tag
        WHERE deleted_at IS NULL ON CONFLICT DO NOTHING""",
)
