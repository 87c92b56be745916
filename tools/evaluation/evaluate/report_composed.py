"""The parts of `report.md` about composed scenes: false alarms by nuisance, people by height.

PURE. Each part stands only where the corpus has something for it. Called by `report_md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tools.evaluation.evaluate import report_motion
from tools.evaluation.evaluate.evaluation import Evaluation
from tools.evaluation.evaluate.heights import Band, Found, by_height, by_walk, stills_by_height
from tools.evaluation.evaluate.nuisances import by_nuisance
from tools.evaluation.evaluate.report_table import number, percent, percents, table


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
        ("nuisance", "camera-hours", "frames", "reached the detector", *report_motion.HEAD),
        (
            (
                count.name,
                number(count.false.hours),
                count.frames,
                percent(count.analysed_share()),
                *report_motion.cells(count.false),
            )
            for count in counts
        ),
    )


def _heights(title: str, bands: Sequence[Band]) -> Iterator[str]:
    if not bands:
        return
    yield f"## {title}\n"
    yield from table(
        (
            *("height, px", "events", "found", "95 %", "edge alone", "boxes", "found by the edge"),
            *("95 %", "of those looked at"),
        ),
        (
            (
                band.name(),
                band.confirmed.total,
                band.confirmed.found,
                percents(band.confirmed.interval()),
                band.edge.found,
                band.boxes.total,
                percent(band.boxes.share()),
                percents(band.boxes.interval()),
                percent(band.looked_boxes.share()),
            )
            for band in bands
        ),
    )


def _walks(walks: dict[str, tuple[Band, ...]]) -> Iterator[str]:
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


def _all(walks: dict[str, tuple[Band, ...]]) -> list[Band]:
    return [band for bands in walks.values() for band in bands]


def _of(found: Found | None) -> str:
    return "" if found is None or not found.total else f"{found.found} of {found.total}"
