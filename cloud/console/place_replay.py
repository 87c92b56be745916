"""Replay over stored frames: what other zones and masks would have made of what stood in them.

PURE. A frame is known by its pictures; in it stand the alarm's own object, as the gateway saw it,
and what else the cloud's networks saw on the picture that they decided by. Each is judged at its
place by the present and by the proposed places (`rule_places`). What was never sent is in no frame,
and time in a zone, votes and lines are no matter of single frames: nothing is said of either.
Called by `editor`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal

import numpy as np

from cloud.console.evidence_links import is_own
from cloud.console.rule_places import RulePlaces
from cloud.index.summary import AlarmParts, AlarmState
from contract.ids import ReportId
from contract.operator_action import OutcomeCode
from contract.report import EvidenceRef, RelativeBox, ThreatReport
from contract.verdict import Verdict
from imaging.boxes import iou

_BLACK = 0.5
"""Share of a box behind a new privacy mask from which nothing is found in it any more."""
_CUT = 0.05
"""From this on the mask cuts the object: whether it is found then, no stored frame tells."""
_ONE_OBJECT = 0.5
"""Overlap (IoU) from which the cloud's detection is the alarm's own object."""

PlaceChange = Literal["lost", "new", "doubt"]
AlarmEffect = Literal["lost", "doubt", "kept", "outside", "sample"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDetection:
    """An object of a stored frame; `own`: that of the alarm, as the gateway saw it."""

    label: str
    box: RelativeBox
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFrame:
    """A moment of a camera; `picture` shows the whole of it, if one that does is stored."""

    at: datetime
    picture: EvidenceRef
    detections: tuple[StoredDetection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFrame:
    """A frame in which something counts otherwise than before; the worst of them is `change`."""

    frame: StoredFrame
    change: PlaceChange
    detections: tuple[StoredDetection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedAlarm:
    """An alarm with all of its frames that change. `why` says in words what `effect` is by."""

    report_id: ReportId
    label: str
    raised_at: datetime
    state: AlarmState
    outcome: OutcomeCode | None
    effect: AlarmEffect
    why: str
    frames: tuple[ChangedFrame, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceReplay:
    """What was looked at, and what became of it."""

    alarms: tuple[ReplayedAlarm, ...]
    frames: int

    def of(self, *effects: AlarmEffect) -> tuple[ReplayedAlarm, ...]:
        """Those of one kind."""
        return tuple(one for one in self.alarms if one.effect in effects)

    @property
    def newly_inside(self) -> tuple[tuple[ReplayedAlarm, ChangedFrame], ...]:
        """Frames in which something counts that did not."""
        return tuple(
            (alarm, frame)
            for alarm in self.alarms
            for frame in alarm.frames
            if frame.change == "new"
        )


def replay(stored: Iterable[AlarmParts], before: RulePlaces, after: RulePlaces) -> PlaceReplay:
    """The alarms in their order; those without a report are passed over."""
    alarms, frames = [], 0
    for parts in stored:
        if parts.report is not None:
            seen = frames_of(parts.report, parts.decided)
            frames += len(seen)
            alarms.append(_replayed(parts, parts.report, seen, before, after))
    return PlaceReplay(alarms=tuple(alarms), frames=frames)


def frames_of(report: ThreatReport, decided: Verdict | None) -> tuple[StoredFrame, ...]:
    """In the order in which they were taken; crop and whole picture of one moment are one."""
    own = [one for one in report.evidence if is_own(one.key, report.gateway)]
    ordered = sorted(own, key=lambda one: (one.received_at, one.role == "crop"))
    return tuple(
        StoredFrame(at=at, picture=shown[0], detections=tuple(_seen(shown, report, decided)))
        for at, some in groupby(ordered, key=lambda one: one.received_at)
        for shown in [list(some)]
    )


def _seen(
    shown: list[EvidenceRef], report: ThreatReport, decided: Verdict | None
) -> Iterator[StoredDetection]:
    best = any(one.role == "best" for one in shown)
    box = next((one.box for one in shown if one.box is not None), report.box if best else None)
    raised = not report.audit and box is not None
    if raised and box is not None:
        yield StoredDetection(label=report.label, box=box, own=True)
    if decided is not None and decided.evidence_key in {one.key for one in shown}:
        for one in decided.sightings:
            if not (raised and box is not None and _overlap(one.box, box) >= _ONE_OBJECT):
                yield StoredDetection(label=one.label, box=one.box, own=False)


def _overlap(first: RelativeBox, second: RelativeBox) -> float:
    return float(iou(np.array([first], np.float32), np.array([second], np.float32))[0, 0])


def _replayed(
    parts: AlarmParts,
    report: ThreatReport,
    frames: tuple[StoredFrame, ...],
    before: RulePlaces,
    after: RulePlaces,
) -> ReplayedAlarm:
    effect, why = _effect(report, frames, before, after)
    return ReplayedAlarm(
        report_id=report.report_id,
        label=report.label,
        raised_at=report.raised_at,
        state="pending" if parts.decided is None else parts.decided.decision,
        outcome=parts.work.outcome,
        effect=effect,
        why=why,
        frames=tuple(_changed(frames, before, after)),
    )


def _changed(
    frames: tuple[StoredFrame, ...], before: RulePlaces, after: RulePlaces
) -> Iterator[ChangedFrame]:
    for frame in frames:
        found = [(one, _change(one, before, after)) for one in frame.detections]
        said = {change for _, change in found}
        worst = next((one for one in ("lost", "doubt", "new") if one in said), None)
        if worst is not None:
            concerned = tuple(one for one, change in found if change is not None)
            yield ChangedFrame(frame=frame, change=worst, detections=concerned)


def _change(one: StoredDetection, before: RulePlaces, after: RulePlaces) -> PlaceChange | None:
    was, will = before.rules_for(one.label, one.box), after.rules_for(one.label, one.box)
    black = after.black(one.box, before)
    if was and (not will or black >= _BLACK):
        return "lost"
    if was and (black >= _CUT or not was <= will):
        return "doubt"
    return "new" if not was and will and black < _CUT else None


def _effect(
    report: ThreatReport, frames: tuple[StoredFrame, ...], before: RulePlaces, after: RulePlaces
) -> tuple[AlarmEffect, str]:
    """By the places at which the alarm's own object stood."""
    if report.audit:
        return "sample", "a sample: nothing was raised"
    boxes = {one.box for frame in frames for one in frame.detections if one.own} | {report.box}
    label, rule = report.label, report.rule.id
    stood = [box for box in boxes if rule in before.rules_for(label, box)]
    if not stood:
        return "outside", f"by the present places rule {rule} asks for none of its places"
    left = [box for box in stood if rule in after.rules_for(label, box)]
    clear = [box for box in left if after.black(box, before) < _CUT]
    if len(clear) == len(stood):
        return "kept", "its rule asks for all its places"
    if clear or any(after.black(box, before) < _BLACK for box in left):
        return "doubt", f"its rule asks for {len(clear)} of {len(stood)} of its places clearly"
    others = {one for box in stood for one in after.rules_for(label, box)} if not left else set()
    if others:
        return "doubt", f"rule {', '.join(sorted(others))} may raise it instead"
    return "lost", _lost_by(label, stood, after, bool(left))


def _lost_by(label: str, stood: list[RelativeBox], after: RulePlaces, black: bool) -> str:
    if black:
        return "a privacy mask makes it black"
    masks = [m.id for m in after.object_masks if any(m.takes_out(label, box) for box in stood)]
    return f"in object mask {', '.join(masks)}" if masks else "outside the zones of its rule"
