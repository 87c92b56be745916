"""The last stage: threats of every device over time, as a table and as a picture.

SHELL. Writes `threats.csv` and `threats.png`. Called by `command`.
"""

from __future__ import annotations

from dataclasses import dataclass

from cloud.offline import CannotRun
from cloud.stages.day import Day
from cloud.stages.records import records
from cloud.stages.series import Step, as_csv, count, shown_of, step_of
from cloud.stages.tree import InputTree, OutputTree


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One run over `threats/` of a judged tree."""

    source: InputTree
    out: OutputTree

    def run(self) -> dict[str, int]:
        """How many devices, pictures and pictures with threats are in it."""
        days = records(self.source, "threats", Day)
        shown = [one for _, day in days for one in shown_of(day)]
        step_s = step_of(shown)
        steps = count(shown, step_s)
        self.out.write("threats.csv", as_csv(steps).encode())
        self.out.write("threats.png", _drawn(steps, step_s))
        return {
            "devices": len({step.device for step in steps}),
            "pictures": len(shown),
            "threats": sum(step.threats for step in steps),
        }


def _drawn(steps: list[Step], step_s: int) -> bytes:
    try:
        from cloud.stages.drawing import draw  # noqa: PLC0415, the other stages need no matplotlib
    except ImportError as error:
        raise CannotRun(f"the plot needs matplotlib (extra 'plot'): {error}") from error
    return draw(steps, step_s)
