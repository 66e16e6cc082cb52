"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T14:59:30:585275"
VERSION = "1.38.0"
DESCRIPTION = "tokens by mail, quotas of mail, and letters that wait"

STATEMENTS = (
    'ALTER TABLE mail_tokens DROP CONSTRAINT mail_tokens_pkey, ADD PRIMARY KEY (user_id, purpose)',
    'CREATE UNIQUE INDEX mail_tokens_hash ON mail_tokens (hash)',
    'CREATE INDEX mail_tokens_expiring ON mail_tokens (expires_at)',
    'CREATE INDEX mail_quotas_latest ON mail_quotas (latest_at)',
    'CREATE INDEX deferred_letters_due ON deferred_letters (next_at)',
    'CREATE INDEX deferred_letters_user ON deferred_letters (user_id)',
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
