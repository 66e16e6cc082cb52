"""What posts read: cards, what a viewer did with them, counts. Feeds and notifications read them too."""

from collections.abc import Iterable, Sequence
from functools import cache
from uuid import UUID

from asyncpg import Record

from actors.kernel.errors import Malformed
from actors.kernel.paging import Key, key_of
from actors.kernel.transaction import Reads
from actors.media.messages import photo_view
from actors.posts.messages import AuthorView, CountsItem, PostCounts, PostView, ViewerState

NEWEST = UUID(int=(1 << 128) - 1)
"""Above every id: where a list begins."""

_PERSON = """
    u.id AS author_id, u.username, COALESCE(NULLIF(pr.display_name, ''), u.username) AS display_name,
    pr.avatar_url AS avatar
"""
_OF_PERSON = "LEFT JOIN profiles pr ON pr.user_id = u.id"
_CARDS = f"""
SELECT p.id AS post_id, p.caption, p.tags, p.sensitive, p.likes, p.reposts, p.comments, p.v,
    p.created_at, p.edited_at,
    ph.id, ph.state, ph.width, ph.height, ph.placeholder, ph.variants, ph.alt, ph.focus, ph.meta, {_PERSON}
FROM posts p
JOIN photos ph ON ph.id = p.photo_id
JOIN users u ON u.id = p.author_id AND u.deleted_at IS NULL
{_OF_PERSON}
WHERE p.id = ANY($1::uuid[]) AND p.deleted_at IS NULL
"""
_AUTHORS = f"SELECT {_PERSON} FROM users u {_OF_PERSON} WHERE u.id = ANY($1::uuid[]) AND u.deleted_at IS NULL"


async def cards(db: Reads, ids: Iterable[UUID], media_url: str) -> dict[UUID, PostView]:
    """The posts that are there, as everybody sees them. Reposts are not: they show their original."""
    rows = await db.fetch(_CARDS, list(ids))
    return {row["post_id"]: _card(row, media_url) for row in rows}


def _card(row: Record, media_url: str) -> PostView:
    return PostView(
        id=row["post_id"],
        author=_author(row),
        photo=photo_view(row, media_url),
        caption=row["caption"],
        tags=tuple(row["tags"]),
        sensitive=row["sensitive"],
        counts=PostCounts(likes=row["likes"], reposts=row["reposts"], comments=row["comments"], v=row["v"]),
        created_at=row["created_at"],
        edited_at=row["edited_at"],
    )


def _author(row: Record) -> AuthorView:
    return AuthorView(
        id=row["author_id"], username=row["username"], display_name=row["display_name"], avatar=row["avatar"]
    )


async def authors(db: Reads, ids: Iterable[UUID]) -> dict[UUID, AuthorView]:
    """The people who are there."""
    rows = await db.fetch(_AUTHORS, list(ids))
    return {row["author_id"]: _author(row) for row in rows}


async def viewer_states(db: Reads, asked: Sequence[tuple[UUID, PostView]]) -> dict[tuple[UUID, UUID], ViewerState]:
    """For each viewer and post asked about, by (viewer, post id): what the viewer has done."""
    if not asked:
        return {}
    rows = await db.fetch(
        """
        SELECT a.viewer_id, a.post_id,
            EXISTS (SELECT FROM likes WHERE post_id = a.post_id AND user_id = a.viewer_id) AS liked,
            EXISTS (SELECT FROM reposts WHERE post_id = a.post_id AND user_id = a.viewer_id) AS reposted,
            EXISTS (SELECT FROM follows
                    WHERE follower_id = a.viewer_id AND followee_id = a.author_id) AS following
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS a (viewer_id, post_id, author_id)
        """,
        [viewer_id for viewer_id, _ in asked],
        [post.id for _, post in asked],
        [post.author.id for _, post in asked],
    )
    return {
        (row["viewer_id"], row["post_id"]): _viewer_state(row["liked"], row["reposted"], row["following"])
        for row in rows
    }


@cache
def _viewer_state(liked: bool, reposted: bool, following: bool) -> ViewerState:
    return ViewerState(liked=liked, reposted=reposted, following=following)


async def counts(db: Reads, ids: Iterable[UUID]) -> dict[UUID, CountsItem]:
    """The counts of those posts that are there."""
    rows = await db.fetch(
        """
        SELECT id, v, likes, reposts, comments FROM posts
        WHERE id = ANY($1::uuid[]) AND deleted_at IS NULL AND original_post_id IS NULL
        """,
        list(ids),
    )
    return {row["id"]: (row["id"], row["v"], row["likes"], row["reposts"], row["comments"]) for row in rows}


async def author_named(db: Reads, username_key: str) -> UUID | None:
    """Who bears this username."""
    found: UUID | None = await db.fetchval(
        "SELECT id FROM users WHERE username_key = $1 AND deleted_at IS NULL", username_key
    )
    return found


def position(after: Key | None) -> UUID:
    """Where a list ordered by id goes on. Raises `Malformed` for a key that is no id."""
    key = key_of(after, str)
    try:
        return UUID(str(key[0])) if key else NEWEST
    except ValueError:
        raise Malformed from None


async def originals_by(db: Reads, author_id: UUID, *, below: UUID, limit: int) -> list[UUID]:
    """The newest posts of an author's own, older than `below`, as ids."""
    rows = await db.fetch(
        """
        SELECT id FROM posts
        WHERE author_id = $1 AND deleted_at IS NULL AND original_post_id IS NULL AND id < $2
        ORDER BY id DESC LIMIT $3
        """,
        author_id,
        below,
        limit,
    )
    return [row["id"] for row in rows]


async def still_reposting(db: Reads, post_id: UUID, user_ids: Iterable[UUID]) -> list[UUID]:
    """Those of these people who repost the post now."""
    rows = await db.fetch(
        "SELECT user_id FROM reposts WHERE post_id = $1 AND user_id = ANY($2::uuid[])",
        post_id,
        list(user_ids),
    )
    return [row["user_id"] for row in rows]
