"""How people stand to each other in tests: by command, or behind the actors' backs."""

from actors.auth.people import Caller
from actors.graph.messages import (
    FollowState,
    Mute,
    Relationship,
    Relationships,
    SetBlock,
    SetFollow,
    SetPrivacy,
    Unmute,
)
from actors.kernel.system import System
from tests.actors.auth.people import fetch

NOTHING = FollowState(following=False)


async def follow(system: System, who: Caller, whom: Caller, *, following: bool = True) -> FollowState:
    return await system.ask(SetFollow(caller=who, username=whom.username, following=following))


async def block(system: System, who: Caller, whom: Caller, *, blocking: bool = True) -> FollowState:
    return await system.ask(SetBlock(caller=who, username=whom.username, blocking=blocking))


async def mute(system: System, who: Caller, whom: Caller) -> FollowState:
    return await system.ask(Mute(caller=who, username=whom.username))


async def unmute(system: System, who: Caller, whom: Caller) -> FollowState:
    return await system.ask(Unmute(caller=who, username=whom.username))


async def go_private(system: System, who: Caller, *, private: bool = True) -> None:
    await system.ask(SetPrivacy(caller=who, private=private))


async def relationship(system: System, who: Caller, to: Caller) -> Relationship:
    (found,) = (await system.ask(Relationships(caller=who, ids=(to.id,)))).items
    return found


async def suspend(database_url: str, who: Caller) -> None:
    await fetch(database_url, "UPDATE users SET suspended_until = 'infinity' WHERE id = $1", who.id)


async def close(database_url: str, who: Caller) -> None:
    await fetch(database_url, "UPDATE users SET closing_at = now() WHERE id = $1", who.id)
