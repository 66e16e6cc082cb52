"""A read replica answers visitors, with no silent hole however far behind it is, and nobody who may have written."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from actors.kernel import replica
from actors.kernel.system import System
from actors.posts.edit_messages import EditPost
from actors.settings import Settings
from server.http.tokens import Tokens
from tests.actors.auth.people import callers
from tests.actors.posts.posting import plant
from tests.server.realtime.conftest import Socket
from tests.standby import Standby, standby_of

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def standby(database_url: str) -> Iterator[Standby]:
    """A standby that has the test's database."""
    with standby_of(database_url) as standby:
        yield standby


@pytest.fixture
def settings(settings: Settings, standby: Standby) -> Settings:
    """Every system of these tests has the replica."""
    return settings.model_copy(update={"database_replica_url": standby.url_of(settings.database_url)})


async def caption(client: Client, post: UUID, **headers: str) -> tuple[str, str]:
    """What a post says there, and since when what comes is live."""
    async with client.get(f"/v1/posts/{post}", headers=headers) as response:
        if response.status == 404:
            return "", ""  # so new that the replica does not have it
        return (await response.json())["post"]["caption"], response.headers["Stream-Position"]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for it."""
    async with asyncio.timeout(30):
        while not await holds():  # noqa: ASYNC110  it comes about in PostgreSQL
            await asyncio.sleep(0.02)


async def until_close(system: System, *, is_close: bool = True) -> None:
    """Wait until the replica answers, or until it does not."""

    async def is_so() -> bool:
        return system.replica is not None and await system.replica.is_close() is is_close

    await until(is_so)


async def until_shown(client: Client, post: UUID, text: str) -> float:
    """Wait until visitors see it. Returns when the last of them asked who did not."""
    loop = asyncio.get_running_loop()
    last = loop.time()

    async def is_shown() -> bool:
        nonlocal last
        asked = loop.time()
        if (await caption(client, post))[0] == text:
            return True
        last = asked
        return False

    await until(is_shown)
    return last


async def test_a_page_of_a_replica_that_lags_and_the_events_since_its_position_leave_nothing_out(
    client: Client, system: System, settings: Settings, standby: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "BEHIND_SECONDS", 60.0)
    (ana,) = await callers(system, "ana")
    (post,) = await plant(settings.database_url, [ana.id])
    await system.ask(EditPost(caller=ana, post_id=post, caption="Dusk"))
    await until_close(system)
    await until_shown(client, post, "Dusk")
    await standby.say(settings.database_url, "SELECT pg_wal_replay_pause()")
    edited = await system.ask(EditPost(caller=ana, post_id=post, caption="Dawn"))
    mine = {"Authorization": f"Bearer {Tokens.of(settings).issue(ana)}"}

    async def is_ahead() -> bool:
        return (await caption(client, post, **mine))[1] != (await caption(client, post))[1]

    await until(is_ahead)
    assert (await caption(client, post, **mine))[0] == "Dawn", "who may write sees the primary"
    seen, position = await caption(client, post)
    assert seen == "Dusk", "visitors are answered by the replica"
    visitor = Socket(await client.ws_connect("/v1/realtime", protocols=("vitrine.v1.json",)))
    answer = await visitor.ask("connect", topics={f"post:{post}": position})
    assert answer["ok"]["topics"][f"post:{post}"]["recovered"] is True
    missed = await visitor.push()
    while missed["push"] != "event" or missed["type"] != "post.updated":
        missed = await visitor.push()
    assert missed["data"] == {"post": edited.model_dump(mode="json")}


async def test_a_replica_that_falls_behind_answers_nobody_until_it_has_caught_up(
    client: Client, system: System, settings: Settings, standby: Standby
) -> None:
    (ana,) = await callers(system, "ana")
    (post,) = await plant(settings.database_url, [ana.id])
    await until_close(system)
    await standby.say(settings.database_url, "SELECT pg_wal_replay_pause()")
    began = asyncio.get_running_loop().time()
    await system.ask(EditPost(caller=ana, post_id=post, caption="Dawn"))
    assert await until_shown(client, post, "Dawn") - began < 1.0
    await until_close(system, is_close=False)
    await standby.say(settings.database_url, "SELECT pg_wal_replay_resume()")
    await until_close(system)
    assert (await caption(client, post))[0] == "Dawn"


async def test_without_its_replica_the_primary_answers_and_the_service_is_only_degraded(
    client: Client, system: System, settings: Settings, standby: Standby
) -> None:
    (ana,) = await callers(system, "ana")
    (post,) = await plant(settings.database_url, [ana.id])
    await until_close(system)
    standby.kill()
    await until_close(system, is_close=False)
    await caption(client, post)
    async with client.get("/readyz") as response:
        assert response.status == 200
        assert "replica" in (await response.json())["degraded"]
