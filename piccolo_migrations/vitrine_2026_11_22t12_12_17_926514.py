"""What Piccolo cannot say: composite keys, partial and composite indexes, functions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T12:12:17:926514"
VERSION = "1.38.0"
DESCRIPTION = "first tables"

STATEMENTS = (
    'CREATE INDEX outbox_unpublished ON outbox (seq) WHERE published_at IS NULL',
    'CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL',
    'ALTER TABLE inbox_records DROP CONSTRAINT inbox_records_pkey, ADD PRIMARY KEY (event_id, domain)',
    'CREATE INDEX inbox_records_at ON inbox_records USING brin (at)',
    'CREATE UNIQUE INDEX dead_letters_once ON dead_letters (domain, event_id)',
    'CREATE INDEX job_intents_unpublished ON job_intents (seq) WHERE published_at IS NULL',
    'CREATE INDEX job_intents_owed ON job_intents (seq) WHERE done_at IS NULL',
    'ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey, ADD PRIMARY KEY (scope, key)',
    'CREATE INDEX idempotency_keys_at ON idempotency_keys USING brin (at)',
    'INSERT INTO relay_state (id, epoch, n, mark) VALUES (1, 0, 0, 0)',
    'CREATE INDEX users_email ON users (email)',
    'CREATE UNIQUE INDEX users_verified_email ON users (email) WHERE email_verified_at IS NOT NULL',
    'CREATE INDEX sessions_open ON sessions (user_id, last_used_at DESC) WHERE revoked_at IS NULL',
    'CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id)',
    'CREATE UNIQUE INDEX refresh_tokens_one_unspent ON refresh_tokens (session_id) WHERE spent_at IS NULL',
    'ALTER TABLE follows DROP CONSTRAINT follows_pkey, ADD PRIMARY KEY (follower_id, followee_id)',
    'ALTER TABLE follows ADD FOREIGN KEY (follower_id) REFERENCES users ON DELETE CASCADE',
    'ALTER TABLE follows ADD FOREIGN KEY (followee_id) REFERENCES users ON DELETE CASCADE',
    'CREATE INDEX follows_followers ON follows (followee_id, created_at DESC, follower_id DESC)',
    'CREATE INDEX follows_following ON follows (follower_id, created_at DESC, followee_id DESC)',
    'ALTER TABLE profiles ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE',
    'CREATE INDEX photos_of_owner ON photos (owner_id, created_at)',
    'CREATE INDEX photos_never_posted ON photos (expires_at) WHERE posted_at IS NULL',
    'ALTER TABLE posts SET (fillfactor = 85)',
    'CREATE INDEX posts_by_author ON posts (author_id, id DESC) INCLUDE (original_post_id)\n        WHERE deleted_at IS NULL',
    'CREATE UNIQUE INDEX posts_photo ON posts (photo_id) WHERE photo_id IS NOT NULL',
    'CREATE INDEX posts_reposting ON posts (original_post_id) WHERE original_post_id IS NOT NULL',
    'ALTER TABLE likes DROP CONSTRAINT likes_pkey, ADD PRIMARY KEY (post_id, user_id)',
    'ALTER TABLE reposts DROP CONSTRAINT reposts_pkey, ADD PRIMARY KEY (post_id, user_id)',
    'CREATE UNIQUE INDEX reposts_row ON reposts (repost_id)',
    'CREATE INDEX feed_scores_ranking ON feed_scores (score DESC, post_id DESC) INCLUDE (author_id)',
    'CREATE UNIQUE INDEX notifications_group ON notifications (user_id, kind, subject_id)',
    'CREATE INDEX notifications_latest ON notifications (user_id, at DESC, id DESC)',
    'ALTER TABLE notification_people\n        DROP CONSTRAINT notification_people_pkey, ADD PRIMARY KEY (notification_id, person_id)',
    'CREATE INDEX notification_people_latest ON notification_people (notification_id, at DESC, person_id)',
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
