"""The facts exports announce."""

from datetime import datetime
from uuid import UUID

from actors.kernel.message import Event, Live, View


class ExportAsked(Event, key="user_id"):
    """Somebody wants to take away what they have here. `former_key`: where the archive lies that this one replaces."""

    export_id: UUID
    user_id: UUID
    former_key: str | None


class ExportDone(View):
    """What a person's devices see of it: whether there is something to fetch, and until when."""

    export_id: UUID
    ready: bool
    expires_at: datetime | None


class ExportReady(Event, key="user_id"):
    """An export may be fetched."""

    export_id: UUID
    user_id: UUID
    object_key: str
    expires_at: datetime

    def live(self) -> Live:
        return _told(self.user_id, ExportDone(export_id=self.export_id, ready=True, expires_at=self.expires_at))


class ExportFailed(Event, key="user_id"):
    """An export could not be made, however often it was tried."""

    export_id: UUID
    user_id: UUID

    def live(self) -> Live:
        return _told(self.user_id, ExportDone(export_id=self.export_id, ready=False, expires_at=None))


def _told(user_id: UUID, done: ExportDone) -> Live:
    return Live(topics=(f"user:{user_id}",), type="export.done", data=done)
