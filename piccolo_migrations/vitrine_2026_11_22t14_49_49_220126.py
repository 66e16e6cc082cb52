"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T14:49:49:220126"
VERSION = "1.38.0"
DESCRIPTION = "sessions outlive Redis; authenticators"

STATEMENTS = (
    'DROP INDEX sessions_open',
    'CREATE INDEX sessions_open ON sessions (user_id, id DESC) WHERE revoked_at IS NULL',
    'CREATE UNIQUE INDEX sessions_web_id ON sessions (web_id_hash) WHERE web_id_hash IS NOT NULL',
    'CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL',
    'CREATE INDEX sessions_expiring ON sessions (expires_at) WHERE revoked_at IS NULL',
    'CREATE INDEX refresh_tokens_spent ON refresh_tokens (spent_at) WHERE spent_at IS NOT NULL',
    'CREATE INDEX users_changed ON users (changed_at) WHERE changed_at IS NOT NULL',
    'CREATE INDEX users_closing ON users (closing_at) WHERE closing_at IS NOT NULL AND deleted_at IS NULL',
    'ALTER TABLE authenticators ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE',
    'CREATE INDEX recovery_codes_user ON recovery_codes (user_id)',
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
