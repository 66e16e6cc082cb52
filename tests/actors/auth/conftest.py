"""What tests of accounts share: a clock of one-time codes that stands still."""

import time
from types import SimpleNamespace

import pytest


@pytest.fixture(autouse=True)
def one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """No step of thirty seconds ends between the making of a code and its use, here or at the server."""
    now = time.time()
    stopped = SimpleNamespace(time=lambda: now)
    for module in ("actors.auth.totp", "tests.actors.auth.test_authenticators"):
        monkeypatch.setattr(f"{module}.time", stopped)
