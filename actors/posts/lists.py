"""Lists of posts and of people, page by page. Where a list goes on is found in its index, however long it is; who may
see what is asked of what was found there, so that a page may be short."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from asyncpg import Record

from actors.adapters.addresses import Addresses
from actors.auth.names import username_key
from actors.auth.people import UnknownUser
from actors.kernel.errors import NotFound
from actors.kernel.filling import Show, Step, fill
from actors.kernel.paging import Key, Page, id_of_key, key_at, key_of, moment_of_key
from actors.kernel.transaction import Reads
from actors.posts.cards import Cards
from actors.posts.edit_messages import ListRevisions, RevisionView
from actors.posts.messages import ListBookmarks, ListLikes, ListProfilePosts, PostItem
from actors.posts.queries import counts_for, originals_by, seen
from actors.posts.tag_messages import FollowedTag, ListFollowedTags, ListTagPosts
from actors.profiles.messages import PersonView
from actors.profiles.people import people_for
from actors.profiles.queries import user_id_of


def _shown_to(db: Reads, viewer_id: UUID | None, cards: Cards) -> Show[PostItem]:
    async def show(ids: Sequence[UUID]) -> Mapping[UUID, PostItem]:
        found = await seen(db, [(viewer_id, post_id) for post_id in ids], cards)
        return {post_id: PostItem(post=post, viewer=viewer) for (_, post_id), (post, viewer) in found.items()}

    return show


async def posts_of_profile(
    db: Reads, question: ListProfilePosts, viewer_id: UUID | None, cards: Cards
) -> Page[PostItem]:
    """A person's own posts, newest first. Raises `UnknownUser`."""
    author_id = await user_id_of(db, viewer_id, username_key(question.username))
    if author_id is None:
        raise UnknownUser

    async def look(after: Key | None, count: int) -> Sequence[Step]:
        ids = await originals_by(db, viewer_id, author_id, below=id_of_key(after), limit=count)
        return [Step((str(post_id),), post_id) for post_id in ids]

    return await fill(look, _shown_to(db, viewer_id, cards), after=question.after, limit=question.limit)


async def posts_tagged(db: Reads, question: ListTagPosts, viewer_id: UUID | None, cards: Cards) -> Page[PostItem]:
    """The posts that bear a tag, newest first."""

    async def look(after: Key | None, count: int) -> Sequence[Step]:
        rows = await db.fetch(
            "SELECT post_id FROM post_tags WHERE tag = $1 AND post_id < $2 ORDER BY post_id DESC LIMIT $3",
            question.tag,
            id_of_key(after),
            count,
        )
        return [Step((str(row["post_id"]),), row["post_id"]) for row in rows]

    return await fill(look, _shown_to(db, viewer_id, cards), after=question.after, limit=question.limit)


async def bookmarks(db: Reads, question: ListBookmarks, cards: Cards) -> Page[PostItem]:
    """What somebody keeps, the latest kept first."""
    me = question.caller.id

    async def look(after: Key | None, count: int) -> Sequence[Step]:
        rows = await db.fetch(
            """
            SELECT created_at AS at, post_id AS id FROM bookmarks
            WHERE user_id = $1 AND (created_at, post_id) < ($2, $3)
            ORDER BY created_at DESC, post_id DESC LIMIT $4
            """,
            me,
            *moment_of_key(after),
            count,
        )
        return _steps(rows)

    return await fill(look, _shown_to(db, me, cards), after=question.after, limit=question.limit)


async def likers(db: Reads, question: ListLikes, viewer_id: UUID | None, addresses: Addresses) -> Page[PersonView]:
    """Who likes a post, the latest first, as far as the viewer may meet them. Raises `NotFound`."""
    await _must_show(db, question.post_id, viewer_id)

    async def look(after: Key | None, count: int) -> Sequence[Step]:
        rows = await db.fetch(
            """
            SELECT created_at AS at, user_id AS id FROM likes
            WHERE post_id = $1 AND (created_at, user_id) < ($2, $3)
            ORDER BY created_at DESC, user_id DESC LIMIT $4
            """,
            question.post_id,
            *moment_of_key(after),
            count,
        )
        return _steps(rows)

    async def show(ids: Sequence[UUID]) -> Mapping[UUID, PersonView]:
        return await people_for(db, viewer_id, ids, addresses)

    return await fill(look, show, after=question.after, limit=question.limit)


async def revisions(db: Reads, question: ListRevisions, viewer_id: UUID | None) -> Page[RevisionView]:
    """What a post showed before, the latest first. Raises `NotFound`."""
    await _must_show(db, question.post_id, viewer_id)
    key = key_of(question.after, int)
    rows = await db.fetch(
        """
        SELECT number, caption, tags, alt, focus, sensitive, shown_from, shown_until FROM post_revisions
        WHERE post_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3
        """,
        question.post_id,
        min(int(key[0]), _HIGHEST) if key else _HIGHEST,
        question.limit + 1,
    )
    items = tuple(RevisionView(**dict(row)) for row in rows[: question.limit])
    return Page(items=items, next=(items[-1].number,) if len(rows) > question.limit else None)


_HIGHEST = 2**31 - 1


async def followed_tags(db: Reads, question: ListFollowedTags) -> Page[FollowedTag]:
    """The tags somebody follows, in alphabetical order."""
    key = key_of(question.after, str)
    rows = await db.fetch(
        "SELECT tag FROM tag_follows WHERE user_id = $1 AND tag > $2 ORDER BY tag LIMIT $3",
        question.caller.id,
        str(key[0]) if key else "",
        question.limit + 1,
    )
    items = tuple(FollowedTag(tag=row["tag"]) for row in rows[: question.limit])
    return Page(items=items, next=(items[-1].tag,) if len(rows) > question.limit else None)


async def _must_show(db: Reads, post_id: UUID, viewer_id: UUID | None) -> None:
    if not await counts_for(db, [(viewer_id, post_id)]):
        raise NotFound


def _steps(rows: Sequence[Record]) -> list[Step]:
    return [Step(key_at(row["at"], row["id"]), row["id"]) for row in rows]
