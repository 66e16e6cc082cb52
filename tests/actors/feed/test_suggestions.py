"""Suggestions: who shares most friends comes first, then who posts about the same; never somebody known or hidden."""

from actors.auth.people import Caller
from actors.feed.messages import GetSuggestions, Suggestion
from actors.kernel.system import System
from tests.actors.auth.people import callers, fetch
from tests.actors.graph.standing import block, follow, go_private, mute, suspend
from tests.actors.posts.posting import plant


async def suggested(system: System, who: Caller, limit: int = 20) -> dict[str, Suggestion]:
    found = (await system.ask(GetSuggestions(caller=who, limit=limit))).items
    return {item.person.username: item for item in found}


async def tag(database_url: str, post: object, *tags: str) -> None:
    await fetch(database_url, "INSERT INTO post_tags (post_id, tag) SELECT $1, unnest($2::text[])", post, list(tags))


async def test_who_shares_friends_comes_before_who_shares_tags(system: System, database_url: str) -> None:
    me, ana, bea, two, one, tagger = await callers(system, "zoe", "ana", "bea", "two", "one", "tagger")
    for friend in (ana, bea):
        await follow(system, me, friend)
        await follow(system, friend, two)
    await follow(system, ana, one)
    (post,) = await plant(database_url, [tagger.id])
    await tag(database_url, post, "sea", "sky")
    await fetch(database_url, "INSERT INTO tag_follows (user_id, tag, created_at) VALUES ($1, 'sea', now())", me.id)
    found = await suggested(system, me)
    assert list(found) == ["two", "one", "tagger"]
    assert [(item.why.value, item.friends.count, item.tags) for item in found.values()] == [
        ("friends", 2, ()),
        ("friends", 1, ()),
        ("tags", 0, ("sea",)),
    ]
    assert {person.username for person in found["two"].friends.people} == {"ana", "bea"}
    assert list(await suggested(system, me, limit=1)) == ["two"]


async def test_nobody_known_asked_muted_blocked_or_hidden_is_suggested(system: System, database_url: str) -> None:
    me, friend, *others = await callers(
        system, "zoe", "friend", "known", "asked", "muted", "mine", "theirs", "gone", "new"
    )
    known, asked, muted, mine, theirs, gone, _ = others
    await follow(system, me, friend)
    for other in others:
        await follow(system, friend, other)
    await follow(system, friend, me)
    await follow(system, me, known)
    await go_private(system, asked)
    await follow(system, me, asked)
    await mute(system, me, muted)
    await block(system, me, mine)
    await block(system, theirs, me)
    await suspend(database_url, gone)
    assert list(await suggested(system, me)) == ["new"]


async def test_what_a_private_account_posts_about_suggests_it_to_nobody(system: System, database_url: str) -> None:
    me, private, popular = await callers(system, "zoe", "private", "popular")
    await go_private(system, private)
    secret, seen = await plant(database_url, [private.id, popular.id])
    await tag(database_url, secret, "sea")
    await fetch(database_url, "INSERT INTO tag_follows (user_id, tag, created_at) VALUES ($1, 'sea', now())", me.id)
    for post, author in ((secret, private), (seen, popular)):
        await fetch(database_url, "INSERT INTO feed_scores VALUES ($1, $2, 1, 0)", post, author.id)
    found = await suggested(system, me)
    assert [(name, item.why.value) for name, item in found.items()] == [("popular", "popular")]
