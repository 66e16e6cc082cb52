"""What became of people's notifications is told to their devices."""

from collections.abc import Iterable, Mapping, Sequence

from actors.kernel.actor import Actor
from actors.kernel.transaction import Transaction
from actors.notifications import moving, queries, showing
from actors.notifications.deeds import Deed, standing
from actors.notifications.events import NotificationsChanged
from actors.notifications.messages import NotificationKind
from actors.notifications.moving import Moved


class Telling(Actor):
    """Brings notifications up to date, and tells their owners."""

    async def _bring_up_to_date(
        self, tx: Transaction, deeds: Mapping[NotificationKind, Iterable[Deed]]
    ) -> Sequence[Moved]:
        """Let people's notifications say what stands now; nobody is told of their own deeds. Returns what moved."""
        others = {
            kind: list(dict.fromkeys(deed for deed in of_kind if deed.user_id != deed.person_id))
            for kind, of_kind in deeds.items()
        }
        there = await queries.lock(tx, (deed.user_id for of_kind in others.values() for deed in of_kind))
        moved: list[Moved] = []
        for kind, of_kind in others.items():
            if of_kind := [deed for deed in of_kind if deed.user_id in there]:
                stands = await standing(tx, kind, of_kind)
                await moving.open_groups(tx, kind, [deed for deed, how in stands.items() if how.deed_id is not None])
                moved += await moving.move(tx, kind, stands)
        await self._announce(tx, moved)
        return moved

    async def _announce(self, tx: Transaction, moved: Sequence[Moved]) -> None:
        """Tell the people whose notifications changed; one in which nobody shows is gone for its owner."""
        changed = [row for row in moved if row.is_changed]
        if not changed:
            return
        marks = await queries.marks(tx, {row.group.user_id for row in changed})
        views = await showing.views(
            tx, [row.group for row in changed if row.group.people > 0], marks, self.adapters.addresses
        )
        for row in changed:
            view, mark = views.get(row.group.id), marks[row.group.user_id]
            tx.emit(
                NotificationsChanged(
                    user_id=row.group.user_id,
                    notification=view,
                    removed=None if view else row.group.id,
                    unseen=mark.unseen,
                    unread=mark.unread,
                    rings=view is not None and row.rings,
                )
            )
