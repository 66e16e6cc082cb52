"""Media at work: it signs uploads, gives them to posts, and has their bytes looked at."""

import secrets
from typing import Any

from uuid_utils.compat import uuid7

from actors.accounts.events import AccountErased
from actors.auth.people import ENTITLEMENTS
from actors.graph.events import PrivacyChanged
from actors.kernel.actor import Actor, on
from actors.kernel.errors import NotFound
from actors.media import departures, queries
from actors.media.events import UploadBound
from actors.media.messages import (
    MAX_BYTES,
    BindUpload,
    GetUpload,
    PhotoState,
    PhotoView,
    ReleasePhoto,
    SignUpload,
    UnsupportedUpload,
    UploadLimits,
    UploadLimitsView,
    UploadMissing,
    UploadQuotaUsed,
    UploadTicket,
    UploadTooLarge,
    UploadView,
)
from actors.media.picture import BYTES_A_PIXEL, MEMORY_BUDGET, SUFFIXES
from actors.media.places import PUBLIC
from actors.media.views import photo_of

URL_SECONDS = 600
"""How long a signed address takes the bytes, or shows an original to its owner."""


class MediaActor(Actor, domain="media", lanes=4):
    """Uploads, from their signature to the post that has them."""

    @on(SignUpload)
    async def sign(self, wish: SignUpload) -> UploadTicket:
        if wish.bytes > MAX_BYTES:
            raise UploadTooLarge
        if wish.content_type not in BYTES_A_PIXEL:
            raise UnsupportedUpload
        photo_id, secret = uuid7(), secrets.token_urlsafe(18)
        object_key = f"uploads/{photo_id}/{secret}"
        signed = self.adapters.addresses.sign_put(
            object_key, wish.content_type, wish.bytes, wish.sha256, expires_in=URL_SECONDS
        )
        async with self.transaction() as tx:
            allowed = ENTITLEMENTS[wish.caller.plan].uploads_per_day
            await queries.take_turns(tx, wish.caller.id)
            if (await queries.used(tx, wish.caller.id, allowed)).uploads >= allowed:
                raise UploadQuotaUsed
            await queries.reserve(
                tx,
                photo_id=photo_id,
                owner_id=wish.caller.id,
                content_type=wish.content_type,
                size=wish.bytes,
                sha256=wish.sha256,
                object_key=object_key,
                variants_key=f"{PUBLIC}{secrets.token_urlsafe(18)}",
                expires_at=signed.expires_at,
            )
            return tx.answer(
                UploadTicket(
                    upload_id=photo_id,
                    photo_url=self.adapters.addresses.public(object_key),
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
        return UploadView(
            id=row["id"],
            state=state,
            progress=row["progress"] if state is PhotoState.processing else None,
            reason=row["reason"],
            photo=photo_of(row, self.adapters.addresses),
            original_url=self._original_url(row),
        )

    @on(UploadLimits)
    async def limits(self, question: UploadLimits) -> UploadLimitsView:
        allowed = ENTITLEMENTS[question.caller.plan].uploads_per_day
        used = await queries.used(self.read, question.caller.id, allowed)
        return UploadLimitsView(
            max_bytes=MAX_BYTES,
            content_types=tuple(BYTES_A_PIXEL),
            max_pixels={kind: MEMORY_BUDGET // cost for kind, cost in BYTES_A_PIXEL.items()},
            per_day=allowed,
            used_today=used.uploads,
            remaining=max(0, allowed - used.uploads),
            resets_at=used.resets_at,
        )

    @on(BindUpload)
    async def bind(self, wish: BindUpload) -> PhotoView:
        row = await self._upload(wish)
        if row["state"] == PhotoState.reserved and not await self._has_arrived(row["object_key"]):
            raise UploadMissing
        async with self.transaction() as tx:
            bound = await queries.bind(tx, row["id"], wish)
            if bound is None:
                raise NotFound
            photo, is_first = bound
            if is_first:
                tx.emit(UploadBound(photo_id=photo["id"], owner_id=wish.owner_id))
            return tx.answer(photo_of(photo, self.adapters.addresses))

    @on(UploadBound)
    async def bound(self, event: UploadBound) -> None:
        async with self.transaction() as tx:
            tx.enqueue("media.process", photo_id=str(event.photo_id))

    @on(PrivacyChanged)
    async def privacy_changed(self, event: PrivacyChanged) -> None:
        async with self.transaction() as tx:
            tx.enqueue("media.move", user_id=str(event.user_id))

    @on(ReleasePhoto)
    async def release(self, wish: ReleasePhoto) -> None:
        async with self.transaction() as tx:
            await departures.release(tx, wish.photo_id, wish.given_at)
            return tx.answer(None)

    @on(AccountErased)
    async def account_erased(self, event: AccountErased) -> None:
        async with self.transaction() as tx:
            tx.enqueue("media.erase", user_id=str(event.user_id))

    async def _upload(self, wish: BindUpload) -> Any:
        object_key = None
        if wish.photo_url is not None:
            object_key = self.adapters.addresses.key_of(wish.photo_url)
            if object_key is None:
                raise NotFound
        row = await queries.upload_of(self.read, wish.owner_id, upload_id=wish.upload_id, object_key=object_key)
        if row is None:
            raise NotFound
        return row

    def _original_url(self, row: Any) -> str | None:
        if row["original_key"] is None:
            return None
        name = f"{row['id']}.{SUFFIXES[row['content_type']]}"
        return self.adapters.addresses.sign_get(row["original_key"], URL_SECONDS, filename=name)

    async def _has_arrived(self, object_key: str) -> bool:
        return await self.adapters.storage.head(object_key) is not None


ACTOR = MediaActor
