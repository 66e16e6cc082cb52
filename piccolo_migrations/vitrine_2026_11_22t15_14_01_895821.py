"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T15:14:01:895821"
VERSION = "1.38.0"
DESCRIPTION = "photographs are released at once, and only once"

STATEMENTS = (
    'CREATE INDEX photos_released ON photos (released_at) WHERE released_at IS NOT NULL AND cleared_at IS NULL',
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
