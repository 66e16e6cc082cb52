"""Photographs, posts, and what people do with them."""

from collections.abc import Mapping

from tests.attacks.calls.making import about, asking, plain, telling
from tests.attacks.people import Person, ok
from tests.attacks.world import Call, Maker, World


async def _publish(world: World, _: Person, caller: Person | None) -> Call:
    """What is published is the caller's own."""
    upload = await world.thing("upload", caller or await world.person())
    return Call(json={"upload_id": upload, "caption": "A lamp", "tags": ["lamp"]})


async def _restore(world: World, owner: Person, _: Person | None) -> Call:
    """A post its author deleted."""
    post = await world.thing("post", owner)
    await ok(world.client, "DELETE", f"/v1/posts/{post}", owner)
    return Call(path={"post_id": post})


async def _tag(_: World, __: Person, ___: Person | None) -> Call:
    return Call(path={"tag": "lamps"})


CALLS: Mapping[str, Maker] = {
    "POST /v1/uploads/sign": plain(content_type="image/jpeg", bytes=1000),
    "GET /v1/uploads/limits": plain(),
    "GET /v1/uploads/{upload_id}": about("upload_id"),
    "POST /v1/posts": _publish,
    "GET /v1/posts": asking("ids", "post"),
    "GET /v1/posts/{post_id}": about("post_id"),
    "PATCH /v1/posts/{post_id}": about("post_id", caption="A better lamp"),
    "GET /v1/posts/{post_id}/history": about("post_id"),
    "DELETE /v1/posts/{post_id}": about("post_id"),
    "POST /v1/posts/{post_id}/restore": _restore,
    "PUT /v1/posts/{post_id}/like": about("post_id"),
    "DELETE /v1/posts/{post_id}/like": about("post_id"),
    "POST /v1/posts/{post_id}/like": about("post_id"),
    "GET /v1/posts/{post_id}/likes": about("post_id"),
    "PUT /v1/posts/{post_id}/repost": about("post_id"),
    "DELETE /v1/posts/{post_id}/repost": about("post_id"),
    "POST /v1/posts/{post_id}/repost": about("post_id"),
    "PUT /v1/posts/{post_id}/bookmark": about("post_id"),
    "DELETE /v1/posts/{post_id}/bookmark": about("post_id"),
    "POST /v1/posts/{post_id}/bookmark": about("post_id"),
    "GET /v1/bookmarks": plain(),
    "GET /v1/tags/{tag}/posts": _tag,
    "PUT /v1/tags/{tag}/follow": _tag,
    "DELETE /v1/tags/{tag}/follow": _tag,
    "GET /v1/tags/followed": plain(),
    "GET /v1/posts/{post_id}/comments": about("post_id"),
    "POST /v1/posts/{post_id}/comments": about("post_id", body="What light!"),
    "PATCH /v1/comments/{comment_id}": about("comment_id", body="What a light!"),
    "DELETE /v1/comments/{comment_id}": about("comment_id"),
    "GET /v1/feed": plain(),
    "POST /v1/feed/feedback": telling("post_id", "post", signal="less"),
    "GET /v1/feed/preferences": plain(),
    "PATCH /v1/feed/preferences": plain(show_sensitive=True),
    "GET /v1/notifications": plain(),
    "GET /v1/notifications/unread": plain(),
    "PUT /v1/notifications/read": telling("until", "notification"),
    "PUT /v1/notifications/seen": telling("until", "notification"),
    "GET /v1/notifications/preferences": plain(),
    "PUT /v1/notifications/preferences": plain(kinds={"like": {"live": False}}, policy={"from_new_accounts": "filter"}),
    "POST /v1/notifications/unsubscribe/{token}": about("token", "digest_link"),
}
