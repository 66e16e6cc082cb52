"""The kernel's own tables: facts on their way, what took effect, what failed, which jobs are owed."""

from piccolo.columns import UUID, BigInt, BigSerial, Boolean, Bytea, Integer, Text, Timestamptz
from piccolo.columns.column_types import JSONB
from piccolo.table import Table


class Outbox(Table, tablename="outbox"):
    """A fact, committed with the rows it tells of; `seq` orders facts about one key."""

    seq = BigSerial(primary_key=True)
    id = UUID(default=None, null=False)
    type = Text()
    key = Text()
    payload = Bytea(help_text="the event as JSON")
    targets = Text(help_text="domains that listen, joined by spaces")
    topics = Text(help_text="live topics, joined by spaces")
    live_type = Text(null=True, default=None)
    live_data = Bytea(null=True, default=None, help_text="the public model as JSON")
    ephemeral = Boolean(default=False)
    author = UUID(null=True, default=None)
    near = Text(default="", help_text="whom one must be able to meet besides, joined by spaces")
    origin = Text(null=True, default=None, help_text="the request id that caused it")
    at = Timestamptz()
    published_at = Timestamptz(null=True, default=None)


class InboxRecord(Table, tablename="inbox_records"):
    """This event took effect in this domain: its repeat does nothing."""

    domain = Text(primary_key=True)
    event_id = UUID(default=None, null=False)
    at = Timestamptz()


class DeadLetter(Table, tablename="dead_letters"):
    """An event or a job that was tried for the last time, kept until somebody replays or drops it."""

    id = UUID(primary_key=True, default=None)
    domain = Text(help_text="the domain that failed, or `jobs`")
    event_id = UUID(default=None, null=False)
    type = Text()
    key = Text()
    payload = Bytea()
    error = Text()
    attempts = Integer()
    event_at = Timestamptz()
    died_at = Timestamptz()


class JobIntent(Table, tablename="job_intents"):
    """A job that is owed: it is queued again until it is done."""

    id = UUID(primary_key=True, default=None)
    seq = BigSerial()
    task = Text()
    args = JSONB()
    origin = Text(null=True, default=None)
    created_at = Timestamptz()
    published_at = Timestamptz(null=True, default=None)
    done_at = Timestamptz(null=True, default=None)


class IdempotencyKey(Table, tablename="idempotency_keys"):
    """A request that was answered: its repeat gets the same answer."""

    scope = Text(primary_key=True, help_text="the caller's id")
    key = Text()
    fingerprint = Bytea(help_text="hash of the request")
    reply = Bytea(help_text="the reply as JSON")
    at = Timestamptz()


class RelayState(Table, tablename="relay_state"):
    """One row: the epoch of the live log, its last number, and the last batch moved to Redis."""

    id = Integer(primary_key=True, default=1)
    epoch = BigInt()
    n = BigInt()
    mark = BigInt()


class Walk(Table, tablename="walks"):
    """How far a job that walks through a table, a stretch at a time, has come; `turn` grows with every stretch."""

    name = Text(primary_key=True)
    after = UUID(default=None, null=False)
    turn = BigInt()


RAW = (
    "CREATE INDEX outbox_unpublished ON outbox (seq) WHERE published_at IS NULL",
    "CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL",
    "ALTER TABLE inbox_records DROP CONSTRAINT inbox_records_pkey, ADD PRIMARY KEY (event_id, domain)",
    "CREATE INDEX inbox_records_at ON inbox_records USING brin (at)",
    "CREATE UNIQUE INDEX dead_letters_once ON dead_letters (domain, event_id)",
    "CREATE INDEX job_intents_unpublished ON job_intents (seq) WHERE published_at IS NULL",
    "CREATE INDEX job_intents_owed ON job_intents (seq) WHERE done_at IS NULL",
    "ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey, ADD PRIMARY KEY (scope, key)",
    "CREATE INDEX idempotency_keys_at ON idempotency_keys USING brin (at)",
    "INSERT INTO relay_state (id, epoch, n, mark) VALUES (1, 0, 0, 0)",
)
