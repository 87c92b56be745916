"""The rounds over all cameras: changes are said at once, figures now and then, silence by habit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from contract.ids import CameraId, GatewayId
from contract.topics import Topics
from edge.config.health import Fault
from edge.config.live import Live
from edge.config.load import read
from edge.daemon.camera_watch import CameraSources, CameraWatch
from edge.daemon.status_messages import StatusMessages
from edge.health.camera_conditions import ConditionCollector
from edge.metrics.counters import Counters
from edge.records import Notices
from service.events import LogLine
from service.link import Publication
from tests.fakes import recorded_events
from tests.unit.edge.deliver.site import Site

YARD, GATE = CameraId("yard"), CameraId("gate")


class Round:
    """A watch whose cameras, clock and broker the test holds."""

    def __init__(self, folder: Path, document: str = "") -> None:
        site = Site(folder / "outbox")
        self.clock, self.counters = site.clock, Counters()
        self.live = Live(read(document.encode(), {}))
        self.followed: tuple[CameraId, ...] = ()
        self.shown: dict[CameraId, tuple[Fault, ...]] = {}
        self.noticed = Notices()
        self.said: list[Publication] = []
        status_messages = StatusMessages(
            Topics(gateway=GatewayId("gw")),
            self.live,
            lambda: "0" * 64,
            self.counters,
            site.open(),
            self.clock,
        )
        self.watch = CameraWatch(
            lambda: self.live.current.config,
            self.counters,
            status_messages,
            self.clock,
            self.said.extend,
            CameraSources(
                followed=lambda: self.followed,
                faults=lambda camera: self.shown.get(camera, ()),
                notices=lambda _: self.noticed,
            ),
        )

    def pass_by(self, seconds: int, camera: CameraId | None = YARD, listening: bool = True) -> None:
        """So many seconds, five pictures of `camera` in each."""
        for _ in range(seconds):
            self.clock.advance(1.0)
            if camera is not None:
                self.followed = tuple(dict.fromkeys((*self.followed, camera)))
                for _ in range(5):
                    self.counters.count(camera, "received")
            self.watch.tick(listening)

    def statuses(self, camera: CameraId = YARD) -> list[str]:
        topic = f"stillwatch/gw/{camera}/status"
        return [word.payload.decode() for word in self.said if word.topic == topic]

    def healths(self, camera: CameraId = YARD) -> list[dict[str, object]]:
        topic = f"stillwatch/gw/{camera}/health"
        return [json.loads(word.payload) for word in self.said if word.topic == topic]


@pytest.fixture
def events() -> Iterator[list[LogLine]]:
    with ExitStack() as stack:
        yield stack.enter_context(recorded_events())


def told(events: list[LogLine]) -> list[tuple[str, object, object]]:
    return [(str(e.event), e.fields["camera"], e.fields["reason"]) for e in events]


def test_a_camera_that_sends_is_online_with_its_figures(
    tmp_path: Path, events: list[LogLine]
) -> None:
    rounds = Round(tmp_path)
    rounds.counters.count(YARD, "superseded")
    rounds.counters.count(YARD, "received")
    rounds.counters.reject(YARD, "truncated")
    rounds.pass_by(61)
    assert rounds.statuses() == ["online"]
    first, last = rounds.healths()
    assert (first["status"], first["reasons"]) == ("online", [])
    assert last["fps_in"] == pytest.approx(5.0, rel=0.05)
    assert last["last_frame_age_s"] == 0
    assert last["superseded"] == 1
    assert last["rejected"] == {"truncated": 1}
    assert str(last["at"]).startswith("2024-05-01T12:")
    assert all(word.retain for word in rounds.said)
    assert told(events) == []


def test_what_its_pictures_show_degrades_a_camera_until_it_is_over(
    tmp_path: Path, events: list[LogLine]
) -> None:
    rounds = Round(tmp_path)
    rounds.pass_by(5)
    rounds.shown[YARD] = ("covered",)
    rounds.pass_by(3)
    rounds.shown[YARD] = ("dark", "clock_wrong")
    rounds.pass_by(3)
    rounds.shown[YARD] = ()
    rounds.pass_by(3)
    assert rounds.statuses() == ["online", "degraded", "online"]
    reasons = [health["reasons"] for health in rounds.healths()]
    assert reasons == [[], ["covered"], ["dark", "clock_wrong"], []]
    assert told(events) == [
        ("camera_degraded", "yard", "covered"),
        ("camera_degraded", "yard", "dark"),
        ("camera_recovered", "yard", "covered"),
        ("camera_degraded", "yard", "clock_wrong"),
        ("camera_recovered", "yard", "dark"),
        ("camera_recovered", "yard", "clock_wrong"),
    ]
    assert events[-1].fields["after_s"] == 3.0


def test_a_camera_that_falls_silent_is_offline_and_comes_back(
    tmp_path: Path, events: list[LogLine]
) -> None:
    rounds = Round(tmp_path)
    rounds.pass_by(20)
    rounds.pass_by(70, camera=None)
    assert rounds.statuses() == ["online", "offline"]
    lost = rounds.healths()[-1]
    assert lost["reasons"] == ["offline"]
    assert lost["last_frame_age_s"] == pytest.approx(60, abs=1)
    rounds.pass_by(20)
    assert rounds.statuses() == ["online", "offline", "online"]
    assert told(events) == [
        ("camera_lost", "yard", "offline"),
        ("camera_recovered", "yard", "offline"),
    ]


def test_a_broker_that_is_away_makes_no_camera_offline(tmp_path: Path) -> None:
    rounds = Round(tmp_path)
    rounds.pass_by(20)
    rounds.pass_by(500, camera=None, listening=False)
    rounds.pass_by(50, camera=None)
    assert rounds.statuses() == ["online"]


def test_a_camera_of_which_all_is_refused_is_unusable_and_then_offline(tmp_path: Path) -> None:
    rounds = Round(tmp_path)
    rounds.pass_by(20)
    for _ in range(70):
        rounds.counters.count(YARD, "received")
        rounds.counters.reject(YARD, "truncated")
        rounds.pass_by(1, camera=None)
    assert rounds.statuses() == ["online", "degraded"]
    assert rounds.healths()[-1]["reasons"] == ["unusable"]
    assert rounds.healths()[-1]["refused_for"] == "truncated"
    rounds.pass_by(70, camera=None)
    assert rounds.statuses() == ["online", "degraded", "offline"]


def test_a_listed_camera_is_silent_at_first_and_offline_if_nothing_comes(tmp_path: Path) -> None:
    rounds = Round(tmp_path, "cameras: {gate: {health: {offline_s: 30}}}")
    rounds.pass_by(25)
    assert rounds.statuses(GATE) == []
    rounds.pass_by(10)
    assert rounds.statuses(GATE) == ["offline"]
    assert rounds.healths(GATE)[-1]["last_frame_age_s"] is None


def test_a_camera_that_is_switched_off_says_so(tmp_path: Path, events: list[LogLine]) -> None:
    rounds = Round(tmp_path)
    rounds.shown[YARD] = ("moved",)
    rounds.pass_by(5)
    rounds.live.swap(read(b"cameras: {yard: {enabled: false}}", {}))
    rounds.pass_by(500, camera=None)
    assert rounds.statuses() == ["degraded", "disabled"]
    rounds.shown[YARD] = ()
    rounds.live.swap(read(b"", {}))
    rounds.pass_by(5)
    assert rounds.statuses() == ["degraded", "disabled", "online"]
    assert [str(e.event) for e in events] == ["camera_degraded", "camera_recovered"]


def test_what_stands_is_published_again_on_connect(tmp_path: Path) -> None:
    rounds = Round(tmp_path)
    rounds.pass_by(2, camera=GATE)
    rounds.shown[YARD] = ("glare",)
    rounds.pass_by(2)
    on_connect = list(rounds.watch.on_connect())
    assert [(word.topic, word.retain) for word in on_connect] == [
        (f"stillwatch/gw/{camera}/{leaf}", True)
        for camera in ("gate", "yard")
        for leaf in ("status", "health")
    ]
    assert [on_connect[0].payload, on_connect[2].payload] == [b"online", b"degraded"]


def test_prometheus_sees_each_reason_age_and_rate(tmp_path: Path) -> None:
    rounds = Round(tmp_path)
    rounds.shown[YARD] = ("frozen",)
    rounds.pass_by(40)
    registry = CollectorRegistry()
    registry.register(ConditionCollector(rounds.watch.conditions))

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"stillwatch_camera_{name}", {"camera": "yard"} | labels)

    assert value("fault", reason="frozen") == 1
    assert value("fault", reason="dark") == 0
    assert value("last_frame_age_seconds") == 0
    assert value("fps") == pytest.approx(5, rel=0.05)


def test_places_that_were_masked_by_themselves_are_said_and_logged_once(
    tmp_path: Path, events: list[LogLine]
) -> None:
    rounds = Round(tmp_path)
    rounds.pass_by(3)
    rounds.noticed = Notices(auto_masks=((0.1, 0.05, 0.5, 0.12),))
    rounds.pass_by(120)
    assert rounds.healths()[-1]["auto_masks"] == [[0.1, 0.05, 0.5, 0.12]]
    assert rounds.watch.noticed() == {YARD: {"auto_masks": [[0.1, 0.05, 0.5, 0.12]]}}
    rounds.noticed = Notices()
    rounds.pass_by(3)
    said = [e.fields["auto_masks"] for e in events if str(e.event) == "auto_mask_changed"]
    assert said == [[[0.1, 0.05, 0.5, 0.12]], []]
    assert "auto_masks" not in rounds.healths()[-1]
    assert rounds.watch.noticed() is None
