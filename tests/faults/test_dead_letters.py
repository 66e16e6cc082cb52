"""A handler that fails for one event, always: it ends among the dead, everything else flows on."""

from redis.asyncio import Redis

from tests.flows.stack import Stack

REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'a bug in the handler' USING ERRCODE = '23514'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON notifications
    FOR EACH ROW WHEN (NEW.user_id = '{}') EXECUTE FUNCTION refuse();
"""


async def test_an_event_whose_handler_always_fails_is_buried_listed_and_replayed_while_others_flow(
    stack: Stack,
) -> None:
    unlucky, lucky, fan = await stack.people(3)
    (cursed,), (blessed,) = await stack.posts(unlucky), await stack.posts(lucky)
    await stack.database.execute(REFUSE.format(unlucky.id))
    served = await stack.serve()
    screen = await stack.watch(served, lucky, "me")

    await stack.ok(served, "PUT", f"/v1/posts/{cursed}/like", fan)
    await stack.ok(served, "PUT", f"/v1/posts/{blessed}/like", fan)
    await screen.event("notification.changed", unseen=1)

    await stack.becomes(1, "SELECT count(*) FROM dead_letters")
    letter = await stack.database.fetchrow("SELECT * FROM dead_letters")
    assert letter is not None
    assert (letter["domain"], letter["type"], letter["key"]) == ("notifications", "PostLikesChanged", cursed)
    assert "a bug in the handler" in letter["error"]
    # The other listeners of the same event were not held up by it.
    await stack.becomes(1, "SELECT likes::int FROM profiles WHERE user_id = $1", unlucky.id)

    # Redis forgets it, the row does not; and the new epoch does not try the dead again.
    epoch = await stack.value("SELECT epoch FROM relay_state")
    async with Redis.from_url(stack.settings.redis_url) as redis:
        await redis.flushall()
    await stack.becomes(True, "SELECT epoch > $1 FROM relay_state", epoch)
    listed = await stack.vitrine("dead", "list")
    assert str(letter["id"]) in listed
    await stack.database.execute("DROP TRIGGER refuse ON notifications")
    await stack.vitrine("dead", "replay", str(letter["id"]))
    await stack.becomes(1, "SELECT people FROM notifications WHERE user_id = $1", unlucky.id)
    await stack.becomes(0, "SELECT count(*) FROM dead_letters")
    assert await stack.value("SELECT likes::int FROM profiles WHERE user_id = $1", unlucky.id) == 1
