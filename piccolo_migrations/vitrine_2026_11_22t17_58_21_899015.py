"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T17:58:21:899015"
VERSION = "1.38.0"
DESCRIPTION = "what takes notifications back, prefers and digests them"

STATEMENTS = (
    'DROP INDEX notifications_latest',
    'CREATE INDEX notifications_latest ON notifications (user_id, at DESC, id DESC) WHERE people > 0',
    'DROP INDEX notification_people_latest',
    'CREATE INDEX notification_people_latest ON notification_people (notification_id, at DESC, person_id) WHERE shown',
    'DROP INDEX notification_people_person',
    'CREATE INDEX notification_people_person ON notification_people (person_id, notification_id)',
    'CREATE INDEX notification_people_taken_back ON notification_people (at) WHERE NOT stands',
    'CREATE INDEX notification_digests_waiting ON notification_digests (waits_until) WHERE waits_until IS NOT NULL',
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
