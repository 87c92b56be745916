"""The last stage: threats of every device over time, as a table and as a picture.

SHELL. Writes `threats.csv` and `threats.png`. Called by `command`.
"""

from __future__ import annotations

from dataclasses import dataclass

from cloud.confirm.offline import CannotRun
from cloud.stages.day import DayVerdicts
from cloud.stages.records import records
from cloud.stages.series import TimeBin, as_csv, bin_width_s, confirmed_kinds, count
from cloud.stages.tree import InputTree, OutputTree


@dataclass(frozen=True, kw_only=True)
class PlotStage:
    """One run over `threats/` of a tree with verdicts."""

    source: InputTree
    out: OutputTree

    def run(self) -> dict[str, int]:
        """How many devices, pictures and pictures with threats are in it."""
        days = records(self.source, "threats", DayVerdicts)
        confirmed = [one for _, day in days for one in confirmed_kinds(day)]
        bin_s = bin_width_s(confirmed)
        bins = count(confirmed, bin_s)
        self.out.write("threats.csv", as_csv(bins).encode())
        self.out.write("threats.png", _drawn(bins, bin_s))
        return {
            "devices": len({time_bin.device for time_bin in bins}),
            "pictures": len(confirmed),
            "threats": sum(time_bin.threats for time_bin in bins),
        }


def _drawn(bins: list[TimeBin], bin_s: int) -> bytes:
    try:
        from cloud.stages.drawing import draw  # noqa: PLC0415, the other stages need no matplotlib
    except ImportError as error:
        raise CannotRun(f"the plot needs matplotlib (extra 'plot'): {error}") from error
    return draw(bins, bin_s)
