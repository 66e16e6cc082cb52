"""Uploads and the photographs they become: one row for both, under one id."""

from piccolo.columns import UUID, ForeignKey, Integer, OnDelete, Real, Text, Timestamptz
from piccolo.columns.column_types import JSONB
from piccolo.table import Table

from actors.auth.tables import User


class Photo(Table, tablename="photos"):
    """An upload from its reservation on. `posted_at` is when it was last given to whoever shows and refers to it.

    From `released_at` on nobody is shown it any more and its objects go; `cleared_at` is when they, or what lay at
    `object_key` of one that stays, were deleted.
    """

    id = UUID(primary_key=True, default=None)
    owner_id = ForeignKey(User, null=False, on_delete=OnDelete.cascade)
    state = Text(default="reserved")
    reason = Text(null=True, default=None)
    content_type = Text(help_text="as signed")
    bytes = Integer(help_text="as signed")
    sha256 = Text(null=True, default=None, help_text="as signed, in hex")
    object_key = Text(unique=True, help_text="where its bytes are sent")
    original_key = Text(null=True, default=None, help_text="where the bytes that were checked lie, for good")
    variants_key = Text(help_text="the unguessable folder of its variants")
    width = Integer(null=True, default=None)
    height = Integer(null=True, default=None)
    placeholder = Text(null=True, default=None)
    variants = JSONB(default="[]", help_text="[{name, key, width, height, content_type}]")
    meta = JSONB(null=True, default=None, help_text="whose it is and how it was taken; never where")
    purpose = Text(default="post", help_text="what it was given to: post or avatar")
    progress = Real(default=0.0, help_text="of its processing, 0 to 1")
    posted_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    cleared_at = Timestamptz(null=True, default=None)
    released_at = Timestamptz(null=True, default=None)


RAW = (
    "CREATE INDEX photos_of_owner ON photos (owner_id, created_at)",
    "CREATE INDEX photos_never_posted ON photos (expires_at) WHERE posted_at IS NULL",
    "CREATE INDEX photos_released ON photos (released_at) WHERE released_at IS NOT NULL AND cleared_at IS NULL",
    """CREATE INDEX photos_to_forget ON photos (created_at)
        WHERE cleared_at IS NOT NULL AND released_at IS NOT NULL AND posted_at IS NULL""",
    """CREATE INDEX photos_to_clear ON photos (expires_at)
        WHERE cleared_at IS NULL AND (original_key IS NOT NULL OR state = 'rejected')""",
    # What was developed before originals had a place of their own lies where it was sent, and stays there.
    """UPDATE photos SET original_key = object_key, cleared_at = now()
        WHERE state = 'ready' AND original_key IS NULL""",
)
