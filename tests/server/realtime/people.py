"""Who there is around a live edge without domains: a few sets that answer its questions."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from asyncpg.pgproto import pgproto

from actors.auth.people import Caller, id_of
from actors.auth.standing import RecentRevocations, RevocationsFound
from actors.graph.sight_messages import (
    Hidden,
    HiddenAmong,
    OpenAmong,
    OpenFound,
    PersonSeen,
    ReadersAmong,
    ReadersFound,
    SeePerson,
)
from actors.kernel.errors import NotFound, Unavailable
from actors.posts.sight_messages import CountsFound, GetCounts, PostSeen, PostsSeen, SeePosts

NOTHING_REVOKED = RevocationsFound(as_of=datetime.now(UTC), sessions=(), standings=())
SOMEBODY = uuid4()
"""Whose all is that is nobody else's."""


@dataclass
class People:
    """Who there is, what they published, whom they follow: what the live edge asks the domains about.

    `unseen` and `unmet` are pairs of a viewer (None: visitors) and somebody hidden from them.
    """

    posts: dict[UUID, tuple[int, int, int, int]] = field(default_factory=dict)
    owners: dict[UUID | str, UUID] = field(default_factory=dict)
    follows: set[tuple[UUID, UUID]] = field(default_factory=set)
    unseen: set[tuple[UUID | None, UUID]] = field(default_factory=set)
    unmet: set[tuple[UUID | None, UUID]] = field(default_factory=set)
    asked: list[Any] = field(default_factory=list)
    delay: float = 0.0
    during: Callable[[], Awaitable[object]] | None = None
    revocations: RevocationsFound = NOTHING_REVOKED
    is_away: bool = False
    refusals: int = 0

    async def ask(self, message: Any) -> Any:
        if self.during is not None:
            during, self.during = self.during, None
            await during()
        await asyncio.sleep(self.delay)
        self.asked.append(message)
        match message:
            case RecentRevocations() | OpenAmong() | SeePosts() if self.is_away:
                self.refusals += 1
                raise Unavailable
            case RecentRevocations():
                return self.revocations
            case SeePosts():
                return PostsSeen(items=tuple(self._seen(message.caller, message.post_ids)))
            case SeePerson():
                if message.username == "nobody":
                    raise NotFound
                return PersonSeen(id=self.owners.get(message.username, SOMEBODY))
            case GetCounts():
                return CountsFound(
                    # Ids as they come from rows.
                    items=tuple(
                        (pgproto.UUID(str(one)), *self.posts[one]) for one in message.post_ids if one in self.posts
                    )
                )
            case OpenAmong():
                hiding = {author for _, author in self.unseen | self.unmet}
                return OpenFound(user_ids=tuple(one for one in message.user_ids if one not in hiding))
            case HiddenAmong():
                pairs = {(v, a) for v in message.viewer_ids for a in message.seen + message.met}
                unseen = {pair for pair in pairs if pair[1] in message.seen} & (self.unseen | self.unmet)
                unmet = {pair for pair in pairs if pair[1] in message.met} & self.unmet
                return Hidden(unseen=frozenset(unseen), unmet=frozenset(unmet))
            case ReadersAmong():
                hidden = self.unseen | self.unmet
                return ReadersFound(
                    items=frozenset(
                        (user, (by, author))
                        for user in message.user_ids
                        for by, author in message.shown
                        if (user, by) in self.follows and not {(user, by), (user, author)} & hidden
                    )
                )
        return None

    def _seen(self, caller: Caller | None, post_ids: Iterable[UUID]) -> Iterable[PostSeen]:
        for post_id in post_ids:
            owner = self.owners.get(post_id, SOMEBODY)
            if post_id in self.posts and (id_of(caller), owner) not in self.unseen | self.unmet:
                yield PostSeen(author_id=owner, counts=(post_id, *self.posts[post_id]))
