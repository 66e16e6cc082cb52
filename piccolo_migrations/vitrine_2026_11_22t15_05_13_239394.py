"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T15:05:13:239394"
VERSION = "1.38.0"
DESCRIPTION = "privacy belongs to the graph, blocks and mutes are listed"

STATEMENTS = (
    'CREATE INDEX mutes_muted ON mutes (muted_id, muter_id)',
    'CREATE INDEX blocks_latest ON blocks (blocker_id, created_at DESC, blocked_id DESC)',
    'CREATE INDEX mutes_latest ON mutes (muter_id, created_at DESC, muted_id DESC)',
    'ALTER TABLE exports ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE',
    'CREATE INDEX exports_expiring ON exports (expires_at) WHERE expires_at IS NOT NULL',
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
