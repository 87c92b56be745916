"""Whether everything that a camera sends is refused, and mostly why.

PURE. Counted since the last usable picture, of whatever kind the camera is: one that sends single
pictures is as blind. Times are monotonic seconds. Called by `daemon.camera_watch`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from imaging.admission import Reason

INTENDED = frozenset((Reason.DISABLED.value, Reason.RETAINED.value))
"""Reasons that say nothing about the picture."""

LEAST_REFUSED = 3
"""In a row; one or two may be a bad transfer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedInARow:
    """`usable` and `seen`: the pictures that were decoded, and the refusals by reason, when last
    looked at; `by`: the refusals since the last usable picture, the first at `since_s`, the newest
    at `last_at_s`."""

    usable: int = 0
    seen: Mapping[str, int] = field(default_factory=dict)
    by: Mapping[str, int] = field(default_factory=dict)
    since_s: float = math.inf
    last_at_s: float = -math.inf


def count_refused(
    before: RefusedInARow, counts: Mapping[str, int], usable: int, now: float
) -> RefusedInARow:
    """`counts`: refused so far, by reason; `usable`: decoded so far. What merely was received may
    yet be refused."""
    if usable != before.usable:
        return RefusedInARow(usable=usable, seen=counts)
    new = {reason: count - before.seen.get(reason, 0) for reason, count in counts.items()}
    by = dict(before.by)
    for reason, count in new.items():
        if count > 0 and reason not in INTENDED:
            by[reason] = by.get(reason, 0) + count
    if by == before.by:
        return replace(before, seen=counts)
    return replace(before, seen=counts, by=by, since_s=min(before.since_s, now), last_at_s=now)


def main_reason(refusals: RefusedInARow, now: float, enter_s: float, silent_s: float) -> str:
    """The most frequent reason, if for `enter_s` every picture was refused; empty if not, and once
    nothing at all came for `silent_s`."""
    lasted = now - refusals.since_s >= enter_s and now - refusals.last_at_s < silent_s
    if not lasted or sum(refusals.by.values()) < LEAST_REFUSED:
        return ""
    return max(refusals.by, key=lambda reason: refusals.by[reason])
