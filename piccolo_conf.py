"""What Piccolo's own command line needs: the engine and the one app. The server itself runs on asyncpg."""

import os

from piccolo.conf.apps import AppRegistry
from piccolo.engine.postgres import PostgresEngine


class UnconnectedEngine(PostgresEngine):
    """Piccolo's engine connects when it is made; this one waits until it is used."""

    async def prep_database(self) -> None:
        """Extensions are the migrations' business."""

    async def check_version(self) -> None:
        """The server checks its database itself."""


DB = UnconnectedEngine(
    config={"dsn": os.environ.get("DB_URL") or os.environ.get("DATABASE_URL") or "postgresql://localhost/vitrine"},
    extensions=(),
)
APP_REGISTRY = AppRegistry(apps=["actors.piccolo_app"])
