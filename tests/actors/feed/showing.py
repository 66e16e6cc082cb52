"""Rows and timelines for tests: posts of another time, told of as their author's; and what Redis holds of somebody."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.feed.horizon import first_id
from actors.feed.messages import FeedType, GetFeed
from actors.feed.timelines import Timeline
from actors.kernel.paging import Key, Page
from actors.kernel.system import System
from actors.kernel.transaction import Transaction
from actors.posts.cards import cards
from actors.posts.events import PostPublished
from actors.posts.messages import PostItem
from tests.actors.auth.people import fetch, until


def id_at(at: datetime) -> UUID:
    """A new id of that moment."""
    return UUID(int=first_id(at).int | (uuid7().int & ((1 << 80) - 1)))


def ago(**passed: float) -> datetime:
    """A moment that is over."""
    return datetime.now(UTC) - timedelta(**passed)


async def show(
    system: System, author_id: UUID, at: datetime, *, is_told: bool = True, post_id: UUID | None = None
) -> UUID:
    """A post that was published then, and, if `is_told`, the fact, which comes now."""
    post_id, outside = post_id or id_at(at), system.outside
    async with outside.database.for_command() as connection, connection.transaction():
        await connection.execute(
            """
            INSERT INTO photos (id, owner_id, state, content_type, bytes, object_key, variants_key, variants,
                                width, height, created_at, expires_at, posted_at)
            VALUES ($1::uuid, $2, 'ready', 'image/jpeg', 1, $1::text, $1::text, '[]', 640, 480, $3, $3, $3)
            """,
            post_id,
            author_id,
            at,
        )
        await connection.execute(
            """
            INSERT INTO posts (
                id, author_id, photo_id, caption, tags, sensitive, likes, reposts, comments, v, created_at)
            VALUES ($1, $2, $1, '', '{}', false, 0, 0, 0, 0, $3)
            """,
            post_id,
            author_id,
            at,
        )
        if is_told:
            post = (await cards(connection, [post_id], outside.addresses))[post_id]
            fact = PostPublished(post_id=post_id, author_id=author_id, post=post)
            tx = Transaction(connection, None)
            tx.emit(fact)
            await tx.write_facts(system.listeners)
    system.wakeup.after_commit()
    return post_id


async def page(system: System, who: Caller, after: Key | None = None, limit: int = 20) -> Page[PostItem]:
    """A page of the following feed."""
    return await system.ask(GetFeed(caller=who, type=FeedType.following, after=after, limit=limit))


async def shown(system: System, who: Caller, limit: int = 20) -> list[UUID]:
    """Every post in somebody's following feed, page by page."""
    part = await page(system, who, limit=limit)
    items = list(part.items)
    while part.next is not None:
        part = await page(system, who, part.next, limit)
        items += part.items
    return [item.post.id for item in items]


async def key_of(outside: Outside, user_id: UUID) -> str:
    """Where Redis holds somebody's timeline."""
    ((epoch,),) = await fetch(outside.settings.database_url, "SELECT epoch FROM relay_state")
    return f"feed:timeline:{epoch}:{user_id}"


async def timeline(outside: Outside, user_id: UUID) -> Timeline | None:
    """Somebody's timeline, whole; None where there is none or it is being built."""
    packed = await outside.cache.redis.get(await key_of(outside, user_id))
    return Timeline.unpacked(packed) if isinstance(packed, bytes) else None


async def reader(system: System, who: Caller) -> Timeline:
    """Let somebody read until their timeline is built."""

    found: list[Timeline] = []

    async def is_built() -> bool:
        await page(system, who, limit=1)
        built = await timeline(system.outside, who.id)
        found.extend([built] if built else [])
        return built is not None

    await until(is_built, answer=True)
    # Asked for once more it may be gone: Redis forgets whenever it likes.
    return found[-1]


async def holds(outside: Outside, user_id: UUID, row_id: UUID) -> bool:
    """Whether somebody's timeline names the row."""
    found = await timeline(outside, user_id)
    return found is not None and row_id.bytes in found.ids
