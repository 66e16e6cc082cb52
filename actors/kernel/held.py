"""Entries of an inbox in hand: read from the stream, not yet acknowledged."""

from functools import lru_cache

from actors.kernel.message import Event

Fields = dict[bytes, bytes]


class Held:
    """An entry this process has read and not yet acknowledged."""

    __slots__ = ("attempts", "domain", "entry", "event", "fields", "outages")

    def __init__(self, domain: str, entry: bytes, fields: Fields, event: Event) -> None:
        self.domain = domain
        self.entry = entry
        self.fields = fields
        self.event = event
        self.attempts = 0
        self.outages = 0

    @property
    def attempts_field(self) -> str:
        """Where the attempts of this event in this domain are counted."""
        return f"{self.domain}:{self.event.id}"


@lru_cache(maxsize=1_024)
def read_event(kind: bytes, payload: bytes) -> Event:
    """The event, read once for all domains that listen: it is frozen. Raises `KeyError` for an unknown type, and what
    pydantic raises for one that is not as this process knows it."""
    return Event.registry[kind.decode()].model_validate_json(payload)
