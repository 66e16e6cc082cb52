"""`python -m load <scenario>`: start a Vitrine, drive it, print figures, draw the report."""

import os
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from load import report
from load.bench import Bench
from load.conditions import ConditionBroken, assert_conditions
from load.figures import Outcome
from load.processes import PartFailed
from load.scenarios import SCENARIOS
from load.stack import durable_servers, fill, serving
from load.world import World, read_people, read_world
from server.embedded.processes import EmbeddedError

POSTS = 600

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command(
    epilog="Examples: `python -m load all --short` · `python -m load likes --processes 2` · "
    "`python -m load watch --url http://127.0.0.1:8080 --database postgresql://… --tokens tokens.jsonl`"
)
def main(
    scenario: Annotated[str, typer.Argument(help=f"{', '.join(SCENARIOS)}, or all.")],
    *,
    short: Annotated[bool, typer.Option("--short", help="A few seconds each: a smoke test, not a figure.")] = False,
    processes: Annotated[int, typer.Option(min=1, max=16, help="Server processes.")] = 1,
    data: Annotated[Path | None, typer.Option(help="Keep the world there, and use it again.")] = None,
    url: Annotated[str, typer.Option(help="Drive this server of yours instead; 127.0.0.1 only.")] = "",
    database: Annotated[str, typer.Option(help="Its database, to check conditions and counts.")] = "",
    tokens: Annotated[Path | None, typer.Option(help="Its people: `vitrine seed --tokens FILE`.")] = None,
) -> None:
    """Measure a Vitrine under load.

    Starts PostgreSQL with fsync, Valkey, S3 and a server of its own, checks that durability, authentication and
    rate limits are on, and that people are distinct; then drives it from this process. Ends with 1 when a goal is
    missed or anything fails.
    """
    names = list(SCENARIOS) if scenario == "all" else [scenario]
    if unknown := set(names) - set(SCENARIOS):
        raise typer.BadParameter(f"there is no scenario {unknown.pop()!r}: {', '.join(SCENARIOS)}, all")
    try:
        if url:
            if not url.startswith("http://127.0.0.1") or not database or tokens is None:
                raise typer.BadParameter("--url takes an address on 127.0.0.1, with --database and --tokens")
            outcomes = uvloop.run(_drive(names, url, database, tokens, short=short, processes=processes))
        else:
            with durable_servers(data) as environment:
                outcomes = uvloop.run(_own(names, environment, short=short, processes=processes))
    except (EmbeddedError, PartFailed, ConditionBroken) as error:
        typer.echo(str(error), err=True)
        raise SystemExit(2) from None
    print(f"\nreport: {os.path.relpath(report.write(outcomes, short=short))}")
    raise SystemExit(0 if all(outcome.is_good for outcome in outcomes) else 1)


async def _own(names: list[str], environment: dict[str, str], *, short: bool, processes: int) -> list[Outcome]:
    """Each scenario on a server started for it, all in one world."""
    people = max(SCENARIOS[name].needs(short=short) for name in names)
    print(f"Starting a Vitrine of {people:,} people and {POSTS} posts …", flush=True)
    tokens = await fill(environment, people=people, posts=POSTS)
    database = environment["DB_URL"]
    world = await read_world(database, read_people(tokens))
    folder = Path(environment["LOAD_FOLDER"])
    outcomes = []
    for name in names:
        own = {**environment, **SCENARIOS[name].environment}
        async with serving(own, processes=processes) as served:
            bench = Bench(served.url, database, world, short, processes, folder, own, served.pid)
            outcomes.append(await _measure(name, bench))
    return outcomes


async def _drive(
    names: list[str], url: str, database: str, tokens: Path, *, short: bool, processes: int
) -> list[Outcome]:
    """Every scenario on a server that runs already."""
    world: World = await read_world(database, read_people(tokens))
    report.FOLDER.mkdir(exist_ok=True)
    return [await _measure(name, Bench(url, database, world, short, processes, report.FOLDER)) for name in names]


async def _measure(name: str, bench: Bench) -> Outcome:
    scenario = SCENARIOS[name]
    outcome = Outcome(name, scenario.title)
    outcome.conditions = await assert_conditions(
        bench.url, bench.database_url, bench.world, needs=scenario.needs(short=bench.short)
    )
    outcome.conditions.append(f"server: {bench.processes} process{'es' if bench.processes > 1 else ''}")
    await scenario.run(bench, outcome)
    print(report.table(outcome), flush=True)
    return outcome


if __name__ == "__main__":
    app()
