"""Every event that was missed, with the check that held it back, in words.

PURE. The stages of the path are asked from the end: what was suspected was lost by the cloud, what
fired was suppressed as a duplicate, what was evaluated failed a check, what was detected had no
track, what was analysed was not detected, and the rest never passed the gate. Called by `html`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.evaluation.evaluate.breakdown import STILL_CLASSES, score_stills
from tools.evaluation.evaluate.events import SLACK_S, AtBox, LabelledEvent, ObjectClass, class_of
from tools.evaluation.evaluate.observed import DecidedSuspicion, EventTrace
from tools.evaluation.evaluate.score import LATE_S
from tools.evaluation.evaluate.totals import Evaluation

_TRACKS = 12
"""Numbers that are named; a full car park has a hundred."""


@dataclass(frozen=True, slots=True)
class MissedEvent:
    """An event that no confirmed alarm found: where, why in one line, what else is known."""

    place: str
    trace: EventTrace
    why: str
    facts: tuple[str, ...]
    by_edge: bool


@dataclass(frozen=True, slots=True)
class LateEvent:
    """An event that was found `delay_s` after it began."""

    place: str
    trace: EventTrace
    delay_s: float

    @property
    def why(self) -> str:
        """What the time went by with, until it was suspected."""
        began_s, first_s = self.trace.event.start_s, self.trace.first_s
        seen_s = first_s.get("detected")
        if seen_s is None:
            return "not detected while it lasted"
        if seen_s - began_s > self.delay_s / 2:
            return f"first detected {seen_s - began_s:.1f} s after it began"
        words = self.trace.before.words()
        return f"held back by a check: {words[0]}" if words else "asked again after a refusal"

    @property
    def facts(self) -> tuple[str, ...]:
        return tuple(_facts(self.trace))


def misses(evaluation: Evaluation) -> Iterator[MissedEvent]:
    """Those of the sequences, then those of the stills."""
    for score in evaluation.scores:
        traces = {trace.event: trace for trace in score.run.traces}
        for scored in score.events:
            if scored.delay_s is None and scored.event in traces:
                note = ("its rider was alarmed about as a person",) if scored.as_rider else ()
                yield _miss(
                    score.run.id, traces[scored.event], score.run.suspicions, scored.event, note
                )
    missed = {cls: score_stills(evaluation.stills, cls).files_missed for cls in STILL_CLASSES}
    for still in evaluation.stills:
        for trace in still.traces:
            if still.file in missed.get(trace.event.cls, ()):
                yield _miss(f"still {still.file}", trace, still.suspicions, None, ())


def late(evaluation: Evaluation) -> Iterator[LateEvent]:
    """What was found, but more than `LATE_S` after it began, the latest first."""
    found = [
        LateEvent(score.run.id, traces[scored.event], scored.delay_s)
        for score in evaluation.scores
        for traces in ({trace.event: trace for trace in score.run.traces},)
        for scored in score.events
        if scored.delay_s is not None and scored.delay_s > LATE_S and scored.event in traces
    ]
    yield from sorted(found, key=lambda one: -one.delay_s)


def _miss(
    place: str,
    trace: EventTrace,
    suspicions: Sequence[DecidedSuspicion],
    event: LabelledEvent | None,
    note: tuple[str, ...],
) -> MissedEvent:
    """`event` says when suspicions count; those of a still all do."""
    near = [one for one in suspicions if event is None or _near(one, event)]
    own = [one for one in near if _about(one, trace.event.cls)]
    other = [one for one in near if one not in own]
    return MissedEvent(
        place=place,
        trace=trace,
        why=_why(trace, own),
        facts=(*note, *_facts(trace), *(_suspected(one) for one in (*own, *other))),
        by_edge=bool(own),
    )


def _near(decided: DecidedSuspicion, event: LabelledEvent) -> bool:
    return event.start_s - SLACK_S <= decided.raised_s <= event.end_s + SLACK_S


def _about(decided: DecidedSuspicion, cls: ObjectClass) -> bool:
    return class_of(decided.label) == cls and decided.about.place in {AtBox.THING, AtBox.UNKNOWN}


def _why(trace: EventTrace, own: Sequence[DecidedSuspicion]) -> str:
    """The last stage that it came to, and what ended it there."""
    cls = trace.event.cls
    if own:
        scores = ", ".join(f"{_decided(one)} at {one.verdict_score:.2f}" for one in own)
        return f"suspected by the edge, lost by the cloud: {scores}"
    if trace.holds.fired:
        return f"its rule fired in {trace.holds.fired} rule results, but {_fired(trace)}"
    if trace.holds.evaluated:
        return f"held back by a check: {_nearest(trace)}"
    if trace.best is not None:
        full = f"; {trace.refused} detections could not be tracked" if trace.refused else ""
        return (
            f"no track: detected in {trace.detected} of {trace.analysed} analysed frames, at best "
            f"{trace.best.score:.2f}, and a track begins at {trace.begin:.2f}{full}"
        )
    if trace.analysed:
        return (
            f"never detected as {cls} above {trace.floor:.2f} in {trace.analysed} analysed frames"
        )
    return f"never passed the gate: {_outcomes(trace)}"


def _nearest(trace: EventTrace) -> str:
    """Of the track that came nearest; in a car park static objects say nothing."""
    nearest = trace.nearest
    if nearest is None:
        return trace.holds.words()[0]
    return f"track #{nearest[0]}: {nearest[1].words()[0]}"


def _fired(trace: EventTrace) -> str:
    if not trace.deduplicated:
        return "it was counted with an earlier alarm, or raised at another time"
    after = (
        "" if trace.deduplicated_after_s is None else f" {trace.deduplicated_after_s:.1f} s before"
    )
    return (
        f"it was suppressed as a duplicate of what was raised{after} ({trace.deduplicated} times)"
    )


def _decided(decided: DecidedSuspicion) -> str:
    """What it is confirmed as is of another class, else the event were found."""
    if decided.decision == "confirmed":
        return f"confirmed as {decided.verdict_label}"
    return decided.decision


def _facts(trace: EventTrace) -> Iterator[str]:
    yield f"{trace.frames} frames: {_outcomes(trace)}"
    if trace.first_s:
        yield "first " + ", ".join(f"{stage} {t:.1f} s" for stage, t in trace.first_s.items())
    if trace.best is not None:
        yield (
            f"detected in {trace.detected} of {trace.analysed} analysed frames, best as "
            f"{trace.best.label} {trace.best.score:.2f} at {trace.best.t:.1f} s"
        )
    if trace.by_track:
        first = ", ".join(f"#{id_}" for id_ in sorted(trace.by_track)[:_TRACKS])
        rest = len(trace.by_track) - _TRACKS
        yield f"tracks {first}" + (f" and {rest} more" if rest > 0 else "")
    yield from trace.holds.words()
    if trace.deduplicated:
        yield f"suppressed as a duplicate {trace.deduplicated} times"
    if trace.refused:
        yield f"{trace.refused} detections could not be tracked while it lasted"
    if trace.others:
        seen = ", ".join(f"{label} {count}" for label, count in trace.others.most_common(4))
        yield f"detected elsewhere or as other things: {seen}"


def _outcomes(trace: EventTrace) -> str:
    return ", ".join(f"{what} {count}" for what, count in trace.outcomes.most_common())


def _suspected(decided: DecidedSuspicion) -> str:
    """A suspicion near the event, and what the cloud said to it."""
    what = decided.about.name or decided.about.place.value.replace("_", " ")
    return (
        f"suspicion at {decided.raised_s:.1f} s: {decided.label} {decided.score:.2f} by rule "
        f"{decided.edge.rule or '?'}, about {what}; cloud: {decided.decision} as "
        f"{decided.verdict_label} {decided.verdict_score:.2f}"
        + "".join(f"; {reason}" for reason in decided.reasons)
    )
