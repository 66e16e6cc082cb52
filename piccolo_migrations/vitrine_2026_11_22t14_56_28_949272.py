"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T14:56:28:949272"
VERSION = "1.38.0"
DESCRIPTION = "comments under posts"

STATEMENTS = (
    'CREATE INDEX comments_of_post ON comments (post_id, id DESC) WHERE parent_id IS NULL AND deleted_at IS NULL',
    'CREATE INDEX comments_replies ON comments (parent_id, id) WHERE deleted_at IS NULL',
    "CREATE INDEX comments_by_author ON comments (author_id, id) WHERE body <> ''",
    'CREATE INDEX comments_post_author ON comments (post_id, author_id)',
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
