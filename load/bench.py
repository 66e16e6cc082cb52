"""What a scenario is given: a server, its world, and how much of everything."""

from dataclasses import dataclass
from pathlib import Path

from load.world import World


@dataclass(frozen=True, slots=True)
class Bench:
    """A running Vitrine to measure. `short` asks for a few seconds only; `processes` share its port."""

    url: str
    database_url: str
    world: World
    short: bool
    processes: int
    folder: Path

    def seconds(self, whole: float, short: float) -> float:
        """How long to measure."""
        return short if self.short else whole
