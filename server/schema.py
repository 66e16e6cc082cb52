"""The schema of the database: brought up to date by migrations, and held against what the tables declare."""

import contextlib
import io
import secrets
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import structlog
from piccolo.apps.migrations.commands.forwards import run_forwards
from piccolo.apps.migrations.commands.new import NoChanges, new
from piccolo.engine.finder import engine_finder
from piccolo.table import Table, sort_table_classes

from actors.piccolo_app import APP_CONFIG, RAW

log = structlog.get_logger(__name__)

MIGRATION_LOCK = 0x7672_6D67
"""The advisory lock of a migration ("vrmg"); Piccolo itself takes none."""
_FOLDER = Path(APP_CONFIG.resolved_migrations_folder_path)


class MigrationFailed(Exception):
    """A migration could not be carried out; the database is as it was before it."""


async def migrate(url: str, *, until: str = "all") -> None:
    """Apply what is missing, one process at a time, up to the migration with the id `until`.

    Raises `MigrationFailed` with Piccolo's own words.
    """
    lock = await asyncpg.connect(url, timeout=10)
    try:
        await lock.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        said = await _with_piccolo(url, until)
    finally:
        await lock.close()
    log.info("migrated", said=said.splitlines()[-1:])


apply = migrate


async def _with_piccolo(url: str, until: str) -> str:
    engine = engine_finder()
    assert engine is not None, "piccolo_conf names one"
    engine.config = {"dsn": url}  # type: ignore[attr-defined]  # a PostgresEngine, by piccolo_conf
    with contextlib.redirect_stdout(io.StringIO()) as said:
        try:
            result = await run_forwards(APP_CONFIG.app_name, migration_id=until)
        except SystemExit as error:
            raise MigrationFailed(said.getvalue()) from error
    if not result.success:
        raise MigrationFailed(result.message or said.getvalue())
    return said.getvalue()


async def generate(name: str) -> Sequence[str]:
    """Write the migrations that bring a database to what the tables declare. Returns the new files' names.

    What Piccolo cannot say comes in a file of its own after the tables, because it runs such statements first.
    """
    before = _files()
    known = "".join(path.read_text() for path in before)
    with contextlib.suppress(NoChanges, SystemExit), contextlib.redirect_stdout(io.StringIO()):
        await new(APP_CONFIG.app_name, auto=True, desc=name, auto_input="y")
    missing = [statement for statement in RAW if repr(statement) not in known]
    if missing:
        tables = _files()
        with contextlib.redirect_stdout(io.StringIO()):
            await new(APP_CONFIG.app_name, desc=name)
        (path,) = set(_files()) - set(tables)
        path.write_text(_RAW_MIGRATION.format(id=_id_of(path), description=name, statements=_listed(missing)))
    return sorted(path.name for path in set(_files()) - set(before))


def _files() -> list[Path]:
    return sorted(_FOLDER.glob("vitrine_*.py"))


def _id_of(path: Path) -> str:
    (line,) = [line for line in path.read_text().splitlines() if line.startswith("ID = ")]
    return line.removeprefix("ID = ").strip("\"'")


def _listed(statements: Sequence[str]) -> str:
    return "".join(f"    {statement!r},\n" for statement in statements)


_RAW_MIGRATION = '''"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "{id}"
VERSION = "1.38.0"
DESCRIPTION = "{description}"

STATEMENTS = (
{statements})


class RawTable(Table):
    """Runs statements."""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="vitrine", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await RawTable.raw(statement)

    manager.add_raw(run)
    return manager
'''


async def differences(url: str) -> Sequence[str]:
    """What the migrations build against what the tables declare, on two empty databases beside `url`.

    Each line is something that only one of them has; none means no drift.
    """
    async with scratch(url) as migrated, scratch(url) as declared:
        await migrate(migrated)
        await _create(declared)
        built, wanted = await catalogue(migrated), await catalogue(declared)
    only_built = [f"only in the migrations: {line}" for line in sorted(built - wanted)]
    return only_built + [f"only in the tables: {line}" for line in sorted(wanted - built)]


@contextlib.asynccontextmanager
async def scratch(url: str) -> AsyncIterator[str]:
    """An empty database beside `url`, for a while."""
    name = f"vitrine_scratch_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(url, timeout=10)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


async def _create(url: str) -> None:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        for table in sort_table_classes(APP_CONFIG.table_classes):
            for statement in _ddl(table):
                await connection.execute(statement)
        for statement in RAW:
            await connection.execute(statement)
    finally:
        await connection.close()


def _ddl(table: type[Table]) -> Sequence[str]:
    indexed = [column for column in table.all_columns() if column._meta.index]  # noqa: SLF001  Piccolo's own reader
    indexes = [statement for column in indexed for statement in table.create_index([column]).ddl]
    return [*table.create_table().ddl, *indexes]


_CATALOGUE = """
SELECT format('column %s.%s %s%s default %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
              CASE WHEN a.attnotnull THEN ' not null' ELSE '' END, pg_get_expr(d.adbin, d.adrelid))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'migration'
UNION ALL
SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'migration'
UNION ALL
SELECT format('constraint on %s: %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'migration'
UNION ALL
SELECT format('function %s', pg_get_functiondef(oid)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


async def catalogue(url: str) -> set[str]:
    """Every column, index, constraint and function of a database, a line each."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return {row[0] for row in await connection.fetch(_CATALOGUE)}
    finally:
        await connection.close()
