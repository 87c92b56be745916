"""`report.md`: the figures for people.

PURE. Tables of what was found, what was false and what was sent, then every miss and every false
alarm by name, so that each can be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tools.evaluation.evaluate.breakdown import STILL_CLASSES, score_stills, stills_traffic
from tools.evaluation.evaluate.events import CLASSES, AlarmKind
from tools.evaluation.evaluate.score import SequenceScore, Traffic
from tools.evaluation.evaluate.totals import Evaluation, Totals, traffic_interval
from tools.evaluation.report import rejected
from tools.evaluation.report.comparisons import comparisons, sections, static_objects
from tools.evaluation.report.figures import scored_classes
from tools.evaluation.report.tables import (
    DEFINITIONS,
    number,
    percent,
    percents,
    seconds,
    share_cells,
    span,
    table,
)


def markdown(evaluation: Evaluation, plots: Sequence[str]) -> str:
    """The report; `plots` are the pictures' paths relative to it."""
    parts = [
        *_head(evaluation),
        *_headline(evaluation.totals),
        *_events(evaluation.totals),
        *_false_alarms(evaluation.totals),
        *comparisons(evaluation.totals),
        *_bytes(evaluation.totals),
        *rejected.markdown(evaluation.scores),
        *sections(evaluation),
        *static_objects(evaluation.scores),
        *_sequences(evaluation.scores),
        *_missed(evaluation.scores),
        *_wrong(evaluation.scores),
        *_stills(evaluation),
        *_plots(plots),
        "## What the figures mean\n",
        *(f"- {definition}" for definition in DEFINITIONS),
    ]
    return "\n".join(parts) + "\n"


def _head(evaluation: Evaluation) -> Iterator[str]:
    subject = evaluation.subject
    yield f"# Evaluation on {subject.corpus}\n"
    if subject.limit is not None or subject.only:
        chosen = ", ".join(subject.only) or "all sequences"
        yield f"**Not the whole corpus:** {chosen}, at most {subject.limit} pictures of each.\n"
    yield (
        f"Edge: {subject.edge_model} (`{subject.edge_sha256[:12]}`, {subject.edge_runtime}); "
        f"cloud: {subject.cloud_model} (`{subject.cloud_sha256[:12]}`); "
        f"configuration: {subject.config}; took {subject.wall_s:.0f} s. Of {evaluation.frames()} "
        f"frames {evaluation.analysed()} reached the detector, with "
        f"{number(evaluation.inferences_per_analysed())} runs of the network for each of them.\n"
    )


def _headline(totals: Totals) -> Iterator[str]:
    """The three figures, and everything that they excuse."""
    headline = totals.headline
    yield "## In short\n"
    yield from table(
        ("figure", "value", "95 %"),
        (
            (
                "events found (persons and vehicles)",
                f"{headline.found} of {headline.events}",
                percents(headline.share().interval()),
            ),
            (
                "false alarms of every kind, per camera-hour",
                f"{headline.false} in {headline.hours:.3f} h: {number(headline.rate().per_hour())}",
                span(headline.rate().interval()),
            ),
            (
                "bytes sent",
                percent(totals.traffic.share()),
                percents(traffic_interval(totals.traffic)),
            ),
        ),
    )
    kinds = ", ".join(
        f"{headline.by_kind[kind]} {kind.value.replace('_', ' ')}"
        for kind in AlarmKind
        if kind is not AlarmKind.RIGHT
    )
    yield (
        f"False by kind: {kinds}. The edge alone: {headline.edge_false} false, "
        f"{headline.edge_found} events found, of which the cloud lost {headline.lost_by_cloud}.\n"
    )
    yield (
        f"Excused: {headline.unchecked} alarms whose place is not labelled (`report.html` shows "
        f"them), {headline.by_null} over frames alone that nobody scores, {headline.unscored} "
        "confirmed of classes that are not scored.\n"
    )


def _events(totals: Totals) -> Iterator[str]:
    yield "## Events\n"
    yield from table(
        (
            *("class", "events", "found", "share", "95 %", "found by the edge alone"),
            *("by plain motion", "median delay"),
        ),
        (
            (
                cls,
                recall.total,
                recall.found,
                *share_cells(recall.share()),
                recall.edge_found,
                recall.motion_found,
                seconds(recall.median_delay_s()),
            )
            for cls in scored_classes(totals)
            for recall in (totals.recall[cls],)
        ),
    )
    bicycles = totals.recall["bicycle"]
    if bicycles.total:
        yield f"Alarmed about as a person were the riders of {bicycles.as_rider} bicycle events.\n"


def _false_alarms(totals: Totals) -> Iterator[str]:
    yield "## False alarms\n"
    yield from table(
        ("class", "edge alone", "confirmed", "per camera-hour", "95 %", "wrong class"),
        (
            (
                cls,
                counts.edge,
                counts.confirmed,
                number(counts.rate().per_hour()),
                span(counts.rate().interval()),
                counts.wrong_class,
            )
            for cls in CLASSES
            for counts in (totals.false_alarms[cls],)
        ),
    )


def _bytes(totals: Totals) -> Iterator[str]:
    yield "## Bytes\n"
    yield from table(
        ("frames", "number", "bytes in", "suspicions", "bytes out", "share", "95 %"),
        (_traffic("all", totals.traffic), _traffic("empty", totals.empty)),
    )


def _traffic(name: str, traffic: Traffic) -> tuple[object, ...]:
    return (
        name,
        traffic.frames,
        traffic.bytes_in,
        traffic.suspicions,
        traffic.bytes_out,
        percent(traffic.share()),
        percents(traffic_interval(traffic)),
    )


def _sequences(scores: Sequence[SequenceScore]) -> Iterator[str]:
    yield "## Sequences\n"
    yield from table(
        (
            *("sequence", "frames", "quiet", "analysed", "rejected", "events found"),
            *("suspicions", "confirmed", "refuted", "inconclusive", "false", "nothing in view"),
            *("false by motion", "bytes sent"),
        ),
        (
            (
                score.run.id
                + (" (synthetic)" if score.run.synthetic else "")
                + ("" if score.run.fps_known else " (rate assumed)"),
                len(score.run.seen),
                *(score.outcomes[word] for word in ("quiet", "analysed", "rejected")),
                f"{sum(e.delay_s is not None for e in score.events)} of {len(score.events)}",
                len(score.run.suspicions),
                *(score.decisions[word] for word in ("confirmed", "refuted", "inconclusive")),
                len(score.all_false()),
                sum(score.false_alarms().values()),
                score.motion_on_nothing(),
                percent(score.traffic.share()),
            )
            for score in scores
        ),
    )


def _missed(scores: Sequence[SequenceScore]) -> Iterator[str]:
    rows = [
        (
            score.run.id,
            scored.event.cls,
            f"{scored.event.start_s:.1f} to {scored.event.end_s:.1f} s",
            "by the cloud" if scored.edge_delay_s is not None else "by the edge",
        )
        for score in scores
        for scored in score.events
        if scored.delay_s is None
    ]
    if rows:
        yield "## Missed events\n"
        yield from table(("sequence", "class", "when", "missed"), rows)


def _wrong(scores: Sequence[SequenceScore]) -> Iterator[str]:
    rows = [
        (
            score.run.id,
            scored.alarm.cls,
            f"{scored.alarm.raised_s:.1f} to {scored.alarm.until_s:.1f} s",
            scored.kind.value.replace("_", " "),
            "yes" if scored.parked else "",
        )
        for score in scores
        for scored in score.alarms
        if scored.false
    ]
    if rows:
        yield "## Alarms that were wrong\n"
        yield from table(("sequence", "class", "when", "what", "parked vehicle in view"), rows)


def _stills(evaluation: Evaluation) -> Iterator[str]:
    if not evaluation.stills:
        return
    yield "## Stills\n"
    results = [(cls, score_stills(evaluation.stills, cls)) for cls in STILL_CLASSES]
    yield from table(
        (
            *("class", "pictures with", "confirmed", "share", "95 %"),
            *("pictures without", "confirmed all the same", "share", "95 %"),
        ),
        (
            (
                cls,
                result.present,
                result.found,
                *share_cells(result.recall()),
                result.absent,
                result.false,
                *share_cells(result.false_share()),
            )
            for cls, result in results
        ),
    )
    traffic = stills_traffic(evaluation.stills)
    yield (
        f"{traffic.suspicions} suspicions on {traffic.frames} stills; {traffic.bytes_out} bytes "
        f"out for {traffic.bytes_in} in.\n"
    )
    for cls, result in results:
        if result.files_false:
            yield f"- {cls} confirmed where none is labelled: {', '.join(result.files_false)}"
        if result.files_missed:
            yield f"- {cls} not confirmed: {', '.join(result.files_missed)}"
    yield ""


def _plots(plots: Sequence[str]) -> Iterator[str]:
    if plots:
        yield "## Plots\n"
        yield from (f"![{plot}]({plot})\n" for plot in plots)
