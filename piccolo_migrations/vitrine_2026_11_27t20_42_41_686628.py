from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-27T20:42:41:686628"
VERSION = "1.38.0"
DESCRIPTION = "alt text, focus and camera are told by posts alone"


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="vitrine", description=DESCRIPTION
    )

    manager.drop_column(
        table_class_name="Photo",
        tablename="photos",
        column_name="alt",
        db_column_name="alt",
        schema=None,
    )

    manager.drop_column(
        table_class_name="Photo",
        tablename="photos",
        column_name="focus",
        db_column_name="focus",
        schema=None,
    )

    manager.drop_column(
        table_class_name="Photo",
        tablename="photos",
        column_name="show_camera",
        db_column_name="show_camera",
        schema=None,
    )

    return manager
