"""Tokens sent by mail, how much mail an address got of late, and letters that wait for the mail server."""

from piccolo.columns import UUID, Array, Bytea, ForeignKey, Integer, OnDelete, Text, Timestamptz
from piccolo.table import Table

from actors.auth.tables import User


class MailToken(Table, tablename="mail_tokens"):
    """The latest token somebody was sent for a purpose, by its hash. The one before it is worth nothing."""

    user_id = ForeignKey(User, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    purpose = Text()
    hash = Bytea(default=None, help_text="SHA-256 of the token")
    email = Text(help_text="the address it is sent to, and proves")
    former_email = Text(null=True, default=None, help_text="of a change: the address until then")
    asked_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    used_at = Timestamptz(null=True, default=None)


class MailQuota(Table, tablename="mail_quotas"):
    """When an address was last sent what strangers can cause. Forgotten after an hour."""

    address_hash = Bytea(primary_key=True, default=None)
    sent = Array(base_column=Timestamptz(), help_text="the latest times")
    latest_at = Timestamptz(default=None)


class DeferredLetter(Table, tablename="deferred_letters"):
    """A letter the mail server did not take yet, by the id of its mail."""

    mail_id = UUID(primary_key=True, default=None)
    letter = Text()
    user_id = ForeignKey(User, null=False, on_delete=OnDelete.cascade, default=None)
    object_key = Text(null=True, default=None, help_text="what of the storage it leads to")
    tries = Integer()
    next_at = Timestamptz(default=None)


RAW = (
    "ALTER TABLE mail_tokens DROP CONSTRAINT mail_tokens_pkey, ADD PRIMARY KEY (user_id, purpose)",
    "CREATE UNIQUE INDEX mail_tokens_hash ON mail_tokens (hash)",
    "CREATE INDEX mail_tokens_expiring ON mail_tokens (expires_at)",
    "CREATE INDEX mail_quotas_latest ON mail_quotas (latest_at)",
    "CREATE INDEX deferred_letters_due ON deferred_letters (next_at)",
    "CREATE INDEX deferred_letters_user ON deferred_letters (user_id)",
)
