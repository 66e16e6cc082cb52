"""What fault tests share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.settings import Settings
from tests.flows.stack import Stack, stack_of


@pytest.fixture
async def stack(settings: Settings, tmp_path: Path) -> AsyncIterator[Stack]:
    """A deployment to start servers and workers in."""
    async with stack_of(settings, tmp_path) as stack:
        yield stack
