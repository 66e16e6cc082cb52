"""Rate limits of one process for itself, for as long as Redis does not count for all."""

_REMEMBERED = 50_000

Subject = tuple[str, str]


class LocalLimits:
    """Token buckets in memory, full at first, refilled evenly."""

    def __init__(self) -> None:
        self._spent: dict[Subject, tuple[float, float]] = {}
        """What was spent of each and has not been refilled, and when that was."""

    def spend(self, subject: Subject, amount: int, seconds: float, now: float) -> float:
        """Spend one of `amount` in `seconds`. Answers 0, or how many seconds there will be none to spend."""
        spent, then = self._spent.pop(subject, (0.0, now))
        spent = max(0.0, spent - (now - then) * amount / seconds)
        wait = max(0.0, (spent + 1 - amount) * seconds / amount)
        # Who spends last is forgotten last: a flood of others pushes out those who wait, not those who try.
        if len(self._spent) >= _REMEMBERED:
            del self._spent[next(iter(self._spent))]
        self._spent[subject] = (spent if wait > 0 else spent + 1, now)
        return wait
