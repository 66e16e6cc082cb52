"""Posts for tests: one by one through every step, or many at once behind the actors' backs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from actors.auth.people import Caller
from actors.kernel.message import Request
from actors.kernel.paging import PagedQuery
from actors.kernel.system import System
from actors.posts.messages import CreatePost, DeletePost, PostView, RestorePost, SetBookmark, SetLike, SetRepost
from load.counts import miscounted
from tests.actors.auth.people import fetch
from tests.actors.media.uploading import uploaded
from tests.images import photograph

T = TypeVar("T")


async def publish(system: System, caller: Caller, **fields: Any) -> PostView:
    """A new post of the caller's."""
    ticket = await uploaded(system, caller, photograph())
    return await system.ask(CreatePost(caller=caller, upload_id=ticket.upload_id, **fields))


About = type[SetLike] | type[SetRepost] | type[SetBookmark] | type[DeletePost] | type[RestorePost]


async def do(system: System, what: About, who: Caller, post_id: UUID) -> Any:
    """Somebody marks, deletes or restores a post."""
    message: Request[Any] = what(caller=who, post_id=post_id)
    return await system.ask(message)


async def crowd(database_url: str, like: Caller, count: int) -> list[Caller]:
    """So many new people, who never registered."""
    people = [like.model_copy(update={"id": uuid7()}) for _ in range(count)]
    await fetch(
        database_url,
        """
        INSERT INTO users (id, username, username_key, email, password_hash, role, plan, created_at)
        SELECT id, id::text, id::text, id::text, '', 'user', 'free', now() FROM unnest($1::uuid[]) AS id
        """,
        [person.id for person in people],
    )
    return people


async def plant(database_url: str, author_ids: Sequence[UUID], tags: Sequence[str] = ()) -> list[UUID]:
    """Posts with photographs that are ready, one for each author named, each newer than the one before."""
    photos, posts = [uuid7() for _ in author_ids], [uuid7() for _ in author_ids]
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            """
            INSERT INTO photos (id, owner_id, state, content_type, bytes, object_key, variants_key, variants,
                                width, height, created_at, expires_at)
            SELECT id, owner_id, 'ready', 'image/jpeg', 1, id::text, id::text, '[]', 640, 480, $3, $3
            FROM unnest($1::uuid[], $2::uuid[]) AS p (id, owner_id)
            """,
            photos,
            author_ids,
            datetime.now(UTC),
        )
        await connection.execute(
            """
            INSERT INTO posts (
                id, author_id, photo_id, caption, tags, sensitive, likes, reposts, comments, v, created_at)
            SELECT id, author_id, photo_id, '', $5, false, 0, 0, 0, 0, $4
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS p (id, author_id, photo_id)
            """,
            posts,
            author_ids,
            photos,
            datetime.now(UTC),
            tags,
        )
        await connection.execute(
            "INSERT INTO post_tags (post_id, tag) "
            "SELECT id, tag FROM unnest($1::uuid[]) AS id, unnest($2::text[]) AS tag",
            posts,
            tags,
        )
    finally:
        await connection.close()
    return posts


async def whole(system: System, question: PagedQuery[T]) -> list[T]:
    """Every item of a list, page by page."""
    items: list[T] = []
    while True:
        page = await system.ask(question)
        items += page.items
        if page.next is None:
            return items
        question = question.model_copy(update={"after": page.next})


async def wrong_marks(database_url: str) -> list[str]:
    """Posts whose counts of likes and reposts are not the rows they count."""
    return await miscounted(database_url, "likes", "reposts", "shown reposts")
