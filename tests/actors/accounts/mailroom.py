"""Letters carried by hand: the jobs that are owed are done here, one by one, so that a test says when and how often."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from email.message import EmailMessage

import asyncpg
import orjson

from actors.adapters.mail import Mail
from actors.adapters.outside import Outside
from actors.adapters.spool import Spool
from actors.domains import actors
from actors.kernel.jobs import Bench, JobContext
from actors.kernel.system import System, listeners_of
from actors.kernel.wakeup import Wakeup
from actors.worker import declared_jobs
from tests.actors.auth.people import fetch, until

OWED = "SELECT id, task, args FROM job_intents WHERE done_at IS NULL AND task = ANY($1) ORDER BY seq"
LETTERS = ("accounts.send_letter",)


class Mailroom:
    """The jobs of accounts, and the spool they write to."""

    def __init__(self, system: System, outside: Outside) -> None:
        self.system = system
        self.outside = outside
        self.database_url = outside.settings.database_url
        assert outside.settings.mail_spool is not None
        self.spool = Spool(outside.settings.mail_spool)

    async def heard(self) -> None:
        """Wait until every fact so far has taken effect in accounts."""
        unheard = (
            "SELECT count(*) FROM outbox o WHERE 'accounts' = ANY(string_to_array(targets, ' ')) AND NOT EXISTS "
            "(SELECT FROM inbox_records r WHERE r.event_id = o.id AND r.domain = 'accounts')"
        )
        await until(lambda: self.value(unheard), 0)

    async def value(self, sql: str, *args: object) -> object:
        """One value from the database."""
        ((found,),) = await fetch(self.database_url, sql, *args)
        return found

    async def owed(self, *tasks: str) -> Sequence[asyncpg.Record]:
        """The jobs that wait, letters by default, the first owed first."""
        return await fetch(self.database_url, OWED, tasks or LETTERS)

    async def attempt(self, job: asyncpg.Record, mail: Mail | None = None) -> None:
        """One attempt at a job, with another way for mail if given."""
        outside = self.outside if mail is None else replace(self.outside, mail=mail)
        bench = Bench(outside, listeners_of(actors()), Wakeup(outside.database), asyncio.Semaphore(1))
        context = JobContext(bench, job["id"], None)
        await declared_jobs()[job["task"]].run(context, **orjson.loads(job["args"]))

    async def send(self, mail: Mail | None = None) -> list[EmailMessage]:
        """Do every letter that is owed. Returns what is in the spool, the newest first."""
        await self.heard()
        for letter in await self.owed():
            await self.attempt(letter, mail)
        return await self.all()

    async def all(self) -> list[EmailMessage]:
        """Everything in the spool, the newest first."""
        return [message for _, message in await self.spool.newest(1_000)]

    async def token(self, subject: str, to: str) -> str:
        """Send what is owed; the token in the newest letter with these words in its subject to that address."""
        for message in await self.send():
            if subject in message["Subject"] and message["To"] == to:
                return token_in(message)
        raise AssertionError(f"nothing about {subject!r} went to {to}")


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    """What a letter says."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def token_in(message: EmailMessage) -> str:
    """The token of its link, the same in both forms."""
    (plain,) = re.findall(r"/#[a-z-]+=([\w-]{43})\b", text_of(message))
    assert set(re.findall(r"/#[a-z-]+=([\w-]{43})\b", text_of(message, "html"))) == {plain}
    return str(plain)
