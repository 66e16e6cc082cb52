"""Vitrine as an operator runs it: processes of their own on the servers of a test."""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
from pydantic import SecretStr

from actors.auth.people import Caller, Plan, Role
from actors.settings import Settings, variable_names
from load.processes import Part, Served
from server.http.tokens import Tokens
from tests.contract import held_to_openapi
from tests.flows.forked import forked
from tests.flows.people import Person, insert_people, insert_posts
from tests.flows.watcher import Watcher

GIVEN = (
    "environment",
    "database_url",
    "redis_url",
    "jwt_secret",
    "s3_endpoint",
    "s3_bucket",
    "storage_keys",
    "media_base_url",
    "rate_limits",
)
"""Settings of a test that its processes share."""
TESTING = "vitrine-test"
"""What the test's own connections to the database call themselves."""


class Stack:
    """The processes of one deployment. Everything started ends with the test."""

    def __init__(self, settings: Settings, folder: Path, database: "asyncpg.Pool[Any]") -> None:
        self.settings = settings
        self.database = database
        # Every reply is held against the OpenAPI document.
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20), middlewares=(held_to_openapi(),))
        self.folder = folder
        self._parts: list[Part] = []
        self._watchers: list[Watcher] = []
        self._environment = environment_of(settings)

    async def serve(self, *, fault: str = "", port: int = 0, **environment: str) -> Served:
        """A server that is ready, which kills itself when it reaches `fault`."""
        is_first = not any(isinstance(part, Served) for part in self._parts)
        served = Served(self._with(environment, fault), self._log(), port=port, start=forked)
        self._parts.append(served)
        await served.ready()
        if is_first and not fault:
            await eventually(lambda: self.has_begun(served), wanted=True, what="the log begins")
        return served

    async def has_begun(self, served: Served) -> bool:
        """Whether positions lead anywhere: the relay has led, and this server has read so."""
        async with self.http.get(f"{served.url}/v1/tags/none/posts") as response:
            return not response.headers["Stream-Position"].startswith("0-")

    def worker(self, *, fault: str = "", **environment: str) -> Part:
        """A worker that does jobs, and kills itself when it reaches `fault`."""
        part = Part(["-m", "server", "worker"], self._with(environment, fault), self._log(), start=forked)
        self._parts.append(part)
        return part

    async def vitrine(self, *arguments: str) -> str:
        """What `vitrine <arguments>` said; it must succeed."""
        part = Part(["-m", "server", *arguments], self._with({}, ""), self._log(), start=forked)
        self._parts.append(part)
        assert await part.ended(60) == 0, part.last_words()
        return part.words()

    async def people(self, count: int) -> list[Person]:
        """So many people, signed in, without going through registration."""
        return await insert_people(self.database, self.token, count)

    async def posts(self, author: Person, count: int = 1) -> list[str]:
        """Posts of theirs with a photograph that is ready, as nobody announced them. Returns their ids."""
        return await insert_posts(self.database, author, count)

    def token(self, person_id: str, username: str, **claims: Any) -> str:
        """An access token as this deployment issues it."""
        caller = {"role": Role.user, "plan": Plan.free, "session_id": person_id} | claims
        return Tokens.of(self.settings).issue(Caller(id=UUID(person_id), username=username, **caller))

    async def watch(self, served: Served, person: Person | None, *topics: str, **since: str) -> Watcher:
        """An open socket on these topics; `since` names positions by topic."""
        watcher = await Watcher.open(
            self.http, served.url, person.token if person else None, dict.fromkeys(topics) | since
        )
        self._watchers.append(watcher)
        return watcher

    async def ask(
        self, served: Served, method: str, path: str, person: Person | None = None, **options: Any
    ) -> tuple[int, Any]:
        """Status and JSON (None without a body) of a request."""
        headers = {"Authorization": f"Bearer {person.token}"} if person else {}
        headers |= options.pop("headers", {})
        async with self.http.request(method, served.url + path, headers=headers, **options) as response:
            return response.status, await response.json(content_type=None) if await response.read() else None

    async def ok(self, served: Served, method: str, path: str, person: Person | None = None, **options: Any) -> Any:
        """The JSON of a request that must succeed."""
        status, body = await self.ask(served, method, path, person, **options)
        assert status < 300, (method, path, status, body)
        return body

    async def metric(self, served: Served, name: str) -> float:
        """The sum of a metric over its labels."""
        async with self.http.get(f"{served.url}/metrics") as response:
            text = await response.text()
        found = re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
        assert re.search(rf"^# TYPE {re.escape(name)} ", text, re.MULTILINE), f"there is no metric {name}"
        return sum(map(float, found))

    async def value(self, sql: str, *args: Any) -> Any:
        """One value from the database."""
        return await self.database.fetchval(sql, *args)

    async def becomes(self, wanted: Any, sql: str, *args: Any, seconds: float = 30) -> None:
        """Wait until the database gives this value."""
        await eventually(lambda: self.value(sql, *args), wanted, sql, seconds)

    async def close(self) -> None:
        """End everything; a process that did not end in good order by now is killed."""
        for watcher in self._watchers:
            await watcher.close()
        await self.http.close()
        for part in self._parts:
            part.kill()

    def words(self) -> str:
        """What all processes said last, for a failing test."""
        return "\n".join(f"── {part.name}\n{part.last_words()}" for part in self._parts)

    def _with(self, environment: Mapping[str, str], fault: str) -> dict[str, str]:
        return {**self._environment, **environment, "VITRINE_FAULT": fault}

    def _log(self) -> Path:
        return self.folder / f"{len(self._parts)}.log"


async def eventually(look: Callable[[], Awaitable[Any]], wanted: Any, what: str = "", seconds: float = 30) -> None:
    """Look again and again until what is seen equals `wanted`."""
    deadline = time.monotonic() + seconds
    while (found := await look()) != wanted:
        assert time.monotonic() < deadline, f"{what}: {found!r}, not {wanted!r}, after {seconds:g} s"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def stack_of(settings: Settings, folder: Path) -> AsyncIterator[Stack]:
    """A deployment with these settings, its logs in `folder`."""
    async with asyncpg.create_pool(
        settings.database_url, min_size=1, max_size=4, server_settings={"application_name": TESTING}
    ) as database:
        stack = Stack(settings, folder, database)
        try:
            yield stack
        finally:
            print(stack.words())
            await stack.close()


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables that give a process these settings, and nothing else of ours."""

    surroundings = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    variables: dict[str, str] = {}
    for name in GIVEN:
        value = getattr(settings, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        variables[variable_names(name)[0]] = str(text or "")
    return surroundings | variables | {"LOG_LEVEL": "warning"}
