"""What an exception means for the work that raised it."""

from enum import Enum, auto

import asyncpg
from redis import exceptions as redis

from actors.adapters import Outage
from actors.kernel.errors import Refusal, Unavailable


class Verdict(Enum):
    """What to do about a failure."""

    REFUSED = auto()
    """The domain said no: the asker gets the refusal."""
    RERUN = auto()
    """A serialisation failure or deadlock: run the whole again."""
    OUTAGE = auto()
    """Something outside does not answer: 503, or an inbox pauses; never halve, never count an attempt."""
    FAULT = auto()
    """The data or the code is wrong: halve a batch until the culprit stands alone."""


_OUTAGE_CLASSES = ("08", "53", "57", "58")
"""SQLSTATE classes: connection, resources, operator intervention (a statement timeout too), system."""
_OUTAGE_STATES = ("25006", "25P03", "55P03")
"""Read-only transaction (a failover), idle-in-transaction timeout, lock not available."""
_REDIS_OUTAGES = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.OutOfMemoryError,
    redis.ReadOnlyError,
    redis.MasterDownError,
)


def _is_lost(error: asyncpg.InterfaceError) -> bool:
    """Whether it says, in one of its ways, that the connection is gone: a pool takes a lost one back at once."""
    return any(words in str(error) for words in ("closed", "closing", "released back to the pool"))


def judge(error: BaseException) -> Verdict:
    """Say what a failure means. The SQLSTATE decides for PostgreSQL's, the class for all others."""
    match error:
        case Unavailable() | Outage():
            return Verdict.OUTAGE
        case Refusal():
            return Verdict.REFUSED
        case asyncpg.PostgresError(sqlstate=str(state)):
            if state.startswith("40"):
                return Verdict.RERUN
            outage = state.startswith(_OUTAGE_CLASSES) or state in _OUTAGE_STATES
            return Verdict.OUTAGE if outage else Verdict.FAULT
        case asyncpg.DataError():
            return Verdict.FAULT
        case asyncpg.InterfaceError():
            return Verdict.OUTAGE if _is_lost(error) else Verdict.FAULT
        case asyncpg.InternalClientError():
            # What asyncpg says of a connection that PostgreSQL ended between two of its commands.
            return Verdict.OUTAGE if "another operation" in str(error) else Verdict.FAULT
        case OSError() | TimeoutError():
            return Verdict.OUTAGE
        case _:
            return Verdict.OUTAGE if isinstance(error, _REDIS_OUTAGES) else Verdict.FAULT
