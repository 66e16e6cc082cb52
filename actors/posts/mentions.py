"""Who is named in what somebody writes on a post: `@username`, in any case and width.

A name is a part of the words: whoever may read them reads it, whoever it belongs to, as long as that account shows.
"""

import re
from collections.abc import Collection
from uuid import UUID

from actors.auth.names import username_key
from actors.auth.presence import is_present
from actors.graph.visibility import may_meet, may_see
from actors.kernel.transaction import Reads
from actors.posts.messages import Mention

MENTIONS = 20
"""Names that count in one text, the first ones."""

# Not within a word or an address: neither `ana@example.org` nor `@ana@example.org` names a person of ours.
_NAMED = re.compile(r"(?<![\w@.])@([a-z0-9][a-z0-9_]{2,29})(?![\w@])")


def usernames_in(text: str) -> tuple[str, ...]:
    """The keys of the usernames that a text names, each once, at most 20."""
    return tuple(dict.fromkeys(_NAMED.findall(username_key(text))))[:MENTIONS]


async def people_named(db: Reads, text: str, *, by: UUID, author_id: UUID) -> tuple[UUID, ...]:
    """Whom a text on a post of `author_id`'s names, in that order: those who may see the post, and meet who writes."""
    keys = usernames_in(text)
    if not keys:
        return ()
    rows = await db.fetch(
        f"""
        SELECT u.id FROM users u
        WHERE u.username_key = ANY($1::text[]) AND {may_see("u.id", "$2::uuid")} AND {may_meet("$3::uuid", "u.id")}
        ORDER BY array_position($1::text[], u.username_key)
        """,
        keys,
        author_id,
        by,
    )
    return tuple(row["id"] for row in rows)


async def names_of(db: Reads, ids: Collection[UUID]) -> dict[UUID, Mention]:
    """Those of these people whose accounts show, as a text names them."""
    if not ids:
        return {}
    rows = await db.fetch(f"SELECT id, username FROM users u WHERE id = ANY($1::uuid[]) AND {is_present('u')}", ids)
    return {row["id"]: Mention(id=row["id"], username=row["username"]) for row in rows}
