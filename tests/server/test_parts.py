"""Parts of `vitrine dev` that do not come up."""

import asyncio
import os
import sys

import pytest

from server.embedded.parts import PartFailed, kept_running


async def test_a_part_that_cannot_even_be_started_is_said_to_have_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nothing/there")
    async with kept_running([("serve",)], os.environ) as failure, asyncio.timeout(5):
        with pytest.raises(PartFailed, match="cannot be started"):
            await failure
