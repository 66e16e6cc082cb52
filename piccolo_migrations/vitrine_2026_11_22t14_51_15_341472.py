"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T14:51:15:341472"
VERSION = "1.38.0"
DESCRIPTION = "where originals lie, and when photographs go"

STATEMENTS = (
    'CREATE INDEX photos_to_release ON photos (release_at) WHERE release_at IS NOT NULL',
    "CREATE INDEX photos_to_clear ON photos (expires_at)\n        WHERE cleared_at IS NULL AND (original_key IS NOT NULL OR state = 'rejected')",
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
