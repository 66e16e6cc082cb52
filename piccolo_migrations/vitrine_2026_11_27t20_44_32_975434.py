"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-27T20:44:32:975434"
VERSION = "1.38.0"
DESCRIPTION = "originals of an author in one index"

STATEMENTS = (
    'CREATE INDEX posts_originals ON posts (author_id, id DESC) WHERE deleted_at IS NULL AND photo_id IS NOT NULL',
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
