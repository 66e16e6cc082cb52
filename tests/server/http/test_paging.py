"""Lists page by page, and cursors that nobody can forge."""

import pytest

from actors.settings import Settings
from server.http.cursors import CursorInvalid, Cursors
from tests.server.http.conftest import Client


async def test_following_next_walks_the_whole_list_once(client: Client) -> None:
    address, seen, pages = "/v1/toys?limit=10", list[int](), 0
    while address:
        async with client.get(address) as response:
            page = await response.json()
            assert response.headers["Stream-Position"] == "7-42"
            seen += [item["pieces"] for item in page["items"]]
            pages += 1
            link = response.headers.get("Link", "")
            assert link.endswith('; rel="next"') == (page["next"] is not None)
            if page["next"] is not None:
                assert f"cursor={page['next']}" in link
                assert "limit=10" in link
            address = link.partition(">")[0].removeprefix("<")
    assert seen == list(range(25))
    assert pages == 3


async def test_a_tampered_cursor_is_refused(client: Client, settings: Settings) -> None:
    async with client.get("/v1/toys") as response:
        cursor = (await response.json())["next"]
    forged = Cursors(settings.model_copy(update={"jwt_secret": type(settings.jwt_secret)("x" * 32)}))
    for wrong in (
        cursor[:-1],
        cursor + "A",
        cursor + "=",
        ("B" if cursor[0] == "A" else "A") + cursor[1:],
        cursor[:20] + ("B" if cursor[20] == "A" else "A") + cursor[21:],
        forged.encode("/v1/toys", (20,)),
        "20",
        "",
        "%F0%9F%98%80",
        "a" * 5000,
    ):
        async with client.get(f"/v1/toys?cursor={wrong}") as response:
            assert response.status == 400, wrong
            assert (await response.json(content_type=None))["code"] == "cursor_invalid"


async def test_a_cursor_of_one_list_is_none_of_another(client: Client) -> None:
    async with client.get("/v1/toys") as response:
        cursor = (await response.json())["next"]
    async with client.get(f"/v1/toys?cursor={cursor}") as response:
        assert response.status == 200
    async with client.get(f"/v1/other-toys?cursor={cursor}") as response:
        assert response.status == 400


@pytest.mark.parametrize("key", [(1,), (1.5, "a"), ("é\U0001f600", -(2**62), 0.1), ()])
def test_a_cursor_gives_back_exactly_its_key(bare_settings: Settings, key: tuple[str | int | float, ...]) -> None:
    cursors = Cursors(bare_settings)
    cursor = cursors.encode("/v1/toys", key)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert cursors.decode("/v1/toys", cursor) == key
    assert [type(part) for part in cursors.decode("/v1/toys", cursor)] == [type(part) for part in key]
    with pytest.raises(CursorInvalid):
        cursors.decode("/v1/others", cursor)
