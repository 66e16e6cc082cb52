"""How uploads nobody posts, and photographs nobody shows any more, go: objects first, then rows, whatever breaks."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.accounts.events import AccountErased
from actors.adapters.outside import Outside
from actors.adapters.storage import open_storage
from actors.kernel.errors import NotFound
from actors.kernel.jobs import JobContext
from actors.kernel.system import System
from actors.media.jobs import erase, process, sweep
from actors.media.messages import PhotoState, ReleasePhoto, UploadLimits, UploadTicket
from server.embedded.ports import free_port
from tests import images
from tests.actors.auth.people import callers, fetch, until
from tests.actors.media.uploading import bound, perform, state_of, uploaded
from tests.actors.posts.posting import publish

pytestmark = pytest.mark.usefixtures("storage")

PICTURE = images.photograph(64, 48)
ANY = "expires_at IS NOT NULL"


async def age(database_url: str, hours: float, where: str = ANY) -> None:
    """Let so many hours pass for these photographs."""
    await fetch(
        database_url,
        f"UPDATE photos SET created_at = created_at - $1::interval, expires_at = expires_at - $1::interval, "
        f"released_at = released_at - $1::interval WHERE {where}",
        timedelta(hours=hours),
    )


async def objects_of(outside: Outside, photo_id: UUID) -> int:
    """How many objects there are of a photograph, as its row and its folders tell."""
    (row,) = await fetch(outside.settings.database_url, "SELECT * FROM photos WHERE id = $1", photo_id)
    folders = (f"uploads/{photo_id}/", f"originals/{photo_id}/", f"{row['variants_key']}/")
    return sum([len(await outside.storage.under(folder)) for folder in folders])


async def ready(system: System, outside: Outside, caller: Any) -> UploadTicket:
    """A photograph of a post."""
    ticket = await uploaded(system, caller, PICTURE)
    await bound(system, caller, ticket)
    await perform(outside, process, photo_id=ticket.upload_id)
    return ticket


async def test_an_upload_no_post_came_for_is_gone_after_a_day_and_no_other(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    old, young, posted = [await uploaded(system, ana, PICTURE) for _ in range(3)]
    await bound(system, ana, posted)
    await age(database_url, 25, f"id <> '{young.upload_id}'")
    await perform(outside, sweep)
    with pytest.raises(NotFound):
        await state_of(system, ana, old)
    with pytest.raises(NotFound):
        await bound(system, ana, old)
    assert await objects_of(outside, old.upload_id) == 1, "a PUT or an attempt may still be under way"
    await age(database_url, 2, f"id = '{old.upload_id}'")
    folder = f"uploads/{old.upload_id}/"
    await perform(outside, sweep)
    assert await outside.storage.under(folder) == []
    assert {row["id"] for row in await fetch(database_url, "SELECT id FROM photos")} == {
        young.upload_id,
        posted.upload_id,
    }
    assert (await state_of(system, ana, young)).state is PhotoState.uploaded
    assert (await state_of(system, ana, posted)).state is PhotoState.processing
    assert await objects_of(outside, posted.upload_id) == 1, "it waits to be processed"


async def test_a_post_that_comes_while_the_sweep_does_has_its_photograph_whole_or_not_at_all(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    tickets = [await uploaded(system, ana, PICTURE) for _ in range(6)]
    await age(database_url, 25)
    outcomes, *_ = await asyncio.gather(
        asyncio.gather(*(bound(system, ana, ticket) for ticket in tickets), return_exceptions=True),
        perform(outside, sweep),
        perform(outside, sweep),
    )
    await age(database_url, 2)
    await asyncio.gather(perform(outside, sweep), perform(outside, sweep))
    left = {row["id"]: row for row in await fetch(database_url, "SELECT id, state, released_at FROM photos")}
    for ticket, outcome in zip(tickets, outcomes, strict=True):
        if isinstance(outcome, NotFound):
            assert ticket.upload_id not in left
        else:
            assert not isinstance(outcome, BaseException)
            row = left[ticket.upload_id]
            assert (row["state"], row["released_at"]) == ("processing", None)
            assert await objects_of(outside, ticket.upload_id) == 1


async def test_what_was_sent_goes_once_its_original_lies_elsewhere(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    shown, refused = await ready(system, outside, ana), await uploaded(system, ana, images.text_file())
    await bound(system, ana, refused)
    await perform(outside, process, photo_id=refused.upload_id)
    await perform(outside, sweep)
    assert (await objects_of(outside, shown.upload_id), await objects_of(outside, refused.upload_id)) == (5, 1)
    await age(database_url, 2)
    await perform(outside, sweep)
    assert (await objects_of(outside, shown.upload_id), await objects_of(outside, refused.upload_id)) == (4, 0)
    assert (await state_of(system, ana, shown)).state is PhotoState.ready
    assert (await state_of(system, ana, refused)).reason == "not_an_image"


async def test_a_released_photograph_goes_with_all_its_objects_even_stray_ones(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    kept, gone = [await ready(system, outside, ana) for _ in range(2)]
    (row,) = await fetch(database_url, "SELECT variants_key FROM photos WHERE id = $1", gone.upload_id)
    await outside.storage.write(f"{row['variants_key']}/thumb-of-another-attempt.webp", b"x", "image/webp")
    for _ in range(2):
        await system.ask(ReleasePhoto(photo_id=gone.upload_id))
    with pytest.raises(NotFound):
        await state_of(system, ana, gone)
    await perform(outside, sweep)
    assert await objects_of(outside, gone.upload_id) == 6
    await age(database_url, 2, f"id = '{gone.upload_id}'")
    await outside.storage.delete([f"{row['variants_key']}/thumb-of-another-attempt.webp"])  # as if one died half-way
    await perform(outside, sweep)
    assert await outside.storage.under(f"{row['variants_key']}/") == []
    assert await outside.storage.under(f"originals/{gone.upload_id}/") == []
    assert await outside.storage.under(f"uploads/{gone.upload_id}/") == []
    assert (await system.ask(UploadLimits(caller=ana))).used_today == 2, "whatever went, it was uploaded today"
    await age(database_url, 24, f"id = '{gone.upload_id}'")
    await perform(outside, sweep)
    assert [row["id"] for row in await fetch(database_url, "SELECT id FROM photos")] == [kept.upload_id]
    assert await objects_of(outside, kept.upload_id) == 5
    await system.ask(ReleasePhoto(photo_id=gone.upload_id))


async def test_a_photograph_released_while_it_is_processed_is_not_shown_and_leaves_nothing(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, PICTURE)
    await bound(system, ana, ticket)
    working = asyncio.create_task(perform(outside, process, photo_id=ticket.upload_id))
    await until(lambda: _progress(database_url), True)
    await system.ask(ReleasePhoto(photo_id=ticket.upload_id))
    await working
    (row,) = await fetch(database_url, "SELECT state, variants_key FROM photos")
    assert row["state"] == "processing"
    await age(database_url, 25)
    await perform(outside, sweep)
    assert await outside.storage.under(f"{row['variants_key']}/") == []
    assert await fetch(database_url, "SELECT id FROM photos") == []


async def _progress(database_url: str) -> bool:
    (row,) = await fetch(database_url, "SELECT progress FROM photos")
    return bool(row["progress"])


async def test_an_object_that_cannot_be_deleted_keeps_its_photograph_and_no_other(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    stuck, gone = [await uploaded(system, ana, PICTURE) for _ in range(2)]
    folder = f"uploads/{stuck.upload_id}"  # in which there is something, so that it is no object
    await fetch(database_url, "UPDATE photos SET object_key = $1 WHERE id = $2", folder, stuck.upload_id)
    for ticket in (stuck, gone):
        await system.ask(ReleasePhoto(photo_id=ticket.upload_id))
    await age(database_url, 25)
    await perform(outside, sweep)
    assert [row["id"] for row in await fetch(database_url, "SELECT id FROM photos")] == [stuck.upload_id]
    assert await outside.storage.under(f"uploads/{gone.upload_id}/") == []


async def test_of_an_erased_person_nothing_is_left_to_see(system: System, outside: Outside, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    await publish(system, ana)
    unposted, hers = await uploaded(system, ana, PICTURE), await ready(system, outside, bea)
    (posted,) = await fetch(database_url, "SELECT photo_id FROM posts")
    await perform(outside, process, photo_id=posted["photo_id"])

    async def announce(context: JobContext) -> None:
        async with context.transaction() as tx:
            tx.emit(AccountErased(user_id=ana.id))

    async def owed() -> list[Any]:
        rows = await fetch(database_url, "SELECT args FROM job_intents WHERE task = 'media.erase'")
        return [row["args"] for row in rows]

    await perform(outside, announce)
    await until(owed, [f'{{"user_id": "{ana.id}"}}'])
    await perform(outside, erase, user_id=ana.id)
    await age(database_url, 25, f"owner_id = '{ana.id}'")
    await perform(outside, sweep)
    assert await objects_of(outside, posted["photo_id"]) == 0
    assert await outside.storage.under(f"uploads/{unposted.upload_id}/") == []
    (row,) = await fetch(database_url, "SELECT * FROM photos WHERE owner_id = $1", ana.id)
    assert row["id"] == posted["photo_id"], "the post that refers to it is taken away by others"
    assert (row["meta"], row["placeholder"], row["original_key"]) == (None, None, None)
    assert await objects_of(outside, hers.upload_id) == 5
    await fetch(database_url, "DELETE FROM posts")
    await system.ask(ReleasePhoto(photo_id=posted["photo_id"]))
    await age(database_url, 25, f"owner_id = '{ana.id}'")
    await perform(outside, sweep)
    assert await fetch(database_url, "SELECT id FROM photos WHERE owner_id = $1", ana.id) == []


async def test_a_sweep_without_a_storage_waits_for_the_next(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, PICTURE)
    await system.ask(ReleasePhoto(photo_id=ticket.upload_id))
    await age(database_url, 25)
    nowhere = outside.settings.model_copy(update={"s3_endpoint": f"http://127.0.0.1:{free_port()}"})
    async with open_storage(nowhere) as away:
        await perform(replace(outside, storage=away), sweep)
    assert await objects_of(outside, ticket.upload_id) == 1
    await perform(outside, sweep)
    assert await fetch(database_url, "SELECT id FROM photos") == []
