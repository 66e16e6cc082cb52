"""What a private account shows lies where nobody else can look, whatever they were shown before."""

import asyncio
from typing import Any
from uuid import UUID

import orjson
import pytest
from aiohttp import ClientSession
from prometheus_client import REGISTRY
from uuid_utils.compat import uuid7
from yarl import URL

from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.graph.messages import SetPrivacy
from actors.kernel.jobs import JobContext
from actors.kernel.system import System
from actors.media import places
from actors.media.jobs import discard, find_misplaced, move, process
from actors.media.messages import Purpose, UploadTicket
from tests import images
from tests.actors.auth.people import callers, facts, fetch, until
from tests.actors.media.uploading import bound, perform, state_of, uploaded, working

pytestmark = pytest.mark.usefixtures("storage")

PICTURE = images.photograph(64, 48)


async def ready(system: System, outside: Outside, caller: Caller, **fields: Any) -> UploadTicket:
    """A photograph that was processed."""
    ticket = await uploaded(system, caller, PICTURE)
    await bound(system, caller, ticket, **fields)
    await perform(outside, process, photo_id=ticket.upload_id)
    return ticket


async def turn(system: System, caller: Caller, *, private: bool) -> None:
    await system.ask(SetPrivacy(caller=caller, private=private))


async def addresses(system: System, caller: Caller, ticket: UploadTicket) -> list[str]:
    upload = await state_of(system, caller, ticket)
    assert upload.photo is not None
    return [variant.url for variant in upload.photo.variants]


async def seen(urls: list[str]) -> list[bool]:
    """Whether each can be loaded."""
    async with ClientSession() as http:
        statuses = [(await http.get(URL(url, encoded=True))).status for url in urls]
    assert set(statuses) <= {200, 400, 403, 404}
    return [status == 200 for status in statuses]


def bare(outside: Outside, urls: list[str]) -> list[str]:
    """What is left of signed addresses without their signature, in the storage and where it is public."""
    paths = [url.partition("?")[0] for url in urls]
    bucket = f"/{outside.settings.s3_bucket}/"
    return paths + [f"{outside.settings.media_url}/{path.partition(bucket)[2]}" for path in paths]


async def owed(database_url: str, task: str) -> list[dict[str, Any]]:
    rows = await fetch(database_url, "SELECT args FROM job_intents WHERE task = $1", task)
    return [orjson.loads(row["args"]) for row in rows]


async def objects(outside: Outside, photo_id: UUID) -> list[str]:
    """The folders in which there is something of a photograph's, of all it ever was in."""
    (row,) = await fetch(outside.settings.database_url, "SELECT variants_key FROM photos WHERE id = $1", photo_id)
    return await outside.storage.under(f"{row['variants_key']}/")


async def test_what_was_public_cannot_be_loaded_once_its_account_is_private_and_the_other_way_round(
    system: System, outside: Outside
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await ready(system, outside, ana)
    public = await addresses(system, ana, ticket)
    assert await seen(public) == [True] * 3
    async with working(outside):
        await turn(system, ana, private=True)
        await until(lambda: seen(public), [False] * 3)
        signed = await addresses(system, ana, ticket)
        assert all("X-Amz-Signature" in url for url in signed)
        assert await seen(signed) == [True] * 3
        assert await seen(bare(outside, signed)) == [False] * 6
        await turn(system, ana, private=False)
        await until(lambda: seen(signed), [False] * 3)
    again = await addresses(system, ana, ticket)
    assert await seen(again) == [True] * 3
    assert not {*again} & {*public}, "an old address stays dead"


async def test_a_photograph_of_a_private_account_never_lies_in_public(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    await turn(system, ana, private=True)
    ticket = await ready(system, outside, ana)
    signed = await addresses(system, ana, ticket)
    assert await seen(signed) == [True] * 3
    assert await seen(bare(outside, signed)) == [False] * 6
    (fact,) = await facts(database_url, "PhotoReady")
    assert {variant["url"] for variant in fact["photo"]["variants"]} == {*signed}


async def test_an_avatar_shows_to_everybody_though_its_account_is_private(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    worn = await ready(system, outside, ana, purpose=Purpose.avatar)
    await turn(system, ana, private=True)
    await perform(outside, move, user_id=ana.id)
    later = await ready(system, outside, ana, purpose=Purpose.avatar)
    for ticket in (worn, later):
        urls = await addresses(system, ana, ticket)
        assert "X-Amz-Signature" not in "".join(urls)
        assert await seen(urls) == [True] * 3
    assert await owed(database_url, "media.discard") == []


@pytest.mark.parametrize("private", [True, False])
async def test_a_photograph_processed_while_privacy_changes_ends_on_the_right_side(
    system: System, outside: Outside, database_url: str, private: bool
) -> None:
    (ana,) = await callers(system, "ana")
    await turn(system, ana, private=not private)
    ticket = await uploaded(system, ana, PICTURE)
    await bound(system, ana, ticket)
    await turn(system, ana, private=private)
    of_changes = [{"user_id": str(ana.id)}] * (1 if private else 2)
    await until(lambda: owed(database_url, "media.move"), of_changes)
    await perform(outside, move, user_id=ana.id)  # it finds nothing yet
    await perform(outside, process, photo_id=ticket.upload_id)
    before = await addresses(system, ana, ticket)
    assert len(await owed(database_url, "media.move")) == len(of_changes) + 1
    await perform(outside, move, user_id=ana.id)
    (left,) = await owed(database_url, "media.discard")
    for _ in range(2):
        await perform(outside, discard, folders=left["folders"])
    assert await seen(before) == [False] * 3
    after = await addresses(system, ana, ticket)
    assert await seen(after) == [True] * 3
    assert ["X-Amz-Signature" in url for url in after] == [private] * 3


async def test_what_lies_on_the_wrong_side_is_found_and_moved_though_nobody_says_so(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    shown, worn = await ready(system, outside, ana), await ready(system, outside, ana, purpose=Purpose.avatar)
    public = await addresses(system, ana, shown)
    await fetch(database_url, "INSERT INTO private_accounts (user_id, since) VALUES ($1, now())", ana.id)
    for _ in range(2):
        await perform(outside, find_misplaced)
        assert await owed(database_url, "media.move") == [{"user_id": str(ana.id)}], "once, until it is done"
    assert REGISTRY.get_sample_value("vitrine_photos_misplaced") == 1
    await perform(outside, move, user_id=ana.id)
    (left,) = await owed(database_url, "media.discard")
    await perform(outside, discard, folders=left["folders"])
    assert await seen(public) == [False] * 3
    assert await seen(await addresses(system, ana, shown)) == [True] * 3
    assert await seen(await addresses(system, ana, worn)) == [True] * 3
    await perform(outside, find_misplaced)
    assert REGISTRY.get_sample_value("vitrine_photos_misplaced") == 0


async def test_two_moves_at_once_and_one_that_died_leave_one_copy(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await ready(system, outside, ana)
    await turn(system, ana, private=True)
    (row,) = await places.misplaced(system.reader, ana.id, 10)
    assert places.move_of(row, ana.id) == places.move_of(row, ana.id) != places.move_of(row, ticket.upload_id)
    await asyncio.gather(*(perform(outside, move, user_id=ana.id) for _ in range(2)))
    left = [folder for args in await owed(database_url, "media.discard") for folder in args["folders"]]
    assert row["variants_key"] in left
    await perform(outside, discard, folders=left)
    assert len(await objects(outside, ticket.upload_id)) == 3
    assert [keys for folder in left if (keys := await outside.storage.under(f"{folder}/"))] == []


async def test_who_turned_back_meanwhile_is_left_as_they_are(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await ready(system, outside, ana)
    public = await addresses(system, ana, ticket)
    await turn(system, ana, private=True)
    (row,) = await places.misplaced(system.reader, ana.id, 10)
    late = places.move_of(row, uuid7())
    await turn(system, ana, private=False)

    async def commit(context: JobContext) -> None:
        async with context.transaction() as tx:
            await places.hold(tx, ana.id)
            assert await places.note_moved(tx, [late]) == [late.after]

    await perform(outside, commit)
    assert await addresses(system, ana, ticket) == public
