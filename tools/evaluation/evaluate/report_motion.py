"""The parts of both reports that hold false alarms against those of plain motion.

PURE. Called by the writers of the report.
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.evaluation.evaluate.comparison import Comparison
from tools.evaluation.evaluate.report_table import (
    number,
    pair,
    percent,
    percents,
    rounded,
    span,
    table,
)
from tools.evaluation.evaluate.totals import Totals
from tools.evaluation.evaluate.wilson import Interval

Json = dict[str, object]

HEAD = (
    *("plain motion", "per hour, 95 %", "edge alone", "less than plain motion, 95 %"),
    *("confirmed", "per hour, 95 %", "less than plain motion, 95 %"),
)


def cells(counts: Comparison) -> tuple[object, ...]:
    """What stands under `HEAD`."""
    return (
        counts.motion,
        _rate(counts, counts.motion),
        counts.edge,
        _less(counts.edge_reduction(), counts.edge_reduction_interval()),
        counts.confirmed,
        _rate(counts, counts.confirmed),
        _less(counts.reduction(), counts.reduction_interval()),
    )


def section(totals: Totals) -> Iterator[str]:
    """For `report.md`."""
    yield "## False alarms against plain motion\n"
    rows = [("nothing in view", totals.nothing)]
    rows += [(f"no {cls} in view", counts) for cls, counts in totals.without.items()]
    yield from table(("alarms with", *HEAD), ((name, *cells(counts)) for name, counts in rows))
    yield (
        f"Plain motion gave {totals.motion_alarms} alarms in all in {totals.hours * 60:.1f} "
        "camera-minutes.\n"
    )


def all_as_json(totals: Totals) -> Json:
    """For `report.json`: with nothing in view, and per class without it in view."""
    without = {f"no_{cls}": as_json(counts) for cls, counts in totals.without.items()}
    return {"nothing": as_json(totals.nothing), **without}


def as_json(counts: Comparison) -> Json:
    """Plain motion, the edge alone, and what was confirmed, over the same hours."""
    return {
        "camera_hours": round(counts.hours, 4),
        "motion_false_alarms": counts.motion,
        "motion_per_camera_hour": rounded(counts.per_hour(counts.motion)),
        "motion_per_camera_hour_interval": pair(counts.per_hour_interval(counts.motion)),
        "edge_false_alarms": counts.edge,
        "edge_per_camera_hour_interval": pair(counts.per_hour_interval(counts.edge)),
        "edge_reduction": rounded(counts.edge_reduction()),
        "edge_reduction_interval": pair(counts.edge_reduction_interval()),
        "false_alarms": counts.confirmed,
        "per_camera_hour": rounded(counts.per_hour(counts.confirmed)),
        "per_camera_hour_interval": pair(counts.per_hour_interval(counts.confirmed)),
        "reduction": rounded(counts.reduction()),
        "reduction_interval": pair(counts.reduction_interval()),
    }


def _rate(counts: Comparison, count: int) -> str:
    return f"{number(counts.per_hour(count))} ({span(counts.per_hour_interval(count))})"


def _less(share: float | None, interval: Interval | None) -> str:
    return "-" if share is None else f"{percent(share)} ({percents(interval)})"
