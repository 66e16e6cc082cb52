"""The cards of posts: built and encoded once for each state of the rows they show, then spliced into every reply.

Before a kept card is shown, the rows are asked who wrote them last (`xmin`, the transaction id that PostgreSQL keeps of
every row). So whatever changes a card, its counts or its author's name, is seen at once, and nothing has to be told.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from actors.adapters.addresses import Addresses
from actors.auth.presence import is_present
from actors.graph.visibility import has_blocks, is_private, may_see
from actors.kernel import metrics
from actors.kernel.transaction import Reads
from actors.media.messages import FocalPoint
from actors.media.views import photo_of
from actors.posts.messages import Mention, PostCounts, PostView
from actors.profiles.people import OF_PERSON, PERSON, person_of

KEPT = 5_000
"""Cards that an actor keeps: 3 KB each with their bytes."""

_NAMED = f"JOIN users m ON m.id = named.id AND {is_present('m')}"
_MENTIONED = f"""
    CASE WHEN p.mentions = '{{}}' THEN NULL ELSE (
        SELECT json_agg(json_build_object('id', m.id, 'username', m.username) ORDER BY named.place)
        FROM unnest(p.mentions) WITH ORDINALITY AS named (id, place) {_NAMED}) END AS mentions
"""
_POSTS = f"""
FROM posts p
JOIN photos ph ON ph.id = p.photo_id
JOIN users u ON u.id = p.author_id AND u.deleted_at IS NULL
{OF_PERSON}
WHERE p.id = ANY($1::uuid[]) AND p.deleted_at IS NULL
"""
_VERSION = f"""
    concat_ws(' ', p.xmin, ph.xmin, u.xmin, COALESCE(pr.xmin::text, '-'),
        CASE WHEN p.mentions <> '{{}}' THEN (
            SELECT string_agg(concat(m.id, m.xmin), ' ' ORDER BY m.id)
            FROM unnest(p.mentions) AS named (id) {_NAMED}) END) AS version,
    {is_private("p.author_id")} AS is_private
"""
_META = "ph.meta - CASE WHEN p.show_camera THEN '{}' ELSE '{camera,lens,exposure}' END::text[] AS meta"
_HEADS = f"""
SELECT p.id AS post_id, p.author_id, {_VERSION},
    {may_see("NULL::uuid", "p.author_id")} AS is_for_visitors, {has_blocks("p.author_id")} AS has_blocks
{_POSTS}
"""
_CARDS = f"""
SELECT p.id AS post_id, p.caption, p.tags, p.sensitive, p.likes, p.reposts, p.comments, p.v,
    p.comments_closed, p.created_at, p.edited_at, p.alt, p.focus, {_MENTIONED},
    ph.id, ph.state, ph.width, ph.height, ph.placeholder, ph.variants, {_META}, {PERSON}, {_VERSION}
{_POSTS}
"""


class Head(NamedTuple):
    """What is to be known of a post before it is shown, and what its card has to agree with."""

    post_id: UUID
    author_id: UUID
    version: str
    is_private: bool
    is_for_visitors: bool
    has_blocks: bool


async def heads(db: Reads, ids: Iterable[UUID]) -> dict[UUID, Head]:
    """Those of these posts that are there. Reposts are not: they show their original."""
    wanted = list(ids)
    rows = await db.fetch(_HEADS, wanted) if wanted else []
    return {row["post_id"]: Head(*row) for row in rows}


async def cards(db: Reads, ids: Iterable[UUID], addresses: Addresses) -> dict[UUID, PostView]:
    """The posts that are there, for those who may see them. Reposts are not: they show their original."""
    wanted = list(ids)
    rows = await db.fetch(_CARDS, wanted) if wanted else []
    return {row["post_id"]: _card(row, addresses) for row in rows}


class Cards:
    """The cards that an actor shows, each kept for as long as its rows are what they were."""

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses
        self._kept: OrderedDict[UUID, tuple[str, PostView]] = OrderedDict()

    async def of(self, db: Reads, found: Sequence[Head]) -> dict[UUID, PostView]:
        """The cards of these posts as they are now. Private accounts' are made anew: their addresses expire."""
        shown: dict[UUID, PostView] = {}
        missing: list[UUID] = []
        for head in found:
            version, card = self._kept.get(head.post_id) or ("", None)
            if card and version == head.version and not head.is_private:
                self._kept.move_to_end(head.post_id)
                shown[head.post_id] = card
            else:
                missing.append(head.post_id)
        metrics.cache_lookups_total.labels("cards", "hit").inc(len(shown))
        metrics.cache_lookups_total.labels("cards", "miss").inc(len(missing))
        for row in await db.fetch(_CARDS, missing) if missing else ():
            card = shown[row["post_id"]] = _card(row, self.addresses)
            if not row["is_private"]:
                self._kept[card.id] = (row["version"], card)
                self._kept.move_to_end(card.id)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return shown


def _card(row: Record, addresses: Addresses) -> PostView:
    return PostView(
        id=row["post_id"],
        author=person_of(row, addresses),
        photo=photo_of(row, addresses, is_private=row["is_private"]).model_copy(
            update={"alt": row["alt"], "focus": FocalPoint(**row["focus"]) if row["focus"] else None}
        ),
        caption=row["caption"],
        tags=tuple(row["tags"]),
        mentions=tuple(Mention(**person) for person in row["mentions"] or ()),
        sensitive=row["sensitive"],
        comments_closed=row["comments_closed"],
        counts=PostCounts(likes=row["likes"], reposts=row["reposts"], comments=row["comments"], v=row["v"]),
        created_at=row["created_at"],
        edited_at=row["edited_at"],
    )
