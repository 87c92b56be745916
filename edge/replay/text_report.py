"""A replay as text: a JSON line per frame, the same in words, and the accounting at the end.

PURE. Called by the subcommand `replay`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from edge.records import AlertCandidate, Analysed, Check, Outcome, Quiet, RuleResult
from edge.replay.player import ReplayStep
from edge.rules.checks import ignored_words, whole, words
from imaging.admission import Rejected
from imaging.detections import Detections, no_detections


def line(step: ReplayStep, *, explain: bool = False) -> str:
    """One JSON line for a frame, on demand with every rule result in it."""
    outcome = step.outcome
    found = outcome.detections if isinstance(outcome, Analysed) else no_detections()
    reason = outcome.reason.value if isinstance(outcome, Rejected) else outcome.motion.why
    facts = {
        "frame": step.name,
        "t": round(step.t, 3),
        "outcome": _word(outcome),
        "reason": reason,
        "inferences": outcome.inferences if isinstance(outcome, Analysed) else 0,
        "detections": _detections(found),
        "suspicions": [_suspicion(candidate) for candidate in step.candidates],
    }
    if step.faults:
        facts["faults"] = list(step.faults)
    facts |= step.notices.as_json()
    if explain:
        ignored = outcome.ignored if isinstance(outcome, Analysed) else ()
        facts["rule_results"] = [
            _rule_result(rule_result, step) for rule_result in step.rule_results
        ]
        facts["ignored"] = [ignored_words(one) for one in ignored]
        facts["duplicates"] = list(_duplicates(outcome))
    return json.dumps(facts)


def explained(step: ReplayStep) -> Iterator[str]:
    """The frame in words: what became of it, then each object with each rule's decision."""
    outcome = step.outcome
    yield f"{step.name} t={step.t:.3f} {why(outcome)}"
    if isinstance(outcome, Quiet) and outcome.motion.why == "auto_mask":
        yield f"  masked by itself: {json.dumps(step.notices.as_json()['auto_masks'])}"
    if isinstance(outcome, Analysed):
        yield from (f"  {ignored_words(one)}" for one in outcome.ignored)
    yield from (f"  {whole(one, was_reported(one, step))}" for one in step.rule_results)
    yield from (f"  {words}" for words in _duplicates(outcome))


def _duplicates(outcome: Outcome) -> Iterator[str]:
    """What fired without a suspicion of its own, once per object and report."""
    for one in outcome.duplicates if isinstance(outcome, Analysed) else ():
        words = f"alike was reported {one.since_s:.1f} s ago; the next report counts it"
        yield f"track {one.track} {one.label}: {one.rule} duplicate: {words}"


def why(outcome: Outcome) -> str:
    """What became of a frame, and the word for the reason."""
    reason = outcome.reason.value if isinstance(outcome, Rejected) else outcome.motion.why
    return f"{_word(outcome)}: {reason}"


def _word(outcome: Outcome) -> str:
    match outcome:
        case Rejected():
            return "rejected"
        case Quiet():
            return "quiet"
        case Analysed():
            return "analysed"


def _detections(found: Detections) -> list[dict[str, object]]:
    return [
        {
            "label": found.labels[row],
            "score": round(float(found.scores[row]), 4),
            "box": [round(float(value), 1) for value in found.boxes[row]],
        }
        for row in range(len(found))
    ]


def was_reported(rule_result: RuleResult, step: ReplayStep) -> bool:
    """Whether a suspicion came of it; of a single picture its number says nothing."""
    return rule_result.fired and any(
        candidate.suspicion.rule == rule_result.rule
        and (candidate.suspicion.track if rule_result.track is not None else None)
        == rule_result.track
        and candidate.suspicion.box == rule_result.box
        for candidate in step.candidates
    )


def _rule_result(rule_result: RuleResult, step: ReplayStep) -> dict[str, object]:
    return {
        "track": rule_result.track,
        "label": rule_result.label,
        "box": [round(value, 1) for value in rule_result.box],
        "rule": rule_result.rule,
        "fired": rule_result.fired,
        "reported": was_reported(rule_result, step),
        "night": rule_result.night,
        "checks": [_check(check) for check in rule_result.checks],
    }


def _check(check: Check) -> dict[str, object]:
    value, limit = check.value, check.limit
    return {
        "name": check.name,
        "value": list(value) if isinstance(value, tuple) else round(value, 4),
        "limit": list(limit) if isinstance(limit, tuple) else limit,
        "passed": check.passed,
        "words": words(check),
    }


def _suspicion(candidate: AlertCandidate) -> dict[str, object]:
    suspicion = candidate.suspicion
    return {
        "id": suspicion.report_id,
        "label": suspicion.label,
        "score": round(suspicion.score, 4),
        "severity": suspicion.severity,
        "rule": suspicion.rule,
        "reasons": list(suspicion.reasons),
        "box": [round(value, 1) for value in suspicion.box],
    }


@dataclass(slots=True)
class FrameCounts:
    """Frame accounting of a replay."""

    received: int = 0
    rejected: int = 0
    quiet: int = 0
    analysed: int = 0
    suspicions: int = 0
    inferences: int = 0

    def count(self, step: ReplayStep) -> None:
        self.received += 1
        self.suspicions += len(step.candidates)
        match step.outcome:
            case Rejected():
                self.rejected += 1
            case Quiet():
                self.quiet += 1
            case Analysed(inferences=inferences):
                self.analysed += 1
                self.inferences += inferences

    def words(self) -> str:
        """The same in words."""
        return (
            f"{self.received} frames: {self.rejected} rejected, {self.quiet} quiet, "
            f"{self.analysed} analysed; {self.suspicions} suspicions"
        )

    def line(self) -> str:
        """The last JSON line of a replay; nothing is superseded where nothing hurries."""
        return json.dumps(
            {
                "summary": {
                    "received": self.received,
                    "rejected": self.rejected,
                    "superseded": 0,
                    "quiet": self.quiet,
                    "analysed": self.analysed,
                    "suspicions": self.suspicions,
                    "inferences": self.inferences,
                }
            }
        )
