"""Bytes that are not what was signed, or no picture: refused by the storage, or rejected with the reason."""

from typing import Any
from urllib.parse import urlsplit

import aiohttp

from load.processes import Served
from tests.flows.people import Person
from tests.flows.stack import Stack
from tests.images import photograph, png_bomb, text_file

JPEG = photograph(200, 150)


async def sign(stack: Stack, served: Served, author: Person, image: bytes, kind: str = "image/jpeg") -> Any:
    """A ticket for these bytes."""
    wish = {"content_type": kind, "bytes": len(image)}
    return await stack.ok(served, "POST", "/v1/uploads/sign", author, json=wish)


async def put(url: str, data: bytes, headers: dict[str, str]) -> int:
    """The storage's answer to a plain client."""
    async with aiohttp.ClientSession() as plain, plain.put(url, data=data, headers=headers) as response:
        return response.status


async def test_the_storage_takes_nothing_but_what_was_signed(stack: Stack) -> None:
    (author,) = await stack.people(1)
    served = await stack.serve()
    ticket = await sign(stack, served, author, JPEG)
    url, headers = ticket["url"], ticket["headers"]
    parts = urlsplit(url)
    other_key = parts._replace(path=parts.path[:-4] + "AAAA").geturl()
    for why, answer in {
        "longer": await put(url, JPEG + b"x", headers),
        "shorter": await put(url, JPEG[:-1], headers),
        "another type": await put(url, JPEG, headers | {"Content-Type": "text/html"}),
        "another key": await put(other_key, JPEG, headers),
        "without a signature": await put(parts._replace(query="").geturl(), JPEG, headers),
    }.items():
        assert 400 <= answer < 500, (why, answer)

    upload = await stack.ok(served, "GET", f"/v1/uploads/{ticket['upload_id']}", author)
    assert upload["state"] == "reserved", "nothing of all that arrived"
    status, problem = await stack.ask(served, "POST", "/v1/posts", author, json={"upload_id": ticket["upload_id"]})
    assert (status, problem["code"]) == (409, "upload_missing")
    assert await put(url, JPEG, headers) == 200


async def test_what_may_not_be_uploaded_gets_no_address(stack: Stack) -> None:
    author, stranger = await stack.people(2)
    served = await stack.serve()
    for wish, wanted in (
        ({"content_type": "image/jpeg", "bytes": 10**9}, 413),
        ({"content_type": "image/svg+xml", "bytes": 100}, 415),
        ({"content_type": "text/html", "bytes": 100}, 415),
        ({"content_type": "image/jpeg", "bytes": 0}, 422),
        ({"content_type": "image/jpeg", "bytes": -1}, 422),
        ({"content_type": "image/jpeg", "bytes": 100, "sha256": "short"}, 422),
        ({"content_type": "image/jpeg"}, 422),
    ):
        status, problem = await stack.ask(served, "POST", "/v1/uploads/sign", author, json=wish)
        assert status == wanted, (wish, problem)
    ticket = await sign(stack, served, author, JPEG)
    for body in ({"upload_id": ticket["upload_id"]}, {"photo_url": ticket["photo_url"]}):
        status, problem = await stack.ask(served, "POST", "/v1/posts", stranger, json=body)
        assert status == 404, "what is somebody else's is not there"
    status, _ = await stack.ask(served, "POST", "/v1/posts", author, json={"photo_url": "https://example.com/a.jpg"})
    assert status == 404


REJECTED = {
    "a text file named .jpg": (text_file(), "image/jpeg", "not_an_image"),
    "an image bomb": (png_bomb(), "image/png", "too_many_pixels"),
    "a PNG that says it is a JPEG": (png_bomb(64, 64), "image/jpeg", "type_mismatch"),
    "a JPEG without its end": (JPEG[:-200], "image/jpeg", "broken_image"),
}


async def test_what_is_no_picture_is_rejected_with_its_reason_and_its_post_withdrawn(stack: Stack) -> None:
    (author,) = await stack.people(1)
    served = await stack.serve()
    stack.worker()
    me = await stack.watch(served, author, "me")
    for what, (data, kind, reason) in REJECTED.items():
        ticket = await sign(stack, served, author, data, kind)
        assert await put(ticket["url"], data, ticket["headers"]) == 200, what
        post = await stack.ok(served, "POST", "/v1/posts", author, json={"upload_id": ticket["upload_id"]})
        screen = await stack.watch(served, None, f"post:{post['id']}")

        rejected = await me.event("upload.rejected", upload_id=ticket["upload_id"], seconds=30)
        assert rejected["data"]["reason"] == reason, what
        await screen.event("post.deleted", post_id=post["id"])
        upload = await stack.ok(served, "GET", f"/v1/uploads/{ticket['upload_id']}", author)
        assert (upload["state"], upload["reason"]) == ("rejected", reason)
        assert (await stack.ask(served, "GET", f"/v1/posts/{post['id']}"))[0] == 404
    assert await stack.value("SELECT count(*) FROM dead_letters") == 0
