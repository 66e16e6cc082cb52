"""What exports may be asked, and what they answer."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from actors.auth.people import Caller
from actors.kernel.errors import NotFound
from actors.kernel.message import Command, Query, Trusted, View


class ExportState(StrEnum):
    """How far an export has come."""

    preparing = "preparing"
    ready = "ready"
    failed = "failed"


class ExportView(View):
    """An export. A `url` is there once it is ready; it is made for this reply and works for a quarter of an hour."""

    id: UUID
    state: ExportState
    asked_at: datetime
    bytes: int | None = None
    expires_at: datetime | None = None
    url: str | None = None


class NoExport(NotFound):
    """You have asked for no export, or it was removed after its days."""

    code = "export_not_found"


class AskExport(Command[ExportView], key="caller"):
    """Have everything about oneself put together: what one wrote and did as JSON, and one's photographs.

    It takes a while; a mail tells when it is there. While one is being made or fresh, for a day, no other is made.
    """

    caller: Trusted[Caller]


class GetExport(Query[ExportView]):
    """One's latest export, and where to fetch it. Raises `NoExport`."""

    caller: Trusted[Caller]
