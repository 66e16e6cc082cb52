"""A letter on its whole way: asked for over HTTP, written by a worker, handed to a real mail server."""

from pathlib import Path

import pytest

from actors.adapters.spool import Spool
from tests.actors.accounts.mailroom import token_in
from tests.actors.adapters.smtp import smtp_server
from tests.flows.stack import Stack, eventually
from tests.flows.test_journey import register

FROM = "Vitrine <noreply@vitrine.example>"


async def test_a_link_from_the_spool_proves_an_address(stack: Stack, tmp_path: Path) -> None:
    served = await stack.serve(MAIL_SPOOL=str(tmp_path / "mail"))
    stack.worker(MAIL_SPOOL=str(tmp_path / "mail"))
    ana = await register(stack, served, "ana")
    spool = Spool(tmp_path / "mail")

    async def mails() -> int:
        return len(await spool.newest(10))

    await eventually(mails, 1, "mails", 30)
    ((_, mail),) = await spool.newest(10)
    assert mail["To"] == "ana@example.com"
    status, _ = await stack.ask(served, "POST", "/v1/auth/email/verify", json={"token": token_in(mail)})
    assert status == 204
    me = await stack.ok(served, "GET", "/v1/auth/me", ana)
    assert me["user"]["email_verified"] is True


@pytest.mark.slow
async def test_a_worker_killed_while_the_server_says_yes_leaves_one_mail_for_whoever_reads_it(stack: Stack) -> None:
    async with smtp_server() as inbox:
        outgoing = {"SMTP_URL": f"smtp://{inbox.url}", "MAIL_FROM": FROM}
        served = await stack.serve()
        first = stack.worker(**outgoing)
        inbox.on_keeping = first.kill
        await register(stack, served, "ana")

        async def accepted() -> int:
            return len(inbox.raw)

        await eventually(accepted, 1, "mails", 30)
        assert await stack.value("SELECT count(*) FROM job_intents WHERE done_at IS NULL") == 1
        inbox.on_keeping = lambda: None
        stack.worker(**outgoing)
        # A dead worker's job is another's when its lease is over.
        await eventually(accepted, 2, "mails", 60)
        assert inbox.raw[0] == inbox.raw[1], "its Message-ID tells a receiver that it has it already"
        await stack.becomes(0, "SELECT count(*) FROM job_intents WHERE done_at IS NULL")
