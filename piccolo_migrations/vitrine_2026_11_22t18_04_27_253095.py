"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T18:04:27:253095"
VERSION = "1.38.0"
DESCRIPTION = "what people tell their feed"

STATEMENTS = (
    'ALTER TABLE feed_feedback DROP CONSTRAINT feed_feedback_pkey, ADD PRIMARY KEY (user_id, signal, post_id)',
    'CREATE INDEX feed_feedback_of_post ON feed_feedback (post_id)',
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
