"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T18:18:28:945750"
VERSION = "1.38.0"
DESCRIPTION = "authors whose posts are not fanned out, and facts timelines wait for"

STATEMENTS = (
    "CREATE INDEX outbox_shown ON outbox (type, at, id)\n        WHERE type IN ('PostPublished', 'PostRestored', 'PostRepostsChanged', 'RowShown', 'Followed')",
)


class RawTable(Table):
    """Runs statements."""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="vitrine", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await RawTable.raw(statement)

    manager.add_raw(run)
    return manager
