"""The wire protocol `vitrine.v1.json`: every frame as a model. They validate, encode and document."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from server.realtime.codes import ErrorCode

PROTOCOL = "vitrine.v1.json"
MAX_FRAME_BYTES = 64 * 1024
MAX_TOPICS = 128
MAX_TRACKED = 200
MAX_COMMAS = 1_000
"""In a frame, several times what any request needs: each wrong value costs 10 µs to refuse."""
PING_MS = 25_000

Topic = Annotated[str, Field(min_length=1, max_length=200)]
PositionText = Annotated[str, Field(max_length=64)]
CountsItem = tuple[UUID, int, int, int, int]
"""post id, v, likes, reposts, comments"""


def _is_none(value: object) -> bool:
    return value is None


class _Frame(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Request(_Frame):
    id: Annotated[int, Field(ge=0, le=2**53)]


class Connect(_Request):
    """The first frame. Each topic is continued from its position; null begins now."""

    op: Literal["connect"]
    token: Annotated[str, Field(max_length=4096)] | None = None
    ticket: Annotated[str, Field(max_length=200)] | None = None
    topics: Annotated[dict[Topic, PositionText | None], Field(max_length=MAX_TOPICS)] = {}


class Sub(_Request):
    """Watch a topic, from a position on if one is given. On a topic that lags, `since` fetches what was missed."""

    op: Literal["sub"]
    topic: Topic
    since: PositionText | None = None


class Unsub(_Request):
    """Watch a topic no longer."""

    op: Literal["unsub"]
    topic: Topic


class Track(_Request):
    """Send the counts of these posts, too: those on the screen. Every 20 of them count as one more frame."""

    op: Literal["track"]
    posts: Annotated[tuple[UUID, ...], Field(max_length=MAX_TRACKED)]


class Untrack(_Request):
    """Send the counts of these posts no longer."""

    op: Literal["untrack"]
    posts: Annotated[tuple[UUID, ...], Field(max_length=MAX_TRACKED)]


class Refresh(_Request):
    """Live longer, with a newer token or a ticket of the same person."""

    op: Literal["refresh"]
    token: Annotated[str, Field(max_length=4096)] | None = None
    ticket: Annotated[str, Field(max_length=200)] | None = None


class Pong(_Frame):
    """Answers a ping. Any other frame does as well."""

    op: Literal["pong"]


Request = Annotated[Connect | Sub | Unsub | Track | Untrack | Refresh | Pong, Field(discriminator="op")]
REQUESTS: TypeAdapter[Connect | Sub | Unsub | Track | Untrack | Refresh | Pong] = TypeAdapter(Request)


class Error(_Frame):
    """Why a request failed; `temporary` ones may be tried again after `retry_after_ms`."""

    code: ErrorCode
    status: int
    temporary: bool
    detail: str
    retry_after_ms: int | None = Field(None, exclude_if=_is_none)


class Subscribed(_Frame):
    """`recovered`: everything since the position follows, in order. If not, nothing is replayed: fetch anew.

    `position` is where what follows begins. `counts` are the current ones, on `post:` topics.
    """

    position: str
    recovered: bool
    counts: tuple[CountsItem, ...] | None = Field(None, exclude_if=_is_none)


class TopicRefused(_Frame):
    """This topic is not watched."""

    err: Error


class User(_Frame):
    """Who this socket belongs to."""

    id: UUID
    username: str
    role: str
    plan: str


class Limits(_Frame):
    """What this socket may use."""

    topics: int = MAX_TOPICS
    tracked: int = MAX_TRACKED
    frame_bytes: int = MAX_FRAME_BYTES
    frames_per_second: int = 20
    frames_burst: int = 60


class Connected(_Frame):
    """The socket is open; `user` is null for visitors, `expires_in_ms` where it lives as long as its session."""

    session: str
    user: User | None
    position: str
    ping_ms: int = PING_MS
    limits: Limits = Limits()
    expires_in_ms: int | None
    topics: dict[str, Subscribed | TopicRefused]


class Done(_Frame):
    """It is so."""


class Tracked(_Frame):
    """The current counts of those posts that are there."""

    counts: tuple[CountsItem, ...]


class Refreshed(_Frame):
    """How long the socket may live now."""

    expires_in_ms: int | None


class Answer(_Frame):
    """The answer to the request with this id."""

    id: int
    ok: Connected | Subscribed | Tracked | Refreshed | Done


class Refused(_Frame):
    """The request failed. `id` is null when it could not be read."""

    id: int | None
    err: Error


class EventPush(_Frame):
    """Something happened on a topic. Drop what you have by (topic, id)."""

    push: Literal["event"]
    topic: str
    type: str
    id: str
    at: str
    position: str
    data: dict[str, Any]


class Watchers(_Frame):
    """Data of `watchers`: how many sockets watch the post, in all servers together."""

    count: int


class CountsPush(_Frame):
    """Absolute counts; keep those with the largest `v` of each post."""

    push: Literal["counts"]
    items: tuple[CountsItem, ...]


class LagPush(_Frame):
    """What lay between the positions was not sent: fetch anew, or `sub` again with `since: from`."""

    push: Literal["lag"] = "lag"
    topic: str
    from_: str = Field(alias="from")
    to: str


class Reconnect(_Frame):
    """This process is going; the socket closes with 4000 by then. Connect again."""

    after_ms: int


class Expiring(_Frame):
    """The token runs out; `refresh`, or the socket closes with 4001."""

    in_ms: int


class Unsubscribed(_Frame):
    """The right to watch this topic has ended."""

    topic: str
    code: ErrorCode


class NoticePush(_Frame):
    """Something about the socket itself; exactly one of the fields is there."""

    push: Literal["notice"] = "notice"
    reconnect: Reconnect | None = Field(None, exclude_if=_is_none)
    expiring: Expiring | None = Field(None, exclude_if=_is_none)
    unsubscribed: Unsubscribed | None = Field(None, exclude_if=_is_none)


class PingPush(_Frame):
    """Answer `pong` within ten seconds."""

    push: Literal["ping"]
    position: str
