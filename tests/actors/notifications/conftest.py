"""What tests of notifications share: mail goes into a spool of the test's own."""

from pathlib import Path

import pytest

from actors.adapters.outside import Outside
from actors.kernel.system import System
from actors.settings import Settings
from tests.actors.accounts.mailroom import Mailroom


@pytest.fixture
def bare_settings(bare_settings: Settings, tmp_path: Path) -> Settings:
    """As everywhere, with a spool."""
    return bare_settings.model_copy(update={"mail_spool": tmp_path / "mail"})


@pytest.fixture
def mailroom(system: System, outside: Outside) -> Mailroom:
    """Carries letters by hand, and reads them."""
    return Mailroom(system, outside)
