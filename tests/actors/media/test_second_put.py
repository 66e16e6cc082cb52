"""A signed address may be used again while it is good: what was checked is what is shown, whenever that happens."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from actors.adapters.outside import Outside
from actors.adapters.storage import Storage
from actors.kernel.system import System
from actors.media.jobs import process
from actors.media.messages import PhotoState, UploadTicket
from tests import images
from tests.actors.auth.people import callers, fetch
from tests.actors.media.uploading import bound, perform, send, state_of, uploaded

pytestmark = pytest.mark.usefixtures("storage")

RED, BLUE = images.same_size(
    *(images.encode(Image.new("RGB", (400, 300), colour), quality=95) for colour in ("red", "blue"))
)


class Interrupted:
    """The real storage, but something else happens just before or just after one of its acts."""

    def __init__(self, storage: Storage, act: str, is_before: bool, happens: Callable[[], Awaitable[Any]]) -> None:
        self._storage = storage
        self._act = act
        self._is_before = is_before
        self._happens = happens

    def __getattr__(self, name: str) -> Any:
        done = getattr(self._storage, name)
        if name != self._act:
            return done

        async def interrupted(*args: Any, **options: Any) -> Any:
            if self._is_before:
                await self._happens()
            result = await done(*args, **options)
            if not self._is_before:
                await self._happens()
            return result

        return interrupted

    def within(self, outside: Outside) -> Outside:
        """The world with this storage."""
        return replace(outside, storage=self)  # type: ignore[arg-type]  # it does what a storage does


async def shown(outside: Outside, database_url: str, ticket: UploadTicket) -> str:
    """Which of the two is shown, having made sure that the original and every variant are the same one."""
    (row,) = await fetch(
        database_url, "SELECT state, original_key, variants FROM photos WHERE id = $1", ticket.upload_id
    )
    assert row["state"] == PhotoState.ready
    original = await outside.storage.read(row["original_key"], len(RED))
    assert hashlib.sha256(original).hexdigest() in row["original_key"]
    colours = set()
    for key in re.findall(r'"key": "([^"]+)"', row["variants"]):
        pixel = Image.open(BytesIO(await outside.storage.read(key, 10**6))).convert("RGB").getpixel((9, 9))
        assert isinstance(pixel, tuple)
        colours.add("red" if pixel[0] > pixel[2] else "blue")
    assert colours == {"red" if original == RED else "blue"}
    return colours.pop()


@pytest.mark.parametrize(
    ("act", "is_before", "expected"),
    [("read_into", True, "blue"), ("read_into", False, "red"), ("write_file", False, "red"), ("write", False, "red")],
)
async def test_a_second_put_at_any_step_changes_nothing_that_was_checked(
    system: System, outside: Outside, database_url: str, act: str, is_before: bool, expected: str
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, RED)
    await bound(system, ana, ticket)
    meddled = Interrupted(outside.storage, act, is_before, lambda: send(ticket, BLUE)).within(outside)
    await perform(meddled, process, photo_id=ticket.upload_id)
    assert await shown(outside, database_url, ticket) == expected
    assert await send(ticket, BLUE) == 200, "the address is still good, and leads nowhere that is shown"
    await perform(outside, process, photo_id=ticket.upload_id)
    assert await shown(outside, database_url, ticket) == expected


async def test_an_attempt_that_ends_late_replaces_nothing_of_the_one_that_was_quicker(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, RED)
    await bound(system, ana, ticket)
    may_write = asyncio.Event()
    has_read = asyncio.Event()

    async def wait() -> None:
        has_read.set()
        await may_write.wait()

    stopped = Interrupted(outside.storage, "write_file", True, wait).within(outside)
    late = asyncio.create_task(perform(stopped, process, photo_id=ticket.upload_id))
    await has_read.wait()
    assert await send(ticket, BLUE) == 200
    await perform(outside, process, photo_id=ticket.upload_id)
    assert await shown(outside, database_url, ticket) == "blue"
    may_write.set()
    await late
    assert await shown(outside, database_url, ticket) == "blue"


async def test_a_signed_address_is_good_for_its_own_key_alone(system: System, outside: Outside) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, RED)
    await bound(system, ana, ticket)
    await perform(outside, process, photo_id=ticket.upload_id)
    photo = (await state_of(system, ana, ticket)).photo
    assert photo is not None
    (row,) = await fetch(outside.settings.database_url, "SELECT object_key, original_key FROM photos")
    variant = photo.variants[0].url.removeprefix(f"{outside.settings.media_url}/")
    for key in (row["original_key"], variant):
        elsewhere = ticket.model_copy(update={"url": ticket.url.replace(row["object_key"], key)})
        assert elsewhere.url != ticket.url
        assert await send(elsewhere, RED) >= 400
