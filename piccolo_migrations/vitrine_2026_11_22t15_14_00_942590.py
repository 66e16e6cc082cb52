from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T15:14:00:942590"
VERSION = "1.38.0"
DESCRIPTION = "photographs are released at once, and only once"


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="vitrine", description=DESCRIPTION
    )

    manager.drop_column(
        table_class_name="Photo",
        tablename="photos",
        column_name="decided_at",
        db_column_name="decided_at",
        schema=None,
    )

    manager.drop_column(
        table_class_name="Photo",
        tablename="photos",
        column_name="release_at",
        db_column_name="release_at",
        schema=None,
    )

    return manager
