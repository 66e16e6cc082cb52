"""How many sockets somebody may have: in all processes together, whatever becomes of a process or of Redis."""

import asyncio
import time
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from server.realtime import places
from server.realtime.places import Places
from server.realtime.refusals import Denied
from tests.server.realtime.conftest import Live, Start, Stream, until


async def refused(live: Live, user_id: UUID | None = None) -> bool:
    """Whether one more socket is refused; one that is not is closed again."""
    socket = await live.open()
    answer = await socket.ask("connect", **({"token": live.token_of(user_id)} if user_id else {}))
    if "ok" in answer:
        await socket.ws.close()
        return False
    assert answer["err"]["code"] == "limit_exceeded"
    assert await socket.closed() == 4505
    return True


async def room(live: Live, user_id: UUID | None = None) -> None:
    """Wait until there is room for one more."""
    async with asyncio.timeout(30):
        while await refused(live, user_id):  # noqa: ASYNC110  # nobody announces it
            await asyncio.sleep(0.05)


async def test_sixteen_sockets_are_a_person_s_in_all_processes_together(live: Live, start_live: Start) -> None:
    other, user_id = await start_live(), uuid4()
    held = [await (live, other)[number % 2].connect(user_id) for number in range(16)]
    assert await refused(live, user_id)
    assert await refused(other, user_id)
    assert not await refused(other, uuid4())
    await held[0].ws.close()
    await room(other, user_id)
    for socket in held[1:]:
        await socket.ws.close()
    await until(lambda: not live.realtime.gateway.sockets and not other.realtime.gateway.sockets)
    await room(live, user_id)


async def test_what_a_process_held_is_free_once_it_is_known_to_be_dead(live: Live, stream: Stream) -> None:
    user_id = uuid4()
    later = int(time.time() * 1000) + 100_000
    members = {f"dead:{number}": later for number in range(16)}
    await stream.redis.zadd(f"sockets:user:{user_id.hex}", members)
    await stream.redis.set("sockets:process:dead", "1", px=100_000)
    assert await refused(live, user_id), "it lives"
    await stream.redis.delete("sockets:process:dead")
    assert not await refused(live, user_id)
    assert await stream.redis.zcard(f"sockets:user:{user_id.hex}") <= 1


async def test_visitors_are_counted_by_address_and_people_are_not(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.realtime._places, "_per_address", 3)
    held = [await live.connect() for _ in range(3)]
    assert await refused(live)
    await live.connect(uuid4())
    await held[0].ws.close()
    await room(live)


async def test_a_redis_that_forgot_is_told_again(live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(places, "RENEW_SECONDS", 0.1)
    user_id = uuid4()
    for _ in range(3):
        await live.connect(user_id)
    await stream.redis.delete(f"sockets:user:{user_id.hex}")
    async with asyncio.timeout(30):
        while await stream.redis.zcard(f"sockets:user:{user_id.hex}") != 3:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.02)


async def test_without_redis_each_process_keeps_to_the_bound_and_nobody_waits() -> None:
    async with Redis.from_url("redis://127.0.0.1:1") as redis:
        alone = Places(redis, per_address=2)
        began = time.monotonic()
        for number in range(16):
            await alone.take("user:a", str(number), is_visitor=False)
        with pytest.raises(Denied):
            await alone.take("user:a", "one more", is_visitor=False)
        for number in range(2):
            await alone.take("address:a", str(number), is_visitor=True)
        with pytest.raises(Denied):
            await alone.take("address:a", "one more", is_visitor=True)
        alone.leave("user:a", "3")
        await alone.take("user:a", "one more", is_visitor=False)
        assert time.monotonic() - began < 10
        await alone.stop()
