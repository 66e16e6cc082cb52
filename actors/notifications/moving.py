"""How deeds change notifications: who comes, who goes, what is news.

Everything here is under the lock of `queries.lock`. What was taken back is remembered for a day after it was news, so
that doing it again does not ring twice; a notification is where the latest of those who show in it put it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record
from uuid_utils.compat import uuid7

from actors.kernel.transaction import Transaction
from actors.notifications.deeds import Deed, Standing, columns
from actors.notifications.kinds import KINDS
from actors.notifications.messages import NotificationKind
from actors.notifications.preferences import OF_OWNER, RINGS, is_welcome
from actors.notifications.queries import Group

REMEMBERED = timedelta(days=1)
"""For so long after it was news a deed that is undone and done again is no news."""


class Moved(NamedTuple):
    """A notification that some deeds were about, as it is now.

    `is_changed`: its owner sees a difference. `news`, `taken_back` and `held_back` (muted or filtered): so many
    people's deeds. `rings`: there is news, and its owner wants to be told of this kind at once.
    """

    group: Group
    is_changed: bool
    news: int
    taken_back: int
    held_back: int
    rings: bool


_TALLIED = f"""
tally AS (
    SELECT id, count(*) FILTER (WHERE shown AND NOT was_shown)::int AS came,
        count(*) FILTER (WHERE was_shown AND NOT shown)::int AS went,
        max(at) FILTER (WHERE shown) AS latest, count(*) FILTER (WHERE shown AND is_news)::int AS news,
        count(*) FILTER (WHERE is_back)::int AS taken_back, count(*) FILTER (WHERE is_held)::int AS held_back
    FROM judged GROUP BY id),
moved AS (
    UPDATE notifications n SET people = n.people + t.came - t.went,
        at = CASE WHEN n.people = 0 THEN t.latest ELSE GREATEST(n.at, t.latest) END
    FROM tally t WHERE n.id = t.id AND (t.came > 0 OR t.went > 0 OR t.news > 0)
    RETURNING n.id, n.people, n.at)
SELECT n.id, n.user_id, n.kind, n.subject_kind, n.subject_id, COALESCE(m.people, n.people) AS people,
    COALESCE(m.at, n.at) AS at, m.id IS NOT NULL AS is_changed, t.news, t.taken_back, t.held_back,
    t.news > 0 AND {RINGS} AS rings, t.went > 0 AS is_left
FROM tally t JOIN notifications n ON n.id = t.id LEFT JOIN moved m ON m.id = t.id {OF_OWNER}
"""
_MOVE = f"""
WITH asked AS (
    SELECT n.id, n.user_id, n.kind, n.subject_kind, n.subject_id, a.person_id, a.deed_id, a.is_heard,
        p.at AS was_at, p.deed_id AS was_deed_id,
        COALESCE(p.stands, false) AS stood, COALESCE(p.muted, false) AS was_muted,
        COALESCE(p.shown, false) AS was_shown
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::boolean[])
        AS a (user_id, subject_id, person_id, deed_id, is_heard)
    JOIN notifications n ON n.user_id = a.user_id AND n.kind = $6 AND n.subject_id = a.subject_id
    LEFT JOIN notification_people p ON p.notification_id = n.id AND p.person_id = a.person_id
    WHERE a.deed_id IS NOT NULL OR p.at IS NOT NULL),
compared AS (
    SELECT *, deed_id IS NOT NULL AS stands,
        deed_id IS NOT NULL AND (NOT stood OR COALESCE(deed_id > was_deed_id, false)) AS comes FROM asked),
weighed AS (
    SELECT *, comes AND is_heard AND (was_at IS NULL OR stood OR was_at <= now() - $7::interval) AS is_news,
        CASE WHEN comes AND NOT (stood AND NOT is_heard) THEN NOT is_heard ELSE was_muted END AS muted
    FROM compared),
dated AS (
    SELECT *, CASE WHEN is_news THEN clock_timestamp() ELSE COALESCE(was_at, '-infinity') END AS at FROM weighed),
welcomed AS MATERIALIZED (
    SELECT n.*, {is_welcome("n.person_id", "n.at")} AS is_welcome FROM dated n {OF_OWNER}),
judged AS (
    SELECT *, stands AND NOT muted AND is_welcome AS shown, stood AND NOT stands AS is_back,
        comes AND NOT (is_heard AND is_welcome) AS is_held
    FROM welcomed),
written AS (
    INSERT INTO notification_people AS p (notification_id, person_id, at, deed_id, stands, muted, shown)
    SELECT id, person_id, at, GREATEST(deed_id, was_deed_id), stands, muted, shown FROM judged
    ON CONFLICT (notification_id, person_id) DO UPDATE SET at = excluded.at, deed_id = excluded.deed_id,
        stands = excluded.stands, muted = excluded.muted, shown = excluded.shown
    WHERE (p.at, p.deed_id, p.stands, p.muted, p.shown)
        IS DISTINCT FROM (excluded.at, excluded.deed_id, excluded.stands, excluded.muted, excluded.shown)),
{_TALLIED}"""
_REVIEW = f"""
WITH judged AS (
    SELECT n.id, p.person_id, p.at, p.shown AS was_shown,
        p.stands AND NOT p.muted AND {is_welcome("p.person_id", "p.at")} AS shown,
        false AS is_news, false AS is_back, false AS is_held
    FROM unnest($1::uuid[], $2::uuid[]) AS a (id, person_id) JOIN notifications n ON n.id = a.id
    JOIN notification_people p ON p.notification_id = a.id AND p.person_id = a.person_id {OF_OWNER}),
written AS (
    UPDATE notification_people p SET shown = j.shown FROM judged j
    WHERE p.notification_id = j.id AND p.person_id = j.person_id AND j.shown <> j.was_shown),
{_TALLIED}"""
_LEAVE = f"""
WITH gone AS (
    DELETE FROM notification_people WHERE person_id = $1 AND notification_id = ANY($2::uuid[])
    RETURNING notification_id, at, shown),
judged AS (
    SELECT notification_id AS id, at, shown AS was_shown, false AS shown,
        false AS is_news, false AS is_back, false AS is_held FROM gone),
{_TALLIED}"""

_FALL = """
UPDATE notifications n SET at = latest.at
FROM unnest($1::uuid[]) AS one (id) CROSS JOIN LATERAL (
    SELECT p.at FROM notification_people p WHERE p.notification_id = one.id AND p.shown
    ORDER BY p.at DESC LIMIT 1) AS latest
WHERE n.id = one.id RETURNING n.id, n.at
"""


async def open_groups(tx: Transaction, kind: NotificationKind, deeds: Iterable[Deed]) -> None:
    """See to it that each of these deeds has a notification to be in."""
    groups = {(deed.user_id, deed.subject_id): uuid7() for deed in deeds}
    await tx.execute(
        """
        INSERT INTO notifications (id, user_id, kind, subject_kind, subject_id, people, at)
        SELECT id, user_id, $4, $5, subject_id, 0, clock_timestamp()
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS g (id, user_id, subject_id)
        ON CONFLICT (user_id, kind, subject_id) DO NOTHING
        """,
        list(groups.values()),
        [user_id for user_id, _ in groups],
        [subject_id for _, subject_id in groups],
        kind,
        KINDS[kind].subject,
    )


async def move(tx: Transaction, kind: NotificationKind, deeds: Mapping[Deed, Standing]) -> list[Moved]:
    """Let notifications of one kind say how it is with these deeds."""
    hows = deeds.values()
    deed_ids, heard = [how.deed_id for how in hows], [how.is_heard for how in hows]
    return await _settled(tx, await tx.fetch(_MOVE, *columns(deeds), deed_ids, heard, kind, REMEMBERED))


async def review(tx: Transaction, places: Sequence[tuple[UUID, UUID]]) -> list[Moved]:
    """Ask again of these people, each in a notification, whether its owner may and wants to hear of them. No news."""
    return await _settled(tx, await tx.fetch(_REVIEW, *columns(places)))


async def leave(tx: Transaction, person_id: UUID, ids: Sequence[UUID]) -> list[Moved]:
    """Take somebody out of these notifications, and forget that they were in them."""
    return await _settled(tx, await tx.fetch(_LEAVE, person_id, ids))


async def _settled(tx: Transaction, rows: Sequence[Record]) -> list[Moved]:
    """Put those that somebody left where the latest of the others put them."""
    left = [row["id"] for row in rows if row["is_left"] and row["people"] > 0]
    fell = await tx.fetch(_FALL, left) if left else []
    places = {row["id"]: row["at"] for row in fell}
    groups = [Group(*(row[field] for field in Group._fields)) for row in rows]
    return [
        Moved(group._replace(at=places.get(group.id, group.at)), *(row[field] for field in Moved._fields[1:]))
        for group, row in zip(groups, rows, strict=True)
    ]
