"""What a scenario is given: a server, its world, and how much of everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from load.figures import Figure
from load.proc import family_cpu_seconds
from load.world import World


@dataclass(frozen=True, slots=True)
class Bench:
    """A running Vitrine to measure. `short` asks for a few seconds only; `processes` share its port.

    `environment` starts more servers on the same database and Redis, and `pid` is the server's; None where it is not
    ours.
    """

    url: str
    database_url: str
    world: World
    short: bool
    processes: int
    folder: Path
    environment: Mapping[str, str] | None = None
    pid: int | None = None

    def seconds(self, whole: float, short: float) -> float:
        """How long to measure."""
        return short if self.short else whole

    def used(self) -> float:
        """Seconds of processor time that our server has used so far, all its processes together."""
        return 0.0 if self.pid is None else family_cpu_seconds(self.pid)

    def cost(self, name: str, used: float, count: int) -> list[Figure]:
        """What each of `count` cost the server since it had used so much; nothing where the server is not ours.

        Unlike a rate it hardly depends on what else the machine does.
        """
        if self.pid is None or not count:
            return []
        return [Figure(name, (self.used() - used) / count * 1e6, "µs")]
