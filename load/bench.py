"""What a scenario is given: a server, its world, and how much of everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from load.world import World


@dataclass(frozen=True, slots=True)
class Bench:
    """A running Vitrine to measure. `short` asks for a few seconds only; `processes` share its port.

    `environment` starts more servers on the same database and Redis; None where the server is not ours.
    """

    url: str
    database_url: str
    world: World
    short: bool
    processes: int
    folder: Path
    environment: Mapping[str, str] | None = None

    def seconds(self, whole: float, short: float) -> float:
        """How long to measure."""
        return short if self.short else whole
