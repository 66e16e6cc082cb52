"""A figure counts for nothing where something was switched off for it."""

from uuid import uuid4

import pytest

from actors.settings import Settings
from load.conditions import ConditionBroken, assert_conditions
from load.world import Person, World

NOBODY = World((Person(uuid4(), "somebody", "token"),), (uuid4(),))


async def test_a_database_that_forgets_is_not_measured(settings: Settings) -> None:
    with pytest.raises(ConditionBroken, match=r"not durable: .'fsync': 'off'"):
        await assert_conditions("http://127.0.0.1:9", settings.database_url, NOBODY, needs=1)
