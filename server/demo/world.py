"""A world of people and what they did, out of two numbers and a date. Pure: nothing is stored here."""

from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import NamedTuple
from uuid import UUID

from server.demo import words
from server.demo.moments import id_at
from server.demo.pictures import COUNT, FACE_COUNT, THEMES, theme_of
from server.demo.talk import Remark, talk

WEEKS = 4
"""How far posts reach back."""
FOLLOWS_AT_MOST = 150
_APART = 24
"""Posts between two uses of a photograph, at least."""


class Person(NamedTuple):
    """Somebody. `face` is the number of a portrait."""

    id: UUID
    username: str
    display_name: str
    bio: str
    created_at: datetime
    face: int
    face_photo_id: UUID


class Shot(NamedTuple):
    """A post of photograph `number`; `author` is an index into the people."""

    id: UUID
    photo_id: UUID
    author: int
    number: int
    caption: str
    tags: list[str]
    alt: str
    created_at: datetime


class Follow(NamedTuple):
    """Indexes into the people."""

    follower: int
    followee: int
    at: datetime


class Like(NamedTuple):
    """Indexes into the posts and the people."""

    post: int
    person: int
    at: datetime


class Share(NamedTuple):
    """A repost: indexes into the posts and the people, and the id of the row that shows it."""

    post: int
    person: int
    id: UUID
    at: datetime


class World(NamedTuple):
    """Everything that happened. The first people are the demo accounts; posts are in the order of their time."""

    now: datetime
    people: list[Person]
    posts: list[Shot]
    follows: list[Follow]
    likes: list[Like]
    shares: list[Share]
    remarks: list[Remark]

    @property
    def demo_people(self) -> range:
        """The indexes of the demo accounts."""
        return range(min(len(words.DEMO), len(self.people)))


def make_world(people: int, posts: int, now: datetime) -> World:
    """The world of so many people and posts, as of `now`: for the same three always the same.

    Few are followed by many, and few posts are liked by many, as everywhere. The demo accounts follow each other.
    """
    rng = Random(f"{people} people, {posts} posts")  # noqa: S311  the same world each time is the point
    crowd = _people(rng, people, now)
    fame = _fame(rng, people)
    follows = _follows(rng, crowd, fame, now)
    shots = _posts(rng, crowd, fame, posts, now)
    followers = [0] * people
    for follow in follows:
        followers[follow.followee] += 1
    likes = [like for index, shot in enumerate(shots) for like in _likes(rng, index, shot, followers, now)]
    shares = [
        Share(like.post, like.person, id_at(rng, like.at), like.at)
        for like in likes
        if rng.random() < 0.015 and shots[like.post].author != like.person
    ]
    remarks = talk(rng, likes, [shot.author for shot in shots], [person.username for person in crowd], now)
    return World(now, crowd, shots, follows, likes, shares, remarks)


def _people(rng: Random, count: int, now: datetime) -> list[Person]:
    found: list[Person] = []
    taken: set[str] = set()
    for index in range(count):
        if index < len(words.DEMO):
            username, name = words.DEMO[index]
        else:
            first, last = rng.choice(words.FIRST), rng.choice(words.LAST)
            name = f"{first} {last}"
            base = rng.choice((f"{first}_{last}", f"{first}{last}", f"{first}_{last[0]}", first)).lower()
            username = base if base not in taken else f"{base}{index}"
        taken.add(username)
        created_at = now - timedelta(weeks=WEEKS, days=rng.uniform(1, 700))
        face_photo_id = id_at(rng, created_at + timedelta(minutes=5))
        found.append(
            Person(
                id=id_at(rng, created_at),
                username=username,
                display_name=name,
                bio=rng.choice(words.BIOS),
                created_at=created_at,
                face=rng.randrange(FACE_COUNT),
                face_photo_id=face_photo_id,
            )
        )
    return found


def _fame(rng: Random, count: int) -> list[float]:
    """How much each is noticed, by Zipf; the demo accounts are neither stars nor unknown."""
    ranks = list(range(count))
    rng.shuffle(ranks)
    return [1 / ((12 if index < len(words.DEMO) else rank) + 3) ** 0.9 for index, rank in enumerate(ranks)]


def _follows(rng: Random, people: list[Person], fame: list[float], now: datetime) -> list[Follow]:
    everybody, shares = range(len(people)), list(accumulate(fame))
    most = min(len(people) - 1, FOLLOWS_AT_MOST)
    found = []
    for index, person in enumerate(people):
        wanted = min(most, 30 if index < len(words.DEMO) else 4 + int(rng.paretovariate(1.3) * 5))
        acquainted = range(min(len(words.DEMO), len(people))) if index < len(words.DEMO) else ()
        chosen = dict.fromkeys([*acquainted, *rng.choices(everybody, cum_weights=shares, k=wanted * 2)])
        chosen.pop(index, None)
        for followee in list(chosen)[:wanted]:
            since = max(person.created_at, people[followee].created_at)
            found.append(Follow(index, followee, since + (now - since) * rng.random()))
    return found


def _posts(rng: Random, people: list[Person], fame: list[float], count: int, now: datetime) -> list[Shot]:
    span = timedelta(weeks=WEEKS)
    moments = sorted(now - timedelta(minutes=2) - span * rng.random() ** 1.5 for _ in range(count))
    tastes = [rng.sample(range(len(THEMES)), 3) for _ in people]
    authors = rng.choices(range(len(people)), [weight**0.6 for weight in fame], k=count)
    recent: list[int] = []
    found = []
    for moment, author in zip(moments, authors, strict=True):
        liked = [number for number in range(COUNT) if number % len(THEMES) in tastes[author] and number not in recent]
        number = rng.choice(liked or [number for number in range(COUNT) if number not in recent])
        recent = [*recent[-_APART + 1 :], number]
        theme = theme_of(number)
        found.append(
            Shot(
                id=id_at(rng, moment),
                photo_id=id_at(rng, moment - timedelta(seconds=20)),
                author=author,
                number=number,
                caption=rng.choice(words.CAPTIONS[theme]),
                tags=rng.sample(words.TAGS[theme], rng.randint(1, 3)),
                alt=words.ALTS[theme],
                created_at=moment,
            )
        )
    return found


def _likes(rng: Random, index: int, post: Shot, followers: list[int], now: datetime) -> list[Like]:
    people, age = len(followers), now - post.created_at
    ripeness = min(1.0, age / timedelta(hours=20)) ** 0.35
    wanted = rng.paretovariate(1.25) * (1 + 0.5 * followers[post.author] ** 0.5) * ripeness
    chosen = rng.sample(range(people), min(int(people * 0.6), int(wanted)))
    return [
        Like(index, person, post.created_at + age * rng.random() ** 3) for person in chosen if person != post.author
    ]
