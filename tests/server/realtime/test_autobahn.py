"""The Autobahn test suite against the gateway, where it is installed: `WSTEST` names its command, or it is in the path.

It needs Python 2.7: `python2.7 -m virtualenv suite && suite/bin/pip install autobahntestsuite==25.10.1`.
"""

import asyncio
import os
import shutil
from pathlib import Path

import orjson
import pytest

from server.realtime import connection
from server.realtime.frames import Limits
from tests.server.realtime.conftest import Live
from tests.server.realtime.echo import Echo

BINARY = ("1.2.*", "9.2.*", "9.4.*", "9.6.*", "9.8.*")
LARGE = (*(f"9.1.{number}" for number in range(2, 7)), "9.3.*", "9.5.*")
DEFLATE = ("12.*", "13.*")
"""Not spoken: binary frames (1003), more than 64 KiB (1009), compression, which would cost 100 KB a socket."""
GOOD = {"OK", "NON-STRICT", "INFORMATIONAL"}


@pytest.mark.slow
async def test_every_case_of_autobahn_but_the_exceptions(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wstest = os.environ.get("WSTEST") or shutil.which("wstest")
    if wstest is None:
        pytest.skip("the Autobahn test suite is not installed: WSTEST names its `wstest`")
    monkeypatch.setattr(live.realtime.gateway, "_dispatch", Echo())
    monkeypatch.setattr(connection, "_LIMITS", Limits(frames_burst=100_000))
    spec = tmp_path / "spec.json"
    url = live.url.replace("http://", "ws://")
    asked = {"outdir": str(tmp_path), "servers": [{"agent": "vitrine", "url": url}], "cases": ["*"]}
    spec.write_bytes(orjson.dumps(asked | {"exclude-cases": [*BINARY, *LARGE, *DEFLATE], "exclude-agent-cases": {}}))
    with (tmp_path / "wstest.log").open("wb") as log:
        suite = await asyncio.create_subprocess_exec(wstest, "-m", "fuzzingclient", "-s", spec, stdout=log, stderr=log)
        assert await suite.wait() == 0, (tmp_path / "wstest.log").read_text()
    found = orjson.loads((tmp_path / "index.json").read_bytes())["vitrine"]
    assert len(found) > 200
    bad = {case: one for case, one in found.items() if {one["behavior"], one["behaviorClose"]} - GOOD}
    assert {case: (one["behavior"], one["behaviorClose"]) for case, one in bad.items()} == {}
