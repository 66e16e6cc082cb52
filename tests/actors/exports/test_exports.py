"""Taking one's data away: the real job, the real storage, an archive that is opened and read."""

import asyncio
import re
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import asyncpg
import orjson
import pytest
from aiohttp import ClientSession

from actors.accounts.events import AccountErased
from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.domains import actors, modules
from actors.exports import jobs
from actors.exports.messages import AskExport, ExportState, ExportView, GetExport, NoExport
from actors.kernel.message import Event
from actors.kernel.system import System, listeners_of
from actors.kernel.transaction import Transaction
from tests import images
from tests.actors.auth.people import callers, fetch, until
from tests.actors.media.uploading import bound, settled, uploaded, working

pytestmark = pytest.mark.usefixtures("storage")

NOT_EXPORTED = {
    "refresh_tokens": "secrets",
    "recovery_codes": "secrets",
    "mail_tokens": "secrets",
    "deferred_letters": "letters on their way, about what is in the lists",
    "notification_people": "who did it stands in what they did",
    "notification_absences": "that somebody is suspended or leaves, which is in the account",
    "feed_giants": "that somebody has many followers, which their profile says",
    "feed_scores": "a ranking of posts, which are in the lists",
    "exports": "this archive itself",
    "post_tags": "an index of posts.tags",
}
"""Tables that speak of people and stay out of an archive, and why."""


async def ready(system: System, caller: Caller) -> ExportView:
    async def state() -> ExportState:
        return (await system.ask(GetExport(caller=caller))).state

    await until(state, ExportState.ready)
    return await system.ask(GetExport(caller=caller))


async def commit(system: System, outside: Outside, *, fact: Event, job: str) -> None:
    """What another domain and the scheduler would have committed."""
    async with outside.database.for_command() as connection, connection.transaction():
        tx = Transaction(connection, None)
        tx.emit(fact)
        tx.enqueue(job)
        await tx.write_facts(listeners_of(actors()))
    system.wakeup.after_commit()


async def opened(export: ExportView) -> ZipFile:
    assert export.url is not None
    async with ClientSession() as http, http.get(export.url) as response:
        assert response.status == 200
        assert "attachment" in response.headers["Content-Disposition"]
        return ZipFile(BytesIO(await response.read()))


def rows(archive: ZipFile, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(archive.read(name))
    return found


async def test_an_archive_holds_what_its_owner_has_here_and_nothing_of_others(
    system: System, outside: Outside, database_url: str
) -> None:
    ana, ben = await callers(system, "ana", "ben")
    original = images.photograph(640, 480)
    ticket = await uploaded(system, ana, original)
    await bound(system, ana, ticket)
    await fetch(database_url, "INSERT INTO follows VALUES ($1, $2, now())", ben.id, ana.id)
    await fetch(database_url, "INSERT INTO blocks VALUES ($1, $2, now())", ben.id, ana.id)
    with pytest.raises(NoExport):
        await system.ask(GetExport(caller=ana))
    async with working(outside):
        await settled(system, ana, ticket)
        first = await system.ask(AskExport(caller=ana))
        assert (first.state, first.url) == (ExportState.preparing, None)
        export = await ready(system, ana)
        again = await system.ask(AskExport(caller=ana))
        assert again.id == export.id == first.id, "a fresh one is not made again"
        archive = await opened(export)
        assert archive.testzip() is None
        (account,) = rows(archive, "auth/account.json")
        assert (account["id"], account["username"]) == (str(ana.id), "ana")
        assert [row["username"] for row in rows(archive, "graph/followers.json")] == ["ben"]
        assert rows(archive, "graph/blocks.json") == [], "who blocks whom is theirs to know"
        about = orjson.loads(archive.read("about.json"))
        assert about["username"] == "ana"
        with pytest.raises(NoExport):
            await system.ask(GetExport(caller=ben))
        everything = b"".join(archive.read(name) for name in archive.namelist())
        for secret in await fetch(database_url, "SELECT password_hash FROM users"):
            assert secret["password_hash"].encode() not in everything
        assert archive.read(f"photos/{ticket.upload_id}.jpg") == original

        async def promised() -> int:
            letters = "SELECT FROM job_intents WHERE args->>'letter' = 'export_ready' AND done_at IS NOT NULL"
            return len(await fetch(database_url, letters))

        await until(promised, 1)
    (told,) = await fetch(database_url, "SELECT topics, live_type FROM outbox WHERE type = 'ExportReady'")
    assert (told["topics"], told["live_type"]) == (f"user:{ana.id}", "export.done")


async def test_twenty_who_ask_at_once_get_one_archive(system: System) -> None:
    (ana,) = await callers(system, "ana")
    exports = await asyncio.gather(*(system.ask(AskExport(caller=ana)) for _ in range(20)))
    assert len({export.id for export in exports}) == 1


async def test_an_archive_goes_when_its_days_are_over_or_its_owner_is_erased(
    system: System, outside: Outside, database_url: str
) -> None:
    ana, ben = await callers(system, "ana", "ben")
    async with working(outside):
        for person in (ana, ben):
            await system.ask(AskExport(caller=person))
        for person in (ana, ben):
            assert (await ready(system, person)).state is ExportState.ready
        keys = {row["user_id"]: row["object_key"] for row in await fetch(database_url, "SELECT * FROM exports")}
        await fetch(database_url, "UPDATE exports SET expires_at = now() WHERE user_id = $1", ana.id)
        with pytest.raises(NoExport):
            await system.ask(GetExport(caller=ana))
        await commit(system, outside, fact=AccountErased(user_id=ben.id), job="exports.expire")

        async def gone() -> bool:
            return all([await outside.storage.head(key) is None for key in keys.values()])

        await until(gone, True)

        async def kept() -> int:
            return len(await fetch(database_url, "SELECT * FROM exports"))

        await until(kept, 0)


async def people_columns(database_url: str) -> AsyncIterator[str]:
    connection = await asyncpg.connect(database_url)
    try:
        for row in await connection.fetch(
            "SELECT DISTINCT conrelid::regclass::text AS name FROM pg_constraint "
            "WHERE contype = 'f' AND confrelid = 'users'::regclass"
        ):
            yield row["name"]
    finally:
        await connection.close()


async def test_every_table_that_belongs_to_people_is_in_the_archive_or_stays_out_for_a_reason(
    database_url: str,
) -> None:
    assert set(jobs.DOMAINS) == set(modules("belongings"))
    read = {
        name
        for domain in jobs.DOMAINS
        for belonging in domain.BELONGINGS
        for name in re.findall(r"(?:FROM|JOIN) (\w+)", belonging.sql)
    }
    assert {name async for name in people_columns(database_url)} - read - set(NOT_EXPORTED) == set()
