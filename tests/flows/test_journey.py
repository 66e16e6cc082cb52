"""The main journey, through every layer: a photograph goes in, a follower sees it come, likes it, its author learns."""

from io import BytesIO
from typing import Any

import aiohttp
import pytest
from PIL import Image

from load.processes import Served
from tests.flows.people import Person
from tests.flows.stack import Stack
from tests.images import GPS_IFD, SECRETS, photograph

PASSWORD = "correct horse battery"


async def register(stack: Stack, served: Served, username: str) -> Person:
    """Open an account as an app does."""
    body = {"username": username, "email": f"{username}@example.com", "password": PASSWORD}
    reply = await stack.ok(served, "POST", "/v1/auth/register", json=body)
    return Person(reply["user"]["id"], username, reply["access_token"])


async def upload(stack: Stack, served: Served, author: Person, image: bytes) -> str:
    """Reserve an upload and send the bytes by a plain HTTP client that knows nothing of us. Returns its id."""
    wish = {"content_type": "image/jpeg", "bytes": len(image)}
    ticket = await stack.ok(served, "POST", "/v1/uploads/sign", author, json=wish)
    async with (
        aiohttp.ClientSession() as plain,
        plain.request(ticket["method"], ticket["url"], data=image, headers=ticket["headers"]) as stored,
    ):
        assert stored.status == 200, await stored.text()
    return str(ticket["upload_id"])


@pytest.fixture
async def served(stack: Stack) -> Served:
    """One server and one worker, with rate limits on."""
    stack.worker(RATE_LIMITS="on")
    return await stack.serve(RATE_LIMITS="on")


async def test_a_photograph_reaches_a_follower_and_its_like_reaches_the_author(stack: Stack, served: Served) -> None:
    author, follower = await register(stack, served, "ada"), await register(stack, served, "grace")
    me = await stack.watch(served, author, "me")
    follow = await stack.ok(served, "PUT", "/v1/profiles/ada/follow", follower)
    assert follow["following"] is True
    feed = await stack.watch(served, follower, "feed:following")
    await me.event("notification.changed", topic="me")
    image = photograph(1600, 1200, orientation=6)
    assert any(secret in image for secret in SECRETS), "the test's own picture must have something to hide"

    upload_id = await upload(stack, served, author, image)
    wish = {"upload_id": upload_id, "caption": "Harbour at dawn", "tags": ["Sea", "dawn"], "alt": "a harbour"}
    post = await stack.ok(served, "POST", "/v1/posts", author, json=wish)
    assert (post["author"]["username"], post["photo"]["state"]) == ("ada", "processing")

    published = await feed.event("post.published", topic="feed:following")
    assert published["data"]["post"] == post
    watchers = [await stack.watch(served, who, f"post:{post['id']}") for who in (author, follower, None)]
    assert all(watcher.latest_counts(post["id"]) for watcher in watchers)

    ready = await feed.event("post.updated", topic="feed:following", seconds=30)
    shown = ready["data"]["post"]
    assert shown["photo"]["state"] == "ready"
    assert (await me.event("upload.ready"))["data"]["upload_id"] == upload_id

    assert await stack.ok(served, "PUT", f"/v1/posts/{post['id']}/like", follower) == {"liked": True, "likes": 1}
    for watcher in watchers:
        counts = await watcher.counts(post["id"], likes=1)
        assert (counts["reposts"], counts["comments"]) == (0, 0)
    rung = await me.event("notification.changed", unseen=2)
    notification = rung["data"]["notification"]
    assert (notification["kind"], notification["count"]) == ("like", 1)
    assert notification["subject"] == {"kind": "post", "id": post["id"]}
    assert [person["username"] for person in notification["people"]] == ["grace"]

    await _feeds_show_it_liked(stack, served, follower, shown)
    await _variants_keep_rights_and_hide_the_place(shown["photo"], landscape=True)


async def _feeds_show_it_liked(stack: Stack, served: Served, follower: Person, shown: dict[str, Any]) -> None:
    counted = shown | {"counts": shown["counts"] | {"likes": 1, "v": shown["counts"]["v"] + 1}}
    for kind in ("following", "forYou"):
        page = await stack.ok(served, "GET", f"/v1/feed?type={kind}", follower)
        item = next(item for item in page["items"] if item["post"]["id"] == shown["id"])
        assert item["post"] == counted, kind
        assert item["viewer"] == {"liked": True, "reposted": False, "bookmarked": False, "following": True}


async def _variants_keep_rights_and_hide_the_place(photo: dict[str, Any], *, landscape: bool) -> None:
    assert len(photo["variants"]) >= 3
    assert {variant["content_type"] for variant in photo["variants"]} <= {"image/webp", "image/jpeg"}
    async with aiohttp.ClientSession() as plain:
        for variant in photo["variants"]:
            async with plain.get(variant["url"]) as response:
                assert response.status == 200, variant
                assert response.content_type == variant["content_type"]
                data = await response.read()
            assert not [secret for secret in SECRETS if secret in data], variant["name"]
            image = Image.open(BytesIO(data))
            assert image.size == (variant["width"], variant["height"])
            assert (image.width > image.height) is landscape, "EXIF orientation is applied"
            exif = image.getexif()
            assert not exif.get_ifd(GPS_IFD), variant["name"]
            assert "Ada Lovelace" in str(exif.get(0x013B)), "whose it is stays"
            assert image.info.get("icc_profile"), "colours stay as they were"
