"""A camera's own motion events, asked for over real SOAP: subscribed, renewed, lost and back."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bridge.__main__ import main
from bridge.address import Url, parse_address
from bridge.config import SourceConfig
from bridge.motion_hints import HOLD_S, MotionHints, MotionState
from bridge.motion_watch import LONG_REST_S, REST_S, MotionSource, MotionWatch
from contract.ids import CameraId
from service.clock import Clock, SystemClock
from tests.cameras import film, rtsp_camera
from tests.fakes import ManualClock, recorded_events
from tests.integration.test_bridge_process import bridge, configured, watching
from tests.links import wait_until
from tests.onvif_camera import OnvifCamera, Stream, onvif_camera
from tests.onvif_events import CELL_MOTION, NAMESPACES, OnvifEvents, notification
from tests.processes import fetch, free_port
from tests.servers import Broker

GATE = CameraId("gate")
STREAMS = (Stream("sub", (640, 480), "/live"),)
OTHER = notification("tns1:Device/Trigger/Relay", "true", "LogicalState")


class ShiftedClock(SystemClock):
    """The machine's time, which the test sets forward."""

    shift_s = 0.0

    def mono(self) -> float:
        return super().mono() + self.shift_s


@dataclass
class Watched:
    """A camera that is listened to, and what is known of it."""

    camera: OnvifCamera
    events: OnvifEvents
    hints: MotionHints
    clock: Clock

    def state(self) -> MotionState:
        return self.hints.state(self.clock.mono())

    def until(self, holds: Callable[[MotionState], bool], what: str) -> None:
        wait_until(lambda: holds(self.state()), what)


@contextmanager
def watched(
    folder: Path,
    events: OnvifEvents | None,
    clock: Clock | None = None,
    password: str = "s3cret",  # noqa: S107, of a test
    online: Callable[[], bool] = lambda: True,
    **camera: object,
) -> Iterator[Watched]:
    """Listens in a thread of its own until left."""
    (folder / "password").write_text(password)
    simulated = replace(OnvifCamera(rtsp_port=554, streams=STREAMS, events=events), **camera)  # type: ignore[arg-type]  # by name
    stopping, hints, chosen = threading.Event(), MotionHints(4.0, 1.0), clock or SystemClock()
    with onvif_camera(simulated) as source:
        settings = SourceConfig(
            source=source,
            username="eve",
            password_file=folder / "password",
            events=True,
            rate_fps=4,
            idle_fps=1,
            stall_s=2,
            reconnect_max_s=1,
        )
        url = parse_address(source)
        assert isinstance(url, Url)
        watched = MotionSource(camera=GATE, settings=settings, url=url)
        watch = MotionWatch(watched, hints, online, chosen, random.Random(1))
        thread = threading.Thread(target=watch.run, args=(stopping,), daemon=True)
        thread.start()
        try:
            yield Watched(simulated, events or OnvifEvents(), hints, chosen)
        finally:
            stopping.set()
            if events is not None:
                events.notify(OTHER)  # the question that is open is answered
            thread.join(20)
            assert not thread.is_alive()


def test_motion_raises_the_rate_and_its_end_lowers_it(tmp_path: Path) -> None:
    clock = ShiftedClock()
    with watched(tmp_path, OnvifEvents(), clock) as found:
        found.until(lambda state: state.reported == "still", "the first word")
        assert found.state().rate_fps == 1.0
        found.events.say(moving=True)
        found.until(lambda state: state.reported == "moving", "motion")
        assert found.state().rate_fps == 4.0
        found.events.say(moving=False)
        found.until(lambda state: state.counts["messages"] == 3, "its end")
        assert found.state().reported == "moving"
        clock.shift_s += HOLD_S
        assert (found.state().reported, found.state().rate_fps) == ("still", 1.0)


def test_a_camera_that_forgets_is_subscribed_to_again_and_said_to_be_lost(tmp_path: Path) -> None:
    with recorded_events() as lines, watched(tmp_path, OnvifEvents()) as found:
        found.until(lambda state: state.reported == "still", "the first word")
        found.events.forget()
        found.until(lambda state: state.counts.get("lost") == 1, "the loss")
        found.until(lambda state: state.counts["subscribed"] == 2, "another subscription")
        found.until(lambda state: state.reported == "still", "the first word again")
    said = [line for line in lines if line.event == "motion_events_lost"]
    assert "no such subscription" in str(said[0].fields["detail"])


def test_what_is_read_out_of_the_answer_is_no_subscription_of_another_host(tmp_path: Path) -> None:
    with watched(tmp_path, OnvifEvents(), says_host="192.168.200.64") as found:
        found.until(lambda state: state.reported == "still", "the first word")


@pytest.mark.parametrize("renews", [True, False])
def test_a_subscription_outlives_its_time(renews: bool, tmp_path: Path) -> None:
    clock = ManualClock()
    with watched(tmp_path, OnvifEvents(renews=renews), clock) as found:
        found.until(lambda state: "subscribed" in state.counts, "a subscription")
        clock.advance(40)
        found.events.notify(notification(CELL_MOTION, "false"))
        wait_until(lambda: "Renew" in found.camera.seen, "the renewal")
        if not renews:
            wait_until(lambda: "2" in found.events.waiting, "another in its place")
        found.events.say(moving=True)
        found.until(lambda state: state.reported == "moving", "motion")
        assert "lost" not in found.state().counts
        assert list(found.events.waiting) == ["1" if renews else "2"]


def test_it_is_unsubscribed_at_the_end(tmp_path: Path) -> None:
    events = OnvifEvents()
    with watched(tmp_path, events) as found:
        found.until(lambda state: state.reported == "still", "the first word")
    assert events.unsubscribed == ["1"]
    assert events.waiting == {}


@pytest.mark.parametrize(
    ("events", "password", "answers", "reason", "words"),
    [
        (None, "s3cret", {}, "unusable", "does not offer that by ONVIF"),
        (OnvifEvents(), "other", {}, "refused", "refuses user and password"),
        (
            OnvifEvents(),
            "s3cret",
            {"CreatePullPointSubscription": "<tev:X/>"},
            "unusable",
            "malformed|no address",
        ),
        (
            OnvifEvents(),
            "s3cret",
            {"PullMessages": "<trt:Nothing/>"},
            "unusable",
            "no list of events",
        ),
    ],
)
def test_why_nothing_is_heard_is_said_and_the_configured_rate_holds(
    events: OnvifEvents | None,
    password: str,
    answers: dict[str, str],
    reason: str,
    words: str,
    tmp_path: Path,
) -> None:
    with watched(tmp_path, events, password=password, answers=answers) as found:
        found.until(lambda state: state.reason == reason, reason)
        state = found.state()
    assert any(word in state.detail for word in words.split("|")), state.detail
    assert state.rate_fps == 4.0


def test_a_camera_that_does_not_wait_is_not_asked_without_a_pause(tmp_path: Path) -> None:
    clock = ManualClock()
    nothing = f"<tev:PullMessagesResponse {NAMESPACES}><tev:CurrentTime>2026-01-01T00:00:00Z"
    nothing += "</tev:CurrentTime></tev:PullMessagesResponse>"
    with watched(tmp_path, OnvifEvents(), clock, answers={"PullMessages": nothing}) as found:
        wait_until(lambda: found.camera.seen.count("PullMessages") > 3, "questions")
    assert clock.waits.count(LONG_REST_S) >= 3
    assert clock.waits.count(REST_S) == 1


def test_a_camera_without_pictures_is_not_asked(tmp_path: Path) -> None:
    clock = ManualClock()
    with watched(tmp_path, OnvifEvents(), clock, online=lambda: False) as found:
        wait_until(lambda: len(clock.waits) > 5, "looks")
        assert found.camera.seen == []


@pytest.mark.parametrize("events", [None, OnvifEvents()])
def test_probe_says_whether_a_camera_offers_events(
    events: OnvifEvents | None, capsys: pytest.CaptureFixture[str]
) -> None:
    camera = OnvifCamera(rtsp_port=1, streams=STREAMS, asks="nobody", events=events)
    with onvif_camera(camera) as source:
        assert main(["probe", source]) == 1  # no RTSP there
    assert ("events: true" in capsys.readouterr().out) == (events is not None)


@pytest.mark.slow
def test_a_bridge_sends_more_while_the_camera_says_that_something_moves(
    tmp_path: Path, mosquitto: Broker
) -> None:
    events, port = OnvifEvents(), free_port()
    moving_film = film(tmp_path / "film.mp4", seconds=120, gop=2)
    with (
        rtsp_camera(tmp_path, f"/live={moving_film}:h264") as rtsp,
        onvif_camera(
            OnvifCamera(rtsp_port=rtsp, streams=STREAMS, asks="nobody", events=events)
        ) as source,
        watching(mosquitto, "b7") as seen,
    ):
        cameras = f"  gate: {{source: '{source}', events: true, rate_fps: 5, idle_fps: 1}}\n"
        health = "stillwatch-bridge/b7/gate/health"

        def motion() -> dict[str, object]:
            said = json.loads(seen.latest.get(health, b"{}")).get("motion", {})
            assert isinstance(said, dict)
            return said

        def sent_in(seconds: float) -> int:
            before = seen.count.get("b7/gate/image", 0)
            threading.Event().wait(seconds)
            return seen.count.get("b7/gate/image", 0) - before

        with bridge(configured(tmp_path, mosquitto, "b7", cameras, port), tmp_path):
            wait_until(lambda: motion().get("reported") == "still", "the first word")
            idle = sent_in(4)
            events.say(moving=True)
            wait_until(lambda: motion().get("reported") == "moving", "motion")
            assert motion()["rate_fps"] == 5.0
            assert sent_in(4) > idle >= 1
            metrics = fetch(port, "/metrics")[1]
            assert 'stillwatch_bridge_camera_rate_fps{camera="gate"} 5.0' in metrics
            what = '{camera="gate",what="messages"} 2.0'
            assert f"stillwatch_bridge_motion_events_total{what}" in metrics
