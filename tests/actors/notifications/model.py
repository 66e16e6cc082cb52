"""Notifications as a few lines say them, from what is written elsewhere: who likes, follows and comments what, who is
blocked, muted or away, which posts are deleted, and what was preferred. Nothing here looks at how notifications keep
any of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

DAY = timedelta(days=1)


class Told(NamedTuple):
    """Somebody's deed, as one notification knows it."""

    owner: UUID
    kind: str
    subject: UUID
    person: UUID

    @property
    def group(self) -> tuple[str, UUID]:
        """The notification of its owner's that it is in."""
        return self.kind, self.subject


@dataclass
class Memory:
    """What is remembered of a deed. `rang_at` None: it never was news."""

    latest: UUID
    stands: bool = True
    muted: bool = False
    rang_at: datetime | None = None


@dataclass
class Truth:
    """What is written elsewhere, at one moment."""

    deeds: dict[Told, UUID]
    blocks: set[tuple[UUID, UUID]]
    mutes: set[tuple[UUID, UUID]]
    follows: set[tuple[UUID, UUID]]
    away: set[UUID]
    young: set[UUID]
    gone: set[UUID]


_DEEDS = """
SELECT p.author_id, 'like', p.id, l.user_id, l.user_id FROM likes l JOIN posts p ON p.id = l.post_id
UNION ALL SELECT followee_id, 'follow', followee_id, follower_id, follower_id FROM follows
UNION ALL SELECT p.author_id, 'comment', p.id, c.author_id, c.id
    FROM comments c JOIN posts p ON p.id = c.post_id WHERE c.deleted_at IS NULL
"""


async def truth(db: asyncpg.Connection) -> Truth:
    """Read it; of several comments the last one counts."""
    rows = sorted(await db.fetch(_DEEDS), key=lambda row: str(row[4]))
    return Truth(
        deeds={Told(*row[:4]): row[4] for row in rows if row[0] != row[3]},
        blocks={(row[0], row[1]) for row in await db.fetch("SELECT blocker_id, blocked_id FROM blocks")},
        mutes={(row[0], row[1]) for row in await db.fetch("SELECT muter_id, muted_id FROM mutes")},
        follows={(row[0], row[1]) for row in await db.fetch("SELECT follower_id, followee_id FROM follows")},
        away={row[0] for row in await db.fetch("SELECT id FROM users WHERE suspended_until > now()")},
        young={row[0] for row in await db.fetch("SELECT id FROM users WHERE created_at > now() - interval '1 day'")},
        gone={row[0] for row in await db.fetch("SELECT id FROM posts WHERE deleted_at IS NOT NULL")},
    )


@dataclass
class Preferred:
    """What somebody chose."""

    quiet: set[str] = field(default_factory=set)
    only_followed: bool = False
    no_young: bool = False


@dataclass
class Model:
    """Everybody's notifications."""

    preferred: dict[UUID, Preferred]
    seen_at: dict[UUID, datetime]
    read_at: dict[UUID, datetime]
    memory: dict[Told, Memory] = field(default_factory=dict)
    now: Truth | None = None

    def hear(self, now: Truth, at: datetime) -> list[Told]:
        """Take in what is true now; returns what is news, which shows when its owner may hear of it."""
        self.now = now
        news = []
        for told in now.deeds.keys() | self.memory.keys():
            latest, known = now.deeds.get(told), self.memory.get(told)
            if latest is None:
                assert known is not None
                known.stands = False
                continue
            heard = (told.owner, told.person) not in now.mutes
            if known is None:
                known = self.memory[told] = Memory(latest, muted=not heard)
                is_news = heard
            elif not known.stands:
                is_news = heard and (known.rang_at is None or known.rang_at <= at - DAY)
                known.stands, known.muted = True, not heard
            else:
                is_news = heard and str(latest) > str(known.latest)
                known.muted = known.muted and not is_news
            known.latest = max(latest, known.latest, key=str)
            if is_news:
                news.append(told)
        return news

    def is_shown(self, told: Told) -> bool:
        """Whether the owner hears of it now."""
        assert self.now is not None
        known, now, chosen = self.memory[told], self.now, self.preferred[told.owner]
        pair = (told.owner, told.person)
        return (
            known.stands
            and not known.muted
            and told.person not in now.away
            and told.subject not in now.gone
            and not {pair, pair[::-1]} & now.blocks
            and not (chosen.only_followed and pair not in now.follows)
            and not (chosen.no_young and told.person in now.young)
        )

    def shown(self, owner: UUID) -> dict[tuple[str, UUID], list[Told]]:
        """Somebody's notifications, each with its people, the latest first, and by the latest of them."""
        groups: dict[tuple[str, UUID], list[Told]] = {}
        for told in self.memory:
            if told.owner == owner and self.is_shown(told):
                groups.setdefault(told.group, []).append(told)
        for people in groups.values():
            people.sort(key=self.rang_at, reverse=True)
        return dict(sorted(groups.items(), key=lambda group: self.rang_at(group[1][0]), reverse=True))

    def rang_at(self, told: Told) -> datetime:
        """When it was news."""
        at = self.memory[told].rang_at
        assert at is not None, f"{told} shows and was never news"
        return at

    def beyond(self, owner: UUID, marker: dict[UUID, datetime]) -> int:
        """How many of somebody's notifications came after their marker."""
        at = marker.get(owner)
        return sum(at is None or self.rang_at(people[0]) > at for people in self.shown(owner).values())

    def rings(self, news: Iterable[Told]) -> set[tuple[UUID, str, UUID]]:
        """The notifications that ring for this news."""
        return {
            (told.owner, told.kind, told.subject)
            for told in news
            if self.is_shown(told) and told.kind not in self.preferred[told.owner].quiet
        }
