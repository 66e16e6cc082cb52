"""The facts graph announces."""

from uuid import UUID

from actors.graph.messages import Mine, MineChanged
from actors.kernel.message import Event, Live


class Followed(Event, key="followee_id"):
    """Somebody began to follow somebody."""

    follower_id: UUID
    followee_id: UUID

    def live(self) -> Live:
        return _on_own_devices(self.follower_id, self.followee_id, on=True)


class Unfollowed(Event, key="followee_id"):
    """Somebody follows somebody no longer."""

    follower_id: UUID
    followee_id: UUID

    def live(self) -> Live:
        return _on_own_devices(self.follower_id, self.followee_id, on=False)


def _on_own_devices(follower_id: UUID, followee_id: UUID, *, on: bool) -> Live:
    change = MineChanged(kind=Mine.follow, subject_id=followee_id, on=on)
    return Live(topics=(f"user:{follower_id}",), type="mine.changed", data=change)
