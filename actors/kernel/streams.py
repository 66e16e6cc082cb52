"""Names of the Redis streams, and a raw connection on which many commands are one write."""

from collections.abc import Sequence
from typing import Any, Protocol

from hiredis import pack_command
from redis.exceptions import ResponseError

LIVE = "live"
"""The one realtime log, ids `<epoch>-<n>`. Each entry names as `b` the last one before it that is kept."""
KEPT = "live:kept"
"""The entries of the log that are not ephemeral, by the same ids, for as long as anybody may come back."""
MARK = "relay:mark"
"""One entry, id `<epoch>-<batches>`: behind what PostgreSQL remembers means that Redis lost something."""
GROUP = "actors"
"""The consumer group of every inbox; one name, so that one XREADGROUP reads them all."""


def inbox_of(domain: str) -> str:
    """The stream that is this domain's durable mailbox."""
    return f"inbox:{domain}"


class _Connection(Protocol):
    async def send_packed_command(self, command: bytes, check_health: bool = True) -> None: ...
    async def read_response(self) -> Any: ...


class Pipe:
    """Commands gathered, sent as one write, their replies read in order. Nothing is ever sent twice."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []

    def __len__(self) -> int:
        return len(self._packed)

    def add(self, *args: str | float | bytes | memoryview) -> None:
        """Append a command."""
        self._packed.append(pack_command(args))  # type: ignore[arg-type]  # its stub names a one-tuple

    async def send(self, connection: _Connection) -> Sequence[Any]:
        """Every reply in order; an error reply stands in its place as a `ResponseError`.

        Raises redis-py's connection errors; then it is unknown how many commands were carried out.
        """
        await connection.send_packed_command(b"".join(self._packed), check_health=False)
        replies = []
        for _ in self._packed:
            try:
                replies.append(await connection.read_response())
            except ResponseError as error:
                replies.append(error)
        return replies
