"""The recorder counts how far an event came, by what is labelled, and keeps a bounded filmstrip."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from contract.ids import CameraId
from edge.config.schema import EdgeConfig
from edge.replay.player import play
from tests.unit.edge.rolls import Roll
from tests.unit.edge.scenes import FindsDarkThings, picture
from tools.evaluation.evaluate.corpus import Labelled, LabelledBox, LabelledStaticObject
from tools.evaluation.evaluate.event_traces import FRAMES, TraceRecorder
from tools.evaluation.evaluate.events import LabelledEvent
from tools.evaluation.evaluate.observed import EventTrace

CAMERA = CameraId("yard")
FPS = 5.0
EMPTY, WALKED = 20, 30
XS = [20 + 6 * n for n in range(WALKED)]
ROLL = Roll(*[picture(seed=n) for n in range(EMPTY)], *[picture(x, seed=x) for x in XS])
TIMES = tuple(n / FPS for n in range(EMPTY + WALKED))
EVENT = LabelledEvent(cls="person", start_s=TIMES[EMPTY], end_s=TIMES[-1])
NOBODY = LabelledEvent(cls="person", start_s=TIMES[0], end_s=TIMES[EMPTY - 1])


def watched(
    *events: LabelledEvent,
    shift: int | None = None,
    static: tuple[LabelledStaticObject, ...] = (),
    rule: dict[str, object] | None = None,
) -> tuple[EventTrace, ...]:
    """The walker's box is labelled `shift` px from where it is; None: not at all."""
    rules = [{"id": "person", "labels": ["person"]} | (rule or {})]
    config = EdgeConfig.model_validate(
        {"decide": {"rules": rules}, "cameras": {CAMERA: {"kind": "stream"}}}
    )
    boxed = shift is not None
    recorder = TraceRecorder(events, TIMES, config, CAMERA, static, boxed=boxed)
    for n, step in enumerate(play(ROLL, config, CAMERA, FPS, FindsDarkThings())):
        boxes: tuple[LabelledBox, ...] = ()
        if shift is not None and n >= EMPTY:
            x = XS[n - EMPTY] + shift
            boxes = (
                LabelledBox.model_validate({"class": "person", "xyxy": (x, 100, x + 24, 160)}),
            )
        recorder.see(step, Labelled(file=step.name, boxes=boxes))
    return recorder.traces()


@pytest.mark.parametrize("shift", [None, 0, 5])
def test_what_is_held_back_is_counted_with_its_tracks_and_checks(shift: int | None) -> None:
    (trace,) = watched(EVENT, shift=shift, rule={"threshold": 0.9})
    assert trace.frames == WALKED
    assert trace.detected >= WALKED - 2
    assert trace.best is not None
    assert (trace.best.label, round(trace.best.score, 2)) == ("person", 0.8)
    assert set(trace.by_track) == {1}
    assert trace.holds.fired == 0
    assert trace.holds.worst()[0].nearest.name == "threshold"
    assert len(trace.strip) == FRAMES
    assert trace.strip[0].words.startswith("020, 4.0 s")
    assert trace.strip[-1].words.startswith("049, 9.8 s")
    assert trace.clearest is not None


def test_things_elsewhere_than_the_label_are_not_what_the_event_is_about() -> None:
    (trace,) = watched(EVENT, shift=100, rule={"threshold": 0.9})
    assert (trace.detected, trace.holds.evaluated, trace.best) == (0, 0, None)


def test_what_stands_there_by_its_label_is_not_what_the_event_is_about() -> None:
    statue = LabelledStaticObject(name="statue", xyxy=(0, 100, 320, 160))
    (trace,) = watched(EVENT, static=(statue,), rule={"threshold": 0.9})
    assert (trace.detected, trace.best) == (0, None)


def test_frames_with_nobody_in_them_are_told_by_what_the_gate_said() -> None:
    trace, other = watched(NOBODY, EVENT)
    assert trace.frames == EMPTY
    assert trace.detected == 0
    assert any(what.startswith("quiet") for what in trace.outcomes)
    assert other.holds.fired > 0
    assert list(other.first_s) == ["analysed", "detected", "fired", "suspected"]
    assert other.first_s["detected"] < other.first_s["suspected"] < EVENT.end_s
    assert 0 < other.before.evaluated < other.holds.evaluated


def test_labelled_boxes_are_drawn_in_purple() -> None:
    (trace,) = watched(EVENT, shift=0, rule={"threshold": 0.9})
    image = cv2.imdecode(np.frombuffer(trace.strip[-1].jpeg, np.uint8), cv2.IMREAD_COLOR)
    purple = (image[..., 0] > 150) & (image[..., 1] < 80) & (image[..., 2] > 150)
    assert purple.sum() > 100
