"""The facts profiles announces."""

from datetime import datetime
from uuid import UUID

from actors.kernel.message import Event, Live, View
from actors.profiles.messages import ProfileView


class ProfileShown(View):
    """What watchers of a profile see."""

    profile: ProfileView


class ProfileUpdated(Event, key="user_id"):
    """Somebody changed how they show themselves."""

    user_id: UUID
    profile: ProfileView

    def live(self) -> Live:
        return _to_watchers(self.profile)


class ProfileCounted(Event, key="user_id"):
    """The posts or people around somebody became more or fewer.

    Likes alone do not announce it: they come by the thousand, and the next announcement carries them.
    """

    user_id: UUID
    profile: ProfileView

    def live(self) -> Live:
        return _to_watchers(self.profile)


class AvatarLeft(Event, key="user_id"):
    """A photograph is nobody's avatar any more, unless it was given again since `given_at`."""

    user_id: UUID
    photo_id: UUID
    given_at: datetime | None = None


def _to_watchers(profile: ProfileView) -> Live:
    topic = f"profile:{profile.username.lower()}"
    return Live(topics=(topic,), type="profile.updated", data=ProfileShown(profile=profile), author=profile.id)
