"""Everybody tries everything: what each operation and each topic answers to each role is what the tables say."""

import re
from typing import Any

from server.realtime.topics import CARRIES
from tests.attacks.calls.all import CALLS
from tests.attacks.matrix.table import COLUMNS, NO_CASE, Row, read
from tests.attacks.operations import TABLE, Operations, send
from tests.attacks.people import Client, Person
from tests.attacks.world import World
from tests.server.realtime.conftest import Socket


class Cells:
    """What was tried, and what surprised."""

    def __init__(self) -> None:
        self.checked = 0
        self.surprises: list[str] = []

    def note(self, row: Row, role: str, answer: str, why: Any) -> None:
        """Hold an answer against its cell."""
        self.checked += 1
        if answer != row.expected[role]:
            about = f"{row.name}{f' ({row.of})' if row.of else ''}"
            self.surprises.append(f"{about}: {role} got {answer}, not {row.expected[role]}: {str(why)[:300]}")

    def verdict(self, kind: str, rows: list[Row]) -> str:
        """In one line, and a line for each surprise."""
        count = len({row.name for row in rows})
        head = f"{count} {kind} × {len(COLUMNS)} roles, {self.checked} cells checked, {len(self.surprises)} surprises"
        return "\n".join([head, *self.surprises])


async def test_every_operation_answers_every_role_as_the_table_says(client: Client, world: World) -> None:
    rows = read(TABLE)
    served = set((await Operations.of(client)).by_name)
    assert served == {row.name for row in rows}, "an operation and its row come and go together"
    assert served == set(CALLS), "for each operation it is known how to call it"
    cells = Cells()
    for row in rows:
        for role, expected in row.expected.items():
            if expected != NO_CASE:
                owner = await world.person()
                caller = await _caller(world, role, owner)
                call = await CALLS[row.name](world, owner, caller)
                if row.of:
                    await world.hide(owner, row.of, caller)
                if row.name == "GET /v1/realtime":
                    status, why = await _upgrade(client, caller), ""
                else:
                    status, why = await send(client, row.name, call, caller)
                cells.note(row, role, str(status), why)
    print(cells.verdict("operations", rows))
    assert not cells.surprises, cells.verdict("operations", rows)


async def test_every_topic_answers_every_role_as_the_table_says(client: Client, world: World) -> None:
    rows = read(TABLE.with_name("topics.txt"))
    assert set(CARRIES) == {row.name for row in rows}, "a topic and its row come and go together"
    cells = Cells()
    for row in rows:
        for role, expected in row.expected.items():
            if expected != NO_CASE:
                owner = await world.person()
                caller = await _caller(world, role, owner)
                topic = await _topic(world, row.name, owner)
                if row.of:
                    await world.hide(owner, row.of, caller)
                answer = await watch(client, caller, topic)
                cells.note(row, role, answer, topic)
    print(cells.verdict("topics", rows))
    assert not cells.surprises, cells.verdict("topics", rows)


async def _caller(world: World, role: str, owner: Person) -> Person | None:
    match role:
        case "visitor":
            return None
        case "owner":
            return owner
    return await world.person(role)


async def _upgrade(client: Client, caller: Person | None) -> int:
    async with client.ws_connect("/v1/realtime", headers=caller.headers if caller else {}) as socket:
        return socket._response.status


async def watch(client: Client, caller: Person | None, topic: str) -> str:
    """`ok`, or the code by which watching a topic is refused."""
    socket = Socket(await client.ws_connect("/v1/realtime", headers=caller.headers if caller else {}))
    answer = await socket.ask("connect", topics={topic: None})
    await socket.ws.close()
    outcome = answer["ok"]["topics"][topic]
    return str(outcome["err"]["code"]) if "err" in outcome else "ok"


async def _topic(world: World, pattern: str, owner: Person) -> str:
    match pattern:
        case "post:<id>":
            return f"post:{await world.thing('post', owner)}"
        case "profile:<username>" | "hub:<username>":
            return pattern.replace("<username>", owner.username)
    return re.sub(r"<\w+>", "lamps", pattern)
