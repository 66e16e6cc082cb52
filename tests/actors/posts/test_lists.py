"""Lists: who likes a post, what bears a tag, which tags somebody follows."""

import asyncio

import asyncpg
import pytest
from pydantic import ValidationError

from actors.graph.messages import SetBlock, SetPrivacy
from actors.kernel.errors import NotFound
from actors.kernel.filling import ROUNDS, SPARE
from actors.kernel.system import System
from actors.kernel.transaction import Transaction
from actors.posts import changes
from actors.posts.messages import DeletePost, GetPosts, ListLikes, SetLike
from actors.posts.tag_messages import ListFollowedTags, ListTagPosts, SetTagFollow, TooManyTags
from tests.actors.auth.people import callers, fetch
from tests.actors.posts.posting import crowd, plant, whole


async def test_those_who_like_a_post_are_listed_the_latest_first(system: System, database_url: str) -> None:
    ana, bea, cleo, dora, eva = await callers(system, "ana", "bea", "cleo", "dora", "eva")
    (post,) = await plant(database_url, [ana.id])
    for who in (cleo, eva, ana, bea, dora):
        await system.ask(SetLike(caller=who, post_id=post, liked=True))
    await system.ask(SetLike(caller=ana, post_id=post, liked=False))
    people = await whole(system, ListLikes(post_id=post, limit=2))
    assert [person.username for person in people] == ["dora", "bea", "eva", "cleo"]
    # A private account is heard where others meet; who blocks is not there for the one who is blocked.
    await system.ask(SetPrivacy(caller=eva, private=True))
    await system.ask(SetBlock(caller=bea, username="cleo", blocking=True))
    people = await whole(system, ListLikes(caller=cleo, post_id=post, limit=2))
    assert [person.username for person in people] == ["dora", "eva", "cleo"]
    await system.ask(SetBlock(caller=ana, username="dora", blocking=True))
    with pytest.raises(NotFound):
        await system.ask(ListLikes(caller=dora, post_id=post))
    await system.ask(DeletePost(caller=ana, post_id=post))
    with pytest.raises(NotFound):
        await system.ask(ListLikes(caller=ana, post_id=post))


async def test_likes_of_one_moment_are_each_listed_once(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    (post,) = await plant(database_url, [ana.id])
    fans = await crowd(database_url, ana, 9)
    await fetch(
        database_url,
        "INSERT INTO likes (post_id, user_id, created_at) SELECT $1, id, now() FROM unnest($2::uuid[]) AS id",
        post,
        [fan.id for fan in fans],
    )
    people = await whole(system, ListLikes(post_id=post, limit=2))
    assert sorted(person.id for person in people) == sorted(fan.id for fan in fans)


async def test_a_tag_has_its_posts_newest_first_under_every_spelling(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    sea = await plant(database_url, [ana.id, bea.id, ana.id, bea.id], tags=("sea", "strasse"))
    await plant(database_url, [ana.id], tags=("seaside",))
    for spelling in ("sea", "#SEA", "ＳＥＡ", "Straße"):
        found = await whole(system, ListTagPosts(tag=spelling, limit=3))
        assert [item.post.id for item in found] == sea[::-1]
    with pytest.raises(ValidationError):
        ListTagPosts(tag="two words")
    await system.ask(SetBlock(caller=ana, username="bea", blocking=True))
    found = await whole(system, ListTagPosts(caller=bea, tag="sea", limit=3))
    assert [item.post.id for item in found] == [sea[3], sea[1]]
    several = await system.ask(GetPosts(caller=bea, ids=tuple(sea)))
    assert [item.post.id for item in several.items] == [sea[1], sea[3]]


async def test_a_page_over_much_that_does_not_show_is_short_and_the_list_goes_on(
    system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (first,) = await plant(database_url, [bea.id], tags=("sea",))
    await plant(database_url, [ana.id] * (ROUNDS * (2 + SPARE) + 5), tags=("sea",))
    await system.ask(SetPrivacy(caller=ana, private=True))
    page = await system.ask(ListTagPosts(tag="sea", limit=2))
    assert page.items == ()
    assert page.next is not None
    assert [item.post.id for item in await whole(system, ListTagPosts(tag="sea", limit=2))] == [first]


async def test_tags_are_followed_once_and_listed_by_name(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    for tag in ("sky", "Sea", "#sea", "東京", "alps"):
        assert (await system.ask(SetTagFollow(caller=ana, tag=tag, following=True))).following
    assert [one.tag for one in await whole(system, ListFollowedTags(caller=ana, limit=2))] == [
        *("alps", "sea", "sky", "東京")
    ]
    for _ in range(2):
        assert not (await system.ask(SetTagFollow(caller=ana, tag="SEA", following=False))).following
    assert [one.tag for one in await whole(system, ListFollowedTags(caller=ana))] == ["alps", "sky", "東京"]
    assert await whole(system, ListFollowedTags(caller=bea)) == []
    assert len(await fetch(database_url, "SELECT 1 FROM tag_follows")) == 3


async def test_so_many_tags_are_followed_and_no_more(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST_TAGS", 2)
    (ana,) = await callers(system, "ana")
    for tag in ("sea", "sky", "sea"):
        await system.ask(SetTagFollow(caller=ana, tag=tag, following=True))
    with pytest.raises(TooManyTags):
        await system.ask(SetTagFollow(caller=ana, tag="alps", following=True))
    await system.ask(SetTagFollow(caller=ana, tag="sky", following=False))
    await system.ask(SetTagFollow(caller=ana, tag="alps", following=True))
    assert [one.tag for one in await whole(system, ListFollowedTags(caller=ana))] == ["alps", "sea"]


async def test_of_tags_followed_in_two_processes_at_once_there_are_no_more(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST_TAGS", 1)
    (ana,) = await callers(system, "ana")
    database = system.outside.database

    async def follow(tag: str) -> None:
        async with database.for_command() as connection, connection.transaction():
            await changes.follow_tag(Transaction(connection, None), ana.id, tag)
            await asyncio.sleep(0.2)

    outcomes = await asyncio.gather(follow("sea"), follow("sky"), return_exceptions=True)
    assert sorted(map(type, outcomes), key=str) == [type(None), TooManyTags]


LISTS = {
    "post_tags_newest": "SELECT post_id FROM post_tags WHERE tag = 'sea' AND post_id < $1 "
    "ORDER BY post_id DESC LIMIT 24",
    "likes_latest": "SELECT user_id FROM likes WHERE post_id = $1 AND (created_at, user_id) < (now(), $1) "
    "ORDER BY created_at DESC, user_id DESC LIMIT 24",
    "posts_originals": "SELECT id FROM posts WHERE author_id = $1 AND deleted_at IS NULL AND photo_id IS NOT NULL "
    "AND id < $1 ORDER BY id DESC LIMIT 24",
    "bookmarks_latest": "SELECT post_id FROM bookmarks WHERE user_id = $1 AND (created_at, post_id) < (now(), $1) "
    "ORDER BY created_at DESC, post_id DESC LIMIT 24",
}
"""What each list reads, by the index that has it in order."""


async def test_no_list_is_sorted(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    (post,) = await plant(database_url, [ana.id], tags=("sea",))
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            """
            INSERT INTO posts (
                id, author_id, original_post_id, caption, tags, sensitive, likes, reposts, comments, v, created_at)
            SELECT gen_random_uuid(), author_id, id, '', '{}', false, 0, 0, 0, 0, now()
            FROM posts CROSS JOIN generate_series(1, 500)
            """
        )
        await connection.execute("ANALYZE posts")
        await connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off; SET plan_cache_mode = auto")
        for index, sql in LISTS.items():
            rows = await connection.fetch("EXPLAIN " + sql.replace("$1", f"'{post}'::uuid"))
            plan = "\n".join(row[0] for row in rows)
            assert f"using {index}" in plan
            assert "Sort" not in plan
            assert "Filter" not in plan
    finally:
        await connection.close()
