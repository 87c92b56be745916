"""Counts as a picture: a row per device, bars over time, drawn by matplotlib without a display.

PURE, but needs matplotlib (the extra `plot`), so it is imported only by who draws. The PNG carries
no time of making and no version, so that the same counts give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cloud.stages.series import KINDS, TimeBin
from contract.labels import Group

MOST_DEVICES = 30
_DPI = 110
_COLOURS: dict[Group, str] = {"person": "#c62828", "vehicle": "#1565c0", "animal": "#2e7d32"}
_PICTURES = "#e0e0e0"
_DAY_S = 86_400
"""matplotlib counts dates in days since 1970."""


def draw(bins: Sequence[TimeBin], bin_s: int) -> bytes:
    """The PNG; of more than `MOST_DEVICES` those with the most threats, and says so."""
    devices = _busiest(bins)
    left_out = len({time_bin.device for time_bin in bins}) - len(devices)
    figure = Figure(figsize=(10, 1.2 + 1.3 * max(1, len(devices))), layout="constrained")
    rows = figure.subplots(max(1, len(devices)), 1, sharex=True, squeeze=False)[:, 0]
    for axes, device in zip(rows, devices, strict=False):
        _row(axes, device, [time_bin for time_bin in bins if time_bin.device == device], bin_s)
    if devices:
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]  # has no annotations
        rows[-1].xaxis.set_major_locator(locator)
        rows[-1].xaxis.set_major_formatter(
            ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]  # has no annotations
        )
        handles, names = rows[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    else:
        rows[0].set_axis_off()
    figure.suptitle(_title(bins, bin_s, left_out))
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
    return png.getvalue()


def _busiest(bins: Sequence[TimeBin]) -> list[str]:
    threats: dict[str, int] = {}
    for time_bin in bins:
        threats[time_bin.device] = threats.get(time_bin.device, 0) + time_bin.threats
    busiest = sorted(threats, key=lambda device: (-threats[device], device))[:MOST_DEVICES]
    return sorted(busiest)


def _row(axes: Axes, device: str, bins: Sequence[TimeBin], bin_s: int) -> None:
    """Per step a pale bar for all pictures, and in front of it the kinds side by side."""
    width = bin_s / _DAY_S
    starts = [time_bin.starts_at.timestamp() / _DAY_S for time_bin in bins]
    pictures = [time_bin.pictures for time_bin in bins]
    axes.bar(starts, pictures, width, align="edge", color=_PICTURES, label="pictures")
    part = width / len(KINDS)
    for place, kind in enumerate(KINDS):
        heights = [time_bin.of_kind[kind] for time_bin in bins]
        places = [start + part * place for start in starts]
        axes.bar(places, heights, part, align="edge", color=_COLOURS[kind], label=kind)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=3))
    axes.set_ylabel(device, rotation=0, ha="right", va="center")
    axes.margins(x=0.01)


def _title(bins: Sequence[TimeBin], bin_s: int, left_out: int) -> str:
    if not bins:
        return "No pictures were evaluated"
    unit = {86_400: "day", 3600: "hour"}.get(bin_s, f"{bin_s // 60} minutes")
    threats = sum(time_bin.threats for time_bin in bins)
    pictures = sum(time_bin.pictures for time_bin in bins)
    rest = f"; {left_out} quieter devices not shown" if left_out else ""
    return f"Pictures with confirmed threats per {unit} (UTC): {threats} of {pictures}{rest}"
