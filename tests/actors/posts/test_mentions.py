"""Who is named in a text."""

import pytest

from actors.graph.messages import SetFollow
from actors.kernel.system import System
from actors.posts.mentions import people_named, usernames_in
from tests.actors.auth.people import callers, fetch


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@ana, look", ("ana",)),
        ("look, @Ana!", ("ana",)),
        ("(@ana) and @bea_2.", ("ana", "bea_2")),
        ("＠Ａｎａ", ("ana",)),
        ("@ana @ANA @bea @ana", ("ana", "bea")),
        ("ana@example.org, mail.@ana, @ana@example.org, x@ana, @an, @, @@ana", ()),
        ("@" + "x" * 31, ()),
        (" ".join(f"@person{n}" for n in range(30)), tuple(f"person{n}" for n in range(20))),
    ],
)
def test_names_are_found_in_any_case_and_width_and_only_where_they_stand_alone(
    text: str, named: tuple[str, ...]
) -> None:
    assert usernames_in(text) == named


async def test_only_those_are_named_who_may_see_the_post_and_meet_who_writes(system: System, database_url: str) -> None:
    author, writer, friend, stranger, foe = await callers(system, "author", "writer", "friend", "stranger", "foe")
    text = "@foe @stranger @friend @author @nobody"

    async def named() -> list[str]:
        people = {author.id: "author", friend.id: "friend", stranger.id: "stranger", foe.id: "foe"}
        return [people[who] for who in await people_named(system.reader, text, by=writer.id, author_id=author.id)]

    assert await named() == ["foe", "stranger", "friend", "author"]
    await fetch(database_url, "INSERT INTO blocks VALUES ($1, $2, now())", foe.id, writer.id)
    assert await named() == ["stranger", "friend", "author"]
    await system.ask(SetFollow(caller=friend, username="author", following=True))
    await fetch(database_url, "INSERT INTO private_accounts VALUES ($1, now())", author.id)
    assert await named() == ["friend", "author"]
