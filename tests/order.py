"""In which order tests run: those that take long first, so that nobody is left with one when all others are done."""

from collections.abc import Sequence

import pytest

LONG = (
    "tests/faults/",
    "tests/browser/",
    "tests/flows/",
    "tests/server/test_dev.py",
    "tests/server/test_embedded.py",
    "tests/server/test_admin.py",
    "tests/server/demo/",
    "tests/attacks/test_user_enumeration.py",
    "tests/attacks/test_matrix.py",
    "tests/actors/test_worker.py",
    "tests/actors/graph/test_never_seen.py",
)


def long_first(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """These items so that each worker, given an equal stretch of them, begins with its share of the long ones.

    What a file's tests share is made once for a stretch: neighbours stay neighbours.
    """
    long = [item for item in items if item.nodeid.startswith(LONG)]
    quick = iter([item for item in items if not item.nodeid.startswith(LONG)])
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        own = long[len(long) * worker // workers : len(long) * (worker + 1) // workers]
        size = (len(items) - len(ordered)) // (workers - worker)
        ordered += own
        ordered += [item for item, _ in zip(quick, range(size - len(own)), strict=False)]
    return ordered
