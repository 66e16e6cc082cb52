"""A world of the model put into the tables, behind the actors' backs."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from tests.actors.graph.model import World


async def plant(world: World, database_url: str) -> None:
    """Put it into the tables, behind the actors' backs."""
    connection = await asyncpg.connect(database_url)
    try:
        for table, columns, rows in _tables(world):
            await connection.copy_records_to_table(table, columns=columns.split(), records=rows)
    finally:
        await connection.close()


def _tables(world: World) -> list[tuple[str, str, list[tuple[object, ...]]]]:
    now = datetime.now(UTC)
    photos = {post: uuid7() for post in world.posts}
    forever = datetime.max.replace(tzinfo=UTC)

    def when(who: UUID, how: str, then: datetime = now) -> datetime | None:
        return then if world.gone.get(who) == how else None

    def until(pair: tuple[UUID, UUID]) -> datetime | None:
        if pair in world.past:
            return now - timedelta(seconds=1)
        return now + timedelta(hours=1) if pair in world.passing else None

    told = {uuid7(): post for post in world.posts if any(who != world.posts[post] for _, who in _of(world, post))}
    return [
        (
            "users",
            ("id username username_key email password_hash role plan created_at suspended_until closing_at deleted_at"),
            [
                (
                    *(p, world.name(p), world.name(p), f"{world.name(p)}@example.org", "", "user", "free", now),
                    *(when(p, "suspended", forever), when(p, "closing"), when(p, "deleted")),
                )
                for p in world.people
            ],
        ),
        ("private_accounts", "user_id since", [(p, now) for p in world.private]),
        ("follows", "follower_id followee_id created_at", [(*pair, now) for pair in world.follows]),
        (
            "follow_requests",
            "id requester_id target_id created_at",
            [(request, *pair, now) for pair, request in world.requests.items()],
        ),
        ("blocks", "blocker_id blocked_id created_at", [(*pair, now) for pair in world.blocks]),
        (
            "mutes",
            "muter_id muted_id until created_at",
            [(*pair, until(pair), now) for pair in world.mutes | world.past],
        ),
        (
            "photos",
            (
                "id owner_id state content_type bytes object_key variants_key width height placeholder variants "
                "created_at expires_at"
            ),
            [
                (photos[post], author, "ready", "image/jpeg", 1, str(post), str(post), 4, 3, "", "[]", now, now)
                for post, author in world.posts.items()
            ],
        ),
        (
            "posts",
            (
                "id author_id photo_id original_post_id caption tags mentions sensitive likes reposts comments v "
                "created_at"
            ),
            [
                (
                    post,
                    author,
                    photos[post],
                    None,
                    "",
                    ["sea"],
                    world.names[post],
                    False,
                    *_counts(world, post),
                    0,
                    now,
                )
                for post, author in world.posts.items()
            ]
            + [
                (row, who, None, post, "", [], [], False, 0, 0, 0, 0, now) for (post, who), row in world.reposts.items()
            ],
        ),
        (
            "post_revisions",
            "post_id number caption tags sensitive shown_from shown_until",
            [
                (post, number + 1, "", [], False, now, now)
                for post, count in world.revisions.items()
                for number in range(count)
            ],
        ),
        ("post_tags", "post_id tag", [(post, "sea") for post in world.posts]),
        ("likes", "post_id user_id created_at", [(*pair, now) for pair in world.likes]),
        ("bookmarks", "post_id user_id created_at", [(*pair, now) for pair in world.bookmarks]),
        (
            "reposts",
            "post_id user_id repost_id created_at",
            [(post, who, row, now) for (post, who), row in world.reposts.items()],
        ),
        (
            "comments",
            "id post_id author_id parent_id body mentions replies created_at",
            [
                (comment, said.post, said.by, said.to, "a word", said.names, _replies(world, comment), now)
                for comment, said in world.comments.items()
            ],
        ),
        (
            "feed_scores",
            "post_id author_id score v",
            [(post, author, float(place), 0) for place, (post, author) in enumerate(world.posts.items())],
        ),
        (
            "notifications",
            "id user_id kind subject_kind subject_id people at",
            [
                (note, world.posts[post], "like", "post", post, len(_of(world, post)), now + timedelta(seconds=place))
                for place, (note, post) in enumerate(told.items())
            ],
        ),
        (
            "notification_people",
            "notification_id person_id at",
            [
                (note, who, now)
                for note, post in told.items()
                for _, who in _of(world, post)
                if who != world.posts[post]
            ],
        ),
    ]


def _counts(world: World, post: UUID) -> tuple[int, int, int]:
    likes, reposts = (sum(of == post for of, _ in marks) for marks in (world.likes, world.reposts))
    return likes, reposts, sum(said.post == post for said in world.comments.values())


def _replies(world: World, comment: UUID) -> int:
    return sum(said.to == comment for said in world.comments.values())


def _of(world: World, post: UUID) -> list[tuple[UUID, UUID]]:
    return sorted(pair for pair in world.likes if pair[0] == post)
