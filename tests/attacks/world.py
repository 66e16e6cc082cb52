"""A world made fresh for each call: people of every role, and what is theirs."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
from argon2 import PasswordHasher
from uuid_utils.compat import uuid7

from actors.accounts.tokens import Purpose
from actors.auth.messages import IssueSession
from actors.auth.tokens import digest
from actors.notifications.unsubscribing import token_of
from server.keys import SETTINGS, SYSTEM, TOKENS
from tests.attacks.people import PASSWORD, Client, Person, ok
from tests.flows.people import Person as Planted
from tests.flows.people import insert_posts
from tests.images import photograph

ROLES = ("user", "creator", "admin")
_AT_ONCE = 32
_IMAGE = photograph(64, 48)


@dataclass(frozen=True, slots=True)
class Call:
    """What one request says besides its method: values for its path, its query and its body."""

    path: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None
    query: Mapping[str, str] | None = None


class World:
    """Makes people and things. What it makes is nobody's but theirs, and the test's that asked."""

    def __init__(self, client: Client, database: "asyncpg.Pool[Any]", http: aiohttp.ClientSession) -> None:
        self.client = client
        self.database = database
        self._http = http
        self._spare: dict[str, list[Person]] = {role: [] for role in ROLES}
        self._password_hash = PasswordHasher(memory_cost=8, time_cost=1, parallelism=1).hash(PASSWORD)

    async def person(self, role: str = "user") -> Person:
        """Somebody new of that role, signed in, with a verified address and `PASSWORD`."""
        if not self._spare[role]:
            self._spare[role] = await self._people(role)
        return self._spare[role].pop()

    async def _people(self, role: str) -> list[Person]:
        """Through no registration, which would cost a hash each."""
        assert self.client.app is not None
        system, tokens = self.client.app[SYSTEM], self.client.app[TOKENS]
        ids = [uuid7() for _ in range(_AT_ONCE)]
        names = [f"{role}_{one.hex[-12:]}" for one in ids]
        async with self.database.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO users (id, username, username_key, email, email_verified_at, password_hash, role, plan, "
                "created_at) SELECT id, name, name, name || '@example.org', now(), $3, $4, 'free', now() "
                "FROM unnest($1::uuid[], $2::text[]) AS p (id, name)",
                ids,
                names,
                self._password_hash,
                role,
            )
            await connection.execute(
                "INSERT INTO profiles (user_id, updated_at, links, socials, bio) "
                "SELECT id, now(), '[]', '{}', '' FROM unnest($1::uuid[]) AS p (id)",
                ids,
            )
        sessions = await asyncio.gather(*(system.ask(IssueSession(user_id=one)) for one in ids))
        return [
            Person(str(given.user.id), given.user.username, tokens.issue(given.caller), given.refresh_token)
            for given in sessions
        ]

    async def thing(self, kind: str, owner: Person) -> str:
        """The id of something of that kind that is the owner's, new."""
        return await _THINGS[kind](self, owner)

    async def rows(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """Rows read, or changed behind the actors' backs."""
        found: list[asyncpg.Record] = await self.database.fetch(sql, *args)
        return found

    async def hide(self, owner: Person, how: str, caller: Person | None) -> None:
        """Let the owner be `private`, `blocking` the caller, `suspended` or `closing`."""
        if how == "private":
            await self.rows("INSERT INTO private_accounts (user_id, since) VALUES ($1, now())", UUID(owner.id))
        elif how == "blocking" and caller is not None:
            await self.rows(
                "INSERT INTO blocks (blocker_id, blocked_id, created_at) VALUES ($1, $2, now())",
                UUID(owner.id),
                UUID(caller.id),
            )
        elif how == "suspended":
            await self.rows("UPDATE users SET suspended_until = now() + interval '1 day' WHERE id = $1", UUID(owner.id))
        elif how == "closing":
            await self.rows("UPDATE users SET closing_at = now() WHERE id = $1", UUID(owner.id))

    async def upload(self, owner: Person) -> dict[str, Any]:
        """A ticket whose bytes have arrived."""
        wish = {"content_type": "image/jpeg", "bytes": len(_IMAGE)}
        ticket: dict[str, Any] = await ok(self.client, "POST", "/v1/uploads/sign", owner, json=wish)
        async with self._http.put(ticket["url"], data=_IMAGE, headers=ticket["headers"]) as response:
            assert response.status == 200, await response.text()
        return ticket


Maker = Callable[[World, Person, Person | None], Coroutine[Any, Any, Call]]
"""A valid request about what is the owner's, to be sent by the caller: (world, owner, caller)."""


async def _post(world: World, owner: Person) -> str:
    (post,) = await insert_posts(world.database, Planted(owner.id, owner.username, owner.access), 1)
    return post


async def _upload(world: World, owner: Person) -> str:
    return str((await world.upload(owner))["upload_id"])


async def _photo_url(world: World, owner: Person) -> str:
    return str((await world.upload(owner))["photo_url"])


async def _username(world: World, owner: Person) -> str:
    return owner.username


async def _id(world: World, owner: Person) -> str:
    return owner.id


async def _notification(world: World, owner: Person) -> str:
    notification = uuid7()
    somebody = await world.person()
    await world.rows(
        "INSERT INTO notifications (id, user_id, kind, subject_kind, subject_id, people, at) "
        "VALUES ($1, $2, 'follow', 'user', $2, 1, now())",
        notification,
        UUID(owner.id),
    )
    await world.rows(
        "INSERT INTO notification_people (notification_id, person_id, at) VALUES ($1, $2, now())",
        notification,
        UUID(somebody.id),
    )
    return str(notification)


async def _digest_link(world: World, owner: Person) -> str:
    """What stands in the link that ends the owner's digests."""
    assert world.client.app is not None
    return token_of(world.client.app[SETTINGS], UUID(owner.id))


async def _session(world: World, owner: Person) -> str:
    """Another one of theirs."""
    assert world.client.app is not None
    given = await world.client.app[SYSTEM].ask(IssueSession(user_id=UUID(owner.id)))
    return str(given.caller.session_id)


async def _follow_request(world: World, owner: Person) -> str:
    request, somebody = uuid7(), await world.person()
    await world.rows(
        "INSERT INTO follow_requests (id, requester_id, target_id, created_at) VALUES ($1, $2, $3, now())",
        request,
        UUID(somebody.id),
        UUID(owner.id),
    )
    return str(request)


async def _comment(world: World, owner: Person) -> str:
    """On somebody else's post."""
    post = await world.thing("post", await world.person())
    said = {"body": "What light!"}
    return str((await ok(world.client, "POST", f"/v1/posts/{post}/comments", owner, json=said))["id"])


def _mail_token(purpose: Purpose) -> Callable[[World, Person], Coroutine[Any, Any, str]]:
    async def make(world: World, owner: Person) -> str:
        token = secrets.token_urlsafe(32)
        await world.rows(
            "INSERT INTO mail_tokens (user_id, purpose, hash, email, asked_at, expires_at) "
            "SELECT id, $2, $3, email, now(), now() + interval '10 minutes' FROM users WHERE id = $1",
            UUID(owner.id),
            purpose,
            digest(token),
        )
        return token

    return make


_THINGS: Mapping[str, Callable[[World, Person], Coroutine[Any, Any, str]]] = {
    "post": _post,
    "upload": _upload,
    "photo_url": _photo_url,
    "username": _username,
    "person": _id,
    "notification": _notification,
    "digest_link": _digest_link,
    "session": _session,
    "follow_request": _follow_request,
    "comment": _comment,
    "reset_token": _mail_token(Purpose.reset),
    "verify_token": _mail_token(Purpose.verify),
}
