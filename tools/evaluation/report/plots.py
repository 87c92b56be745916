"""Pictures of an evaluation: a timeline per sequence, and false alarms side by side.

Drawn by matplotlib without a display. Each function writes one PNG.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from contract.verdict import Decision
from tools.evaluation.evaluate.breakdown import HeightBand, by_height
from tools.evaluation.evaluate.events import CLASSES, AlarmKind, Label
from tools.evaluation.evaluate.intervals import Proportion
from tools.evaluation.evaluate.score import SequenceScore
from tools.evaluation.evaluate.totals import Totals

_DPI = 110
_TRUTH, _UNCLEAR, _MOTION, _ANALYSED = "#2e7d32", "#c5e1a5", "#9e9e9e", "#e0e0e0"
_DECIDED: dict[Decision, str] = {
    "confirmed": "#1565c0",
    "refuted": "#ef6c00",
    "inconclusive": "#8e24aa",
    "unconfirmed": "#8e24aa",
}
_KINDS = {
    AlarmKind.RIGHT: "#1565c0",
    AlarmKind.FALSE: "#c62828",
    AlarmKind.WRONG_CLASS: "#f9a825",
    AlarmKind.WRONG_PLACE: "#ad1457",
    AlarmKind.STATIC: "#6d4c41",
}
_ROWS = ("alarms", "suspicions", "motion", "analysed", *reversed(CLASSES))


def draw_all(folder: Path, scores: Sequence[SequenceScore], totals: Totals) -> tuple[Path, ...]:
    """Every plot, into `folder`; returns the files in the order to show them."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = [folder / "false_alarms.png"]
    draw_false_alarms(drawn[0], totals)
    bands = [band for band in by_height(scores) if band.edge.whole]
    if bands:
        drawn.append(folder / "heights.png")
        draw_heights(drawn[-1], bands)
    for score in scores:
        drawn.append(folder / f"{score.run.id}.png")
        draw_timeline(drawn[-1], score)
    return tuple(drawn)


def draw_heights(path: Path, bands: Sequence[HeightBand]) -> None:
    """People found by height: events by the edge alone and confirmed, and boxes, with 95 %."""
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    curves = (
        ("events, confirmed", [band.confirmed for band in bands], _KINDS[AlarmKind.RIGHT]),
        ("events, edge alone", [band.edge for band in bands], _DECIDED["refuted"]),
        ("boxes, edge", [band.boxes for band in bands], _MOTION),
    )
    for place, (name, shares, colour) in enumerate(curves):
        _draw_shares(axes, (place - 1) * 0.08, shares, name, colour)
    axes.set_xticks(range(len(bands)), [f"{band.name()}\n{band.edge.whole}" for band in bands])
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("height of the person, px; number of events")
    axes.set_ylabel("share found")
    axes.grid(axis="y", alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=_DPI)


def _draw_shares(
    axes: Axes, shift: float, shares: Sequence[Proportion], name: str, colour: str
) -> None:
    rows = [(at, share, share.interval()) for at, share in enumerate(shares)]
    known = [(at, share.part / share.whole, ends) for at, share, ends in rows if ends is not None]
    middles = np.array([middle for _, middle, _ in known])
    lows, highs = (np.array([ends[side] for _, _, ends in known]) for side in (0, 1))
    axes.errorbar(
        [at + shift for at, _, _ in known],
        middles,
        yerr=np.clip([middles - lows, highs - middles], 0, 1),
        label=name,
        color=colour,
        marker="o",
        capsize=3,
    )


def draw_timeline(path: Path, score: SequenceScore) -> None:
    """What was there, what moved, what was suspected and what was confirmed, over time."""
    run = score.run
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    axes = figure.subplots()
    step_s = 1 / run.fps
    times = run.timeline.times
    for cls in CLASSES:
        _draw_labels(axes, _ROWS.index(cls), run.timeline.labels[cls], times, step_s)
    analysed = tuple(frame.outcome == "analysed" for frame in run.seen)
    _bars(axes, _ROWS.index("analysed"), _spans(analysed, times, step_s), _ANALYSED)
    moved = [(m.raised_s, m.until_s - m.raised_s + step_s) for m in score.motion]
    _bars(axes, _ROWS.index("motion"), moved, _MOTION)
    for decided in run.suspicions:
        colour = _DECIDED[decided.decision]
        axes.plot(decided.raised_s, _ROWS.index("suspicions"), "v", color=colour)
    for scored in score.alarms:
        length_s = max(scored.alarm.until_s - scored.alarm.raised_s, step_s)
        row = _ROWS.index("alarms")
        _bars(axes, row, [(scored.alarm.raised_s, length_s)], _KINDS[scored.kind])
    _finish_timeline(axes, score)
    figure.savefig(path, dpi=_DPI)


def draw_false_alarms(path: Path, totals: Totals) -> None:
    """The alarms with nothing in view, of any class and of each: of plain motion, of the edge
    alone, and confirmed."""
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    counts = [totals.nothing, *totals.without.values()]
    bars = (
        ("plain motion", [count.motion for count in counts], _MOTION),
        ("edge alone", [count.edge for count in counts], _DECIDED["refuted"]),
        ("confirmed", [count.confirmed for count in counts], _KINDS[AlarmKind.FALSE]),
    )
    for place, (name, heights, colour) in enumerate(bars):
        at = [index + (place - 1) * 0.27 for index in range(len(counts))]
        drawn = axes.bar(at, heights, width=0.25, label=name, color=colour)
        axes.bar_label(drawn)
    names = ["nothing in view", *(f"no {cls} in view" for cls in totals.without)]
    axes.set_xticks(range(len(names)), names)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(y=0.15)
    axes.set_ylabel("false alarms")
    axes.set_title(f"False alarms in {totals.hours * 60:.1f} camera-minutes")
    axes.legend()
    figure.savefig(path, dpi=_DPI)


def _draw_labels(
    axes: Axes, row: int, labels: Sequence[Label], times: Sequence[float], step_s: float
) -> None:
    for wanted, colour in ((True, _TRUTH), (None, _UNCLEAR)):
        chosen = tuple(label is wanted for label in labels)
        _bars(axes, row, _spans(chosen, times, step_s), colour)


def _bars(axes: Axes, row: int, spans: Sequence[tuple[float, float]], colour: str) -> None:
    axes.broken_barh(spans, (row - 0.38, 0.76), facecolors=colour)


def _spans(
    chosen: Sequence[bool], times: Sequence[float], step_s: float
) -> list[tuple[float, float]]:
    """Start and length of each run of chosen frames; a frame lasts until the next."""
    return [(times[first], times[last] + step_s - times[first]) for first, last in _runs(chosen)]


def _runs(chosen: Sequence[bool]) -> Iterator[tuple[int, int]]:
    first = 0
    for wanted, group in groupby(chosen):
        length = len(tuple(group))
        if wanted:
            yield first, first + length - 1
        first += length


def _finish_timeline(axes: Axes, score: SequenceScore) -> None:
    run = score.run
    axes.set_yticks(range(len(_ROWS)), _ROWS)
    axes.set_ylim(-0.6, len(_ROWS) - 0.4)
    axes.set_xlim(0, run.duration_s())
    axes.set_xlabel("s")
    axes.grid(axis="x", alpha=0.3)
    found = sum(scored.delay_s is not None for scored in score.events)
    false = sum(score.false_alarms().values())
    axes.set_title(
        f"{run.id}: {found} of {len(score.events)} events found, {false} false, "
        f"{score.motion_on_nothing()} false by motion"
    )
    keys = (
        ("true", _TRUTH),
        ("do not score", _UNCLEAR),
        *((f"{decision}", _DECIDED[decision]) for decision in ("confirmed", "refuted")),
        ("false alarm", _KINDS[AlarmKind.FALSE]),
        ("wrong class", _KINDS[AlarmKind.WRONG_CLASS]),
    )
    for name, colour in keys:
        axes.plot([], [], "s", color=colour, label=name)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize="small")
