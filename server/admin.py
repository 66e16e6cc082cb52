"""`vitrine admin`: people and what they may do, by hand on our own machine."""

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import SecretStr, TypeAdapter, ValidationError

from actors.auth.names import UsernameOf
from actors.auth.people import Account, Role
from actors.auth.sessions import EndSessionsOf, SessionsOf, SessionView
from actors.auth.standing import AccountOf, CreateAdmin, LiftSuspension, Reason, SetRole, Suspend
from actors.kernel.envelope import Origin
from actors.kernel.message import Request
from actors.kernel.paging import Key
from actors.settings import load_settings
from server.http.logs import configure_logging

if TYPE_CHECKING:
    from actors.kernel.system import System

R = TypeVar("R")
_PAGE = 100

admin = typer.Typer(help="People and what they may do.", no_args_is_help=True)


def _checked(kind: Any) -> Callable[[str], str]:
    """Refuses, before anything is asked, what a message would not hold."""
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def check(value: str) -> str:
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            raise typer.BadParameter("; ".join(problem["msg"] for problem in error.errors())) from None

    return check


_Name = Annotated[str, typer.Argument(help="In any case.", callback=_checked(UsernameOf))]


@admin.command("create")
def create(
    username: Annotated[str, typer.Argument(help="As it is to be shown.")],
    email: Annotated[str, typer.Argument(help="Taken as verified.")],
    *,
    generate: Annotated[bool, typer.Option("--generate", help="Make a password and print it.")] = False,
) -> None:
    """Open an account with the role admin. The password is asked for, unless it is generated.

    Example: vitrine admin create ada_l ada@example.org --generate
    """
    password = secrets.token_urlsafe(18) if generate else _asked()
    try:
        order = CreateAdmin(username=username, email=email, password=SecretStr(password))
    except ValidationError as error:
        wrong = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
        raise typer.BadParameter(wrong) from None

    async def work(system: "System") -> None:
        account = await _ask(system, order)
        typer.echo(f"{account.username} is an admin.")
        if generate:
            typer.echo(f"password: {password}")

    _with_people(work)


@admin.command("role")
def set_role(username: _Name, role: Role) -> None:
    """Give somebody a role, effective at once in all their sessions.

    Example: vitrine admin role ada_l creator
    """

    async def work(system: "System") -> None:
        account = await _account(system, username)
        await _ask(system, SetRole(user_id=account.id, role=role))
        typer.echo(f"{account.username} was {account.role}, and is {role} now.")

    _with_people(work)


@admin.command("suspend")
def suspend(
    username: _Name,
    *,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="In UTC. Without it, until somebody lifts it."),
    ] = None,
    reason: Annotated[
        str, typer.Option(help="What they are told when they try to sign in.", callback=_checked(Reason))
    ] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Let them in again.")] = False,
) -> None:
    """Suspend somebody: every session ends at once, and what they show is hidden meanwhile.

    Example: vitrine admin suspend ada_l --until 2027-01-31 --reason "Sold followers."
    """
    end = until.replace(tzinfo=UTC) if until else None
    if end is not None and end <= datetime.now(UTC):
        raise typer.BadParameter(f"{end:%Y-%m-%d %H:%M} is over", param_hint="--until")
    if lift and (end or reason):
        raise typer.BadParameter("takes neither --until nor --reason", param_hint="--lift")

    async def work(system: "System") -> None:
        account = await _account(system, username)
        if lift:
            await _ask(system, LiftSuspension(user_id=account.id))
            typer.echo(f"{account.username} may sign in again.")
        else:
            await _ask(system, Suspend(user_id=account.id, until=end, reason=reason))
            typer.echo(
                f"{account.username} is suspended until {f'{end:%Y-%m-%d %H:%M} UTC' if end else 'it is lifted'}."
            )

    _with_people(work)


@admin.command("sessions")
def sessions(
    username: _Name, *, end: Annotated[bool, typer.Option("--end", help="End them all, at once.")] = False
) -> None:
    """List where somebody is signed in, or end all of it.

    Example: vitrine admin sessions ada_l --end
    """

    async def work(system: "System") -> None:
        account = await _account(system, username)
        if end:
            ended = await _ask(system, EndSessionsOf(user_id=account.id))
            typer.echo(f"{ended} session{'' if ended == 1 else 's'} of {account.username} ended.")
            return
        after: Key | None = None
        while True:
            page = await _ask(system, SessionsOf(user_id=account.id, limit=_PAGE, after=after))
            for session in page.items:
                typer.echo(_line(session))
            if (after := page.next) is None:
                return

    _with_people(work)


def _asked() -> str:
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password


def _line(session: SessionView) -> str:
    opened, used = (f"{at:%Y-%m-%d %H:%M}" for at in (session.created_at, session.last_used_at))
    return f"{session.id}  opened {opened}  used {used}  {session.area}  {session.device}"


async def _account(system: "System", username: str) -> Account:
    return await _ask(system, AccountOf(username=username))


async def _ask(system: "System", message: Request[R]) -> R:
    """Ask even while the system has fallen behind: then, above all, an operator must get through."""
    return await system.ask_within(message, Origin())


def _with_people(work: Callable[["System"], Awaitable[None]]) -> None:
    from server.commanding import working  # noqa: PLC0415  keeps `vitrine --help` quick

    settings = load_settings()
    # What a server would warn of at its start is none of this command's news.
    configure_logging(settings.model_copy(update={"log_level": "error"}), sys.stderr.buffer)

    async def connected() -> None:
        async with working(settings) as system:
            await work(system)

    asyncio.run(connected())
