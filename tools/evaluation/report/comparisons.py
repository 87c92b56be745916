"""The parts of both reports that compare: false alarms with those of plain motion, by nuisance, and
of static things; people found by their height.

PURE. Each part stands only where the corpus has something for it. Called by the writers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.evaluation.evaluate.breakdown import (
    HeightBand,
    by_height,
    by_nuisance,
    by_walk,
    stills_by_height,
)
from tools.evaluation.evaluate.intervals import Comparison, Proportion, Reduction
from tools.evaluation.evaluate.observed import SequenceRun
from tools.evaluation.evaluate.score import SequenceScore
from tools.evaluation.evaluate.totals import Evaluation, Totals
from tools.evaluation.report.rejected import Json
from tools.evaluation.report.tables import (
    number,
    pair,
    percent,
    percents,
    rounded,
    share_cells,
    span,
    table,
)

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
        _less(counts.edge_reduction()),
        counts.confirmed,
        _rate(counts, counts.confirmed),
        _less(counts.reduction()),
    )


def comparisons(totals: Totals) -> Iterator[str]:
    """For `report.md`."""
    yield "## False alarms against plain motion\n"
    rows = [("nothing in view", totals.nothing)]
    rows += [(f"no {cls} in view", counts) for cls, counts in totals.without.items()]
    yield from table(("alarms with", *HEAD), ((name, *cells(counts)) for name, counts in rows))
    yield (
        f"Plain motion gave {totals.motion_alarms} alarms in all in {totals.hours * 60:.1f} "
        "camera-minutes.\n"
    )


def comparisons_as_json(totals: Totals) -> Json:
    """For `report.json`: with nothing in view, and per class without it in view."""
    without = {f"no_{cls}": comparison_as_json(counts) for cls, counts in totals.without.items()}
    return {"nothing": comparison_as_json(totals.nothing), **without}


def comparison_as_json(counts: Comparison) -> Json:
    """Plain motion, the edge alone, and what was confirmed, over the same hours."""
    return {
        "camera_hours": round(counts.hours, 4),
        "motion_false_alarms": counts.motion,
        "motion_per_camera_hour": rounded(counts.rate(counts.motion).per_hour()),
        "motion_per_camera_hour_interval": pair(counts.rate(counts.motion).interval()),
        "edge_false_alarms": counts.edge,
        "edge_per_camera_hour_interval": pair(counts.rate(counts.edge).interval()),
        "edge_reduction": rounded(counts.edge_reduction().value()),
        "edge_reduction_interval": pair(counts.edge_reduction().interval()),
        "false_alarms": counts.confirmed,
        "per_camera_hour": rounded(counts.rate(counts.confirmed).per_hour()),
        "per_camera_hour_interval": pair(counts.rate(counts.confirmed).interval()),
        "reduction": rounded(counts.reduction().value()),
        "reduction_interval": pair(counts.reduction().interval()),
    }


def _rate(counts: Comparison, count: int) -> str:
    rate = counts.rate(count)
    return f"{number(rate.per_hour())} ({span(rate.interval())})"


def _less(fewer: Reduction) -> str:
    share = fewer.value()
    return "-" if share is None else f"{percent(share)} ({percents(fewer.interval())})"


def sections(evaluation: Evaluation) -> Iterator[str]:
    """All of them, as Markdown."""
    yield from _nuisances(evaluation)
    yield from _heights("People by height", by_height(evaluation.scores))
    yield from _walks(by_walk(evaluation.scores))
    yield from _heights("People in stills by height", stills_by_height(evaluation.stills))


def _nuisances(evaluation: Evaluation) -> Iterator[str]:
    counts = by_nuisance(evaluation.scores)
    if not counts:
        return
    yield "## False alarms by nuisance\n"
    yield from table(
        ("nuisance", "camera-hours", "frames", "reached the detector", *HEAD),
        (
            (
                count.name,
                number(count.false.hours),
                count.frames,
                percent(count.analysed_share().value()),
                *cells(count.false),
            )
            for count in counts
        ),
    )


def _heights(title: str, bands: Sequence[HeightBand]) -> Iterator[str]:
    if not bands:
        return
    yield f"## {title}\n"
    yield from table(
        (
            *("height, px", "events", "found", "95 %", "edge alone", "boxes", "found by the edge"),
            *("95 %", "of analysed frames"),
        ),
        (
            (
                band.name(),
                band.confirmed.whole,
                band.confirmed.part,
                percents(band.confirmed.interval()),
                band.edge.part,
                band.boxes.whole,
                *share_cells(band.boxes),
                percent(band.analysed_boxes.value()),
            )
            for band in bands
        ),
    )


def _walks(walks: dict[str, tuple[HeightBand, ...]]) -> Iterator[str]:
    """Events confirmed, per kind of walk; a band that a walk lacks stays empty."""
    if not walks:
        return
    names = list(dict.fromkeys(b.name() for b in sorted(_all(walks), key=lambda b: b.low_px)))
    yield "## Events found by walk and height, px\n"
    yield from table(
        ("walk", *names),
        (
            (walk, *(_of({b.name(): b.confirmed for b in bands}.get(name)) for name in names))
            for walk, bands in walks.items()
        ),
    )


def _all(walks: dict[str, tuple[HeightBand, ...]]) -> list[HeightBand]:
    return [band for bands in walks.values() for band in bands]


def _of(found: Proportion | None) -> str:
    return "" if found is None or not found.whole else f"{found.part} of {found.whole}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticObjectAlarms:
    """When a thing was suspected by the edge, and when people were notified of it, in seconds."""

    name: str
    suspected_s: tuple[float, ...]
    confirmed_s: tuple[float, ...]


def alarms_about(run: SequenceRun) -> tuple[StaticObjectAlarms, ...]:
    """Each static thing of the sequence."""
    return tuple(_alarms_about(name, run) for name in run.static)


def _alarms_about(name: str, run: SequenceRun) -> StaticObjectAlarms:
    suspected = [decided for decided in run.suspicions if decided.about.name == name]
    return StaticObjectAlarms(
        name=name,
        suspected_s=tuple(decided.raised_s for decided in suspected),
        confirmed_s=tuple(j.raised_s for j in suspected if j.decision == "confirmed"),
    )


def static_as_json(run: SequenceRun) -> list[Json]:
    """For a sequence in `report.json`."""
    return [
        {
            "name": thing.name,
            "suspected_s": [round(t, 3) for t in thing.suspected_s],
            "confirmed_s": [round(t, 3) for t in thing.confirmed_s],
        }
        for thing in alarms_about(run)
    ]


def static_objects(scores: Sequence[SequenceScore]) -> Iterator[str]:
    """For `report.md`, where anything is known to stand."""
    rows = [
        (score.run.id, thing.name, len(thing.suspected_s), len(thing.confirmed_s))
        for score in scores
        for thing in alarms_about(score.run)
    ]
    if rows:
        yield "## Static objects\n"
        yield from table(("sequence", "object", "suspected by the edge", "notified"), rows)
