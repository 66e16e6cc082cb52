"""The table of profiles. Who has no row yet shows by username, with nothing counted."""

from piccolo.columns import UUID, BigInt, Text, Timestamptz
from piccolo.columns.column_types import JSONB
from piccolo.table import Table


class Profile(Table, tablename="profiles"):
    """How somebody shows, and what was counted of them; a count is the sum of the changes applied so far."""

    user_id = UUID(primary_key=True, default=None)
    display_name = Text(null=True, default=None, help_text="without one the username shows")
    bio = Text(default="")
    avatar_photo_id = UUID(null=True, default=None)
    next_avatar_id = UUID(null=True, default=None, help_text="is being processed, and shows when it is ready")
    avatar_key = Text(null=True, default=None, help_text="where its smallest size lies")
    links = JSONB(default="[]")
    socials = JSONB(default="{}")
    posts = BigInt(default=0)
    followers = BigInt(default=0)
    following = BigInt(default=0)
    likes = BigInt(default=0)
    updated_at = Timestamptz(default=None)


RAW = (
    "ALTER TABLE profiles ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE",
    # Before profiles kept the key of their avatar they kept its whole address.
    """UPDATE profiles SET avatar_key = (
        SELECT kept ->> 'key' FROM photos ph, jsonb_array_elements(ph.variants) AS kept
        WHERE ph.id = avatar_photo_id ORDER BY (kept ->> 'width')::int LIMIT 1)
        WHERE avatar_photo_id IS NOT NULL""",
)
