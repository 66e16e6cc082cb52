"""Exports: at most one a person, the latest."""

from piccolo.columns import UUID, BigInt, Text, Timestamptz
from piccolo.table import Table


class Export(Table, tablename="exports"):
    """An archive of what somebody has here, while it is made and while it may be fetched."""

    id = UUID(primary_key=True, default=None)
    user_id = UUID(default=None, unique=True)
    state = Text(help_text="preparing, ready or failed")
    object_key = Text()
    bytes = BigInt(null=True, default=None)
    asked_at = Timestamptz(default=None)
    ready_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(null=True, default=None)


RAW = (
    "ALTER TABLE exports ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE",
    "CREATE INDEX exports_expiring ON exports (expires_at) WHERE expires_at IS NOT NULL",
)
