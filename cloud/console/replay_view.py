"""A replay as the editor shows it: counts by outcome, and pictures of the frames that change.

PURE. At most `MOST_SHOWN` pictures of a kind; what is left out is counted. Called by `editor`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cloud.console.alarm_view import WHOLE, OverlayZone, PictureView, drawn, outline, view_of
from cloud.console.place_replay import ChangedFrame, PlaceReplay, ReplayedAlarm
from cloud.console.rule_places import RulePlaces
from contract.report import RelativeBox

MOST_SHOWN = 24

LinkTo = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAlarm:
    """An alarm with a picture of a frame that changes, if one is stored."""

    alarm: ReplayedAlarm
    picture: PictureView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayView:
    """`counts` has a row for each outcome: its words, then how many are lost, in doubt, kept, and
    outside by the present places already."""

    frames: int
    alarms: int
    samples: int
    counts: tuple[tuple[str, int, int, int, int], ...]
    lost: tuple[ShownAlarm, ...]
    doubtful: tuple[ShownAlarm, ...]
    new: tuple[ShownAlarm, ...]
    lost_count: int
    doubt_count: int
    new_count: int


def replay_view(replayed: PlaceReplay, proposed: RulePlaces, link: LinkTo) -> ReplayView:
    """Pictures are drawn with the proposed places."""
    lost, doubtful, new = replayed.of("lost"), replayed.of("doubt"), replayed.newly_inside
    samples = len(replayed.of("sample"))
    return ReplayView(
        frames=replayed.frames,
        alarms=len(replayed.alarms) - samples,
        samples=samples,
        counts=_counts(replayed),
        lost=_shown(((one, _best(one)) for one in lost[:MOST_SHOWN]), proposed, link),
        doubtful=_shown(((one, _best(one)) for one in doubtful[:MOST_SHOWN]), proposed, link),
        new=_shown(new[:MOST_SHOWN], proposed, link),
        lost_count=len(lost),
        doubt_count=len(doubtful),
        new_count=len(new),
    )


def _counts(replayed: PlaceReplay) -> tuple[tuple[str, int, int, int, int], ...]:
    found = Counter(
        (f"marked {one.outcome}" if one.outcome else one.state, one.effect)
        for one in replayed.alarms
        if one.effect != "sample"
    )
    words = sorted({said for said, _ in found})
    return tuple(
        (
            said,
            found[said, "lost"],
            found[said, "doubt"],
            found[said, "kept"],
            found[said, "outside"],
        )
        for said in words
    )


def _best(alarm: ReplayedAlarm) -> ChangedFrame | None:
    """The changed frame of which the best picture is stored."""
    order = ("best", "context", "crop")
    found = sorted(alarm.frames, key=lambda one: order.index(one.frame.picture.role))
    return next(iter(found), None)


def _shown(
    pairs: Iterable[tuple[ReplayedAlarm, ChangedFrame | None]], proposed: RulePlaces, link: LinkTo
) -> tuple[ShownAlarm, ...]:
    return tuple(
        ShownAlarm(alarm=alarm, picture=None if one is None else _picture(one, proposed, link))
        for alarm, one in pairs
    )


def _picture(changed: ChangedFrame, proposed: RulePlaces, link: LinkTo) -> PictureView:
    ref = changed.frame.picture
    region = ref.region or WHOLE
    boxes = (
        drawn(one.box, region, one.label, "edge" if one.own else "cloud")
        for one in changed.detections
    )
    return view_of(ref, boxes, _outlines(proposed, region), link)


def _outlines(proposed: RulePlaces, region: RelativeBox) -> tuple[OverlayZone, ...]:
    return (
        *(outline(one.id, one.polygon, region) for one in proposed.zones),
        *(outline(one.id, one.polygon, region, "mask") for one in proposed.object_masks),
        *(outline(one.id, one.polygon, region, "mask") for one in proposed.privacy_masks),
    )
