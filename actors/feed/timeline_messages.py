"""What the feed asks itself."""

from uuid import UUID

from actors.kernel.message import Command, Trusted


class BuildTimeline(Command[bool], key="user_id"):
    """Build somebody's timeline, unless it is there or being built; `anew`: in any case.

    False: they follow so few that it is no use.
    """

    user_id: Trusted[UUID]
    anew: Trusted[bool] = False
