"""Who follows whom: one row a pair, found from either side."""

from piccolo.columns import UUID, Timestamptz
from piccolo.table import Table


class Follow(Table, tablename="follows"):
    """Somebody follows somebody."""

    follower_id = UUID(primary_key=True, default=None)
    followee_id = UUID(default=None)
    created_at = Timestamptz(default=None)


RAW = (
    "ALTER TABLE follows DROP CONSTRAINT follows_pkey, ADD PRIMARY KEY (follower_id, followee_id)",
    "ALTER TABLE follows ADD FOREIGN KEY (follower_id) REFERENCES users ON DELETE CASCADE",
    "ALTER TABLE follows ADD FOREIGN KEY (followee_id) REFERENCES users ON DELETE CASCADE",
    "CREATE INDEX follows_followers ON follows (followee_id, created_at DESC, follower_id DESC)",
    "CREATE INDEX follows_following ON follows (follower_id, created_at DESC, followee_id DESC)",
)
