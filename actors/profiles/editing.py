"""People change how they show themselves."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from actors.auth.events import StandingChanged
from actors.graph.events import PrivacyChanged
from actors.graph.messages import SetPrivacy
from actors.kernel.actor import Actor, on
from actors.kernel.errors import Unauthenticated
from actors.kernel.transaction import Transaction
from actors.media.events import PhotoReady, PhotoRejected
from actors.media.messages import BindUpload, PhotoState, Purpose, ReleasePhoto
from actors.profiles import avatars, queries
from actors.profiles.events import AvatarLeft, ProfileUpdated
from actors.profiles.messages import AvatarUnfit, EditProfile, ProfileView
from actors.profiles.views import profile_of


class Editing(Actor):
    """Changes what a profile says, and the face it shows."""

    @on(EditProfile)
    async def edit(self, wish: EditProfile) -> ProfileView:
        me, photo_id = wish.caller.id, wish.avatar_upload_id
        if photo_id is not None:
            photo = await self.ask(BindUpload(owner_id=me, upload_id=photo_id, purpose=Purpose.avatar))
            if photo.state is PhotoState.rejected:
                raise AvatarUnfit  # before anything changes
        if wish.private is not None:
            await self.ask(SetPrivacy(caller=wish.caller, private=wish.private))
        async with self.transaction() as tx:
            await queries.open_profiles(tx, [me])
            await queries.edit(tx, me, _changes(wish))
            left: list[UUID] = []
            if photo_id is not None:
                left = await avatars.choose(tx, me, photo_id)
            elif "avatar_upload_id" in wish.model_fields_set:
                left = await avatars.clear(tx, me)
            view = await self._announced(tx, me, left)
            if view is None:
                raise Unauthenticated
            return tx.answer(view)

    @on(PrivacyChanged)
    async def privacy_changed(self, event: PrivacyChanged) -> None:
        async with self.transaction() as tx:
            await self._announced(tx, event.user_id)

    @on(StandingChanged)
    async def standing_changed(self, event: StandingChanged) -> None:
        # A profile says whether somebody is a creator. One that shows no more is no news to anybody.
        if event.closing or (event.suspended_until or event.at) > event.at:
            return
        async with self.transaction() as tx:
            await self._announced(tx, event.user_id)

    @on(PhotoReady)
    async def photo_ready(self, event: PhotoReady) -> None:
        async with self.transaction() as tx:
            left = await avatars.become_ready(tx, event.owner_id, event.photo_id)
            if left is not None:
                await self._announced(tx, event.owner_id, left)

    @on(PhotoRejected)
    async def photo_rejected(self, event: PhotoRejected) -> None:
        async with self.transaction() as tx:
            if await avatars.become_unfit(tx, event.owner_id, event.photo_id):
                tx.emit(AvatarLeft(user_id=event.owner_id, photo_id=event.photo_id))

    @on(AvatarLeft)
    async def release_avatar(self, event: AvatarLeft) -> None:
        await self.ask(ReleasePhoto(photo_id=event.photo_id, given_at=event.given_at), cause=event)

    async def _announced(self, tx: Transaction, user_id: UUID, left: Iterable[UUID] = ()) -> ProfileView | None:
        """Announce a profile as it is now, and the photographs it no longer shows; None when nobody is there."""
        row = (await queries.by_id(tx, [user_id])).get(user_id)
        if row is None:
            return None
        view = profile_of(row, self.adapters.addresses)
        tx.emit(ProfileUpdated(user_id=user_id, profile=view))
        tx.emit(*await avatars.farewells(tx, user_id, left))
        return view


def _changes(wish: EditProfile) -> dict[str, Any]:
    """What was named, as the columns hold it: an emptied display name is none."""
    named = wish.model_dump(include=wish.model_fields_set & set(queries.EDITABLE), exclude_none=False)
    if named.get("socials"):
        named["socials"] = {network: handle for network, handle in named["socials"].items() if handle is not None}
    empty: dict[str, Any] = {"display_name": None, "bio": "", "links": [], "socials": {}}
    return {field: value or empty[field] for field, value in named.items()}
