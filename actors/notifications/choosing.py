"""People choose how they are told, and of whom."""

from uuid import UUID

from actors.kernel.actor import Actor, on
from actors.kernel.transaction import Transaction
from actors.notifications import preferences, queries
from actors.notifications.events import NotificationPreferencesChanged
from actors.notifications.preference_messages import (
    GetPreferences,
    PreferencesView,
    SetPreferences,
    Unsubscribe,
    UnsubscribeLinkUnknown,
)
from actors.notifications.unsubscribing import owner_of


class Choosing(Actor):
    """Keeps what people prefer."""

    @on(GetPreferences)
    async def get_preferences(self, question: GetPreferences) -> PreferencesView:
        return await preferences.chosen(self.read, question.caller.id)

    @on(SetPreferences)
    async def set_preferences(self, wish: SetPreferences) -> PreferencesView:
        async with self.transaction() as tx:
            await queries.lock(tx, [wish.caller.id])
            before = await preferences.chosen(tx, wish.caller.id)
            policy = wish.policy.model_dump(exclude_none=True) if wish.policy else {}
            now = PreferencesView(
                kinds={kind: {**channels, **wish.kinds.get(kind, {})} for kind, channels in before.kinds.items()},
                mail_digest=before.mail_digest if wish.mail_digest is None else wish.mail_digest,
                policy=before.policy.model_copy(update=policy),
            )
            await self._choose(tx, wish.caller.id, before, now)
            return tx.answer(now)

    @on(Unsubscribe)
    async def unsubscribe(self, wish: Unsubscribe) -> None:
        user_id = owner_of(self.adapters.settings, wish.token.get_secret_value())
        async with self.transaction() as tx:
            if user_id is None or user_id not in await queries.lock(tx, [user_id]):
                raise UnsubscribeLinkUnknown
            before = await preferences.chosen(tx, user_id)
            await self._choose(tx, user_id, before, before.model_copy(update={"mail_digest": False}))
            return tx.answer(None)

    @staticmethod
    async def _choose(tx: Transaction, user_id: UUID, before: PreferencesView, now: PreferencesView) -> None:
        if now == before:
            return
        await preferences.choose(tx, user_id, now)
        is_policy = now.policy != before.policy
        tx.emit(NotificationPreferencesChanged(user_id=user_id, preferences=now, is_policy=is_policy))
