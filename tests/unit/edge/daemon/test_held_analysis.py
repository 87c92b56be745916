"""Single pictures that the broker holds are let go once what they raised is durable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edge.records import HeldMessage
from tests.fakes import recorded_events
from tests.unit.edge.daemon.desk import CAMERA, SNAPSHOTS, Desk
from tests.unit.edge.scenes import picture


def held(desk: Desk, message: int, again: bool = False) -> list[int]:
    """Evaluates a picture that the broker holds; how many entries there were when it was let go."""
    let_go: list[int] = []

    def done() -> None:
        let_go.append(desk.outbox.depth().entries.get("pending", 0))

    kept = HeldMessage(digest="ab" * 32, message=message, again=again, acknowledge=done)
    desk.counters.count(CAMERA, "received")
    desk.mailbox.put(replace(desk.frame(picture(100)), held=kept))
    desk.worker.step()
    return let_go


HELD = f"""{SNAPSHOTS}
decide: {{deduplication: {{enabled: false}}, static_objects: {{enabled: false}}}}"""


def test_a_held_picture_is_let_go_once_what_it_raised_is_durable(tmp_path: Path) -> None:
    assert held(Desk(tmp_path, HELD), message=1) == [1]


def test_what_a_held_picture_raised_is_logged_under_the_id_that_it_is_reported_by(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, HELD)
    with recorded_events() as lines:
        held(desk, message=1)
    (raised,) = [line.fields["report_id"] for line in lines if line.event == "suspicion_raised"]
    assert [report.report_id for report in desk.reports()] == [raised]


def test_a_held_picture_that_comes_again_raises_nothing_twice(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HELD)
    held(desk, message=1)
    with recorded_events() as lines:
        assert held(desk, message=1, again=True) == [1]
    assert [line.event for line in lines if line.event.startswith("suspicion")] == [
        "suspicion_repeated"
    ]
    assert (desk.funnel().suspicions, desk.funnel().analysed) == (1, 2)


def test_a_held_picture_that_comes_again_and_had_raised_nothing_is_told(tmp_path: Path) -> None:
    assert held(Desk(tmp_path, HELD), message=1, again=True) == [1]


def test_the_same_picture_published_anew_is_another_alarm(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HELD)
    entries = [held(desk, message) for message in (1, 2, 1)]  # message ids come round
    assert entries == [[1], [2], [3]]
    assert held(desk, message=2, again=True) == [3]
