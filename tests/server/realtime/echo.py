"""What says every text frame again, in the place of what carries requests out."""

from server.realtime.admission import Admitted
from server.realtime.codes import ErrorCode
from server.realtime.connection import Connection
from server.realtime.encoding import _TEXT, _framed


class Echo:
    """Stands where `Dispatch` stands."""

    async def answer(self, connection: Connection, text: str, upgrade: Admitted | None) -> ErrorCode | None:
        """Say it again."""
        connection.send(_framed(_TEXT, text.encode()))
        return None
