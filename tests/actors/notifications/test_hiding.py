"""Of whom one hears, and of whom no more: blocks take people out, mutes let no new ones in."""

from actors.kernel.system import System
from tests.actors.auth.people import callers, facts, fetch, until
from tests.actors.graph.standing import block, close, follow, go_private, mute, unmute
from tests.actors.notifications.test_notifications import like, outline, settle, unread
from tests.actors.posts.posting import plant


async def test_a_block_takes_each_out_of_what_the_other_was_told(system: System, database_url: str) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    of_ana, of_bea = await plant(database_url, [ana.id, bea.id])
    await like(system, bea, of_ana)
    await like(system, cleo, of_ana)
    await like(system, ana, of_bea)
    await follow(system, bea, ana)
    await settle(database_url)
    assert (await unread(system, ana), await unread(system, bea)) == ((2, 2), (1, 1))
    await block(system, ana, bea)
    await settle(database_url)
    assert await outline(system, ana) == [("like", of_ana, ["cleo"], 1)]
    assert await outline(system, bea) == []
    assert (await unread(system, ana), await unread(system, bea)) == ((1, 1), (0, 0))
    last = (await facts(database_url, "NotificationsChanged"))[-3:]
    assert all("bea" not in str(fact["notification"]) for fact in last if fact["user_id"] == str(ana.id))
    await like(system, ana, of_ana)
    await block(system, ana, bea, blocking=False)
    await like(system, bea, of_ana, liked=False)
    await like(system, bea, of_ana)
    await settle(database_url)
    assert await outline(system, ana) == [("like", of_ana, ["cleo", "bea"], 2)]


async def test_of_the_muted_one_hears_nothing_new_and_of_the_hidden_nothing(system: System, database_url: str) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    first, second = await plant(database_url, [ana.id, ana.id])
    await like(system, bea, first)
    await settle(database_url)
    await mute(system, ana, bea)
    await like(system, bea, second)
    await like(system, cleo, second)
    await settle(database_url)
    assert await outline(system, ana) == [("like", second, ["cleo"], 1), ("like", first, ["bea"], 1)]
    await unmute(system, ana, bea)
    await close(database_url, bea)
    assert await outline(system, ana) == [("like", second, ["cleo"], 1)]
    await fetch(database_url, "UPDATE users SET closing_at = NULL")
    assert len(await outline(system, ana)) == 2


async def test_a_request_to_follow_is_told_and_gone_once_it_is_answered(system: System, database_url: str) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    await go_private(system, ana)
    for asking in (bea, cleo):
        await follow(system, asking, ana)
    await settle(database_url)
    assert await outline(system, ana) == [("followRequest", ana.id, ["cleo", "bea"], 2)]
    await follow(system, cleo, ana, following=False)
    await settle(database_url)
    assert await outline(system, ana) == [("followRequest", ana.id, ["bea"], 1)]
    await go_private(system, ana, private=False)

    async def kinds() -> list[str]:
        return [item[0] for item in await outline(system, ana)]

    await until(kinds, ["follow"])
