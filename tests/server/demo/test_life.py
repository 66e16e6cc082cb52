"""Demo people at the phone: what they do arrives like anybody's deeds."""

import asyncio
import signal
import time
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from load.processes import Part
from server.demo.life import Town
from server.demo.pictures import draw
from server.demo.resident import Resident
from tests.flows.forked import forked
from tests.flows.stack import environment_of, stack_of
from tests.server.demo.conftest import Seeded

VISITORS = ["ada", "boris", "chloe"]
DEEDS = """
SELECT (SELECT count(*) FROM likes WHERE created_at > $1) + (SELECT count(*) FROM follows WHERE created_at > $1)
    + (SELECT count(*) FROM posts WHERE created_at > $1)
"""


async def test_people_act_by_themselves_until_they_are_told_to_stop(
    seeded: Seeded, database: "asyncpg.Connection[Any]", tmp_path: Path
) -> None:
    began = await database.fetchval("SELECT now()")
    async with stack_of(seeded.settings, tmp_path) as stack:
        served = await stack.serve()
        environment = environment_of(seeded.settings) | {"PUBLIC_URL": served.url}
        life = Part(["-m", "server", "life"], environment, tmp_path / "life.log", start=forked)
        try:
            deadline = time.monotonic() + 60
            while await database.fetchval(DEEDS, began) == 0:
                assert time.monotonic() < deadline, life.last_words()
                assert life.returncode is None, life.last_words()
                await asyncio.sleep(0.2)
            by = await database.fetch(
                "SELECT u.username FROM likes l JOIN users u ON u.id = l.user_id WHERE l.created_at > $1", began
            )
            assert not {row["username"] for row in by} & set(VISITORS)
            life.send(signal.SIGTERM)
            assert await life.ended(10) == 0, life.last_words()
        finally:
            life.kill()


async def test_they_wait_while_the_server_is_away(seeded: Seeded, tmp_path: Path) -> None:
    nowhere = environment_of(seeded.settings) | {"PUBLIC_URL": "http://127.0.0.1:9", "LOG_LEVEL": "info"}
    life = Part(["-m", "server", "life"], nowhere, tmp_path / "life.log", start=forked)
    try:
        deadline = time.monotonic() + 30
        while life.words().count("demo people wait") < 2:
            assert time.monotonic() < deadline, life.last_words()
            assert life.returncode is None, life.last_words()
            await asyncio.sleep(0.1)
        assert "Traceback" not in life.words()
        life.send(signal.SIGTERM)
        assert await life.ended(10) == 0, life.last_words()
    finally:
        life.kill()


async def test_each_deed_in_their_repertoire_succeeds(
    seeded: Seeded, database: "asyncpg.Connection[Any]", tmp_path: Path
) -> None:
    username = await database.fetchval("SELECT username FROM users WHERE username != ALL($1) LIMIT 1", VISITORS)
    async with stack_of(seeded.settings, tmp_path) as stack, aiohttp.ClientSession() as http:
        served = await stack.serve()
        town = Town(http, served.url)
        person = await Resident.sign_in(http, served.url, username)
        for deed in town._deeds:
            await deed(person)
        await person.publish(draw(1, "a test", 320), "From a test.", ["sea"], "The sea")
        page = await person.ask(f"/v1/profiles/{username}/posts", limit="1")
        assert page["items"][0]["post"]["caption"] == "From a test."
