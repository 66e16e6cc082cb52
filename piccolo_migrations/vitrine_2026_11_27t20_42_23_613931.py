"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-27T20:42:23:613931"
VERSION = "1.38.0"
DESCRIPTION = "a post says whether its photograph tells how it was taken"

STATEMENTS = (
    'UPDATE posts SET show_camera = true FROM photos WHERE photos.id = posts.photo_id AND photos.show_camera',
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
