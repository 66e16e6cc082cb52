"""What posts has of somebody."""

from actors.kernel.belongings import Belonging


def _marked(name: str, table: str) -> Belonging:
    return Belonging(name, f"SELECT post_id, created_at FROM {table} WHERE user_id = $1 ORDER BY created_at, post_id")


BELONGINGS = (
    Belonging(
        "posts",
        "SELECT id, photo_id, caption, tags, sensitive, alt, focus, comments_closed, show_camera, likes, reposts, "
        "comments, created_at, edited_at, deleted_at FROM posts "
        "WHERE author_id = $1 AND original_post_id IS NULL ORDER BY id",
    ),
    Belonging(
        "revisions",
        "SELECT r.post_id, r.number, r.caption, r.tags, r.sensitive, r.alt, r.focus, r.shown_from, r.shown_until "
        "FROM post_revisions r JOIN posts p ON p.id = r.post_id WHERE p.author_id = $1 ORDER BY r.post_id, r.number",
    ),
    _marked("likes", "likes"),
    _marked("reposts", "reposts"),
    _marked("bookmarks", "bookmarks"),
    Belonging("followed_tags", "SELECT tag, created_at FROM tag_follows WHERE user_id = $1 ORDER BY tag"),
)
