"""The world as rows of the tables, with every counter equal to the rows it counts."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import orjson

from server.demo.pictures import COUNT, Stored
from server.demo.world import Person, Shot, World


class Rows(NamedTuple):
    """Rows of one table, in the order of its columns here."""

    table: str
    columns: str
    rows: Iterable[tuple[Any, ...]]


def rows_of(world: World, pictures: Mapping[int, Stored], password_hash: str) -> Iterator[Rows]:
    """All tables but notifications, each after those it refers to."""
    counted = _Counted(world)
    yield Rows(
        "users",
        "id username username_key email email_verified_at password_hash role plan created_at",
        (
            (p.id, p.username, p.username, f"{p.username}@demo.example", p.created_at, password_hash, "user", "free",
             p.created_at)
            for p in world.people
        ),
    )  # fmt: skip
    yield Rows(
        "photos",
        "id owner_id state content_type bytes sha256 object_key variants_key width height placeholder variants "
        "purpose posted_at created_at expires_at",
        _photos(world, pictures),
    )
    yield Rows(
        "profiles",
        "user_id display_name bio avatar_photo_id avatar_key links socials posts followers following likes "
        "updated_at",
        (
            (p.id, p.display_name, p.bio, p.face_photo_id, _face_key(p, pictures), "[]", "{}",
             counted.posts[i], counted.followers[i], counted.following[i], counted.likes_of_person[i], p.created_at)
            for i, p in enumerate(world.people)
        ),
    )  # fmt: skip
    yield Rows(
        "posts",
        "id author_id photo_id original_post_id caption tags sensitive alt likes reposts comments v created_at",
        _posts(world, counted),
    )
    yield Rows("post_tags", "post_id tag", ((post.id, tag) for post in world.posts for tag in post.tags))
    people, posts = world.people, world.posts
    yield Rows(
        "follows",
        "follower_id followee_id created_at",
        ((people[f.follower].id, people[f.followee].id, f.at) for f in world.follows),
    )
    yield Rows(
        "likes",
        "post_id user_id created_at",
        ((posts[like.post].id, people[like.person].id, like.at) for like in world.likes),
    )
    yield Rows(
        "reposts",
        "post_id user_id repost_id created_at",
        ((posts[share.post].id, people[share.person].id, share.id, share.at) for share in world.shares),
    )
    yield Rows("comments", "id post_id author_id parent_id body mentions replies created_at", _comments(world))
    yield Rows(
        "feed_scores",
        "post_id author_id score v",
        ((post.id, people[post.author].id, _score(post, counted, i), counted.v(i)) for i, post in enumerate(posts)),
    )


class _Counted:
    def __init__(self, world: World) -> None:
        self.posts = Counter(post.author for post in world.posts)
        self.followers = Counter(follow.followee for follow in world.follows)
        self.following = Counter(follow.follower for follow in world.follows)
        self.likes = Counter(like.post for like in world.likes)
        self.reposts = Counter(share.post for share in world.shares)
        self.comments = Counter(remark.post for remark in world.remarks)
        self.likes_of_person = Counter(world.posts[like.post].author for like in world.likes)

    def v(self, post: int) -> int:
        """As if every like, repost and comment had come alone."""
        return self.likes[post] + self.reposts[post] + self.comments[post]


def _photos(world: World, pictures: Mapping[int, Stored]) -> Iterator[tuple[Any, ...]]:
    for person in world.people:
        at = person.created_at + timedelta(minutes=5)
        yield _photo(person.face_photo_id, person, pictures[COUNT + person.face], "avatar", at)
    for post in world.posts:
        at = post.created_at - timedelta(seconds=20)
        yield _photo(post.photo_id, world.people[post.author], pictures[post.number], "post", at)


def _photo(photo_id: Any, owner: Person, picture: Stored, purpose: str, at: Any) -> tuple[Any, ...]:
    # Many share one photograph, which must stay when one of them goes: these name places of their own, that are empty.
    object_key = f"{picture.original_key}/{photo_id}"
    variants_key = f"{picture.variants_key}/{photo_id}"
    variants = orjson.dumps(picture.variants).decode()
    return (
        photo_id, owner.id, "ready", "image/jpeg", picture.bytes, picture.sha256, object_key, variants_key,
        picture.width, picture.height, picture.placeholder, variants, purpose, at, at, at + timedelta(minutes=10),
    )  # fmt: skip


def _posts(world: World, counted: _Counted) -> Iterator[tuple[Any, ...]]:
    for i, post in enumerate(world.posts):
        author = world.people[post.author].id
        yield (
            post.id, author, post.photo_id, None, post.caption, post.tags, False, post.alt,
            counted.likes[i], counted.reposts[i], counted.comments[i], counted.v(i), post.created_at,
        )  # fmt: skip
    for share in world.shares:
        person, original = world.people[share.person].id, world.posts[share.post].id
        yield (share.id, person, None, original, "", [], False, None, 0, 0, 0, 0, share.at)


def _comments(world: World) -> Iterator[tuple[Any, ...]]:
    people, replies = world.people, Counter(remark.parent for remark in world.remarks)
    for remark in world.remarks:
        mentions = [] if remark.named is None else [people[remark.named].id]
        yield (
            remark.id, world.posts[remark.post].id, people[remark.person].id, remark.parent, remark.body, mentions,
            replies[remark.id], remark.at,
        )  # fmt: skip


def _face_key(person: Person, pictures: Mapping[int, Stored]) -> str:
    return str(pictures[COUNT + person.face].variants[0]["key"])


def _score(post: Shot, counted: _Counted, i: int) -> float:
    """As the feed ranks: ten times the engagement weighs as much as 45,000 seconds of age."""
    engagement = counted.likes[i] + 2 * counted.reposts[i] + 3 * counted.comments[i]
    return math.log10(1 + engagement) + post.created_at.timestamp() / 45_000
