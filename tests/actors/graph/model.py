"""A small world of people and what they show, and who may see what of it: written from the rules, in plain sets.

Nothing here uses the conditions that the server decides by.
"""

import random
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

Viewer = UUID | None
GONE = ("suspended", "closing", "deleted")


class Said(NamedTuple):
    """A comment: under which post, by whom, in reply to which comment, naming whom."""

    post: UUID
    by: UUID
    to: UUID | None = None
    names: tuple[UUID, ...] = ()


@dataclass
class World:
    """People and how they stand to each other; posts and comments with who wrote them."""

    people: list[UUID] = field(default_factory=list)
    gone: dict[UUID, str] = field(default_factory=dict)
    private: set[UUID] = field(default_factory=set)
    follows: set[tuple[UUID, UUID]] = field(default_factory=set)
    requests: dict[tuple[UUID, UUID], UUID] = field(default_factory=dict)
    blocks: set[tuple[UUID, UUID]] = field(default_factory=set)
    mutes: set[tuple[UUID, UUID]] = field(default_factory=set)
    passing: set[tuple[UUID, UUID]] = field(default_factory=set)
    """Those of the mutes that will run out."""
    past: set[tuple[UUID, UUID]] = field(default_factory=set)
    """Mutes that have run out."""
    posts: dict[UUID, UUID] = field(default_factory=dict)
    names: dict[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    """Whom each post names."""
    revisions: dict[UUID, int] = field(default_factory=dict)
    likes: set[tuple[UUID, UUID]] = field(default_factory=set)
    reposts: dict[tuple[UUID, UUID], UUID] = field(default_factory=dict)
    bookmarks: set[tuple[UUID, UUID]] = field(default_factory=set)
    comments: dict[UUID, Said] = field(default_factory=dict)

    @classmethod
    def draw(cls, chance: random.Random, people: int, posts: int) -> "World":
        """A random one. Nobody follows across a block, as the server sees to it."""
        world = cls(people=[uuid7() for _ in range(people)])
        for who in world.people:
            if chance.random() < 0.2:
                world.gone[who] = chance.choice(GONE)
            if chance.random() < 0.35:
                world.private.add(who)
        for who in world.people:
            for whom in world.people:
                if who is not whom:
                    world._relate(chance, who, whom)
        for pair in world.blocks:
            for way in (pair, pair[::-1]):
                world.follows.discard(way)
                world.requests.pop(way, None)
        for _ in range(posts):
            world.posts[uuid7()] = chance.choice(world.people)
        for post in world.posts:
            world.names[post] = world._some(chance)
            world.revisions[post] = chance.randrange(3)
            for who in world.people:
                if chance.random() < 0.3:
                    world.likes.add((post, who))
                if chance.random() < 0.15:
                    world.reposts[post, who] = uuid7()
                if chance.random() < 0.3:
                    world.bookmarks.add((post, who))
                if chance.random() < 0.3:
                    world.comments[uuid7()] = Said(post, who, names=world._some(chance))
        for top, said in list(world.comments.items()):
            for who in world.people:
                if chance.random() < 0.1:
                    world.comments[uuid7()] = Said(said.post, who, top, world._some(chance))
        return world

    def _some(self, chance: random.Random) -> tuple[UUID, ...]:
        return tuple(chance.sample(self.people, chance.choice((0, 0, 1, 2))))

    def _relate(self, chance: random.Random, who: UUID, whom: UUID) -> None:
        if chance.random() < 0.35:
            self.follows.add((who, whom))
        elif whom in self.private and chance.random() < 0.4:
            self.requests[who, whom] = uuid7()
        if chance.random() < 0.07:
            self.blocks.add((who, whom))
        if chance.random() < 0.12:
            self.mutes.add((who, whom))
            if chance.random() < 0.4:
                self.passing.add((who, whom))
        elif chance.random() < 0.1:
            self.past.add((who, whom))

    @property
    def viewers(self) -> list[Viewer]:
        """Everybody who can look: a visitor, and all who can be signed in."""
        return [None, *(who for who in self.people if who not in self.gone)]

    def meets(self, viewer: Viewer, person: UUID) -> bool:
        """Somebody's account shows to a viewer: it is there, and neither blocks the other."""
        if person in self.gone:
            return False
        if viewer is None:
            return True
        return (viewer, person) not in self.blocks and (person, viewer) not in self.blocks

    def sees(self, viewer: Viewer, author: UUID) -> bool:
        """A viewer may see somebody's work: they meet, and a private account is their own or one they follow."""
        if not self.meets(viewer, author):
            return False
        return author not in self.private or viewer == author or (viewer, author) in self.follows

    def heard(self, viewer: Viewer, comment: UUID) -> bool:
        """Somebody who may see the post is told of a comment: they meet who wrote it, and whom it replies to."""
        said = self.comments[comment]
        return self.meets(viewer, said.by) and (said.to is None or self.meets(viewer, self.comments[said.to].by))

    def named(self, names: Collection[UUID]) -> list[UUID]:
        """Whom words name, whoever reads them: a name is a part of the words, as long as the account shows."""
        return [one for one in names if one not in self.gone]

    def called(self, by: UUID, author: UUID, names: Collection[UUID]) -> tuple[UUID, ...]:
        """Whom somebody can name on an author's post: those who may see it, and whom the writer meets."""
        return tuple(one for one in names if self.sees(one, author) and self.meets(by, one) and one not in self.gone)

    def part(self, who: UUID, whom: UUID) -> None:
        """One blocks the other."""
        self.blocks.add((who, whom))
        for way in ((who, whom), (whom, who)):
            self.follows.discard(way)
            self.requests.pop(way, None)

    def drop(self, post: UUID) -> None:
        """A post is deleted."""
        del self.posts[post]
        self.likes = {pair for pair in self.likes if pair[0] != post}
        self.bookmarks = {pair for pair in self.bookmarks if pair[0] != post}
        self.reposts = {pair: row for pair, row in self.reposts.items() if pair[0] != post}
        self.comments = {one: said for one, said in self.comments.items() if said.post != post}

    def hears(self, viewer: UUID, person: UUID) -> bool:
        """Somebody has not muted a person."""
        return (viewer, person) not in self.mutes

    def reads(self, viewer: UUID) -> set[UUID]:
        """Whose posts and reposts somebody's feed shows."""
        followed = {whom for who, whom in self.follows if who == viewer}
        return {viewer} | {one for one in followed if self.sees(viewer, one) and self.hears(viewer, one)}

    def wants(self, viewer: Viewer, post: UUID) -> bool:
        """A post may be in a viewer's feeds."""
        author = self.posts[post]
        return self.sees(viewer, author) and (viewer is None or self.hears(viewer, author))

    async def plant(self, database_url: str) -> None:
        """Put it into the tables, behind the actors' backs."""
        connection = await asyncpg.connect(database_url)
        try:
            for table, columns, rows in self._tables():
                await connection.copy_records_to_table(table, columns=columns.split(), records=rows)
        finally:
            await connection.close()

    def name(self, who: UUID) -> str:
        """What somebody is called."""
        return f"person{self.people.index(who)}"

    def _tables(self) -> list[tuple[str, str, list[tuple[object, ...]]]]:
        now = datetime.now(UTC)
        photos = {post: uuid7() for post in self.posts}
        forever = datetime.max.replace(tzinfo=UTC)

        def when(who: UUID, how: str, then: datetime = now) -> datetime | None:
            return then if self.gone.get(who) == how else None

        def until(pair: tuple[UUID, UUID]) -> datetime | None:
            if pair in self.past:
                return now - timedelta(seconds=1)
            return now + timedelta(hours=1) if pair in self.passing else None

        told = {uuid7(): post for post in self.posts if any(who != self.posts[post] for _, who in self._of(post))}
        return [
            (
                "users",
                (
                    "id username username_key email password_hash role plan created_at "
                    "suspended_until closing_at deleted_at"
                ),
                [
                    (
                        *(p, self.name(p), self.name(p), f"{self.name(p)}@example.org", "", "user", "free", now),
                        *(when(p, "suspended", forever), when(p, "closing"), when(p, "deleted")),
                    )
                    for p in self.people
                ],
            ),
            ("private_accounts", "user_id since", [(p, now) for p in self.private]),
            ("follows", "follower_id followee_id created_at", [(*pair, now) for pair in self.follows]),
            (
                "follow_requests",
                "id requester_id target_id created_at",
                [(request, *pair, now) for pair, request in self.requests.items()],
            ),
            ("blocks", "blocker_id blocked_id created_at", [(*pair, now) for pair in self.blocks]),
            (
                "mutes",
                "muter_id muted_id until created_at",
                [(*pair, until(pair), now) for pair in self.mutes | self.past],
            ),
            (
                "photos",
                (
                    "id owner_id state content_type bytes object_key variants_key width height placeholder variants "
                    "created_at expires_at"
                ),
                [
                    (photos[post], author, "ready", "image/jpeg", 1, str(post), str(post), 4, 3, "", "[]", now, now)
                    for post, author in self.posts.items()
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
                        self.names[post],
                        False,
                        *self._counts(post),
                        0,
                        now,
                    )
                    for post, author in self.posts.items()
                ]
                + [
                    (row, who, None, post, "", [], [], False, 0, 0, 0, 0, now)
                    for (post, who), row in self.reposts.items()
                ],
            ),
            (
                "post_revisions",
                "post_id number caption tags sensitive shown_from shown_until",
                [
                    (post, number + 1, "", [], False, now, now)
                    for post, count in self.revisions.items()
                    for number in range(count)
                ],
            ),
            ("post_tags", "post_id tag", [(post, "sea") for post in self.posts]),
            ("likes", "post_id user_id created_at", [(*pair, now) for pair in self.likes]),
            ("bookmarks", "post_id user_id created_at", [(*pair, now) for pair in self.bookmarks]),
            (
                "reposts",
                "post_id user_id repost_id created_at",
                [(post, who, row, now) for (post, who), row in self.reposts.items()],
            ),
            (
                "comments",
                "id post_id author_id parent_id body mentions replies created_at",
                [
                    (comment, said.post, said.by, said.to, "a word", said.names, self._replies(comment), now)
                    for comment, said in self.comments.items()
                ],
            ),
            (
                "feed_scores",
                "post_id author_id score v",
                [(post, author, float(place), 0) for place, (post, author) in enumerate(self.posts.items())],
            ),
            (
                "notifications",
                "id user_id kind subject_kind subject_id people at",
                [
                    (note, self.posts[post], "like", "post", post, len(self._of(post)), now + timedelta(seconds=place))
                    for place, (note, post) in enumerate(told.items())
                ],
            ),
            (
                "notification_people",
                "notification_id person_id at",
                [
                    (note, who, now)
                    for note, post in told.items()
                    for _, who in self._of(post)
                    if who != self.posts[post]
                ],
            ),
        ]

    def _counts(self, post: UUID) -> tuple[int, int, int]:
        likes, reposts = (sum(of == post for of, _ in marks) for marks in (self.likes, self.reposts))
        return likes, reposts, sum(said.post == post for said in self.comments.values())

    def _replies(self, comment: UUID) -> int:
        return sum(said.to == comment for said in self.comments.values())

    def _of(self, post: UUID) -> list[tuple[UUID, UUID]]:
        return sorted(pair for pair in self.likes if pair[0] == post)
