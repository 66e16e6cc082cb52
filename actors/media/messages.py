"""What media may be asked, and what it answers."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from actors.auth.people import Caller
from actors.kernel.errors import Conflict, Exhausted, TooLarge, UnsupportedType
from actors.kernel.message import Command, Query, Trusted, View

MAX_BYTES = 20 * 2**20


class PhotoState(StrEnum):
    """How far an upload has come."""

    reserved = "reserved"
    uploaded = "uploaded"
    processing = "processing"
    ready = "ready"
    rejected = "rejected"


class VariantView(View):
    """One size of a photograph; its bytes never change."""

    name: str
    url: str
    width: int
    height: int
    content_type: str


class FocalPoint(View):
    """What must stay in sight when the picture is cropped, each from 0 (left, top) to 1."""

    x: Annotated[float, Field(ge=0, le=1)]
    y: Annotated[float, Field(ge=0, le=1)]


class Exposure(View):
    """How it was taken: f-number, time as photographers write it (`1/250`, in seconds), ISO, millimetres."""

    aperture: float | None = None
    time: str | None = None
    iso: int | None = None
    focal_length: float | None = None


class PhotoMeta(View):
    """Whose it is, as its file says; and what it was taken with: to its owner, and to others if its post shows that."""

    artist: str | None = None
    copyright: str | None = None
    licence: str | None = None
    camera: str | None = None
    lens: str | None = None
    exposure: Exposure | None = None


class PhotoView(View):
    """A photograph. Until it is ready it has neither size nor placeholder nor variants.

    `placeholder` is a ThumbHash in Base64. `alt` and `focus` are what the post that shows it says of it.
    """

    id: UUID
    state: PhotoState
    width: int | None
    height: int | None
    placeholder: str | None
    variants: tuple[VariantView, ...]
    alt: str | None = None
    focus: FocalPoint | None = None
    meta: PhotoMeta | None = None


class UploadTicket(View):
    """Send the bytes to `url` by `method` with exactly these headers, before it expires."""

    upload_id: UUID
    photo_url: str
    method: Literal["PUT"] = "PUT"
    url: str
    headers: Mapping[str, str]
    expires_at: datetime


class UploadView(View):
    """An upload and, once a post has it, its photograph.

    `reason` is a code, present when it was rejected. `progress` (0 to 1) is there while it is processing.
    `original_url` lets its owner download what they sent, for ten minutes.
    """

    id: UUID
    state: PhotoState
    progress: float | None = None
    reason: str | None = None
    photo: PhotoView | None = None
    original_url: str | None = None


class UploadLimitsView(View):
    """What may be uploaded: bytes, types, the pixels each type may have at worst, and how many in 24 hours.

    `resets_at` is when the next becomes free, once some are used.
    """

    max_bytes: int
    content_types: tuple[str, ...]
    max_pixels: Mapping[str, int]
    per_day: int
    used_today: int
    remaining: int
    resets_at: datetime | None


class UploadTooLarge(TooLarge):
    """An upload may hold 20 MiB."""

    code = "upload_too_large"


class UploadQuotaUsed(Exhausted):
    """Your uploads of the last 24 hours are used up."""

    code = "upload_quota_exceeded"


class UnsupportedUpload(UnsupportedType):
    """Photographs are JPEG, PNG, WebP, AVIF or GIF."""


class Purpose(StrEnum):
    """What an upload was given to. It stays with that: the one it belongs to has it deleted."""

    post = "post"
    avatar = "avatar"


class UploadUsed(Conflict):
    """This upload is used for something else already."""

    code = "upload_used"


class UploadMissing(Conflict):
    """The bytes of this upload have not arrived."""

    code = "upload_missing"


class SignUpload(Command[UploadTicket], key="caller"):
    """Reserve an upload and sign the address it goes to.

    Size and type become part of the signature. Raises `UploadTooLarge`, `UnsupportedUpload` and `UploadQuotaUsed`
    before any address is made.
    """

    caller: Trusted[Caller]
    content_type: Annotated[str, Field(max_length=100)]
    bytes: Annotated[int, Field(ge=1)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="of the bytes, in hex")] | None = None


class GetUpload(Query[UploadView]):
    """How far an upload of yours has come. Raises `NotFound`."""

    caller: Trusted[Caller]
    upload_id: UUID


class UploadLimits(Query[UploadLimitsView]):
    """What you may upload."""

    caller: Trusted[Caller]


class BindUpload(Command[PhotoView], key="owner_id"):
    """Give an upload to a post or a profile, which begins its processing. Doing it again changes nothing but the moment
    it was given last.

    Raises `UploadMissing` when its bytes never came, `UploadUsed` when it has another purpose, `NotFound` when there
    is none or it is somebody else's.
    """

    owner_id: UUID
    purpose: Purpose = Purpose.post
    upload_id: UUID | None = None
    photo_url: str | None = None


class ReleasePhoto(Command[None], key="photo_id"):
    """Nobody refers to this photograph any more and nobody will: its files and its row go. Done again, nothing.

    With `given_at`, when it was given to whoever refers to it no more: not if it was given again since.
    """

    photo_id: UUID
    given_at: datetime | None = None
