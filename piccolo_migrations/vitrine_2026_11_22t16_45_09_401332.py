"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T16:45:09:401332"
VERSION = "1.38.0"
DESCRIPTION = "accounts, mail, ties between people, comments, edits, tags, bookmarks, exports"

STATEMENTS = (
    'DROP INDEX sessions_open',
    'CREATE INDEX sessions_open ON sessions (user_id, id DESC) WHERE revoked_at IS NULL',
    'CREATE UNIQUE INDEX sessions_web_id ON sessions (web_id_hash) WHERE web_id_hash IS NOT NULL',
    'CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL',
    'CREATE INDEX sessions_expiring ON sessions (expires_at) WHERE revoked_at IS NULL',
    'CREATE INDEX refresh_tokens_spent ON refresh_tokens (spent_at) WHERE spent_at IS NOT NULL',
    'CREATE INDEX users_changed ON users (changed_at) WHERE changed_at IS NOT NULL',
    'CREATE INDEX users_closing ON users (closing_at) WHERE closing_at IS NOT NULL AND deleted_at IS NULL',
    'ALTER TABLE authenticators ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE',
    'CREATE INDEX recovery_codes_user ON recovery_codes (user_id)',
    'ALTER TABLE mail_tokens DROP CONSTRAINT mail_tokens_pkey, ADD PRIMARY KEY (user_id, purpose)',
    'CREATE UNIQUE INDEX mail_tokens_hash ON mail_tokens (hash)',
    'CREATE INDEX mail_tokens_expiring ON mail_tokens (expires_at)',
    'CREATE INDEX mail_quotas_latest ON mail_quotas (latest_at)',
    'CREATE INDEX deferred_letters_due ON deferred_letters (next_at)',
    'CREATE INDEX deferred_letters_user ON deferred_letters (user_id)',
    'ALTER TABLE follow_requests ADD FOREIGN KEY (requester_id) REFERENCES users ON DELETE CASCADE',
    'ALTER TABLE follow_requests ADD FOREIGN KEY (target_id) REFERENCES users ON DELETE CASCADE',
    'CREATE UNIQUE INDEX follow_requests_pair ON follow_requests (requester_id, target_id)',
    'CREATE INDEX follow_requests_target ON follow_requests (target_id, id DESC)',
    'ALTER TABLE blocks DROP CONSTRAINT blocks_pkey, ADD PRIMARY KEY (blocker_id, blocked_id)',
    'ALTER TABLE blocks ADD FOREIGN KEY (blocker_id) REFERENCES users ON DELETE CASCADE',
    'ALTER TABLE blocks ADD FOREIGN KEY (blocked_id) REFERENCES users ON DELETE CASCADE',
    'CREATE INDEX blocks_blocked ON blocks (blocked_id, blocker_id)',
    'ALTER TABLE mutes DROP CONSTRAINT mutes_pkey, ADD PRIMARY KEY (muter_id, muted_id)',
    'ALTER TABLE mutes ADD FOREIGN KEY (muter_id) REFERENCES users ON DELETE CASCADE',
    'ALTER TABLE mutes ADD FOREIGN KEY (muted_id) REFERENCES users ON DELETE CASCADE',
    'ALTER TABLE private_accounts ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE',
    'CREATE INDEX mutes_muted ON mutes (muted_id, muter_id)',
    'CREATE INDEX blocks_latest ON blocks (blocker_id, created_at DESC, blocked_id DESC)',
    'CREATE INDEX mutes_latest ON mutes (muter_id, created_at DESC, muted_id DESC)',
    'CREATE INDEX photos_released ON photos (released_at) WHERE released_at IS NOT NULL AND cleared_at IS NULL',
    "CREATE INDEX photos_to_clear ON photos (expires_at)\n        WHERE cleared_at IS NULL AND (original_key IS NOT NULL OR state = 'rejected')",
    "UPDATE photos SET original_key = object_key, cleared_at = now()\n        WHERE state = 'ready' AND original_key IS NULL",
    'CREATE INDEX posts_deleted ON posts (deleted_at) WHERE deleted_at IS NOT NULL',
    'CREATE INDEX likes_latest ON likes (post_id, created_at DESC, user_id DESC)',
    'ALTER TABLE bookmarks DROP CONSTRAINT bookmarks_pkey, ADD PRIMARY KEY (post_id, user_id)',
    'CREATE INDEX bookmarks_latest ON bookmarks (user_id, created_at DESC, post_id DESC)',
    'ALTER TABLE post_tags DROP CONSTRAINT post_tags_pkey, ADD PRIMARY KEY (post_id, tag)',
    'CREATE INDEX post_tags_newest ON post_tags (tag, post_id DESC)',
    'ALTER TABLE post_revisions DROP CONSTRAINT post_revisions_pkey, ADD PRIMARY KEY (post_id, number)',
    'ALTER TABLE tag_follows DROP CONSTRAINT tag_follows_pkey, ADD PRIMARY KEY (user_id, tag)',
    'CREATE INDEX likes_of_person ON likes (user_id, post_id)',
    'CREATE INDEX reposts_of_person ON reposts (user_id, post_id)',
    'INSERT INTO post_tags (post_id, tag) SELECT id, tag FROM posts CROSS JOIN unnest(tags) AS tag\n        WHERE deleted_at IS NULL ON CONFLICT DO NOTHING',
    'UPDATE posts SET alt = photos.alt, focus = photos.focus FROM photos\n        WHERE photos.id = posts.photo_id AND (photos.alt IS NOT NULL OR photos.focus IS NOT NULL)',
    'CREATE INDEX comments_of_post ON comments (post_id, id DESC) WHERE parent_id IS NULL AND deleted_at IS NULL',
    'CREATE INDEX comments_replies ON comments (parent_id, id) WHERE deleted_at IS NULL',
    "CREATE INDEX comments_by_author ON comments (author_id, id) WHERE body <> ''",
    "CREATE INDEX comments_deleted ON comments (deleted_at) WHERE deleted_at IS NOT NULL AND body <> ''",
    'CREATE INDEX comments_post_author ON comments (post_id, author_id)',
    'CREATE INDEX notification_people_person ON notification_people (person_id)',
    'ALTER TABLE exports ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE',
    'CREATE INDEX exports_expiring ON exports (expires_at) WHERE expires_at IS NOT NULL',
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
