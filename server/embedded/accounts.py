"""PostgreSQL refuses to run as root: whom it runs as then, and where that user can reach what it needs."""

import hashlib
import os
import pwd
import shutil
from collections.abc import Sequence
from pathlib import Path

from server.embedded.processes import Account

STATE = Path("/var/lib/vitrine")
CACHE = Path("/var/cache/vitrine")


def unprivileged() -> Account | None:
    """The user `nobody` when we are root, else None: stay who we are."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(65534, 65534)
    return Account(nobody.pw_uid, nobody.pw_gid)


def home_of(folder: Path, account: Account | None) -> Path:
    """Where `folder` can really be kept for `account`: there, or under `/var/lib` with a link in its place
    when a folder above it is closed to others. Made if missing, owned by `account`."""
    if account is None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder
    home = folder
    if not _is_passable(folder.parent.resolve()):
        home = STATE / f"{folder.name}-{_digest(str(folder.absolute()))}"
        home.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        if not folder.is_symlink():
            shutil.rmtree(home, ignore_errors=True)  # the link is gone, so the data was given up
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.symlink_to(home)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if home.stat().st_uid != account.uid:
        for path in (home, *home.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return home


def wipe(folder: Path) -> None:
    """Delete a folder that `home_of` made, the place its link points to included."""
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def readable_copy(root: Path, names: Sequence[str], account: Account | None) -> Path:
    """`root`, or a copy of the folders `names` below it that `account` can read, laid out the same."""
    present = [name for name in names if (root / name).exists()]
    if account is None or all(_is_passable((root / name).resolve()) for name in present):
        return root
    installed = [f"{root / name} {(root / name).stat().st_mtime_ns}" for name in present]
    copy = CACHE / f"programs-{_digest(*installed)}"
    if not copy.exists():
        draft = copy.with_name(f"{copy.name}.{os.getpid()}")
        for name in present:
            shutil.copytree(root / name, draft / name, symlinks=True)
        for path in (CACHE, draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        try:
            draft.rename(copy)
        except OSError:  # another process made it meanwhile
            shutil.rmtree(draft)
    return copy


def _is_passable(folder: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in (folder, *folder.parents))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
