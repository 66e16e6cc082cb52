"""After each run, whatever it measured: what it caused has taken effect, and counters are what their rows say."""

from load.counts import miscounted
from load.figures import Figure, Outcome
from load.world import settled

SETTLE_SECONDS = 60.0
_SHOWN = 3


async def settle_and_count(database_url: str, outcome: Outcome, name: str = "") -> None:
    """Wait for what was caused (scores, notifications, totals), then compare counters with rows."""
    about = f"{name}: " if name else ""
    seconds = await settled(database_url, seconds=SETTLE_SECONDS)
    if seconds is None:
        outcome.faults.append(f"{about}not every fact took effect within {SETTLE_SECONDS:g} s")
    else:
        outcome.figures.append(Figure(f"{about}every fact in effect after the last reply", seconds, "s"))
    wrong = await miscounted(database_url, "likes", "reposts", "comments")
    outcome.figures.append(Figure(f"{about}counts of posts that differ from rows", len(wrong), "counts", 0))
    outcome.faults += wrong[:_SHOWN]
