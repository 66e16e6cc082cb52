"""How people stand to each other: one row a pair, found from either side."""

from piccolo.columns import UUID, Timestamptz
from piccolo.table import Table


class Follow(Table, tablename="follows"):
    """Somebody follows somebody."""

    follower_id = UUID(primary_key=True, default=None)
    followee_id = UUID(default=None)
    created_at = Timestamptz(default=None)


class FollowRequest(Table, tablename="follow_requests"):
    """Somebody asked to follow a private account, which has not answered yet."""

    id = UUID(primary_key=True, default=None)
    requester_id = UUID(default=None)
    target_id = UUID(default=None)
    created_at = Timestamptz(default=None)


class Block(Table, tablename="blocks"):
    """Neither of the two sees the other."""

    blocker_id = UUID(primary_key=True, default=None)
    blocked_id = UUID(default=None)
    created_at = Timestamptz(default=None)


class Mute(Table, tablename="mutes"):
    """Somebody does not want to hear of somebody, for a while or for good."""

    muter_id = UUID(primary_key=True, default=None)
    muted_id = UUID(default=None)
    until = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)


class PrivateAccount(Table, tablename="private_accounts"):
    """Somebody shows their work to followers alone."""

    user_id = UUID(primary_key=True, default=None)
    since = Timestamptz(default=None)


RAW = (
    "ALTER TABLE follows DROP CONSTRAINT follows_pkey, ADD PRIMARY KEY (follower_id, followee_id)",
    "ALTER TABLE follows ADD FOREIGN KEY (follower_id) REFERENCES users ON DELETE CASCADE",
    "ALTER TABLE follows ADD FOREIGN KEY (followee_id) REFERENCES users ON DELETE CASCADE",
    "CREATE INDEX follows_followers ON follows (followee_id, created_at DESC, follower_id DESC)",
    "CREATE INDEX follows_following ON follows (follower_id, created_at DESC, followee_id DESC)",
    "ALTER TABLE follow_requests ADD FOREIGN KEY (requester_id) REFERENCES users ON DELETE CASCADE",
    "ALTER TABLE follow_requests ADD FOREIGN KEY (target_id) REFERENCES users ON DELETE CASCADE",
    "CREATE UNIQUE INDEX follow_requests_pair ON follow_requests (requester_id, target_id)",
    "CREATE INDEX follow_requests_target ON follow_requests (target_id, id DESC)",
    "ALTER TABLE blocks DROP CONSTRAINT blocks_pkey, ADD PRIMARY KEY (blocker_id, blocked_id)",
    "ALTER TABLE blocks ADD FOREIGN KEY (blocker_id) REFERENCES users ON DELETE CASCADE",
    "ALTER TABLE blocks ADD FOREIGN KEY (blocked_id) REFERENCES users ON DELETE CASCADE",
    "CREATE INDEX blocks_blocked ON blocks (blocked_id, blocker_id)",
    "ALTER TABLE mutes DROP CONSTRAINT mutes_pkey, ADD PRIMARY KEY (muter_id, muted_id)",
    "ALTER TABLE mutes ADD FOREIGN KEY (muter_id) REFERENCES users ON DELETE CASCADE",
    "ALTER TABLE mutes ADD FOREIGN KEY (muted_id) REFERENCES users ON DELETE CASCADE",
    "ALTER TABLE private_accounts ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE",
    "CREATE INDEX mutes_muted ON mutes (muted_id, muter_id)",
    # Lists of them, the latest first.
    "CREATE INDEX blocks_latest ON blocks (blocker_id, created_at DESC, blocked_id DESC)",
    "CREATE INDEX mutes_latest ON mutes (muter_id, created_at DESC, muted_id DESC)",
)
