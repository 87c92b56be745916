"""A comparison as text: a JSON line per change, the same in words, and what it comes to.

PURE. Called by the subcommand `replay`.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

from edge.records import Analysed
from edge.replay.comparison import ChangeKind, Compared, DecisionChange, RuleDecision


@dataclass(slots=True)
class Summary:
    """What the comparison comes to."""

    differing: tuple[str, ...]
    shared: bool
    frames: int = 0
    analysed: list[int] = field(default_factory=lambda: [0, 0])
    suspicions: list[int] = field(default_factory=lambda: [0, 0])
    kinds: Counter[ChangeKind] = field(default_factory=Counter)

    @property
    def changes(self) -> int:
        return self.kinds.total()

    def count(self, compared: Compared) -> None:
        self.frames += 1
        for n, step in enumerate((compared.before, compared.after)):
            self.analysed[n] += isinstance(step.outcome, Analysed)
            self.suspicions[n] += len(step.candidates)
        self.kinds.update(change.kind for change in compared.changes)

    def head(self) -> str:
        """What differs between the two, in words."""
        keys = ", ".join(self.differing) or "nothing"
        looks = "the same detections" if self.shared else "detections of their own"
        return f"before and after differ in: {keys}; each decides on {looks}"

    def words(self) -> str:
        """The last words."""
        old, new = self.suspicions
        parts = ", ".join(f"{self.kinds[kind]} {kind}" for kind in ("gone", "new", "changed"))
        return (
            f"{self.frames} frames: {self.changes} decisions would change ({parts}); "
            f"suspicions {old} -> {new}, frames analysed {self.analysed[0]} -> {self.analysed[1]}"
        )

    def as_json(self) -> str:
        """The last JSON line."""
        kinds = {kind: self.kinds[kind] for kind in ("gone", "new", "changed")}
        return json.dumps(
            {
                "summary": {
                    "differing": list(self.differing),
                    "shared_detections": self.shared,
                    "frames": self.frames,
                    "changes": self.changes,
                    **kinds,
                    "suspicions": {"before": self.suspicions[0], "after": self.suspicions[1]},
                    "analysed": {"before": self.analysed[0], "after": self.analysed[1]},
                }
            }
        )


def as_json(change: DecisionChange) -> str:
    """One JSON line."""
    return json.dumps(
        {
            "frame": change.frame,
            "t": round(change.t, 3),
            "camera": change.camera,
            "change": change.kind,
            "label": change.label,
            "box": [round(value, 1) for value in change.box],
            "before": _side(change.before),
            "after": _side(change.after),
        }
    )


def _side(decision: RuleDecision) -> dict[str, object]:
    return {
        "fired": decision.rule is not None,
        "rule": decision.rule,
        "track": decision.track,
        "severity": decision.severity,
        "reasons": list(decision.reasons),
    }


def in_words(change: DecisionChange) -> str:
    """Three lines: which object, before, after."""
    box = ", ".join(f"{value:.0f}" for value in change.box)
    where = f"{change.frame} t={change.t:.3f} {change.camera}"
    return (
        f"{where}: {change.label} at [{box}] {change.kind}\n"
        f"  before: {_words(change.before)}\n"
        f"  after:  {_words(change.after)}"
    )


def _words(decision: RuleDecision) -> str:
    decided = (
        "not reported"
        if decision.rule is None
        else f"reported by rule {decision.rule} with severity {decision.severity}"
    )
    track = "" if decision.track is None else f", track {decision.track}"
    return f"{decided}{track}: {'; '.join(decision.reasons)}"
