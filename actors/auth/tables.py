"""Accounts, unique by e-mail among the verified alone; sessions, each a family of refresh tokens; authenticators."""

from piccolo.columns import UUID, BigInt, Bytea, ForeignKey, OnDelete, Text, Timestamptz
from piccolo.table import Table


class User(Table, tablename="users"):
    """An account. One that is deleted stays, so that nobody else can take its name."""

    id = UUID(primary_key=True, default=None)
    username = Text(help_text="as its owner writes it")
    username_key = Text(unique=True, help_text="as names are compared")
    email = Text(help_text="in normal form")
    email_verified_at = Timestamptz(null=True, default=None)
    password_hash = Text(help_text="Argon2id, with its parameters")
    password_changed_at = Timestamptz(null=True, default=None, help_text="what was asked for by mail before is void")
    role = Text(default="user")
    plan = Text(default="free")
    created_at = Timestamptz(default=None)
    changed_at = Timestamptz(null=True, default=None, help_text="when role, plan or suspension last changed")
    suspended_until = Timestamptz(null=True, default=None, help_text="infinity: until somebody lifts it")
    suspension_reason = Text(null=True, default=None, help_text="what the suspended person is told")
    closing_at = Timestamptz(null=True, default=None, help_text="when its owner asked to delete it")
    deleted_at = Timestamptz(null=True, default=None, help_text="when it was erased; only the name is left")


class Session(Table, tablename="sessions"):
    """Somebody signed in somewhere, until it is revoked or unused for too long."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(User, null=False, on_delete=OnDelete.cascade)
    client = Text(help_text="native or web")
    user_agent = Text()
    address = Text(help_text="the network address it was last used from")
    web_id_hash = Bytea(null=True, default=None, help_text="of the id a browser keeps, so that Redis may forget it")
    created_at = Timestamptz(default=None)
    last_used_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    revoked_at = Timestamptz(null=True, default=None)


class RefreshToken(Table, tablename="refresh_tokens"):
    """A refresh token by its hash. `seed` makes the successor from the token itself, which is not kept."""

    hash = Bytea(primary_key=True, default=None)
    session_id = ForeignKey(Session, null=False, on_delete=OnDelete.cascade)
    created_at = Timestamptz(default=None)
    spent_at = Timestamptz(null=True, default=None)
    seed = Bytea(null=True, default=None)


class Authenticator(Table, tablename="authenticators"):
    """What somebody's authenticator app shares with us for its one-time codes."""

    user_id = UUID(primary_key=True, default=None)
    secret = Bytea(help_text="encrypted")
    sealed_with = Text(help_text="the id of the key it is encrypted with")
    created_at = Timestamptz(default=None)
    confirmed_at = Timestamptz(null=True, default=None, help_text="codes are asked for from then on")
    last_step = BigInt(default=0, help_text="the time step of the last code taken; it and those before are spent")


class RecoveryCode(Table, tablename="recovery_codes"):
    """Signs in once in place of a one-time code. Used, it is gone."""

    hash = Bytea(primary_key=True, default=None)
    user_id = ForeignKey(User, null=False, on_delete=OnDelete.cascade)


RAW = (
    "CREATE INDEX users_email ON users (email)",
    "CREATE UNIQUE INDEX users_verified_email ON users (email) WHERE email_verified_at IS NOT NULL",
    "CREATE INDEX sessions_open ON sessions (user_id, last_used_at DESC) WHERE revoked_at IS NULL",
    "CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id)",
    "CREATE UNIQUE INDEX refresh_tokens_one_unspent ON refresh_tokens (session_id) WHERE spent_at IS NULL",
    "DROP INDEX sessions_open",
    "CREATE INDEX sessions_open ON sessions (user_id, id DESC) WHERE revoked_at IS NULL",
    "CREATE UNIQUE INDEX sessions_web_id ON sessions (web_id_hash) WHERE web_id_hash IS NOT NULL",
    "CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL",
    "CREATE INDEX sessions_expiring ON sessions (expires_at) WHERE revoked_at IS NULL",
    "CREATE INDEX refresh_tokens_spent ON refresh_tokens (spent_at) WHERE spent_at IS NOT NULL",
    "CREATE INDEX users_changed ON users (changed_at) WHERE changed_at IS NOT NULL",
    "CREATE INDEX users_closing ON users (closing_at) WHERE closing_at IS NOT NULL AND deleted_at IS NULL",
    "ALTER TABLE authenticators ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE",
    "CREATE INDEX recovery_codes_user ON recovery_codes (user_id)",
)
