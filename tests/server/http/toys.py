"""A small domain with one message of each kind, so that the edge is tested on a real system without the real ones."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from actors.auth.people import Caller, Plan, Role
from actors.kernel.actor import Actor, on
from actors.kernel.errors import Busy, Conflict, NotFound, Refusal
from actors.kernel.message import Command, Query, Trusted, View
from actors.kernel.paging import Page, PagedQuery, key_of
from server.http.routing import delete, get, patch, post, put


class Toy(View):
    """A toy."""

    name: str
    pieces: int
    owner: UUID | None = None
    made: int = 0


class TooManyToys(Conflict):
    """There is no room for another toy."""

    code = "too_many_toys"


class Part(View):
    """A part of a toy."""

    label: str


class MakeToy(Command[Toy], key="name"):
    """Make a toy.

    It counts how many were made.
    """

    caller: Trusted[Caller]
    name: Annotated[str, Field(min_length=1, max_length=40)]
    pieces: int = 1
    painted: bool = False
    at: datetime | None = None
    box: UUID | None = None
    parts: Annotated[tuple[Part, ...], Field(max_length=3)] = ()

    @model_validator(mode="after")
    def _can_be_painted(self) -> Self:
        if self.painted and self.pieces == 0:
            raise ValueError("there is nothing to paint")
        return self


class LendToy(Command[Toy], key="name"):
    """Lend a toy."""

    caller: Trusted[Caller]
    name: str
    lent: bool | None = None


class DropToy(Command[None], key="toy_id"):
    """Throw a toy away."""

    caller: Trusted[Caller]
    toy_id: UUID


class LookAtToy(Query[Toy]):
    """See a toy."""

    caller: Trusted[Caller | None] = None
    client_address: Trusted[str] = ""
    name: str
    big: bool = False


class ListToys(PagedQuery[Toy]):
    """Toys by number."""


class BreakToy(Query[Toy]):
    """Ask for what breaks."""

    how: str


class OpenSafe(Command[Toy], key="caller"):
    """Open the safe. Raises `TooManyToys`.

    It takes a `password`; raises `NotFound` or `Busy`.
    """

    caller: Trusted[Caller]
    password: str


class ToysActor(Actor, domain="toys"):
    """Makes toys."""

    made = 0

    @on(MakeToy)
    async def make(self, message: MakeToy) -> Toy:
        if message.name == "one too many":
            raise TooManyToys
        async with self.transaction() as tx:
            ToysActor.made += 1
            return tx.answer(
                Toy(name=message.name, pieces=message.pieces, owner=message.caller.id, made=ToysActor.made)
            )

    @on(OpenSafe)
    async def open_safe(self, message: OpenSafe) -> Toy:
        return Toy(name="safe", pieces=1)

    @on(LendToy)
    async def lend(self, message: LendToy) -> Toy:
        return Toy(name=message.name, pieces=1 if message.lent else 0)

    @on(DropToy)
    async def drop(self, message: DropToy) -> None:
        return None

    @on(LookAtToy, batch=8)
    async def look(self, messages: Sequence[LookAtToy]) -> Sequence[Toy | Refusal]:
        return [
            NotFound()
            if message.name == "lost"
            else Toy(
                name=message.name, pieces=2 if message.big else 1, owner=message.caller.id if message.caller else None
            )
            for message in messages
        ]

    @on(ListToys)
    async def list_toys(self, message: ListToys) -> Page[Toy]:
        key = key_of(message.after, int)
        start = int(key[0]) if key else 0
        numbers = range(start, min(start + message.limit, 25))
        more = start + message.limit < 25
        return Page(
            items=tuple(Toy(name=str(number), pieces=number) for number in numbers),
            next=(start + message.limit,) if more else None,
        )

    @on(BreakToy)
    async def break_toy(self, message: BreakToy) -> Toy:
        if message.how == "busy":
            raise Busy
        raise RuntimeError(f"secret {message.how}")


ACTOR = ToysActor

ROUTES = (
    post("/v1/toys", MakeToy, status=201, idempotent=True),
    put("/v1/toys/{name}/lend", LendToy, fixed={"lent": True}),
    delete("/v1/toys/{name}/lend", LendToy, fixed={"lent": False}),
    post("/v1/toys/{name}/lend", LendToy),
    delete("/v1/toys/by-id/{toy_id}", DropToy, status=204),
    get("/v1/toys/{name}", LookAtToy, public_max_age=5, live=True),
    get("/v1/toys", ListToys, live=True),
    get("/v1/other-toys", ListToys),
    get("/v1/broken/{how}", BreakToy),
    patch("/v1/workshop/{name}", LendToy, role=Role.creator),
    get("/v1/museum/{name}", LookAtToy, plan=Plan.pro, tag="museum"),
    patch("/v1/studio/{name}", LendToy, role=Role.creator, plan=Plan.studio),
    post("/v1/safe", OpenSafe, bucket="login", limit_by="caller"),
)
