"""What never reached a suspicion: idle frames that the gate held back, and motion events that were
rejected, with what the audit makes of them.

PURE. Live, a small share of the rejected events is audited; the evaluation audits all, so that its
rate has no sampling of events in it, only that of the footage. Called by the report writers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from edge.decide.recall import Recall
from tools.evaluate.report_table import percent, percents, table
from tools.evaluate.score import SequenceScore
from tools.evaluate.wilson import Interval, wilson

Json = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Frames in which every class is labelled false: how many, how many of them were quiet, and
    the gate's words for all of them."""

    frames: int
    quiet: int
    whys: tuple[tuple[str, int], ...]

    def share(self) -> float | None:
        """Of idle frames that never reached the detector."""
        return self.quiet / self.frames if self.frames else None

    def interval(self) -> Interval | None:
        """Wilson's, taking each frame for one case."""
        share = self.share()
        return None if share is None else wilson(share, self.frames)


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


def recall(scores: Iterable[SequenceScore]) -> Recall:
    """What the audit says of all sequences together."""
    answers = Counter(answer for score in scores for answer in score.run.audits)
    return Recall(
        rejected=answers.total(),
        judged=answers["missed"] + answers["clear"],
        missed=answers["missed"],
    )


def as_json(scores: Sequence[SequenceScore]) -> Json:
    """Both, for `report.json`."""
    still = idle(scores)
    return {
        "idle_frames": still.frames,
        "idle_quiet": still.quiet,
        "idle_quiet_share": still.share(),
        "idle_quiet_interval": still.interval(),
        "idle_reasons": dict(still.whys),
        "audit": recall(scores).as_json(),
    }


def markdown(scores: Sequence[SequenceScore]) -> Iterator[str]:
    """Both, for `report.md`."""
    still, audits = idle(scores), recall(scores)
    yield "## What was held back\n"
    yield from table(
        ("", "number", "share", "95 %"),
        (
            ("idle frames", still.frames, "", ""),
            (
                "of them never reached the detector",
                still.quiet,
                percent(still.share()),
                percents(still.interval()),
            ),
            ("motion events without a suspicion", audits.rejected, "", ""),
            ("of them audited with an answer", audits.judged, "", ""),
            (
                "of these missed threats",
                audits.missed,
                percent(audits.rate()),
                percents(audits.interval()),
            ),
        ),
    )
    words = ", ".join(f"{why} {count}" for why, count in still.whys)
    yield f"The gate's words for the idle frames: {words or 'none'}.\n"
