"""A folder in place of a mail server: each mail a file by its Message-ID, for development."""

import asyncio
import email
import os
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from uuid import UUID, uuid4

KEPT = 1_000
"""The newest mails stay; those before are deleted when another comes."""


class Spool:
    """Mails as RFC 5322 files, `<id>.eml`. Ids are UUIDv7, so names are in the order of time.

    A mail that is sent again has the same name, and is there once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage) -> None:
        """Keep a mail; it is there whole or not at all. Raises `OSError`."""
        mail_id = UUID(str(message["Message-ID"]).strip("<>").partition("@")[0])
        await asyncio.to_thread(self._write, mail_id, message.as_bytes())

    async def newest(self, limit: int) -> Sequence[tuple[UUID, EmailMessage]]:
        """The newest mails with their ids, the newest first."""
        return await asyncio.to_thread(self._newest, limit)

    async def read(self, mail_id: UUID) -> EmailMessage | None:
        """One mail, or None."""
        return await asyncio.to_thread(self._read, mail_id)

    def _write(self, mail_id: UUID, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f".{mail_id}.{uuid4().hex}"
        # The links in a mail open an account: nobody else on this machine reads them.
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / f"{mail_id}.eml")
        for old in self._names()[KEPT:]:
            (self._folder / f"{old}.eml").unlink(missing_ok=True)

    def _names(self) -> list[UUID]:
        names = []
        for file in self._folder.glob("*.eml"):
            with suppress(ValueError):  # somebody else's file
                names.append(UUID(file.stem))
        return sorted(names, reverse=True)

    def _newest(self, limit: int) -> list[tuple[UUID, EmailMessage]]:
        found = ((mail_id, self._read(mail_id)) for mail_id in self._names()[:limit])
        return [(mail_id, message) for mail_id, message in found if message is not None]

    def _read(self, mail_id: UUID) -> EmailMessage | None:
        try:
            data = (self._folder / f"{mail_id}.eml").read_bytes()
        except FileNotFoundError:
            return None
        return email.message_from_bytes(data, policy=SMTP)
