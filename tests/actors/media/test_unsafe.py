"""Nothing is shown that the scanner has not passed, and processing that dies leaves nobody waiting."""

from dataclasses import replace

import pytest

from actors.adapters.outside import Outside
from actors.adapters.scanner import Clamd, ScannerUnavailable
from actors.kernel.system import System
from actors.media import darkroom
from actors.media.jobs import process
from actors.media.messages import PhotoState
from server.embedded.ports import free_port
from tests import images
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.media.uploading import bound, perform, settled, state_of, uploaded, working
from tests.clamd import EICAR, clamd

pytestmark = pytest.mark.usefixtures("storage")


async def test_an_infected_picture_is_rejected_and_a_clean_one_waits_until_it_was_looked_at(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    infected, clean = [await uploaded(system, ana, images.photograph() + tail) for tail in (EICAR, b"")]
    for ticket in (infected, clean):
        await bound(system, ana, ticket)
    async with clamd() as server:
        scanned = replace(outside, scanner=Clamd("127.0.0.1", server.port))
        await perform(scanned, process, photo_id=infected.upload_id)
    upload = await state_of(system, ana, infected)
    assert (upload.state, upload.reason) == (PhotoState.rejected, "unsafe")
    away = replace(outside, scanner=Clamd("127.0.0.1", free_port()))
    with pytest.raises(ScannerUnavailable):
        await perform(away, process, photo_id=clean.upload_id)
    assert (await state_of(system, ana, clean)).state is PhotoState.processing
    async with clamd() as server:
        await perform(replace(outside, scanner=Clamd("127.0.0.1", server.port)), process, photo_id=clean.upload_id)
        assert server.seen == 1
    assert (await state_of(system, ana, clean)).state is PhotoState.ready
    (fact,) = await facts(database_url, "PhotoRejected")
    assert (fact["photo_id"], fact["reason"]) == (str(infected.upload_id), "unsafe")


async def test_an_upload_whose_processing_dies_for_good_is_rejected_and_its_owner_told(
    system: System, outside: Outside, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(darkroom, "_MODULE", "tests.actors.media.misbehaving")  # it dies of every picture
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, images.photograph())
    await bound(system, ana, ticket)
    async with working(outside, first_pause=0.01):
        upload = await settled(system, ana, ticket)
    assert (upload.state, upload.reason) == (PhotoState.rejected, "processing_failed")
    (row,) = await fetch(database_url, "SELECT topics, live_type FROM outbox WHERE type = 'PhotoRejected'")
    assert (row["topics"], row["live_type"]) == (f"user:{ana.id}", "upload.rejected")
    (letter,) = await fetch(database_url, "SELECT type, attempts FROM dead_letters WHERE domain = 'jobs'")
    assert tuple(letter) == ("media.process", 6)
