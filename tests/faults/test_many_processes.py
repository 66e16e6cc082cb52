"""`vitrine serve --processes N`: what dies comes back, what cannot live is given up, and leaving fails no request."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from actors.settings import Settings
from load.processes import Served
from load.wire import connect, packed
from server.serve import serve_many
from tests.flows.stack import Stack, environment_of, eventually

ASK = packed("GET", "/v1/limits")


def children(parent: int) -> set[int]:
    """Living server processes of that one."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, of = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(of) == parent and state != "Z":
            found.add(int(folder.name))
    return found


class Client:
    """Asks as fast as it is answered, on connections that it keeps for as long as it may, until nobody listens."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.statuses: list[int] = []

    async def run(self) -> None:
        while True:
            try:
                wire = await connect(self._url)
            except ConnectionRefusedError:
                return
            except ConnectionResetError:
                continue  # as below, while it still stood outside
            is_known = False
            while b"connection: close" not in wire.head:
                status = (await wire.ask(ASK)).status
                if status == 0 and not is_known:
                    break  # it stood at a door that was closing: nobody heard what it asks
                self.statuses.append(status)
                is_known = True
                if status == 0:
                    break
            wire.close()


async def test_a_child_that_dies_is_replaced_and_all_leave_without_failing_a_request(
    stack: Stack, tmp_path: Path
) -> None:
    served = Served(environment_of(stack.settings), tmp_path / "many.log", processes=2)
    try:
        await served.ready(120)
        first = children(served.pid)
        os.kill(max(first), signal.SIGKILL)

        async def replaced() -> bool:
            now = children(served.pid)
            return len(now) == 2 and now != first

        await eventually(replaced, wanted=True, what="a new child")
        await served.ready(120)  # the one that was left may not have listened yet
        clients = [Client(served.url) for _ in range(16)]
        asking = [asyncio.create_task(client.run()) for client in clients]

        async def flows() -> bool:
            return sum(len(client.statuses) for client in clients) > 200

        await eventually(flows, wanted=True, what="requests flow")
        served.send(signal.SIGTERM)
        assert await served.ended(40) == 0
        await asyncio.gather(*asking)
        assert {status for client in clients for status in client.statuses} == {200}
        assert children(served.pid) == set()
    finally:
        served.kill()


def test_children_that_cannot_live_are_given_up_after_five_quick_deaths(
    bare_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        assert serve_many(bare_settings, 2) == 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
