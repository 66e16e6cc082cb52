"""Every count that is kept beside the rows it counts, and what of that is wrong, as SQL: load runs and tests ask it."""

from collections.abc import Mapping

import asyncpg

_COMMENTS = """
    SELECT count(*) FROM comments c LEFT JOIN comments top ON top.id = c.parent_id
    WHERE c.post_id = p.id AND c.deleted_at IS NULL AND top.deleted_at IS NULL
"""
_OWN = "FROM posts WHERE author_id = f.user_id AND deleted_at IS NULL AND original_post_id IS NULL"
_POSTS = "FROM posts p WHERE p.original_post_id IS NULL"
COUNTS: Mapping[str, str] = {
    "likes": f"SELECT id, likes AS said, (SELECT count(*) FROM likes WHERE post_id = p.id) AS there {_POSTS}",
    "reposts": f"SELECT id, reposts, (SELECT count(*) FROM reposts WHERE post_id = p.id) {_POSTS}",
    "shown reposts": f"SELECT id, reposts, (SELECT count(*) FROM posts WHERE original_post_id = p.id) {_POSTS}",
    "comments": f"SELECT id, comments, ({_COMMENTS}) {_POSTS}",
    "replies": """
        SELECT id, replies, (SELECT count(*) FROM comments WHERE parent_id = top.id AND deleted_at IS NULL)
        FROM comments top WHERE deleted_at IS NULL""",
    "posts of people": f"SELECT user_id, posts, (SELECT count(*) {_OWN}) FROM profiles f",
    "likes of people": f"SELECT user_id, likes, (SELECT coalesce(sum(likes), 0) {_OWN}) FROM profiles f",
    "followers": "SELECT user_id, followers, (SELECT count(*) FROM follows WHERE followee_id = user_id) FROM profiles",
    "following": "SELECT user_id, following, (SELECT count(*) FROM follows WHERE follower_id = user_id) FROM profiles",
}
"""What is counted: whose count it is, what it says, and how many rows there are."""


def wrong(*names: str) -> str:
    """SQL of the counts, of these kinds or of all, that differ from their rows: `kind`, `id`, `said`, `there`."""
    return " UNION ALL ".join(
        f"SELECT '{name}' AS kind, c.* FROM ({COUNTS[name]}) AS c (id, said, there) WHERE c.said <> c.there"
        for name in names or COUNTS
    )


async def miscounted(database_url: str, *names: str) -> list[str]:
    """The same in words."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(wrong(*names))
    finally:
        await connection.close()
    return [f"{row['kind']} of {row['id']}: {row['said']} said, {row['there']} there" for row in rows]
