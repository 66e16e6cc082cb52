"""What posts write when they are published, edited, withdrawn and restored. How people mark them is in `marks`."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record
from uuid_utils.compat import uuid7

from actors.adapters.database import rows_of
from actors.graph.queries import lock_people
from actors.kernel.transaction import Transaction
from actors.posts.edit_messages import EditPost
from actors.posts.mentions import people_named
from actors.posts.messages import CreatePost
from actors.posts.tag_messages import MOST_TAGS, TooManyTags

RESTORABLE = "30 days"
"""How long a deleted post can be restored; after that it is purged."""
_CONTENT = ("caption", "tags", "alt", "focus", "sensitive")
"""What people see of a post, and of what it was before."""
_SETTINGS = ("comments_closed", "show_camera")
"""What an author decides about a post, of which no history is kept."""
_EMPTY = {"caption": "", "tags": [], "sensitive": False, "comments_closed": False, "show_camera": False}


async def hold_photo(tx: Transaction, photo_id: UUID) -> str | None:
    """The state of a photograph, None for one that was released. It cannot change before the commit, so who announces
    the next one finds the post."""
    state: str | None = await tx.fetchval(
        "SELECT state FROM photos WHERE id = $1 AND released_at IS NULL FOR SHARE", photo_id
    )
    return state


class Made(NamedTuple):
    """A new post, and whom its caption names."""

    id: UUID
    mentions: tuple[UUID, ...]


async def publish(tx: Transaction, photo_id: UUID, wish: CreatePost) -> Made | None:
    """Insert a post; None if another post shows this photograph."""
    mentions = await people_named(tx, wish.caption, by=wish.caller.id, author_id=wish.caller.id)
    made: UUID | None = await tx.fetchval(
        """
        INSERT INTO posts (
            id, author_id, photo_id, caption, tags, sensitive, alt, focus, mentions, comments_closed, show_camera,
            likes, reposts, comments, v, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0, 0, $12)
        ON CONFLICT (photo_id) WHERE photo_id IS NOT NULL DO NOTHING RETURNING id
        """,
        uuid7(),
        wish.caller.id,
        photo_id,
        wish.caption,
        list(wish.tags),
        wish.sensitive,
        wish.alt,
        wish.focus and wish.focus.model_dump(),
        mentions,
        wish.comments_closed,
        wish.show_camera,
        datetime.now(UTC),
    )
    if made is None:
        return None
    await _tag(tx, made, wish.tags)
    return Made(made, mentions)


async def _tag(tx: Transaction, post_id: UUID, tags: Collection[str]) -> None:
    await tx.execute(
        "INSERT INTO post_tags (post_id, tag) SELECT $1, tag FROM unnest($2::text[]) AS tag ON CONFLICT DO NOTHING",
        post_id,
        list(tags),
    )


class Edit(NamedTuple):
    """What an edit came to; its tags, and whom its caption names, before and now."""

    is_change: bool
    tags: tuple[Sequence[str], Sequence[str]]
    mentions: tuple[Sequence[UUID], Sequence[UUID]]

    def told(self) -> dict[str, Any]:
        """What the fact says of it."""
        (tags_before, tags), (named_before, named) = self.tags, self.mentions
        return {
            "untagged": [tag for tag in tags_before if tag not in tags],
            "mentions": named,
            "unmentioned": [person for person in named_before if person not in named],
        }


async def edit(tx: Transaction, wish: EditPost) -> Edit | None:
    """Change what is named of an author's living post; None if there is none.

    If something that people see is another than it was, what it was is kept as a revision.
    """
    was = await tx.fetchrow(
        """
        SELECT caption, tags, alt, focus, sensitive, mentions, comments_closed, show_camera FROM posts
        WHERE id = $1 AND author_id = $2 AND deleted_at IS NULL AND original_post_id IS NULL FOR NO KEY UPDATE
        """,
        wish.post_id,
        wish.caller.id,
    )
    if was is None:
        return None
    wanted = {field: getattr(wish, field) for field in wish.model_fields_set & {*_CONTENT, *_SETTINGS}}
    now = dict(was) | {field: _stored(field, value) for field, value in wanted.items()}
    if now["caption"] != was["caption"]:
        now["mentions"] = await people_named(tx, now["caption"], by=wish.caller.id, author_id=wish.caller.id)
    is_revised = any(now[field] != was[field] for field in _CONTENT)
    if is_revised:
        await _revise(tx, wish.post_id, now)
    if now["tags"] != was["tags"]:
        await tx.execute("DELETE FROM post_tags WHERE post_id = $1", wish.post_id)
        await _tag(tx, wish.post_id, now["tags"])
    is_settled = all(now[field] == was[field] for field in _SETTINGS)
    if not is_settled:
        settings = [now[field] for field in _SETTINGS]
        await tx.execute(
            "UPDATE posts SET comments_closed = $2, show_camera = $3 WHERE id = $1", wish.post_id, *settings
        )
    return Edit(is_revised or not is_settled, (was["tags"], now["tags"]), (was["mentions"], now["mentions"]))


def _stored(field: str, value: Any) -> Any:
    """As the column holds it: what is emptied is empty."""
    if value is None:
        return _EMPTY.get(field)
    if field == "tags":
        return list(value)
    return value.model_dump() if field == "focus" else value


async def _revise(tx: Transaction, post_id: UUID, now: dict[str, Any]) -> None:
    """Keep what a locked post shows as its next revision, and show something else."""
    await tx.execute(
        """
        WITH kept AS (
            INSERT INTO post_revisions (
                post_id, number, caption, tags, alt, focus, sensitive, shown_from, shown_until)
            SELECT id, 1 + coalesce((SELECT max(number) FROM post_revisions WHERE post_id = $1), 0),
                caption, tags, alt, focus, sensitive, coalesce(edited_at, created_at), $8
            FROM posts WHERE id = $1)
        UPDATE posts SET caption = $2, tags = $3, alt = $4, focus = $5, sensitive = $6, mentions = $7, edited_at = $8
        WHERE id = $1
        """,
        post_id,
        *(now[field] for field in _CONTENT),
        now["mentions"],
        datetime.now(UTC),
    )


async def lock_showing(tx: Transaction, photo_id: UUID) -> UUID | None:
    """Lock the living post that shows this photograph. Returns its id, None if there is none."""
    post_id: UUID | None = await tx.fetchval(
        "SELECT id FROM posts WHERE photo_id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE", photo_id
    )
    return post_id


async def withdraw(tx: Transaction, post_id: UUID, author_id: UUID, *, by_author: bool) -> Record | None:
    """Delete an author's living original softly; restorable if it is `by_author`.

    Returns its `username`, `tags` and `likes`, None if there is none.
    """
    is_there = await tx.fetchval(
        """
        SELECT true FROM posts
        WHERE id = $1 AND author_id = $2 AND deleted_at IS NULL AND original_post_id IS NULL FOR NO KEY UPDATE
        """,
        post_id,
        author_id,
    )
    if not is_there:
        return None
    await tx.execute("DELETE FROM post_tags WHERE post_id = $1", post_id)
    return await tx.fetchrow(
        """
        UPDATE posts p SET deleted_at = now(), deleted_for = $2 FROM users u
        WHERE p.id = $1 AND u.id = p.author_id RETURNING u.username, p.tags, p.likes
        """,
        post_id,
        "author" if by_author else "photo",
    )


async def restore(tx: Transaction, post_id: UUID, author_id: UUID) -> bool:
    """Bring back what an author deleted less than 30 days ago, if its photograph is there. False: there is none."""
    row = await tx.fetchrow(
        f"""
        SELECT photo_id, tags FROM posts
        WHERE id = $1 AND author_id = $2 AND deleted_for = 'author' AND deleted_at > now() - interval '{RESTORABLE}'
        FOR NO KEY UPDATE
        """,
        post_id,
        author_id,
    )
    if row is None or await hold_photo(tx, row["photo_id"]) in {None, "rejected"}:
        return False
    await tx.execute("UPDATE posts SET deleted_at = NULL, deleted_for = NULL WHERE id = $1", post_id)
    await _tag(tx, post_id, row["tags"])
    return True


async def follow_tag(tx: Transaction, user_id: UUID, tag: str) -> None:
    """Let somebody follow a tag. Raises `TooManyTags`."""
    await lock_people(tx, [user_id])  # two who add at once would not count each other's
    added = await tx.execute(
        "INSERT INTO tag_follows (user_id, tag, created_at) VALUES ($1, $2, now()) ON CONFLICT DO NOTHING", user_id, tag
    )
    if rows_of(added) and await tx.fetchval("SELECT count(*) FROM tag_follows WHERE user_id = $1", user_id) > MOST_TAGS:
        raise TooManyTags


async def unfollow_tag(tx: Transaction, user_id: UUID, tag: str) -> None:
    """Let somebody follow a tag no longer."""
    await tx.execute("DELETE FROM tag_follows WHERE user_id = $1 AND tag = $2", user_id, tag)
