"""People for tests: opening accounts, and looking at what was committed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import orjson

from actors.auth.messages import Register, SignedIn
from actors.auth.people import Caller
from actors.kernel.system import System

PASSWORD = "correct horse battery"


async def join(system: System, username: str, *, email: str | None = None, **fields: Any) -> SignedIn:
    """Somebody new, signed in."""
    email = email or f"{username}@example.org"
    return await system.ask(
        Register.model_validate({"username": username, "email": email, "password": PASSWORD, **fields})
    )


async def prove(database_url: str, *usernames: str) -> None:
    """Let addresses be verified, everybody's if nobody is named."""
    verify = "UPDATE users SET email_verified_at = now() WHERE username_key = ANY($1) OR $1 = ARRAY[]::text[]"
    await fetch(database_url, verify, list(usernames))


async def callers(system: System, *usernames: str) -> list[Caller]:
    """Several new people, as callers."""
    return [(await join(system, username)).caller for username in usernames]


async def fetch(database_url: str, sql: str, *args: Any) -> list[asyncpg.Record]:
    """What the database holds, read or changed behind the actors' backs."""
    connection = await asyncpg.connect(database_url)
    try:
        rows: list[asyncpg.Record] = await connection.fetch(sql, *args)
        return rows
    finally:
        await connection.close()


async def facts(database_url: str, kind: str) -> list[dict[str, Any]]:
    """The facts of one type that were committed, oldest first."""
    rows = await fetch(database_url, "SELECT payload FROM outbox WHERE type = $1 ORDER BY seq", kind)
    return [orjson.loads(row["payload"]) for row in rows]


async def until(question: Callable[[], Awaitable[Any]], answer: Any, seconds: float = 30.0) -> None:
    """Wait until the question is answered so; fails with the last answer when the time is over."""
    seen: Any = None
    try:
        async with asyncio.timeout(seconds):
            # What is asked about is a row, which no event in this process stands for.
            while (seen := await question()) != answer:  # noqa: ASYNC110  see above
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{seen!r} is not {answer!r}") from None
