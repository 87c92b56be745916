"""Tables of `report.md`, and how figures are written, for people and for machines.

PURE. Called by the writers of the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tools.evaluation.evaluate.wilson import Interval


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A Markdown table, line by line, and an empty line."""
    yield f"| {' | '.join(head)} |"
    yield "|" + " --- |" * len(head)
    yield from (f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)
    yield ""


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def percents(interval: Interval | None) -> str:
    return "-" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f} %"


def span(interval: Interval | None) -> str:
    return "-" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}"


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def pair(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(interval[0], 5), round(interval[1], 5)]
