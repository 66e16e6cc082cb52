from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-27T23:27:06:008843"
VERSION = "1.38.0"
DESCRIPTION = "profiles keep the key of their avatar"


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="vitrine", description=DESCRIPTION
    )

    manager.rename_column(
        table_class_name="Profile",
        tablename="profiles",
        old_column_name="avatar_url",
        new_column_name="avatar_key",
        old_db_column_name="avatar_url",
        new_db_column_name="avatar_key",
        schema=None,
    )

    return manager
