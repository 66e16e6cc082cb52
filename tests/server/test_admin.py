"""`vitrine admin` beside servers that run: what it does holds there at once, and what it cannot do it says."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actors.settings import Settings
from load.processes import Served
from server.cli import app
from tests.attacks.people import PASSWORD
from tests.flows.people import Person
from tests.flows.stack import Stack, environment_of, stack_of


@pytest.fixture
async def stack(settings: Settings, tmp_path: Path) -> AsyncIterator[Stack]:
    """A deployment."""
    async with stack_of(settings, tmp_path) as stack:
        yield stack


async def admin(stack: Stack, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `vitrine admin …`, with this typed in."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "server", "admin", *arguments),
        env=environment_of(stack.settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    out, err = await process.communicate(typed.encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def sign_in(stack: Stack, served: Served, username: str, password: str = PASSWORD) -> Person:
    """Somebody by password."""
    given = await stack.ok(served, "POST", "/v1/auth/login", json={"login": username, "password": password})
    return Person(given["user"]["id"], given["user"]["username"], given["access_token"])


async def test_an_admin_is_made_by_hand_and_gives_roles(stack: Stack) -> None:
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    (one, two, unknown), served = await asyncio.gather(
        asyncio.gather(
            admin(stack, "create", "Ada_L", "ada@example.org", "--generate"),
            admin(stack, "create", "bea", "bea@example.org", typed=typed),
            admin(stack, "role", "nobody_here", "creator"),
        ),
        stack.serve(),
    )
    assert (unknown[0], unknown[2].strip()) == (2, "There is no such person.")
    assert one[0] == two[0] == 0, (one, two)
    assert one[1].splitlines()[0] == "Ada_L is an admin."
    assert two[1].splitlines()[-1] == "bea is an admin."
    assert PASSWORD not in "".join((*two[1:], *one[1:])), "what was typed is shown nowhere"
    password = one[1].splitlines()[1].removeprefix("password: ")
    ada = await sign_in(stack, served, "ada@example.org", password)
    me = await stack.ok(served, "GET", "/v1/auth/me", ada)
    assert (me["user"]["role"], me["user"]["email_verified"]) == ("admin", True)
    await stack.watch(served, ada, "admin:queue")

    code, said, _ = await admin(stack, "role", "ADA_l", "user")
    assert (code, said) == (0, "Ada_L was admin, and is user now.\n")
    status, _ = await stack.ask(served, "GET", "/v1/auth/me", ada)
    assert status == 200
    with pytest.raises(AssertionError, match="topic_forbidden"):
        await stack.watch(served, ada, "admin:queue")
    facts = await stack.database.fetch("SELECT type FROM outbox WHERE type = 'StandingChanged'")
    assert len(facts) == 3, "two admins and a role: the domain told of each"


async def registered(stack: Stack, served: Served) -> Person:
    """Ada, with one session."""
    fields = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    given = await stack.ok(served, "POST", "/v1/auth/register", json=fields)
    return Person(given["user"]["id"], "ada", given["access_token"])


async def test_who_is_suspended_is_out_as_the_command_ends(stack: Stack) -> None:
    served = await stack.serve()
    ada = await registered(stack, served)
    watcher = await stack.watch(served, ada, "me")
    code, said, _ = await admin(stack, "suspend", "ada", "--until", "2999-01-31", "--reason", "Sold followers.")
    ended = time.monotonic()
    assert (code, said) == (0, "ada is suspended until 2999-01-31 00:00 UTC.\n")
    assert await watcher.closed(seconds=1) == 4502
    await _is_out(stack, served, ada, ended + 1)
    status, problem = await stack.ask(served, "POST", "/v1/auth/login", json={"login": "ada", "password": PASSWORD})
    assert (status, problem["code"]) == (403, "account_suspended")
    assert "Sold followers." in problem["detail"]


@pytest.mark.slow
async def test_sessions_are_listed_and_ended_and_a_suspension_is_lifted(stack: Stack) -> None:
    served = await stack.serve()
    ada = await registered(stack, served)
    watcher = await stack.watch(served, ada, "me")
    code, said, _ = await admin(stack, "sessions", "ada")
    assert (code, len(said.splitlines())) == (0, 1)
    assert "127.0.0.0/24" in said

    code, said, _ = await admin(stack, "sessions", "ada", "--end")
    ended = time.monotonic()
    assert (code, said) == (0, "1 session of ada ended.\n")
    assert await watcher.closed(seconds=1) == 4501
    await _is_out(stack, served, ada, ended + 1)

    assert (await admin(stack, "suspend", "ada"))[:2] == (0, "ada is suspended until it is lifted.\n")
    assert (await admin(stack, "suspend", "ada", "--lift"))[:2] == (0, "ada may sign in again.\n")
    await sign_in(stack, served, "ada")


async def _is_out(stack: Stack, served: Served, person: Person, deadline: float) -> None:
    asked = time.monotonic()
    while (await stack.ask(served, "GET", "/v1/auth/me", person))[0] != 401:
        assert asked < deadline
        await asyncio.sleep(0.01)
        asked = time.monotonic()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["create", "a", "no address", "--generate"], ("username", "email")),
        (["create", "admin", "a@example.org", "--generate"], ("username",)),
        (["suspend", "ada", "--until", "2020-01-31"], ("--until", "over")),
        (["suspend", "ada", "--until", "soon"], ("--until",)),
        (["suspend", "ada", "--lift", "--reason", "x"], ("--lift",)),
        (["suspend", "ada", "--reason", "x" * 501], ("--reason", "500")),
        (["suspend", "a" * 101], ("100",)),
        (["role", "ada", "owner"], ("creator",)),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(arguments: list[str], named: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, ["admin", *arguments])
    assert result.exit_code == 2
    for word in named:
        assert word in result.output, result.output


def test_each_command_shows_how_it_is_called() -> None:
    for command in ("create", "role", "suspend", "sessions"):
        assert f"Example: vitrine admin {command}" in CliRunner().invoke(app, ["admin", command, "--help"]).output
