"""Words in which most requests can be said."""

from typing import Any

from tests.attacks.people import Person
from tests.attacks.world import Call, Maker, World


def plain(query: dict[str, str] | None = None, **json: Any) -> Maker:
    """About nothing of anybody's: the same request each time."""

    async def make(_: World, __: Person, ___: Person | None) -> Call:
        return Call(json=json or None, query=query)

    return make


def about(name: str, kind: str | None = None, **json: Any) -> Maker:
    """`name` in the path is something of the owner's, of a kind called like it unless said otherwise."""
    of = kind or name.removesuffix("_id")

    async def make(world: World, owner: Person, _: Person | None) -> Call:
        return Call(path={name: await world.thing(of, owner)}, json=json or None)

    return make


def telling(name: str, kind: str, **json: Any) -> Maker:
    """`name` in the body is something of the owner's."""

    async def make(world: World, owner: Person, _: Person | None) -> Call:
        return Call(json=json | {name: await world.thing(kind, owner)})

    return make


def asking(name: str, kind: str) -> Maker:
    """`name` in the query is something of the owner's."""

    async def make(world: World, owner: Person, _: Person | None) -> Call:
        return Call(query={name: await world.thing(kind, owner)})

    return make
