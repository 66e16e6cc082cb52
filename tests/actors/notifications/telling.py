"""What a person's devices were told, and what notifications remember."""

from typing import Any

from actors.auth.people import Caller
from tests.actors.auth.people import facts, fetch

Frame = dict[str, Any]


async def told(database_url: str, who: Caller) -> list[Frame]:
    """Every change of somebody's notifications that went out live, in order."""
    return [fact for fact in await facts(database_url, "NotificationsChanged") if fact["user_id"] == str(who.id)]


async def rings(database_url: str, who: Caller) -> int:
    """How often somebody's devices rang."""
    return sum(frame["rings"] for frame in await told(database_url, who))


async def a_day_passes(database_url: str) -> None:
    """As if everything had happened a day and a little earlier."""
    await fetch(database_url, "UPDATE notification_people SET at = at - interval '25 hours'")
    await fetch(database_url, "UPDATE notifications SET at = at - interval '25 hours'")
    await fetch(
        database_url,
        "UPDATE notification_markers SET read_at = read_at - interval '25 hours', "
        "seen_at = seen_at - interval '25 hours'",
    )
