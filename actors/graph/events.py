"""The facts graph announces."""

from uuid import UUID

from actors.graph.messages import Mine, MineChanged
from actors.kernel.message import Event, Live, View


class Followed(Event, key="followee_id"):
    """Somebody began to follow somebody."""

    follower_id: UUID
    followee_id: UUID

    def live(self) -> Live:
        return _on_own_devices(self.follower_id, Mine.follow, self.followee_id, on=True)


class Unfollowed(Event, key="followee_id"):
    """Somebody follows somebody no longer."""

    follower_id: UUID
    followee_id: UUID

    def live(self) -> Live:
        return _on_own_devices(self.follower_id, Mine.follow, self.followee_id, on=False)


class FollowRequested(Event, key="target_id"):
    """Somebody asked to follow a private account."""

    requester_id: UUID
    target_id: UUID


class FollowRequestEnded(Event, key="target_id"):
    """A request was accepted, rejected or withdrawn."""

    requester_id: UUID
    target_id: UUID


class Blocked(Event, key="blocked_id"):
    """Neither of two people sees the other any more."""

    blocker_id: UUID
    blocked_id: UUID

    def live(self) -> Live:
        return _on_own_devices(self.blocker_id, Mine.block, self.blocked_id, on=True)


class Unblocked(Event, key="blocked_id"):
    """One of two people blocks the other no longer; the other may still."""

    blocker_id: UUID
    blocked_id: UUID

    def live(self) -> Live:
        return _on_own_devices(self.blocker_id, Mine.block, self.blocked_id, on=False)


class Muted(Event, key="muted_id"):
    """Somebody wants to hear nothing of somebody."""

    muter_id: UUID
    muted_id: UUID

    def live(self) -> Live:
        return _on_own_devices(self.muter_id, Mine.mute, self.muted_id, on=True)


class Unmuted(Event, key="muted_id"):
    """Somebody wants to hear of somebody again. A mute that runs out is not announced."""

    muter_id: UUID
    muted_id: UUID

    def live(self) -> Live:
        return _on_own_devices(self.muter_id, Mine.mute, self.muted_id, on=False)


class PrivacyChanged(Event, key="user_id"):
    """Somebody shows their work to followers alone from here on, or to everybody."""

    user_id: UUID
    private: bool


class SomeRequestsAccepted(Event, key="user_id"):
    """So many asked to follow somebody who is public now that not all of them could be let in at once."""

    user_id: UUID


class SomeTiesEnded(Event, key="user_id"):
    """Somebody who is gone stood to so many people in some way that not all of it could end at once."""

    user_id: UUID


class SightNarrowedFrame(View):
    """What servers tell each other; no client hears of it."""

    viewer_id: UUID | None


class SightNarrowed(Event, key="author_id"):
    """Somebody may no longer see what an author shows; without `viewer_id` that may be anybody."""

    author_id: UUID
    viewer_id: UUID | None = None

    def live(self) -> Live:
        """For the servers, which end what was begun with a right that is gone: clients cannot name this topic."""
        return Live((f"sight:{self.author_id}",), "sight.narrowed", SightNarrowedFrame(viewer_id=self.viewer_id))


def _on_own_devices(user_id: UUID, kind: Mine, subject_id: UUID, *, on: bool) -> Live:
    change = MineChanged(kind=kind, subject_id=subject_id, on=on)
    return Live(topics=(f"user:{user_id}",), type="mine.changed", data=change)
