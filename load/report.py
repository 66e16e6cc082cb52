"""The report of a run: a table for the terminal, JSON for machines, one HTML page with drawn distributions."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import orjson

from load.figures import QUANTILES, Curve, Outcome, number

FOLDER = Path(__file__).parent / "report"

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:3rem auto;padding:0 1.5rem;
color:#1c1c1c;background:#fafaf8}
h1{font-weight:600;margin-bottom:0}h2{margin:3rem 0 .5rem;font-size:1.15rem}
p,li{color:#555}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid #e4e2dc;font-variant-numeric:tabular-nums}
td.n{text-align:right}.met{color:#17703a}.missed,.fault{color:#b3261e;font-weight:600}svg{width:100%;height:auto}
@media(prefers-color-scheme:dark){body{background:#161614;color:#eee}p,li{color:#aaa}td,th{border-color:#333}
.met{color:#6fce91}.missed,.fault{color:#ff8a80}}
"""
_WIDTH, _HEIGHT, _LEFT = 760, 190, 70


def table(outcome: Outcome) -> str:
    """The figures of a scenario for a terminal."""
    width = max((len(figure.name) for figure in outcome.figures), default=0)
    lines = [f"\n{outcome.title}"]
    for figure in outcome.figures:
        value = f"{number(figure.value):>10} {figure.unit:<12}"
        lines.append(f"  {figure.name:<{width}} {value} {figure.aim:<18} {figure.verdict}".rstrip())
    return "\n".join([*lines, *(f"  FAULT: {fault}" for fault in outcome.faults)])


def write(outcomes: Sequence[Outcome], *, short: bool) -> Path:
    """Write `report.json` and `report.html` into `load/report/`; returns the page."""
    FOLDER.mkdir(exist_ok=True)
    about = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {_cores()} cores, Python {platform.python_version()}",
        "short": short,
    }
    result = {**about, "outcomes": [outcome.as_json() for outcome in outcomes]}
    (FOLDER / "report.json").write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    page = FOLDER / "report.html"
    length = "a short run" if short else "a full run"
    page.write_text(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Vitrine under load</title><style>{_STYLE}</style><h1>Vitrine under load</h1>"
        f"<p>{escape(str(about['at']))} · {escape(str(about['machine']))} · {length}</p>"
        + "".join(_section(outcome) for outcome in outcomes)
    )
    return page


def _section(outcome: Outcome) -> str:
    rows = "".join(
        f"<tr><td>{escape(figure.name)}<td class=n>{number(figure.value)}<td>{escape(figure.unit)}"
        f"<td>{escape(figure.aim)}<td class={'met' if figure.is_met else 'missed'}>{escape(figure.verdict)}"
        for figure in outcome.figures
    )
    faults = "".join(f"<p class=fault>{escape(fault)}" for fault in outcome.faults)
    conditions = "".join(f"<li>{escape(condition)}" for condition in outcome.conditions)
    drawn = "".join(_drawn(curve) for curve in outcome.curves)
    return (
        f"<h2>{escape(outcome.title)}</h2>{faults}"
        f"<table><tr><th>figure<th><th>unit<th>goal<th>verdict{rows}</table>{drawn}<ul>{conditions}</ul>"
    )


def _drawn(curve: Curve) -> str:
    """A bar for each quantile."""
    top = max(curve.values) or 1.0
    line = _HEIGHT / len(QUANTILES)
    bars = []
    for place, (share, value) in enumerate(zip(QUANTILES, curve.values, strict=True)):
        y, width = place * line, max(1.0, value / top * (_WIDTH - _LEFT - 110))
        name = {0.0: "min", 1.0: "max"}.get(share, f"p{share * 100:g}")
        bars.append(
            f"<text x=0 y={y + line * 0.7:.1f}>{name}</text>"
            f"<rect x={_LEFT} y={y + 2:.1f} width={width:.1f} height={line - 4:.1f} rx=2 fill='#5b7db1'/>"
            f"<text x={_LEFT + width + 8:.1f} y={y + line * 0.7:.1f}>{number(value)} {escape(curve.unit)}</text>"
        )
    return (
        f"<p>{escape(curve.name)}</p><svg viewBox='0 0 {_WIDTH} {_HEIGHT}' font-size=12 fill=currentColor "
        f"role=img aria-label='{escape(curve.name)}'>{''.join(bars)}</svg>"
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
