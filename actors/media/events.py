"""The facts media announces."""

from uuid import UUID

from actors.kernel.message import Event, Live, View
from actors.media.messages import PhotoView


class UploadBound(Event, key="photo_id"):
    """An upload belongs to a post; its bytes are there and not yet looked at."""

    photo_id: UUID
    owner_id: UUID


class UploadReady(View):
    """What its owner sees of a photograph that is ready."""

    upload_id: UUID
    photo: PhotoView


class UploadRejected(View):
    """What its owner sees of an upload that is no photograph we can show."""

    upload_id: UUID
    reason: str


class PhotoReady(Event, key="photo_id"):
    """A photograph was checked and every size of it can be loaded."""

    photo_id: UUID
    owner_id: UUID
    photo: PhotoView

    def live(self) -> Live:
        shown = UploadReady(upload_id=self.photo_id, photo=self.photo)
        return Live(topics=(f"user:{self.owner_id}",), type="upload.ready", data=shown)


class PhotoRejected(Event, key="photo_id"):
    """What was uploaded will never be shown; `reason` is a code that does not change."""

    photo_id: UUID
    owner_id: UUID
    reason: str

    def live(self) -> Live:
        shown = UploadRejected(upload_id=self.photo_id, reason=self.reason)
        return Live(topics=(f"user:{self.owner_id}",), type="upload.rejected", data=shown)
