"""What never reached a suspicion: idle frames that the gate stopped, and motion events and quiet
minutes that were rejected, with what the audit makes of them and what the labels do.

PURE. Live, a small share of the rejected is audited; the evaluation audits all of a corpus up to an
hour, so that its rate has no sampling in it but that of the footage, and a random share of a longer
one. Where labels know who was there, they show how accurate the audit itself is. Called by the
report writers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from edge.audit.recall import Recall
from edge.audit.sampling import SampleKind
from tools.evaluation.evaluate.events import ObjectClass
from tools.evaluation.evaluate.intervals import Proportion
from tools.evaluation.evaluate.observed import RejectedStretch
from tools.evaluation.evaluate.score import SequenceScore
from tools.evaluation.report.tables import percent, percents, share_cells, table

Json = dict[str, object]

_WATCHED: tuple[ObjectClass, ...] = ("person", "vehicle")
_KINDS: dict[SampleKind, str] = {
    "motion": "motion events without a notification",
    "partly": "motion events with a notification of a person alone, or of a vehicle alone",
    "quiet": "quiet minutes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Frames in which every class is labelled false: how many, how many of them were quiet, and
    the gate's reasons for all of them."""

    frames: int
    quiet: int
    whys: tuple[tuple[str, int], ...]

    def share(self) -> Proportion:
        """Of idle frames that never reached the detector, each taken for one case."""
        return Proportion(self.quiet, self.frames)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditAccuracy:
    """The audit held against the labels: of `with_threat` audited ones in which a person or moving
    vehicle is labelled, it called so many `missed`; of `without`, where every label is false, it
    called `wrongly` so many."""

    with_threat: int
    missed: int
    without: int
    wrongly: int


def idle(scores: Iterable[SequenceScore]) -> Idle:
    """Of all sequences together."""
    seen = [
        frame
        for score in scores
        for frame, empty in zip(score.run.seen, score.run.timeline.empty(), strict=True)
        if empty
    ]
    whys = Counter(frame.reason for frame in seen)
    quiet = sum(frame.outcome == "quiet" for frame in seen)
    return Idle(frames=len(seen), quiet=quiet, whys=tuple(whys.most_common()))


def recall(scores: Iterable[SequenceScore], kind: SampleKind = "motion") -> Recall:
    """What the audit says of all sequences together."""
    rejected = [one for score in scores for one in score.run.rejected if one.kind == kind]
    return reduce(_counted, rejected, Recall(rejected=len(rejected)))


def worth(scores: Iterable[SequenceScore]) -> AuditAccuracy:
    """Of all that was audited and answered, and whose labels are plain."""
    decided = [
        (_threat(score, one), one.answer == "missed")
        for score in scores
        for one in score.run.rejected
        if one.answer in ("missed", "clear")
    ]
    return AuditAccuracy(
        with_threat=sum(there is True for there, _ in decided),
        missed=sum(there is True and missed for there, missed in decided),
        without=sum(there is False for there, _ in decided),
        wrongly=sum(there is False and missed for there, missed in decided),
    )


def as_json(scores: Sequence[SequenceScore]) -> Json:
    """All of it, for `report.json`."""
    still, known = idle(scores), worth(scores)
    return {
        "idle_frames": still.frames,
        "idle_quiet": still.quiet,
        "idle_quiet_share": still.share().value(),
        "idle_quiet_interval": still.share().interval(),
        "idle_reasons": dict(still.whys),
        "audit": {kind: _printed(recall(scores, kind)) for kind in _KINDS},
        "audit_by_labels": {
            "with_threat": known.with_threat,
            "called_missed": known.missed,
            "without_threat": known.without,
            "wrongly_called_missed": known.wrongly,
        },
    }


def markdown(scores: Sequence[SequenceScore]) -> Iterator[str]:
    """All of it, for `report.md`."""
    still, known = idle(scores), worth(scores)
    yield "## What was not reported\n"
    yield from table(
        ("", "number", "share", "95 %"),
        (
            ("idle frames", still.frames, "", ""),
            (
                "of them never reached the detector",
                still.quiet,
                *share_cells(still.share()),
            ),
            *(row for kind in _KINDS for row in _rows(scores, kind)),
            ("audited, with somebody there by the labels", known.with_threat, "", ""),
            (
                "of these called missed by the audit",
                *_counted_cells(known.missed, known.with_threat),
            ),
            ("audited, with nobody there by the labels", known.without, "", ""),
            ("of these called missed wrongly", *_counted_cells(known.wrongly, known.without)),
        ),
    )
    words = ", ".join(f"{why} {count}" for why, count in still.whys)
    yield f"The gate's reasons for the idle frames: {words or 'none'}.\n"


def _rows(scores: Sequence[SequenceScore], kind: SampleKind) -> Iterator[tuple[object, ...]]:
    audits = recall(scores, kind)
    yield _KINDS[kind], audits.rejected, "", ""
    yield "of them audited with an answer", audits.answered.count, "", ""
    yield (
        "of these missed threats",
        audits.missed.count,
        percent(audits.rate()),
        percents(audits.interval()),
    )


def _counted_cells(part: int, whole: int) -> tuple[object, ...]:
    return part, *share_cells(Proportion(part, whole))


def _printed(recall: Recall) -> Json:
    return {
        "rejected": recall.rejected,
        "missed": recall.missed.count,
        **recall.as_json(),
    }


def _counted(known: Recall, one: RejectedStretch) -> Recall:
    if one.answer is None:
        return known
    if one.answer == "unanswered":
        return known.add_unknown(one.share)
    return known.add_answer(one.share, missed=one.answer == "missed")


def _threat(score: SequenceScore, one: RejectedStretch) -> bool | None:
    """Whether a label says that somebody was there; None where labels leave it open."""
    timeline = score.run.timeline
    labels = {
        timeline.labels[cls][frame]
        for frame in timeline.span(one.from_s, one.to_s)
        for cls in _WATCHED
        if cls not in one.notified
    }
    return True if True in labels else None if None in labels or not labels else False
