"""How people mark posts: a like, a repost, a bookmark. Of each there is one a person and post, or none.

Posts are locked in id order first, and marked in a second statement: it sees every change that came before. Who may
not see a post does not mark it, but takes back what they put on it when they might.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record
from uuid_utils.compat import uuid7

from actors.graph.queries import lock_people
from actors.graph.visibility import is_open, may_see
from actors.kernel.transaction import Transaction
from actors.posts.events import COUNTS
from actors.posts.messages import MOST_BOOKMARKS
from actors.posts.toggles import Outcome, Pair, Wish, fold

_LOCK = """
SELECT id, author_id, likes, reposts, comments, v FROM posts
WHERE id = ANY($1::uuid[]) AND deleted_at IS NULL AND original_post_id IS NULL
ORDER BY id FOR NO KEY UPDATE
"""
_MARK = """
WITH open AS MATERIALIZED (SELECT id FROM unnest($7::uuid[]) AS author (id) WHERE {open}),
asked AS (
    SELECT * FROM (
        SELECT a.*, m.user_id IS NOT NULL AS was, a.author_id IN (SELECT id FROM open) OR {visible} AS is_seen
        FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::boolean[], $5::uuid[], $6::uuid[])
            AS a (post_id, user_id, if_off, if_on, new_id, author_id)
        LEFT JOIN {table} m ON m.post_id = a.post_id AND m.user_id = a.user_id) AS a
    WHERE a.is_seen OR a.was AND NOT a.if_on),
added AS (
    INSERT INTO {table} (post_id, user_id, created_at{column})
    SELECT post_id, user_id, now(){value} FROM asked WHERE NOT was AND if_off RETURNING *),
removed AS (
    DELETE FROM {table} m USING asked a
    WHERE m.post_id = a.post_id AND m.user_id = a.user_id AND a.was AND NOT a.if_on RETURNING m.*){further}
SELECT a.post_id, a.user_id, a.was, a.is_seen, {counts} FROM asked a {counted}
"""
_COUNT = """,
changed AS (
    UPDATE posts p SET {table} = p.{table} + s.steps, v = p.v + 1
    FROM (SELECT post_id, sum(step)::int AS steps FROM (
            SELECT post_id, 1 AS step FROM added UNION ALL SELECT post_id, -1 FROM removed) AS moves
          GROUP BY post_id) AS s
    WHERE p.id = s.post_id
    RETURNING p.id, p.likes, p.reposts, p.comments, p.v)"""
_SHOW = """,
shown AS (
    INSERT INTO posts (
        id, author_id, original_post_id, caption, tags, sensitive, likes, reposts, comments, v, created_at)
    SELECT repost_id, user_id, post_id, '', '{}', false, 0, 0, 0, 0, created_at FROM added),
hidden AS (DELETE FROM posts p USING removed WHERE p.id = removed.repost_id)"""

_BEYOND = f"""
WITH have AS MATERIALIZED (
    SELECT p.id, (SELECT count(*) FROM (SELECT FROM {{table}} WHERE user_id = p.id LIMIT $3) AS m) AS marks
    FROM (SELECT DISTINCT id FROM unnest($2::uuid[]) AS id) AS p)
SELECT new.post_id, new.user_id FROM (
    SELECT a.post_id, a.user_id, row_number() OVER (PARTITION BY a.user_id ORDER BY a.place) AS nth
    FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS a (post_id, user_id, place)
    JOIN posts p ON p.id = a.post_id AND p.deleted_at IS NULL
    WHERE {may_see("a.user_id", "p.author_id")}
        AND NOT EXISTS (SELECT FROM {{table}} WHERE post_id = a.post_id AND user_id = a.user_id)) AS new
JOIN have ON have.id = new.user_id WHERE have.marks + new.nth > $3
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A kind of mark, by its table. Some are counted on the post; a repost is also a row of posts; of some there are
    only so many a person."""

    table: str
    is_counted: bool = True
    is_shown: bool = False
    is_limited: bool = False

    @property
    def statement(self) -> str:
        """Sets and takes back the marks asked for; says how each pair that the post shows to, or whose mark is taken
        back, was before."""
        counted = _COUNT.format(table=self.table) if self.is_counted else ""
        return _MARK.format(
            table=self.table,
            open=is_open("author.id"),
            visible=may_see("a.user_id", "a.author_id"),
            column=", repost_id" if self.is_shown else "",
            value=", new_id" if self.is_shown else "",
            further=counted + (_SHOW if self.is_shown else ""),
            counts="c.likes, c.reposts, c.comments, c.v" if self.is_counted else "NULL AS v",
            counted="LEFT JOIN changed c ON c.id = a.post_id" if self.is_counted else "",
        )


LIKE = Mark("likes")
REPOST = Mark("reposts", is_shown=True)
BOOKMARK = Mark("bookmarks", is_counted=False, is_limited=True)
_STATEMENTS = {mark: mark.statement for mark in (LIKE, REPOST, BOOKMARK)}


@dataclass(slots=True)
class Marked:
    """A locked post: its counts, and whose mark is new and whose is gone. `v` moved if anybody's counts."""

    post_id: UUID
    author_id: UUID
    likes: int
    reposts: int
    comments: int
    v: int
    on: tuple[UUID, ...] = ()
    off: tuple[UUID, ...] = ()

    def counts(self) -> dict[str, Any]:
        """What a fact about its counts says."""
        return {name: getattr(self, name) for name in COUNTS}


class Settled(NamedTuple):
    """What became of a wish: how it is after it, and the post's counts after all of them, 0 where it shows no more to
    who took back what they had put on it. Without `has_room` nothing did: they have as many as there may be."""

    is_on: bool
    likes: int
    reposts: int
    has_room: bool


async def _beyond(tx: Transaction, mark: Mark, pairs: Sequence[Pair]) -> frozenset[Pair]:
    """Of the new marks wished for, those that go beyond what each person may have, the first wishes first.

    People are locked: whoever counts theirs elsewhere at the same time finds what is set here.
    """
    await lock_people(tx, {user_id for _, user_id in pairs})
    rows = await tx.fetch(
        _BEYOND.format(table=mark.table),
        [post_id for post_id, _ in pairs],
        [user_id for _, user_id in pairs],
        MOST_BOOKMARKS,
    )
    return frozenset((row["post_id"], row["user_id"]) for row in rows)


async def carry_out(tx: Transaction, mark: Mark, wishes: Sequence[Wish]) -> tuple[list[Settled | None], list[Marked]]:
    """Set and take back marks, those of one person and post in order.

    Returns for each wish what became of it, None where there is no such post or it does not show to the person; and
    the posts on which anybody's mark is another than before.
    """
    each, last = fold(wishes)
    wanted = [pair for pair, outcome in last.items() if outcome.if_off]
    beyond = await _beyond(tx, mark, wanted) if mark.is_limited and wanted else frozenset()
    last.update((pair, last[pair]._replace(if_off=False)) for pair in beyond)
    posts = {row["id"]: Marked(*row) for row in await tx.fetch(_LOCK, list({wish.post_id for wish in wishes}))}
    pairs = sorted(pair for pair in last if pair[0] in posts)
    authors = [posts[post_id].author_id for post_id, _ in pairs]
    rows = await tx.fetch(_STATEMENTS[mark], *_columns(pairs, last, mark), authors, set(authors)) if pairs else []
    found = {(row["post_id"], row["user_id"]): row for row in rows}
    for row in rows:
        _note(posts[row["post_id"]], row, is_on=last[row["post_id"], row["user_id"]].after(row["was"]))
    settled: list[Settled | None] = []
    for wish, outcome in zip(wishes, each, strict=True):
        asked = found.get(wish.pair)
        if asked is None:
            settled.append(None)
            continue
        post = posts[wish.post_id]
        counts = (post.likes, post.reposts) if asked["is_seen"] else (0, 0)
        is_on = outcome.after(asked["was"])
        settled.append(Settled(is_on, *counts, has_room=not (is_on and wish.pair in beyond)))
    return settled, [post for post in posts.values() if post.on or post.off]


def _columns(pairs: list[Pair], last: Mapping[Pair, Outcome], mark: Mark) -> tuple[list[Any], ...]:
    return (
        [post_id for post_id, _ in pairs],
        [user_id for _, user_id in pairs],
        [last[pair].if_off for pair in pairs],
        [last[pair].if_on for pair in pairs],
        [uuid7() if mark.is_shown else None for _ in pairs],
    )


def _note(post: Marked, row: Record, *, is_on: bool) -> None:
    if is_on == row["was"]:
        return
    if is_on:
        post.on += (row["user_id"],)
    else:
        post.off += (row["user_id"],)
    if row["v"] is not None:
        post.likes, post.reposts, post.comments, post.v = row["likes"], row["reposts"], row["comments"], row["v"]
