"""`vitrine`: everything an operator or developer starts by hand."""

import asyncio
import gc
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import UUID

import asyncpg
import typer

from actors.adapters import Outage
from actors.kernel import dead
from actors.kernel.errors import Refusal
from actors.settings import Settings, SettingsError, load_settings
from server.admin import admin
from server.embedded.processes import EmbeddedError
from server.http.logs import configure_logging
from server.rotation import keys

app = typer.Typer(
    help="Vitrine, the backend of a creative community.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
letters = typer.Typer(help="Events and jobs that were tried for the last time.", no_args_is_help=True)
app.add_typer(letters, name="dead")
app.add_typer(keys, name="keys")
app.add_typer(admin, name="admin")


def main() -> None:
    """The command line. Ends with 2 and a sentence for what the one who called it can mend."""
    # Nearly all a process makes stays, as what it imports does, or goes with its last reference: walking through
    # everything again and again took a sixth of each start.
    gc.set_threshold(50_000, 20, 50)
    try:
        app()
    except (SettingsError, EmbeddedError, Outage, Refusal) as error:
        _fail(str(error))
    except OSError as error:
        if error.filename is not None:
            _fail(f"{error.filename}: {error.strerror}")
        _fail(_no_answer(error))
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        _fail(f"The database is not up to date: {error}. Run `vitrine migrate` first.")
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        _fail(_no_answer(error))


def _no_answer(error: Exception) -> str:
    what = str(error) or "it took too long"
    return f"PostgreSQL does not answer as it should: {what}. Is DB_URL right, and is it up?"


def _fail(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise SystemExit(2)


def _settings() -> Settings:
    settings = load_settings()
    configure_logging(settings)
    return settings


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        import uvloop  # noqa: PLC0415  optional: asyncio's own loop does as well, slower
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


@app.command()
def dev(
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535, help="Port of the server.")] = 8080,
    data: Annotated[Path, typer.Option(help="Where the embedded servers keep their data.")] = Path(".vitrine"),
    *,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget all data first.")] = False,
    seed: Annotated[bool, typer.Option(help="Fill an empty database with demo people and posts.")] = True,
    life: Annotated[bool, typer.Option(help="Let demo people post, like and follow.")] = False,
) -> None:
    """Run everything on this machine: embedded servers, migrations, demo data, edge, worker and scheduler.

    Example: vitrine dev --port 8081 --fresh --life
    """
    from server.demo.words import DEMO, PASSWORD  # noqa: PLC0415  keeps `vitrine --help` quick
    from server.embedded.dev import dev as run_dev  # noqa: PLC0415  its wheels are an extra

    accounts = [f"{username} / {PASSWORD}" for username, _ in DEMO] if seed else []

    _run(run_dev(port=port, fresh=fresh, seed=seed, life=life, data=data, accounts=accounts))


@app.command()
def serve(
    processes: Annotated[int, typer.Option(min=1, max=64, help="Server processes on one port.")] = 1,
    *,
    share_port: Annotated[
        bool, typer.Option("--share-port", help="Let other servers listen on the same port, each getting its share.")
    ] = False,
) -> None:
    """Serve REST and WebSocket.

    Example: vitrine serve --processes 4
    """
    from server.serve import serve_many, serve_one  # noqa: PLC0415  keeps `vitrine --help` quick

    settings = _settings()
    if processes == 1:
        _run(serve_one(settings, shares_port=share_port))
    else:
        raise SystemExit(serve_many(settings, processes))


@app.command()
def worker() -> None:
    """Do the jobs: images, mail, counts."""
    from actors.worker import run_worker  # noqa: PLC0415  keeps `vitrine --help` quick

    _run(run_worker(_settings()))


@app.command()
def scheduler() -> None:
    """Start what is due by the clock. Several may run: one at a time holds the lease."""
    from actors.worker import run_scheduler  # noqa: PLC0415  keeps `vitrine --help` quick

    _run(run_scheduler(_settings()))


@app.command()
def migrate(
    *, new: Annotated[str, typer.Option("--new", help="Generate a migration from the tables, named so.")] = ""
) -> None:
    """Bring the database up to date. Several may run at once: one migrates, the others wait.

    Example: vitrine migrate
    """
    from server import schema  # noqa: PLC0415  reads every table

    if new:
        for file in asyncio.run(schema.generate(new)):
            typer.echo(file)
    else:
        try:
            asyncio.run(schema.migrate(_settings().database_url))
        except schema.MigrationFailed as error:
            _fail(f"The database is as it was before: {error}")


@app.command()
def seed(
    people: Annotated[int, typer.Option(min=2, help="How many people.")] = 200,
    posts: Annotated[int, typer.Option(min=0, help="How many posts.")] = 2000,
    tokens: Annotated[Path | None, typer.Option(help="Write access tokens of all people here, one a line.")] = None,
    *,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Do nothing where people exist already.")] = False,
) -> None:
    """Fill the database with a demo world, the same for the same numbers.

    Example: vitrine seed --people 5000 --posts 100000 --tokens tokens.jsonl
    """
    from server.demo.seed import seed as run_seed  # noqa: PLC0415  draws pictures

    _run(run_seed(_settings(), people=people, posts=posts, tokens=tokens, if_empty=if_empty))


@app.command()
def life() -> None:
    """Let demo people post, like and follow at a human pace, over the API of PUBLIC_URL."""
    from server.demo.life import life as run_life  # noqa: PLC0415  keeps `vitrine --help` quick

    _run(run_life(_settings()))


@app.command()
def check() -> None:
    """Check what is generated: migrations against tables, OpenAPI, AsyncAPI. Ends with 1 if something is off.

    Needs no running server: a database is started for it where DB_URL is not set.
    """
    from server.check import run_checks  # noqa: PLC0415  loads validators

    raise SystemExit(run_checks())


@letters.command("list")
def list_dead(domain: Annotated[str | None, typer.Option(help="Only of this domain, or `jobs`.")] = None) -> None:
    """List dead letters, the newest first, a thousand at the most.

    Example: vitrine dead list --domain feed
    """

    async def work(connection: asyncpg.Connection) -> None:
        for row in await dead.listing(connection, domain=domain):
            died = f"{row['died_at']:%Y-%m-%d %H:%M:%S}"
            typer.echo(f"{row['id']}  {died}  {row['domain']}  {row['type']}  {row['attempts']} tries  {row['error']}")

    _with_database(work)


@letters.command("replay")
def replay_dead(letter: UUID) -> None:
    """Send a dead letter to its domain once more; what took effect before does not take effect again."""
    _with_database(lambda connection: dead.replay(connection, letter))


@letters.command("drop")
def drop_dead(letter: UUID) -> None:
    """Forget a dead letter for good."""
    _with_database(lambda connection: dead.drop(connection, letter))


def _with_database(work: Any) -> None:
    async def connected() -> None:
        connection = await asyncpg.connect(load_settings().database_url, timeout=10)
        try:
            await work(connection)
        finally:
            await connection.close()

    asyncio.run(connected())
