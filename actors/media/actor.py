"""Media at work: it signs uploads, gives them to posts, and has their bytes looked at."""

import secrets
from typing import Any

from uuid_utils.compat import uuid7

from actors.auth.people import ENTITLEMENTS
from actors.kernel.actor import Actor, on
from actors.kernel.errors import NotFound
from actors.media import queries
from actors.media.events import UploadBound
from actors.media.messages import (
    MAX_BYTES,
    BindUpload,
    GetUpload,
    PhotoState,
    PhotoView,
    SignUpload,
    UnsupportedUpload,
    UploadLimits,
    UploadLimitsView,
    UploadMissing,
    UploadQuotaUsed,
    UploadTicket,
    UploadTooLarge,
    UploadView,
    photo_view,
)
from actors.media.picture import BYTES_A_PIXEL, MEMORY_BUDGET

URL_SECONDS = 600
"""How long a signed address takes the bytes."""


class MediaActor(Actor, domain="media", lanes=4):
    """Uploads, from their signature to the post that has them."""

    @property
    def _media_url(self) -> str:
        return str(self.adapters.settings.media_url)

    @on(SignUpload)
    async def sign(self, wish: SignUpload) -> UploadTicket:
        if wish.bytes > MAX_BYTES:
            raise UploadTooLarge
        if wish.content_type not in BYTES_A_PIXEL:
            raise UnsupportedUpload
        photo_id, secret = uuid7(), secrets.token_urlsafe(18)
        object_key = f"originals/{photo_id}/{secret}"
        signed = self.adapters.storage.sign_put(
            object_key, wish.content_type, wish.bytes, wish.sha256, expires_in=URL_SECONDS
        )
        async with self.transaction() as tx:
            if await queries.uploads_today(tx, wish.caller.id) >= ENTITLEMENTS[wish.caller.plan].uploads_per_day:
                raise UploadQuotaUsed
            await queries.reserve(
                tx,
                photo_id=photo_id,
                owner_id=wish.caller.id,
                content_type=wish.content_type,
                size=wish.bytes,
                sha256=wish.sha256,
                object_key=object_key,
                variants_key=f"variants/{secrets.token_urlsafe(18)}",
                expires_at=signed.expires_at,
            )
            return tx.answer(
                UploadTicket(
                    upload_id=photo_id,
                    photo_url=f"{self._media_url}/{object_key}",
                    url=signed.url,
                    headers=signed.headers,
                    expires_at=signed.expires_at,
                )
            )

    @on(GetUpload)
    async def get(self, question: GetUpload) -> UploadView:
        row = await queries.upload_of(self.read, question.caller.id, upload_id=question.upload_id)
        if row is None:
            raise NotFound
        state = PhotoState(row["state"])
        if state is PhotoState.reserved:
            arrived = await self._has_arrived(row["object_key"])
            return UploadView(id=row["id"], state=PhotoState.uploaded if arrived else state)
        return UploadView(id=row["id"], state=state, reason=row["reason"], photo=photo_view(row, self._media_url))

    @on(UploadLimits)
    async def limits(self, question: UploadLimits) -> UploadLimitsView:
        allowed = ENTITLEMENTS[question.caller.plan].uploads_per_day
        used = await queries.uploads_today(self.read, question.caller.id)
        return UploadLimitsView(
            max_bytes=MAX_BYTES,
            max_pixels={kind: MEMORY_BUDGET // cost for kind, cost in BYTES_A_PIXEL.items()},
            uploads_per_day=allowed,
            left=max(0, allowed - used),
        )

    @on(BindUpload)
    async def bind(self, wish: BindUpload) -> PhotoView:
        row = await self._upload(wish)
        if row["state"] == PhotoState.reserved and not await self._has_arrived(row["object_key"]):
            raise UploadMissing
        async with self.transaction() as tx:
            photo, is_first = await queries.bind(tx, row["id"], wish.alt)
            if is_first:
                tx.emit(UploadBound(photo_id=photo["id"], owner_id=wish.owner_id))
            return tx.answer(photo_view(photo, self._media_url))

    @on(UploadBound)
    async def bound(self, event: UploadBound) -> None:
        async with self.transaction() as tx:
            tx.enqueue("media.process", photo_id=str(event.photo_id))

    async def _upload(self, wish: BindUpload) -> Any:
        object_key = None
        if wish.photo_url is not None:
            base, _, object_key = wish.photo_url.partition(f"{self._media_url}/")
            if base or not object_key:
                raise NotFound
        row = await queries.upload_of(self.read, wish.owner_id, upload_id=wish.upload_id, object_key=object_key)
        if row is None:
            raise NotFound
        return row

    async def _has_arrived(self, object_key: str) -> bool:
        return await self.adapters.storage.head(object_key) is not None


ACTOR = MediaActor
