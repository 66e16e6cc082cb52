"""What tests of the demo world share."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest

from actors.adapters.outside import open_outside
from actors.domains import actors
from actors.kernel.system import System
from actors.settings import Settings, load_settings
from server.demo.seed import seed
from tests.servers import fresh_database


class Seeded(NamedTuple):
    """A small demo world in a database of its own, and the tokens of its people."""

    settings: Settings
    tokens: Path


@pytest.fixture(scope="module")
def seeded(
    servers: Mapping[str, str], redis_of_worker: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seeded]:
    """Twelve people and two dozen posts, made once a run: drawing photographs takes seconds."""
    tokens = tmp_path_factory.mktemp("demo") / "tokens.jsonl"
    tokens.touch(mode=0o644)  # as one that somebody made before

    def settings_of(url: str) -> Settings:
        return load_settings(
            environment="test",
            database_url=url,
            redis_url=redis_of_worker,
            jwt_secret=servers["JWT_SECRET"],
            s3_endpoint=servers["S3_ENDPOINT"],
            storage_keys=servers["STORAGE_KEYS"],
            media_base_url=servers.get("MEDIA_BASE_URL"),
            rate_limits="off",
        )

    async def world(url: str) -> None:
        await seed(settings_of(url), people=12, posts=24)

    with asyncio.Runner() as runner:
        database = fresh_database(servers, fill=world)
        settings = settings_of(runner.run(database.__aenter__()))
        try:
            runner.run(seed(settings, tokens=tokens, if_empty=True))
            yield Seeded(settings, tokens)
        finally:
            runner.run(database.__aexit__(None, None, None))


@pytest.fixture
async def database(seeded: Seeded) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """The world's database."""
    connection = await asyncpg.connect(seeded.settings.database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def system(seeded: Seeded) -> AsyncIterator[System]:
    """Every domain at work in that world."""
    async with open_outside(seeded.settings) as outside:
        system = System(outside, actors())
        await system.start()
        yield system
        await system.stop()
