"""What a person sees: a live table on a terminal, plain lines elsewhere.

SHELL. `news` prints a line that stays; `show` renews the funnel. Called by `run`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, Self

from rich import console as rich_console
from rich.live import Live
from rich.table import Table

from tools.demo.local.collector import Decided
from tools.demo.local.summary import SUMMARY_KEYS, CameraCounts

PLAIN_EVERY = 5
"""On a terminal each showing counts, elsewhere each fifth."""
ALARMS = ("confirmed", "unconfirmed")


class Console(Protocol):
    """Where the run shows itself."""

    def news(self, text: str) -> None: ...

    def show(self, funnels: Mapping[str, CameraCounts]) -> None: ...


class PlainConsole:
    """Lines for a log file or a pipe."""

    def __init__(self) -> None:
        self._turn = 0

    def news(self, text: str) -> None:
        print(text, flush=True)

    def show(self, funnels: Mapping[str, CameraCounts]) -> None:
        self._turn += 1
        if self._turn % PLAIN_EVERY == 0:
            for line in lines(funnels):
                print(line, flush=True)


class LiveConsole:
    """A table that renews itself at the foot of the terminal."""

    def __init__(self) -> None:
        self._console = rich_console.Console()
        self._live = Live(console=self._console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def news(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def show(self, funnels: Mapping[str, CameraCounts]) -> None:
        self._live.update(table(funnels), refresh=True)


def on_terminal() -> bool:
    """Whether somebody watches."""
    return sys.stdout.isatty()


def table(funnels: Mapping[str, CameraCounts]) -> Table:
    """The funnel of every camera, as a table."""
    grid = Table(title="frames, and what became of them", title_justify="left")
    grid.add_column("camera")
    for column in SUMMARY_KEYS:
        grid.add_column(column, justify="right")
    for camera, funnel in sorted(funnels.items()):
        grid.add_row(camera, *(_cell(funnel, column) for column in SUMMARY_KEYS))
    return grid


def lines(funnels: Mapping[str, CameraCounts]) -> tuple[str, ...]:
    """The same, a line per camera."""
    return tuple(
        f"  {camera}: " + ", ".join(f"{column} {_cell(funnel, column)}" for column in SUMMARY_KEYS)
        for camera, funnel in sorted(funnels.items())
    )


def _cell(funnel: CameraCounts, column: str) -> str:
    if column != "rejected":
        return str(getattr(funnel, column))
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(funnel.rejected.items()))
    return f"{funnel.rejections} ({reasons})" if reasons else "0"


def notification(decided: Decided, where: str) -> str:
    """A decision in a line: alarms stand out, and each names its picture."""
    report, verdict = decided.report, decided.verdict
    head = "ALARM" if verdict.decision in ALARMS else "  -  "
    reason = f" ({verdict.reasons[0]})" if verdict.reasons else ""
    return (
        f"{head} {report.raised_at.astimezone():%H:%M:%S} {report.camera}: {report.label} "
        f"{verdict.decision}, edge {report.scores.median:.2f}, cloud {verdict.score:.2f}"
        f"{reason}\n      {where}"
    )
