"""Every id in every operation's address or body, with something of somebody else's in its place."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from tests.attacks.operations import Operations, allowed, send
from tests.attacks.people import Client, Person
from tests.attacks.rows import changed, everything, settled
from tests.attacks.world import Call, World

SECRET = "xyzzy, for friends alone"


class Answer(StrEnum):
    """How a stranger is answered."""

    refused = "403 or 404"
    left_out = "2xx, without anything of theirs"
    open = "2xx: it is anybody's to do"


refused, left_out, anybodys = Answer.refused, Answer.left_out, Answer.open

CASES: Mapping[tuple[str, str], tuple[str, Answer]] = {
    # what the id is of, and how somebody is answered who is blocked by its owner, a private account
    ("GET /v1/uploads/{upload_id}", "upload_id"): ("upload", refused),
    ("POST /v1/posts", "upload_id"): ("upload", refused),
    ("POST /v1/posts", "photo_url"): ("photo_url", refused),
    ("GET /v1/posts", "ids"): ("post", left_out),
    ("GET /v1/posts/{post_id}", "post_id"): ("post", refused),
    ("DELETE /v1/posts/{post_id}", "post_id"): ("post", refused),
    ("PUT /v1/posts/{post_id}/like", "post_id"): ("post", refused),
    ("DELETE /v1/posts/{post_id}/like", "post_id"): ("post", refused),
    ("POST /v1/posts/{post_id}/like", "post_id"): ("post", refused),
    ("PUT /v1/posts/{post_id}/repost", "post_id"): ("post", refused),
    ("DELETE /v1/posts/{post_id}/repost", "post_id"): ("post", refused),
    ("POST /v1/posts/{post_id}/repost", "post_id"): ("post", refused),
    ("PATCH /v1/posts/{post_id}", "post_id"): ("post", refused),
    ("GET /v1/posts/{post_id}/history", "post_id"): ("post", refused),
    ("POST /v1/posts/{post_id}/restore", "post_id"): ("post", refused),
    ("GET /v1/posts/{post_id}/likes", "post_id"): ("post", refused),
    ("PUT /v1/posts/{post_id}/bookmark", "post_id"): ("post", refused),
    ("DELETE /v1/posts/{post_id}/bookmark", "post_id"): ("post", refused),
    ("POST /v1/posts/{post_id}/bookmark", "post_id"): ("post", refused),
    ("PUT /v1/notifications/read", "until"): ("notification", refused),
    ("PUT /v1/notifications/seen", "until"): ("notification", refused),
    ("POST /v1/notifications/unsubscribe/{token}", "token"): ("digest_link", anybodys),
    ("GET /v1/profiles/{username}", "username"): ("username", refused),
    ("GET /v1/profiles/{username}/posts", "username"): ("username", refused),
    ("GET /v1/profiles/{username}/followers", "username"): ("username", refused),
    ("GET /v1/profiles/{username}/following", "username"): ("username", refused),
    ("PUT /v1/profiles/{username}/follow", "username"): ("username", refused),
    ("DELETE /v1/profiles/{username}/follow", "username"): ("username", anybodys),
    ("PATCH /v1/profiles/me", "avatar_upload_id"): ("upload", refused),
    ("PUT /v1/profiles/{username}/block", "username"): ("username", anybodys),
    ("DELETE /v1/profiles/{username}/block", "username"): ("username", anybodys),
    ("PUT /v1/profiles/{username}/mute", "username"): ("username", refused),
    ("DELETE /v1/profiles/{username}/mute", "username"): ("username", anybodys),
    ("DELETE /v1/profiles/{username}/follower", "username"): ("username", anybodys),
    ("GET /v1/relationships", "ids"): ("person", left_out),
    ("POST /v1/follow-requests/{request_id}/accept", "request_id"): ("follow_request", refused),
    ("POST /v1/follow-requests/{request_id}/reject", "request_id"): ("follow_request", refused),
    ("DELETE /v1/auth/sessions/{id}", "id"): ("session", refused),
    ("GET /v1/posts/{post_id}/comments", "post_id"): ("post", refused),
    ("POST /v1/feed/feedback", "post_id"): ("post", refused),
    ("GET /v1/posts/{post_id}/comments", "parent_id"): ("comment", refused),
    ("POST /v1/posts/{post_id}/comments", "post_id"): ("post", refused),
    ("POST /v1/posts/{post_id}/comments", "parent_id"): ("comment", refused),
    ("PATCH /v1/comments/{comment_id}", "comment_id"): ("comment", refused),
    ("DELETE /v1/comments/{comment_id}", "comment_id"): ("comment", refused),
}
"""By operation and by what holds the id."""
NOBODYS = {
    ("POST /v1/auth/register", "username"),
    ("GET /v1/tags/{tag}/posts", "tag"),
    ("PUT /v1/tags/{tag}/follow", "tag"),
    ("DELETE /v1/tags/{tag}/follow", "tag"),
}
"""What looks like an id and names nothing of anybody's."""


async def test_somebody_else_s_things_are_not_there(client: Client, world: World) -> None:
    operations = await Operations.of(client)
    found = {(name, field) for name in operations.by_name for field in operations.ids(name)}
    assert found == set(CASES) | NOBODYS, "an id and its case come and go together"
    surprises = []
    for (name, field), (kind, expected) in CASES.items():
        owner = await world.person()
        caller, call = await allowed(world, name)
        named = await world.thing(kind, owner)
        await _keep_secret(world, owner, caller)
        await settled(world.database)
        before = await everything(world.database)
        status, text = await send(client, name, _with(call, field, named), caller)
        if expected is refused:
            is_good = status in {403, 404} and SECRET not in text
        else:
            is_good = status < 300 and SECRET not in text and owner.username not in text
        if expected is not anybodys and (tables := changed(before, await everything(world.database))):
            surprises.append(f"{name}, {field}: {', '.join(tables)} changed")
        if not is_good:
            surprises.append(f"{name}, {field}: {status} {text[:200]}")
    print(f"{len(CASES)} ids checked, {len(surprises)} surprises")
    assert not surprises, "\n".join(surprises)


async def test_an_id_of_nothing_is_answered_like_one_of_somebody_else_s(client: Client, world: World) -> None:
    """Or the answer would tell which ids there are."""
    for (name, field), (kind, expected) in CASES.items():
        if expected is not refused:
            continue
        owner = await world.person()
        caller, call = await allowed(world, name)
        named = await world.thing(kind, owner)
        await _keep_secret(world, owner, caller)
        answers = []
        for value in (named, _never(named)):
            status, text = await send(client, name, _with(call, field, value), caller)
            answers.append((status, text.partition('"request_id"')[0]))
        assert answers[0] == answers[1], (name, field, answers)


async def _keep_secret(world: World, owner: Person, caller: Person) -> None:
    """Mark what is the owner's, and let it be for nobody but their friends."""
    await world.hide(owner, "private", caller)
    await world.hide(owner, "blocking", caller)
    await world.rows("UPDATE posts SET caption = $2 WHERE author_id = $1", owner.id, SECRET)
    await world.rows("UPDATE comments SET body = $2 WHERE author_id = $1", owner.id, SECRET)
    await world.rows("UPDATE profiles SET bio = $2, display_name = $2 WHERE user_id = $1", owner.id, SECRET)


def _with(call: Call, field: str, value: str) -> Call:
    """The same request with that value there."""
    if field in (call.path or {}):
        return replace(call, path={**(call.path or {}), field: value})
    if call.json is None or field in (call.query or {}):
        return replace(call, query={**(call.query or {}), field: value})
    others = {"upload_id", "photo_url"} - {field} if field in {"upload_id", "photo_url"} else set()
    kept = {name: given for name, given in (call.json or {}).items() if name not in others}
    is_list = isinstance(kept.get(field), list)
    return replace(call, json=kept | {field: [value] if is_list else value})


def _never(named: str) -> str:
    """Something of the same kind that nobody has."""
    return f"{named[:-4]}{'beef' if named[-4:] != 'beef' else 'feed'}"
