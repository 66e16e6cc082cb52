"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-27T20:57:40:942861"
VERSION = "1.38.0"
DESCRIPTION = "photographs are forgotten once nothing counts them"

STATEMENTS = (
    'CREATE INDEX photos_to_forget ON photos (created_at)\n        WHERE cleared_at IS NOT NULL AND released_at IS NOT NULL AND posted_at IS NULL',
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
