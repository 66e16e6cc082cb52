"""The passwords and secrets made for one data folder."""

import json
import secrets
from pathlib import Path

_NAMES = ("database", "redis", "s3_access", "s3_secret", "jwt")


def secrets_of(folder: Path) -> dict[str, str]:
    """What was made at the first run, for this folder only; made now where nothing is."""
    file = _file_in(folder)
    if file.exists():
        return dict(json.loads(file.read_text()))
    made = {name: secrets.token_hex(8 if name == "s3_access" else 32) for name in _NAMES}
    _keep(folder, made)
    return made


def replace_secret(folder: Path, name: str, value: str) -> None:
    """Use another value from the next start on."""
    _keep(folder, secrets_of(folder) | {name: value})


def has_secrets(folder: Path) -> bool:
    """Whether anything was started here before."""
    return _file_in(folder).exists()


def _file_in(folder: Path) -> Path:
    return folder / "secrets.json"


def _keep(folder: Path, made: dict[str, str]) -> None:
    """All or nothing, and readable by its owner alone."""
    draft = folder / "secrets.new"
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(made))
    draft.replace(_file_in(folder))
