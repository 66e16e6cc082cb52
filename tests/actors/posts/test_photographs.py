"""What becomes of a post when its photograph is ready, or turns out to be none."""

import pytest

from actors.adapters.outside import Outside
from actors.kernel.errors import NotFound
from actors.kernel.system import System
from actors.media.jobs import process
from actors.media.messages import BindUpload, PhotoState
from actors.posts.edit_messages import EditPost, ListRevisions
from actors.posts.messages import CreatePost, GetPost, SetLike
from tests.actors.auth.people import callers, facts, fetch, until
from tests.actors.media.uploading import perform, uploaded, working
from tests.actors.posts.posting import publish
from tests.images import photograph, text_file

pytestmark = pytest.mark.usefixtures("storage")


async def test_a_post_shows_its_photograph_once_that_is_ready(
    system: System, outside: Outside, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    made = await publish(system, ana, tags=("sea",))
    assert made.photo.state is PhotoState.processing
    assert made.photo.variants == ()
    await system.ask(SetLike(caller=bea, post_id=made.id, liked=True))

    async def updates() -> int:
        return len(await facts(database_url, "PostUpdated"))

    async with working(outside):
        await until(updates, 1)
    found = await system.ask(GetPost(post_id=made.id))
    assert found.post.photo.state is PhotoState.ready
    assert len(found.post.photo.variants) == 3
    (fact,) = await facts(database_url, "PostUpdated")
    assert fact["post"] == found.post.model_dump(mode="json")
    (row,) = await fetch(database_url, "SELECT topics, live_type FROM outbox WHERE type = 'PostUpdated'")
    assert row["topics"].split() == [f"post:{made.id}", f"author:{ana.id}", "profile:ana", "tag:sea"]
    assert row["live_type"] == "post.updated"


async def test_a_post_whose_photograph_is_rejected_is_withdrawn(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "Ana")
    ticket = await uploaded(system, ana, text_file())
    made = await system.ask(CreatePost(caller=ana, upload_id=ticket.upload_id, tags=("sea",)))

    async def withdrawn() -> int:
        return len(await facts(database_url, "PostDeleted"))

    async with working(outside):
        await until(withdrawn, 1)
    with pytest.raises(NotFound):
        await system.ask(GetPost(post_id=made.id))
    (row,) = await fetch(database_url, "SELECT topics FROM outbox WHERE type = 'PostDeleted'")
    assert row["topics"].split() == [f"post:{made.id}", f"author:{ana.id}", "profile:ana", "tag:sea"]

    async def counted() -> int:
        rows = await fetch(database_url, "SELECT posts FROM profiles WHERE user_id = $1", ana.id)
        return rows[0]["posts"] if rows else -1

    await until(counted, 0)


async def test_what_it_was_taken_with_shows_for_as_long_as_its_author_wants_that(
    system: System, outside: Outside
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, photograph())
    await system.ask(BindUpload(owner_id=ana.id, upload_id=ticket.upload_id))  # by a first try that failed later on
    made = await system.ask(CreatePost(caller=ana, upload_id=ticket.upload_id, show_camera=False))
    await perform(outside, process, photo_id=ticket.upload_id)

    async def camera() -> str | None:
        meta = (await system.ask(GetPost(post_id=made.id))).post.photo.meta
        assert meta is not None
        assert (meta.lens is None, meta.exposure is None) == (meta.camera is None,) * 2
        assert meta.artist == "Ada Lovelace"
        return meta.camera

    assert await camera() is None
    for wanted, shown in ((True, "Spy Cam 3"), (False, None), (True, "Spy Cam 3"), (None, None)):
        edited = await system.ask(EditPost(caller=ana, post_id=made.id, show_camera=wanted))
        assert edited.photo.meta is not None
        assert edited.photo.meta.camera == await camera() == shown
    assert (await system.ask(ListRevisions(post_id=made.id))).items == ()
