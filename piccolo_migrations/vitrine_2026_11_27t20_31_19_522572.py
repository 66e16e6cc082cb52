"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-27T20:31:19:522572"
VERSION = "1.38.0"
DESCRIPTION = "notifications are found by what they are about"

STATEMENTS = (
    'CREATE INDEX notifications_subject ON notifications (subject_id, id)',
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
