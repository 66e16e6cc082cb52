"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T16:11:11:373242"
VERSION = "1.38.0"
DESCRIPTION = "deleted comments are found by their time"

STATEMENTS = (
    "CREATE INDEX comments_deleted ON comments (deleted_at) WHERE deleted_at IS NOT NULL AND body <> ''",
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
