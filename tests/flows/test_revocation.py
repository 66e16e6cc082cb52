"""A session that ended anywhere, for whatever cause, has ended everywhere within a second: for tokens, cookies and
sockets in the other process, whatever Redis forgot, and in a process started afterwards."""

import asyncio
import signal
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from redis.asyncio import Redis

from actors.auth.people import Role
from actors.auth.sessions import EndSessionsOf
from actors.auth.standing import SetRole, Suspend
from actors.auth.tokens import digest
from actors.kernel.system import System
from load.processes import Served
from server.commanding import working
from tests.flows.people import Person
from tests.flows.stack import Stack, eventually
from tests.flows.watcher import Watcher

AT_MOST = 1.0
PASSWORD = "a password that is long enough"
OTHER = "a password that is as long"
REVOKED, SUSPENDED = 4501, 4502


@dataclass(frozen=True, slots=True)
class Device:
    """Somebody signed in somewhere, by an app or a page, and the socket they have open in the other process."""

    person: Person
    refresh: str
    cookies: Mapping[str, str]
    session_id: str
    socket: Watcher

    @property
    def headers(self) -> dict[str, str]:
        """What its requests carry."""
        if not self.cookies:
            return {"Authorization": f"Bearer {self.person.token}"}
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookie, "X-CSRF-Token": self.cookies["vitrine_csrf"]}


@dataclass(frozen=True, slots=True)
class Scene:
    """Somebody with an app and a page; what is done to their sessions is done at `here`, and felt at `there`."""

    stack: Stack
    here: Served
    there: Served
    operator: System
    person: Person
    app: Device
    page: Device

    @classmethod
    async def of(cls, stack: Stack, here: Served, there: Served, operator: System) -> "Scene":
        person = await register(stack, here)
        app, page = [await device(stack, here, there, person, client) for client in ("native", "web")]
        return cls(stack, here, there, operator, person, app, page)

    async def do(self, method: str, path: str, who: Device | None = None, **options: Any) -> None:
        """What the person, or one of their devices, asks of the process here."""
        headers = who.headers if who else {"Authorization": f"Bearer {self.person.token}"}
        await self.stack.ok(self.here, method, path, headers=headers, **options)
        self.stack.http.cookie_jar.clear()


async def register(stack: Stack, served: Served) -> Person:
    """Somebody with an account, as the API makes them."""
    name = f"n{uuid4().hex[:12]}"
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    given = await stack.ok(served, "POST", "/v1/auth/register", json=body)
    return Person(given["user"]["id"], name, given["access_token"])


async def device(
    stack: Stack, signed_in_at: Served, connected_to: Served, person: Person, client: str = "native"
) -> Device:
    """The same person, signed in once more."""
    body = {"login": person.username, "password": PASSWORD, "client": client}
    async with stack.http.post(f"{signed_in_at.url}/v1/auth/login", json=body) as response:
        given = await response.json()
        cookies = {name: morsel.value for name, morsel in response.cookies.items()}
    stack.http.cookie_jar.clear()
    token = cookies.get("vitrine_access") or given["access_token"]
    again = Person(person.id, person.username, token)
    sessions = await stack.ok(signed_in_at, "GET", "/v1/auth/sessions", again)
    current = next(session["id"] for session in sessions["items"] if session["current"])
    return Device(again, given.get("refresh_token", ""), cookies, current, await stack.watch(connected_to, again))


async def _log_out(scene: Scene) -> None:
    for each in (scene.app, scene.page):
        await scene.do("POST", "/v1/auth/logout", each)


async def _end_each(scene: Scene) -> None:
    for each in (scene.app, scene.page):
        await scene.do("DELETE", f"/v1/auth/sessions/{each.session_id}")


async def _end_others(scene: Scene) -> None:
    await scene.do("DELETE", "/v1/auth/sessions")


async def _end_all(scene: Scene) -> None:
    await scene.operator.ask(EndSessionsOf(user_id=UUID(scene.person.id)))


async def _change_password(scene: Scene) -> None:
    await scene.do("PUT", "/v1/auth/password", json={"current": PASSWORD, "password": OTHER})


async def _reset_password(scene: Scene) -> None:
    token = uuid4().hex
    await scene.stack.database.execute(
        "WITH proven AS (UPDATE users SET email_verified_at = now() WHERE id = $1 RETURNING id, email) "
        "INSERT INTO mail_tokens (user_id, purpose, hash, email, asked_at, expires_at) "
        "SELECT id, 'reset', $2, email, now(), now() + interval '10 minutes' FROM proven",
        UUID(scene.person.id),
        digest(token),
    )
    await scene.do("POST", "/v1/auth/password/reset", json={"token": token, "password": OTHER})


async def _suspend(scene: Scene) -> None:
    await scene.operator.ask(Suspend(user_id=UUID(scene.person.id), until=None, reason="a test"))


async def _close(scene: Scene) -> None:
    await scene.do("POST", "/v1/auth/me/delete", json={"password": PASSWORD})


async def _use_a_token_again(scene: Scene) -> None:
    stale = {"refresh_token": scene.app.refresh}
    await scene.do("POST", "/v1/auth/refresh", json=stale)
    passed = "UPDATE refresh_tokens SET spent_at = spent_at - interval '11 seconds' WHERE session_id = $1"
    await scene.stack.database.execute(passed, UUID(scene.app.session_id))
    assert (await scene.stack.ask(scene.here, "POST", "/v1/auth/refresh", json=stale))[0] == 401


Cause = Callable[[Scene], Awaitable[None]]
CAUSES: Mapping[str, tuple[Cause, int, tuple[str, ...]]] = {
    # what is done, the code sockets close with, and whose sessions it ends
    "signing out": (_log_out, REVOKED, ("app", "page")),
    "ending one": (_end_each, REVOKED, ("app", "page")),
    "ending all others": (_end_others, REVOKED, ("app", "page")),
    "an operator ending all": (_end_all, REVOKED, ("app", "page")),
    "another password": (_change_password, REVOKED, ("app", "page")),
    "a forgotten password": (_reset_password, REVOKED, ("app", "page")),
    "a suspension": (_suspend, SUSPENDED, ("app", "page")),
    "closing the account": (_close, REVOKED, ("app", "page")),
    "a stolen token": (_use_a_token_again, REVOKED, ("app",)),
}


async def seconds_to_end(scene: Scene, lost: Device, code: int, began: asyncio.Future[float]) -> dict[str, float]:
    """From `began` until requests of that device are refused, and until its socket is closed, in the other process."""

    async def refused() -> float:
        # When the last request was sent that was answered: how long an answer takes is not counted.
        seen = asked = time.perf_counter()
        while (await scene.stack.ask(scene.there, "GET", "/v1/auth/me", headers=lost.headers))[0] != 401:
            seen, asked = asked, time.perf_counter()
            assert seen - await began < AT_MOST
        return seen

    async def closed() -> float:
        assert await lost.socket.closed() == code
        return time.perf_counter()

    socket = asyncio.create_task(closed())
    done, requests = await began, await refused()
    return {"socket": await socket - done, "cookie" if lost.cookies else "bearer": requests - done}


async def test_whatever_ends_a_session_in_one_process_has_ended_it_in_the_other_within_a_second(stack: Stack) -> None:
    here, there = await stack.serve(), await stack.serve()
    taken: dict[str, list[float]] = {}
    async with working(stack.settings) as operator:
        for why, (cause, code, ends) in CAUSES.items():
            scene = await Scene.of(stack, here, there, operator)
            began: asyncio.Future[float] = asyncio.get_running_loop().create_future()
            ending = [asyncio.create_task(seconds_to_end(scene, getattr(scene, who), code, began)) for who in ends]
            await cause(scene)
            began.set_result(time.perf_counter())
            for seconds in await asyncio.gather(*ending):
                for way, passed in seconds.items():
                    assert passed < AT_MOST, (why, way, passed)
                    taken.setdefault(way, []).append(passed)
            for who in {"app", "page"} - set(ends):
                headers = getattr(scene, who).headers
                assert (await stack.ask(there, "GET", "/v1/auth/me", headers=headers))[0] == 200, (why, who)
        await _role_reaches(stack, operator, await register(stack, here), there)
    for way, times in taken.items():
        print(f"{way}: p50 {statistics.median(times) * 1000:.1f} ms, max {max(times) * 1000:.1f} ms, n {len(times)}")


async def _role_reaches(stack: Stack, operator: System, admin: Person, there: Served) -> None:
    """A role holds for the token and the socket there are, given or taken."""
    await operator.ask(SetRole(user_id=UUID(admin.id), role=Role.admin))
    given = time.perf_counter()
    socket = await stack.watch(there, admin)
    while "err" in await socket.request("sub", topic="admin:queue"):
        assert time.perf_counter() - given < AT_MOST
        # Whose requests are refused too often is closed.
        await asyncio.sleep(0.05)
    await operator.ask(SetRole(user_id=UUID(admin.id), role=Role.user))
    lost = [{"topic": "admin:queue", "code": "topic_forbidden"}]
    await eventually(lambda: _lost(socket), lost, seconds=AT_MOST)


async def _lost(watcher: Watcher) -> list[object]:
    return [frame["unsubscribed"] for frame in watcher.pushed if frame["push"] == "notice"]


async def test_what_redis_forgot_before_the_other_process_read_it_holds_there_and_in_later_ones(stack: Stack) -> None:
    here, there = await stack.serve(), await stack.serve()
    person = await register(stack, here)
    taken = []
    async with Redis.from_url(stack.settings.redis_url) as redis:
        for _ in range(3):
            lost = await device(stack, here, there, person)
            there.send(signal.SIGSTOP)
            # What is read already would reach it when it goes on.
            for client in await redis.client_list():
                if client["cmd"] == "xread":
                    await redis.client_kill_filter(_id=client["id"])
            await stack.ok(here, "DELETE", f"/v1/auth/sessions/{lost.session_id}", person)
            unpublished = "SELECT count(*) FROM outbox WHERE type = 'SessionRevoked' AND published_at IS NULL"
            await stack.becomes(0, unpublished)
            epoch = await stack.value("SELECT epoch FROM relay_state")
            await redis.flushdb()
            there.send(signal.SIGCONT)
            began = time.perf_counter()
            await stack.becomes(True, "SELECT epoch > $1 FROM relay_state", epoch)
            begun = time.perf_counter()
            assert await lost.socket.closed() == 4501
            taken.append((time.perf_counter() - began, time.perf_counter() - begun))
            assert (await stack.ask(there, "GET", "/v1/auth/me", lost.person))[0] == 401
        later = await stack.serve()
        status, problem = await stack.ask(later, "GET", "/v1/auth/me", lost.person)
        assert (status, problem["code"]) == (401, "session_revoked")
        await redis.flushdb()
        latest = await stack.serve()
        assert (await stack.ask(latest, "GET", "/v1/auth/me", lost.person))[0] == 401
        assert (await stack.ask(latest, "GET", "/v1/auth/me", person))[0] == 200
    print("after the flush, after the epoch:", [f"{a * 1000:.0f} ms, {b * 1000:.0f} ms" for a, b in taken])
    assert max(after for _, after in taken) < AT_MOST
