"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T15:13:19:078192"
VERSION = "1.38.0"
DESCRIPTION = "what somebody likes and reposts is found by person"

STATEMENTS = (
    'CREATE INDEX likes_of_person ON likes (user_id, post_id)',
    'CREATE INDEX reposts_of_person ON reposts (user_id, post_id)',
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
