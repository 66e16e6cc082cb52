"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T14:49:57:161485"
VERSION = "1.38.0"
DESCRIPTION = "edits, bookmarks and tags of posts"

STATEMENTS = (
    'CREATE INDEX posts_deleted ON posts (deleted_at) WHERE deleted_at IS NOT NULL',
    'CREATE INDEX likes_latest ON likes (post_id, created_at DESC, user_id DESC)',
    'ALTER TABLE bookmarks DROP CONSTRAINT bookmarks_pkey, ADD PRIMARY KEY (post_id, user_id)',
    'CREATE INDEX bookmarks_latest ON bookmarks (user_id, created_at DESC, post_id DESC)',
    'ALTER TABLE post_tags DROP CONSTRAINT post_tags_pkey, ADD PRIMARY KEY (post_id, tag)',
    'CREATE INDEX post_tags_newest ON post_tags (tag, post_id DESC)',
    'ALTER TABLE post_revisions DROP CONSTRAINT post_revisions_pkey, ADD PRIMARY KEY (post_id, number)',
    'ALTER TABLE tag_follows DROP CONSTRAINT tag_follows_pkey, ADD PRIMARY KEY (user_id, tag)',
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
