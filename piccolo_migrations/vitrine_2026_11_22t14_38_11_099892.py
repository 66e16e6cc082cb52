"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T14:38:11:099892"
VERSION = "1.38.0"
DESCRIPTION = "standing of accounts and people"

STATEMENTS = (
    'ALTER TABLE follow_requests ADD FOREIGN KEY (requester_id) REFERENCES users ON DELETE CASCADE',
    'ALTER TABLE follow_requests ADD FOREIGN KEY (target_id) REFERENCES users ON DELETE CASCADE',
    'CREATE UNIQUE INDEX follow_requests_pair ON follow_requests (requester_id, target_id)',
    'CREATE INDEX follow_requests_target ON follow_requests (target_id, id DESC)',
    'ALTER TABLE blocks DROP CONSTRAINT blocks_pkey, ADD PRIMARY KEY (blocker_id, blocked_id)',
    'ALTER TABLE blocks ADD FOREIGN KEY (blocker_id) REFERENCES users ON DELETE CASCADE',
    'ALTER TABLE blocks ADD FOREIGN KEY (blocked_id) REFERENCES users ON DELETE CASCADE',
    'CREATE INDEX blocks_blocked ON blocks (blocked_id, blocker_id)',
    'ALTER TABLE mutes DROP CONSTRAINT mutes_pkey, ADD PRIMARY KEY (muter_id, muted_id)',
    'ALTER TABLE mutes ADD FOREIGN KEY (muter_id) REFERENCES users ON DELETE CASCADE',
    'ALTER TABLE mutes ADD FOREIGN KEY (muted_id) REFERENCES users ON DELETE CASCADE',
    'ALTER TABLE private_accounts ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE',
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
