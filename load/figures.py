"""Figures: what was measured, in what unit, and whether it reaches its goal."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. With a `goal` it has a verdict; `is_rate`: more is better."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    is_rate: bool = False

    @property
    def is_met(self) -> bool | None:
        """None where there is no goal."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.is_rate else self.value <= self.goal

    @property
    def verdict(self) -> str:
        """In words, for the table."""
        if self.goal is None:
            return ""
        if self.is_met:
            return "met"
        return f"missed ({self.value / self.goal:.2f} × the goal)" if self.goal else "missed"

    @property
    def aim(self) -> str:
        """The goal in words."""
        return "" if self.goal is None else f"{'≥' if self.is_rate else '≤'} {number(self.goal)} {self.unit}"


@dataclass(frozen=True, slots=True)
class Curve:
    """A distribution for the report: the value in `unit` at each of `QUANTILES`."""

    name: str
    unit: str
    values: tuple[float, ...]


@dataclass(slots=True)
class Outcome:
    """What a scenario found. `faults` are reasons why its figures count for nothing."""

    scenario: str
    title: str
    figures: list[Figure] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether it ran as it should and reached every goal."""
        return not self.faults and all(figure.is_met is not False for figure in self.figures)

    def as_json(self) -> dict[str, Any]:
        """For the machine-readable report."""
        figures = [asdict(figure) | {"is_met": figure.is_met, "verdict": figure.verdict} for figure in self.figures]
        return asdict(self) | {"figures": figures, "is_good": self.is_good}


QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of an ordered sequence lies; 0 for an empty one."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def curve(name: str, unit: str, values: Sequence[float]) -> Curve:
    """The distribution of these values."""
    ordered = sorted(values)
    return Curve(name, unit, tuple(quantile(ordered, share) for share in QUANTILES))


def number(value: float) -> str:
    """Three significant digits or whole numbers, with thousands apart."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"
