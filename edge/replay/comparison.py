"""Comparison: two configurations or models over the same frames, and what they decide apart.

PURE. Both take each frame in turn, so memory does not grow with the footage; a network that both
use looks at each picture once. A decision is that a rule tells of an object in a frame, and how
severe it is; scores and boxes that differ without changing one are not listed. Called by the
subcommand `replay`, and by `edge.shadow` for an update.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from contract.ids import CameraId
from edge.config.reload import plan
from edge.config.schema import EdgeConfig
from edge.pipeline import Detector
from edge.records import AlertCandidate, Analysed, Quiet, TrackId
from edge.replay.player import EPOCH, PictureSequence, Player, ReplayStep, Rhythm, marked
from edge.rules import checks
from imaging.boxes import iou
from imaging.detections import Detections, Image
from imaging.polygons import Box

_SAME_IOU = 0.5
"""Boxes of one object from two networks overlap at least so far; PASCAL VOC's measure of a hit."""

ChangeKind = Literal["gone", "new", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSide:
    """One of the two that are compared."""

    config: EdgeConfig
    detector: Detector


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDecision:
    """What one side made of an object: reported by a rule or not, and why."""

    rule: str | None
    track: TrackId | None
    severity: int | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionChange:
    """A decision that would change: `gone` was reported before, `new` would be reported after,
    `changed` by another rule, label or severity. `box` is xyxy in pixels of the frame."""

    frame: str
    t: float
    camera: CameraId
    kind: ChangeKind
    label: str
    box: Box
    before: RuleDecision
    after: RuleDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One frame on both sides."""

    before: ReplayStep
    after: ReplayStep
    changes: tuple[DecisionChange, ...]


class CachedDetector:
    """A network that looks once at each of the pictures that both sides show it."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._seen: dict[bytes, Detections] = {}

    def forget(self) -> None:
        """A new frame begins."""
        self._seen.clear()

    @property
    def input_size(self) -> tuple[int, int]:
        return self._detector.input_size

    def detect(self, image: Image, aspect: float = 1.0) -> Detections:
        """As the network does it, or did it for the same pixels in this frame."""
        pixels = np.ascontiguousarray(image)
        key = hashlib.blake2b(pixels.data, digest_size=16, salt=str(image.shape).encode()[:16])
        key.update(str(aspect).encode())
        name = key.digest()
        if name not in self._seen:
            self._seen[name] = self._detector.detect(image, aspect)
        return self._seen[name]


def compare(
    pictures: PictureSequence,
    before: ComparedSide,
    after: ComparedSide,
    camera: CameraId,
    rhythm: Rhythm,
    start: datetime = EPOCH,
) -> Iterator[Compared]:
    """Each frame with the decisions that would change; sides with one detector share its looks."""
    cached = CachedDetector(before.detector)
    other = cached if after.detector is before.detector else after.detector
    first = Player(before.config, camera, rhythm, cached, start)
    second = Player(after.config, camera, rhythm, other, start)
    for number, (name, payload, last) in enumerate(marked(pictures)):
        cached.forget()
        old = first.step(number, name, payload, last=last)
        new = second.step(number, name, payload, last=last)
        yield Compared(before=old, after=new, changes=_changes(old, new, camera))


def differing(before: EdgeConfig, after: EdgeConfig) -> tuple[str, ...]:
    """The dotted keys in which the two differ."""
    return plan(before, after).changed


def _changes(old: ReplayStep, new: ReplayStep, camera: CameraId) -> tuple[DecisionChange, ...]:
    pairs = _pairs(old.candidates, new.candidates)
    reported_new = set(pairs.values())
    changes = []
    for n, candidate in enumerate(old.candidates):
        before = _reported(candidate)
        after = _reported(new.candidates[pairs[n]]) if n in pairs else _not_reported(candidate, new)
        kind: ChangeKind = "changed" if n in pairs else "gone"
        if n not in pairs or _differ(candidate, new.candidates[pairs[n]]):
            changes.append(_change(old, camera, kind, candidate, before, after))
    for n, candidate in enumerate(new.candidates):
        if n not in reported_new:
            changes.append(
                _change(
                    old,
                    camera,
                    "new",
                    candidate,
                    _not_reported(candidate, old),
                    _reported(candidate),
                )
            )
    return tuple(changes)


def _differ(old: AlertCandidate, new: AlertCandidate) -> bool:
    a, b = old.suspicion, new.suspicion
    return (a.rule, a.label, a.severity) != (b.rule, b.label, b.severity)


def _pairs(old: Sequence[AlertCandidate], new: Sequence[AlertCandidate]) -> dict[int, int]:
    """Index among `new` per index among `old` of the same object: greedy, one rule's first."""
    ranked = sorted(
        (one.suspicion.rule != other.suspicion.rule, -overlap, n, m)
        for n, one in enumerate(old)
        for m, other in enumerate(new)
        if (overlap := _overlap(one.suspicion.box, other.suspicion.box)) >= _SAME_IOU
    )
    pairs: dict[int, int] = {}
    for _, _, n, m in ranked:
        if n not in pairs and m not in pairs.values():
            pairs[n] = m
    return pairs


def _overlap(a: Box, b: Box) -> float:
    return float(iou(np.array([a], np.float32), np.array([b], np.float32))[0, 0])


def _change(
    step: ReplayStep,
    camera: CameraId,
    kind: ChangeKind,
    candidate: AlertCandidate,
    before: RuleDecision,
    after: RuleDecision,
) -> DecisionChange:
    return DecisionChange(
        frame=step.name,
        t=step.t,
        camera=camera,
        kind=kind,
        label=candidate.suspicion.label,
        box=candidate.suspicion.box,
        before=before,
        after=after,
    )


def _reported(candidate: AlertCandidate) -> RuleDecision:
    suspicion = candidate.suspicion
    return RuleDecision(
        rule=suspicion.rule,
        track=suspicion.track,
        severity=suspicion.severity,
        reasons=suspicion.reasons,
    )


def _not_reported(candidate: AlertCandidate, step: ReplayStep) -> RuleDecision:
    """Why the other side says nothing of the object, as far as it had it in the frame at all."""
    box, rule = candidate.suspicion.box, candidate.suspicion.rule
    near = [j for j in step.rule_results if _overlap(j.box, box) >= _SAME_IOU]
    if near:
        rule_result = max(near, key=lambda j: (j.rule == rule, _overlap(j.box, box)))
        reasons = checks.reasons(rule_result)
        if rule_result.fired:
            reasons = ("its rule fires, but it duplicates what was reported before", *reasons)
        return RuleDecision(rule=None, track=rule_result.track, severity=None, reasons=reasons)
    return RuleDecision(rule=None, track=None, severity=None, reasons=(_absent(box, step),))


def _absent(box: Box, step: ReplayStep) -> str:
    match step.outcome:
        case Quiet(motion=motion):
            return f"the gate let the frame end: {motion.why}"
        case Analysed(ignored=ignored, detections=found):
            for one in ignored:
                if _overlap(one.box, box) >= _SAME_IOU:
                    return checks.ignored_words(one)
            return f"nothing was found there, and {len(found)} things elsewhere"
        case rejected:
            return f"the frame was rejected: {rejected.reason.value}"
