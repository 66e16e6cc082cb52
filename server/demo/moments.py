"""Ids of things that happened at some moment."""

from datetime import datetime
from random import Random
from uuid import UUID


def id_at(rng: Random, moment: datetime) -> UUID:
    """A UUIDv7 of that moment."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 7 << 76 | rng.getrandbits(12) << 64 | 2 << 62 | rng.getrandbits(62))
