"""The schema of the database: bring it up to date, and tell whether it is what the tables say."""

import asyncpg
from piccolo.table import sort_table_classes

from actors.piccolo_app import APP_CONFIG, RAW


async def create(url: str) -> None:
    """Make every table in an empty database straight from its declaration."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            for table in sort_table_classes(APP_CONFIG.table_classes):
                for statement in table.create_table().ddl:
                    await connection.execute(statement)
                for index in table._meta.columns:
                    if index._meta.index:
                        for statement in table.create_index([index]).ddl:
                            await connection.execute(statement)
            for statement in RAW:
                await connection.execute(statement)
    finally:
        await connection.close()


apply = create
