"""Which segments of a camera's day may be audited: along the whole path, with drawn things.

The pictures are drawn, gate, tracker, rules and memory are the real ones; see
`test_standing_things`.
"""

from __future__ import annotations

from contract.labels import Group
from contract.verdict import Decision
from edge.audit.events import RejectedSegment
from edge.config.schema import EdgeConfig
from imaging.polygons import Box
from tests.unit.edge.static_objects.test_standing_things import (
    CAMERA,
    CAR,
    LOT,
    WALKER,
    Stage,
    Watch,
)

WALK: Box = (20, 60, 44, 130)


def yard(**settings: object) -> Watch:
    """A camera all of whose segments are audited."""
    deliver = {"audit": {"share": 1.0, "quiet_share": 1.0}}
    cameras = {CAMERA: {"kind": "stream"}}
    config = EdgeConfig.model_validate({"cameras": cameras, "deliver": deliver, **settings})
    return Watch(Stage(), config)


def walked(watch: Watch, seconds: float = 4.0) -> None:
    """Somebody crosses the yard."""
    frames = round(seconds * watch.fps)
    for n in range(frames):
        x = WALK[0] + 200 * n / frames
        watch.play((WALKER, "person", (x, WALK[1], x + 24, WALK[3])), seconds=1 / watch.fps)


def over(watch: Watch) -> list[RejectedSegment]:
    """What is over after a while of quiet."""
    watch.play(seconds=12)
    return [one for one in watch.pipeline.rejected_segments(watch.now) if one.kind != "quiet"]


def hear(watch: Watch, decision: Decision) -> None:
    for candidate in watch.candidates:
        watch.pipeline.apply_verdict(CAMERA, candidate.suspicion.report_id, decision)


def test_of_an_event_with_a_walker_who_was_told_only_vehicles_may_have_been_missed() -> None:
    watch = yard()
    watch.play(seconds=3)
    walked(watch)
    assert watch.candidates
    hear(watch, "confirmed")
    (event,) = over(watch)
    assert (event.kind, event.reported) == ("partly", frozenset[Group]({"person"}))
    assert event.audited is not None


def test_a_walker_whom_the_cloud_refuted_was_told_to_nobody_and_may_have_been_missed() -> None:
    watch = yard()
    watch.play(seconds=3)
    walked(watch)
    assert watch.candidates
    hear(watch, "refuted")
    (event,) = over(watch)
    assert (event.kind, event.reported) == ("motion", frozenset())
    assert event.audited is not None
    assert len(event.audited.frames) > 3


def test_of_an_event_with_both_nothing_is_asked() -> None:
    watch = yard()
    watch.play(seconds=3)
    watch.drive(CAR, -60, LOT[0])
    walked(watch)
    hear(watch, "confirmed")
    assert {candidate.suspicion.label for candidate in watch.candidates} == {"car", "person"}
    watch.play((CAR, "car", LOT), seconds=12)
    over = watch.pipeline.rejected_segments(watch.now)
    assert [one.reported for one in over if one.kind != "quiet"] == []


def test_whom_the_rules_never_tell_leaves_an_event_of_which_nothing_was_told() -> None:
    rules = [{"id": "never", "labels": ["person"], "threshold": 1.0}]
    watch = yard(decide={"rules": rules})
    watch.play(seconds=3)
    walked(watch)
    assert not watch.candidates
    (event,) = over(watch)
    assert event.kind == "motion"
    assert event.audited is not None
