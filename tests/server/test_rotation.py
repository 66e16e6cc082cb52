"""`vitrine keys`: a new secret signs, former ones verify, and none is shown that need not be."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from actors.settings import SettingsError
from actors.values import split_secrets
from server.embedded.secrets import secrets_of
from server.http.seals import kid_of
from server.rotation import keys

OLD, OLDER = "o" * 32, "p" * 40


def vitrine_keys(*arguments: str) -> tuple[str, str]:
    """What it said to standard output and to standard error."""
    result = CliRunner().invoke(keys, arguments)
    if result.exception is not None:
        raise result.exception
    return result.stdout, result.stderr


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("JWT_SECRET", raising=False)
    return monkeypatch


def test_a_secret_that_dev_made_is_replaced_in_its_file(tmp_path: Path) -> None:
    first = secrets_of(tmp_path)["jwt"]
    told, _ = vitrine_keys("rotate", "--data", str(tmp_path))
    now = split_secrets(secrets_of(tmp_path)["jwt"])
    assert now[1:] == (first,)
    assert kid_of(now[0]) in told
    assert not any(secret in told for secret in now)
    assert secrets_of(tmp_path)["database"], "the other passwords stay"
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
    for _ in range(4):
        vitrine_keys("rotate", "--data", str(tmp_path), "--keep", "2")
    assert len(split_secrets(secrets_of(tmp_path)["jwt"])) == 3
    listed, _ = vitrine_keys("list", "--data", str(tmp_path))
    assert [line.split()[1] for line in listed.splitlines()] == ["signs", "verifies", "verifies"]


def test_a_secret_of_the_environment_is_told_anew_and_left_alone(
    tmp_path: Path, bare_environment: pytest.MonkeyPatch
) -> None:
    bare_environment.setenv("JWT_SECRET", f"{OLD}, {OLDER}")
    made = secrets_of(tmp_path)
    value, steps = vitrine_keys("rotate", "--data", str(tmp_path))
    fresh, *former = split_secrets(value.strip())
    assert former == [OLD, OLDER]
    assert f"JWT_SECRET={OLD},{OLDER},{fresh}" in steps
    assert secrets_of(tmp_path) == made
    listed, _ = vitrine_keys("list")
    assert listed == f"{kid_of(OLD)}  signs\n{kid_of(OLDER)}  verifies\n"


def test_secrets_that_are_none_are_named(tmp_path: Path, bare_environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="nothing was started"):
        vitrine_keys("list", "--data", str(tmp_path))
    for wrong in ("short", f"{OLD},short", f"{OLD},{OLD}", ",".join(str(n) * 32 for n in range(9))):
        bare_environment.setenv("JWT_SECRET", wrong)
        with pytest.raises(SettingsError, match="JWT_SECRET"):
            vitrine_keys("rotate")
