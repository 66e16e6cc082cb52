"""What attackers are given."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import asyncpg
import pytest

from actors.settings import Settings
from server.keys import SETTINGS
from tests.attacks.forging import Forger
from tests.attacks.people import Client, Person, join
from tests.attacks.world import World


@pytest.fixture
async def ada(client: Client) -> Person:
    """Whom they are after."""
    return await join(client, "ada")


@pytest.fixture
async def mallory(client: Client) -> Person:
    """Who they are: somebody with an account like any other."""
    return await join(client, "mallory")


@pytest.fixture
def forger(client: Client, settings: Settings, ada: Person) -> Forger:
    """Knows a token of Ada's, and the secret."""
    assert client.app is not None
    assert client.app[SETTINGS].jwt_secret == settings.jwt_secret
    return Forger(ada.access, settings.jwt_secret.get_secret_value())


@pytest.fixture
async def world(client: Client, database_url: str) -> AsyncIterator[World]:
    """Where people and things are made as they are needed."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(asyncpg.create_pool(database_url, min_size=1, max_size=2))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield World(client, database, http)
