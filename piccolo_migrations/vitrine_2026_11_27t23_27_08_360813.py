"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-27T23:27:08:360813"
VERSION = "1.38.0"
DESCRIPTION = "profiles keep the key of their avatar"

STATEMENTS = (
    "UPDATE profiles SET avatar_key = (\n        SELECT kept ->> 'key' FROM photos ph, jsonb_array_elements(ph.variants) AS kept\n        WHERE ph.id = avatar_photo_id ORDER BY (kept ->> 'width')::int LIMIT 1)\n        WHERE avatar_photo_id IS NOT NULL",
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
