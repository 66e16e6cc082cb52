"""Every scenario runs to its end, with nothing that makes its figures void."""

import asyncio
import sys
from pathlib import Path

import pytest

from load.scenarios import SCENARIOS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_scenario_comes_to_its_end_and_breaks_none_of_its_conditions(name: str, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "load", name, "--short", "--data", str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode in {0, 1}, said
    assert "FAULT" not in said
    assert "report: " in said
