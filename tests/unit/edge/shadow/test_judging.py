"""What clips of recent frames say of a change: which decisions are lost, and which only shift."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from contract.ids import CameraId
from edge.config.schema import EdgeConfig
from edge.records import Frame
from edge.replay.comparison import ComparedSide, DecisionChange, RuleDecision
from edge.shadow.judging import Clip, JudgedClip, JudgedFootage, replayed, settled
from edge.shadow.pipe import CutShort, clip_parts, order_line, read_clips, read_order
from tests.unit.edge.scenes import FindsDarkThings, picture
from tests.unit.edge.shadow.test_stretches import frame

YARD = CameraId("yard")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PICTURES = (
    *(picture(seed=n) for n in range(10)),
    *(picture(20 + 6 * n, seed=n) for n in range(20)),
)
WALK = Clip(camera=YARD, start=AT, times_s=tuple(n / 5 for n in range(30)), pictures=PICTURES)


def config(**rule: object) -> EdgeConfig:
    rules = [{"id": "person", "labels": ["person"]} | rule]
    settings: Mapping[str, object] = {"kind": "stream"}
    return EdgeConfig.model_validate({"decide": {"rules": rules}, "cameras": {YARD: settings}})


def judged(before: EdgeConfig, after: EdgeConfig) -> JudgedFootage:
    network, footage = FindsDarkThings(), JudgedFootage()
    sides = [ComparedSide(config=one, detector=network) for one in (before, after)]
    one = JudgedClip()
    for seen in replayed(WALK, *sides):
        one.add(seen)
    footage.add(WALK, one)
    return footage


def test_a_higher_threshold_loses_the_walker_and_it_is_said_when_where_and_why() -> None:
    found = judged(config(), config(threshold=0.9)).result("", 1.25)
    assert (found.frames, found.cameras, found.seconds) == (30, 1, 5.8)
    assert (found.before, found.after, found.lost, found.new) == (1, 0, 1, 0)
    (example,) = found.examples
    assert (example.camera, example.label, example.rule) == ("yard", "person", "person")
    assert example.change == "lost"
    assert 2.0 <= (example.at - AT).total_seconds() <= 5.8
    assert example.why == "person: median score of 3 frames 0.80 < 0.90"
    assert "1 decisions (1 lost, 0 new, 0 changed); suspicions 1 -> 0" in found.words()


def test_the_other_way_round_it_is_new_and_another_severity_is_a_change() -> None:
    found = judged(config(threshold=0.9), config()).result("", 0)
    assert (found.lost, found.new, found.examples[0].change) == (0, 1, "new")
    changed = judged(config(), config(severity=1)).result("", 0)
    assert (changed.lost, changed.new, changed.changed) == (0, 0, 1)
    assert changed.examples[0].why == "rule person with severity 2, then person with 1"


def test_nothing_changes_between_equals() -> None:
    found = judged(config(), config()).result("", 0)
    assert (found.before, found.lost, found.new, found.changed, found.examples) == (1, 0, 0, 0, ())


NOBODY = RuleDecision(rule=None, track=None, severity=None, reasons=("too small",))
GONE = DecisionChange(
    frame="1",
    t=10.0,
    camera=YARD,
    kind="gone",
    label="car",
    box=(0, 0, 1, 1),
    before=replace(NOBODY, rule="r"),
    after=NOBODY,
)


@pytest.mark.parametrize(
    ("t", "label", "lost"), [(14.0, "truck", 0), (7.0, "car", 0), (16.0, "car", 1), (11, "dog", 1)]
)
def test_what_is_reported_some_moments_later_is_not_lost(t: float, label: str, lost: int) -> None:
    new = replace(GONE, kind="new", t=t, label=label)
    found = settled([GONE, new])
    assert [len(one) for one in found] == [lost, lost]


def test_one_that_shifts_makes_up_for_one_that_is_lost_and_no_more() -> None:
    news = [replace(GONE, kind="new", t=12.0)]
    gone, new = settled([GONE, replace(GONE, t=12.0), *news])
    assert ([one.t for one in gone], new) == ([10.0], [])


def frames() -> tuple[Frame, ...]:
    return tuple(
        replace(frame(100.0 + at), picture=one)
        for at, one in zip(WALK.times_s, WALK.pictures, strict=True)
    )


def test_what_goes_through_the_pipe_comes_out_as_it_was() -> None:
    parts = [order_line(config(), config(threshold=0.9), 7.5)]
    parts += [*clip_parts(YARD, frames()), *clip_parts(CameraId("gate"), frames()[:1])]
    stream = io.BytesIO(b"".join(parts))
    order = read_order(stream)
    assert (order.before, order.after, order.max_run_s) == (config(), config(threshold=0.9), 7.5)
    yard, gate = read_clips(stream)
    assert yard == replace(WALK, start=frames()[0].received_at)
    assert (gate.camera, gate.times_s, gate.pictures) == ("gate", (0.0,), PICTURES[:1])


def read_all(whole: bytes) -> None:
    stream = io.BytesIO(whole)
    read_order(stream)
    list(read_clips(stream))


@pytest.mark.parametrize("cut", [1, 2000, -50])
def test_a_pipe_that_ends_early_is_noticed(cut: int) -> None:
    whole = order_line(config(), config(), 1) + b"".join(clip_parts(YARD, frames()))
    read_all(whole)
    with pytest.raises(CutShort):
        read_all(whole[:-cut])
