"""A small world of people and what they show, and who may see what of it: written from the rules, in plain sets.

Nothing here uses the conditions that the server decides by.
"""

import random
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

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

    def name(self, who: UUID) -> str:
        """What somebody is called."""
        return f"person{self.people.index(who)}"
