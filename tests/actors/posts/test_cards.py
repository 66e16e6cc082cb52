"""Cards are made once for each state of what they show."""

import orjson
import pytest
from prometheus_client import REGISTRY

from actors.auth.people import Caller
from actors.kernel.system import System
from actors.posts.edit_messages import EditPost
from actors.posts.messages import GetPosts, PostItem, SetLike
from actors.profiles.messages import EditProfile
from tests.actors.auth.people import callers, fetch, until
from tests.actors.posts.posting import plant


def misses() -> float:
    return REGISTRY.get_sample_value("vitrine_cache_lookups_total", {"cache": "cards", "outcome": "miss"}) or 0.0


async def shown(system: System, who: Caller | None, post_id: object) -> PostItem:
    (item,) = (await system.ask(GetPosts.model_validate({"caller": who, "ids": (post_id,)}))).items
    return item


async def test_a_card_is_made_once_for_all_who_look(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])

    async def profiles() -> int:
        return len(await fetch(database_url, "SELECT FROM profiles"))

    await until(profiles, 2)
    first = await shown(system, None, post)
    before = misses()
    for who in (None, ana, bea):
        assert (await shown(system, who, post)).post is first.post
    assert misses() == before


async def test_whatever_changes_a_card_shows_at_once(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    assert (await shown(system, bea, post)).post.author.display_name == "ana"
    await system.ask(EditProfile(caller=ana, display_name="Ana Lima"))
    assert (await shown(system, bea, post)).post.author.display_name == "Ana Lima"
    await system.ask(SetLike(caller=bea, post_id=post, liked=True))
    assert (await shown(system, None, post)).post.counts.likes == 1
    await system.ask(EditPost(caller=ana, post_id=post, caption="with @bea"))
    assert [person.username for person in (await shown(system, ana, post)).post.mentions] == ["bea"]
    await fetch(database_url, "UPDATE photos SET placeholder = 'AAAA' WHERE owner_id = $1", ana.id)
    assert (await shown(system, ana, post)).post.photo.placeholder == "AAAA"
    await fetch(database_url, "UPDATE users SET closing_at = now() WHERE id = $1", bea.id)
    assert (await shown(system, ana, post)).post.mentions == (), "who is gone is not named any more"


async def test_the_photograph_of_an_account_that_became_private_is_not_shown_at_its_public_address(
    system: System, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    (post,) = await plant(database_url, [ana.id])
    variant = {"name": "small", "key": "variants/a", "width": 1, "height": 1, "content_type": "image/webp"}
    kept = orjson.dumps([variant]).decode()
    await fetch(database_url, "UPDATE photos SET variants = $1::jsonb WHERE owner_id = $2", kept, ana.id)
    public = (await shown(system, ana, post)).post.photo.variants[0].url
    await fetch(database_url, "INSERT INTO private_accounts SELECT id, now() FROM users WHERE id = $1", ana.id)
    private = (await shown(system, ana, post)).post.photo.variants[0].url
    assert private != public
    assert "X-Amz-Signature" in private
    await fetch(database_url, "DELETE FROM private_accounts")
    assert (await shown(system, ana, post)).post.photo.variants[0].url == public


@pytest.mark.parametrize("is_signed_in", [True, False])
async def test_an_item_is_encoded_as_its_model_is(system: System, database_url: str, is_signed_in: bool) -> None:
    (ana,) = await callers(system, "ana")
    (post,) = await plant(database_url, [ana.id])
    item = await shown(system, ana if is_signed_in else None, post)
    assert orjson.loads(item.to_json()) == item.model_dump(mode="json")
    assert item == PostItem.model_validate(item.model_dump()), "what was encoded equals what was not"
