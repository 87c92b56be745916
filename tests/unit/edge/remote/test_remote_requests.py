"""Requests from afar: what is allowed is answered, everything else is refused with the reason."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from contract.ids import CameraId, GatewayId
from contract.request import MAX_ANSWER_BYTES, RemoteRequest, answer, read_request
from contract.topics import Topics
from edge.config.schema import EdgeConfig
from edge.remote import snapshot as snapshots
from edge.remote.requests import RemoteRequests
from edge.self_test.requests import RequestTopic
from service.link import Publication
from tests.fakes import recorded_events
from tests.unit.edge.deliver.bundles import bundle
from tests.unit.edge.deliver.test_audit_delivery import a_frame
from tests.unit.edge.self_test.test_runner import Bench

TOPICS = Topics(gateway=GatewayId("gw"))
EVERYTHING = ["snapshot", "diagnostics", "explain", "restart"]


class Desk:
    """A gateway that can be asked, and what it answers."""

    def __init__(self, folder: Path, **config: object) -> None:
        bench = Bench(folder)
        self.outbox, self.clock = bench.outbox, bench.clock
        self.config = EdgeConfig.model_validate({"remote": {"allow": EVERYTHING}} | config)
        tests = RequestTopic(TOPICS, bench.tests, lambda: True)
        self.requests = RemoteRequests(lambda: self.config, TOPICS, self.outbox, self.clock, tests)
        self.answers: list[tuple[str, dict[str, Any]]] = []

    def send(self, verb: str, payload: bytes, *, retained: bool = False) -> bool:
        return self.requests.on_message(
            f"stillwatch/gw/request/{verb}", payload, retained, self._note
        )

    def ask(self, verb: str, **request: object) -> dict[str, Any]:
        """One request to its answer."""
        assert self.send(verb, json.dumps({"transaction": "t"} | request).encode())
        self.requests.tick()
        topic, facts = self.answers[-1]
        assert topic == f"stillwatch/gw/response/{verb}"
        assert facts["transaction"] == "t"
        return facts

    def _note(self, one: Publication) -> None:
        assert not one.retain
        assert len(one.payload) <= MAX_ANSWER_BYTES
        self.answers.append((one.topic, json.loads(one.payload)))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def picture_of(facts: dict[str, Any]) -> np.ndarray[Any, Any]:
    jpeg = base64.b64decode(facts["data"]["jpeg"])
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image)


def test_by_default_neither_pictures_nor_a_restart_are_had(tmp_path: Path) -> None:
    desk = Desk(tmp_path, remote={})
    desk.requests.frames.keep(a_frame())
    for verb in ("snapshot", "restart"):
        facts = desk.ask(verb, camera="gate")
        assert (facts["status"], facts["data"]) == ("error", {})
        assert facts["error"] == f"remote.allow does not name {verb}"
    assert desk.ask("diagnostics")["status"] == "ok"
    assert not desk.requests.restart_wanted


def test_a_snapshot_is_the_last_picture_reduced_with_its_masks_black(tmp_path: Path) -> None:
    half = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
    masks = [{"id": "neighbour", "polygon": half}]
    desk = Desk(tmp_path, cameras={"gate": {"privacy_masks": masks}})
    desk.requests.frames.keep(a_frame(at_s=1.0))
    desk.requests.frames.keep(newest := a_frame(at_s=2.0))
    facts = desk.ask("snapshot", camera="gate", width_px=320)
    image = picture_of(facts)
    assert image.shape[:2] == (180, 320)
    assert facts["data"]["masked"]
    assert facts["data"]["received_at"] == newest.received_at.isoformat(timespec="milliseconds")
    assert image[:, :150].max() < 30
    assert image[:, 170:].mean() > 60
    assert picture_of(desk.ask("snapshot", camera="gate", width_px=1920)).shape[1] == 640


def test_a_snapshot_is_bounded_whatever_it_shows(tmp_path: Path) -> None:
    desk = Desk(tmp_path, remote={"allow": ["snapshot"], "snapshot_px": 1920})
    desk.requests.frames.keep(a_frame(1600, 900, noise=1))
    facts = desk.ask("snapshot", camera="gate")
    assert facts["status"] == "ok"
    assert picture_of(facts).shape[1] >= 400


def test_the_largest_snapshot_fits_into_the_answer_to_the_longest_request() -> None:
    longest = json.dumps({"transaction": "\u00e9" * 2035}, ensure_ascii=False).encode()
    asked = read_request(RemoteRequest, longest, retained=False)
    facts = snapshots.snapshot(a_frame(), EdgeConfig(), 640)
    assert isinstance(facts, dict)
    facts["jpeg"] = base64.b64encode(bytes(snapshots.MOST_BYTES)).decode()
    assert len(answer(asked, facts)) <= MAX_ANSWER_BYTES


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({}, "say which camera"),
        ({"camera": "yard"}, "nothing has come from 'yard'"),
        ({"camera": "../gate"}, "nothing has come from"),
    ],
)
def test_a_snapshot_that_cannot_be_had_says_why(
    desk: Desk, request_: dict[str, object], error: str
) -> None:
    desk.requests.frames.keep(a_frame())
    assert error in desk.ask("snapshot", **request_)["error"]


def test_a_disabled_camera_and_a_torn_picture_are_not_shown(tmp_path: Path) -> None:
    desk = Desk(tmp_path, cameras={"gate": {"enabled": False}})
    desk.requests.frames.keep(a_frame())
    assert "disabled" in desk.ask("snapshot", camera="gate")["error"]
    desk.config = EdgeConfig.model_validate({"remote": {"allow": EVERYTHING}})
    desk.requests.frames.keep(a_frame(cut=900))
    assert "cannot be read" in desk.ask("snapshot", camera="gate")["error"]


def test_kept_frames_are_bounded_and_gone_when_nobody_may_ask(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = a_frame()
    monkeypatch.setattr(snapshots, "MOST_KEPT_BYTES", 3 * len(frame.picture))
    frames = desk.requests.frames
    names = [CameraId(f"cam{n}") for n in range(5)]
    for name in names:
        frames.keep(replace(frame, camera=name))
    assert [frames.of(name) is not None for name in names] == [False, False, True, True, True]
    frames.forget(names[-1])
    assert frames.of(names[-1]) is None
    desk.config = EdgeConfig()
    frames.keep(frame)
    assert frames.of(names[-2]) is None


def test_a_suspicion_is_explained_and_one_that_is_not_here_is_said(desk: Desk) -> None:
    kept = bundle(1)
    desk.outbox.put(kept)
    data = desk.ask("explain", report_id=kept.report.report_id)["data"]
    assert data["rule"]["reasons"] == list(kept.report.rule.reasons)
    assert any(kept.report.rule.id in words for words in data["words"])
    assert (data["state"], data["decision"]) == ("pending", None)
    assert "not here" in desk.ask("explain", report_id="gw.gate.9.9.9")["error"]
    assert "say which" in desk.ask("explain")["error"]


def test_diagnostics_have_their_parts_and_the_largest_goes_where_it_is_too_much(desk: Desk) -> None:
    desk.requests.diagnose_by({"small": lambda: {"a": 1}, "large": lambda: "x" * 200_000})
    desk.clock.advance(5)
    data = desk.ask("diagnostics")["data"]
    assert data == {"small": {"a": 1}, "up_s": 5, "left_out": ["large"]}


def test_a_restart_is_had_after_a_minute_only(desk: Desk) -> None:
    assert "not before" in desk.ask("restart")["error"]
    assert not desk.requests.restart_wanted
    desk.clock.advance(61)
    assert desk.ask("restart")["status"] == "ok"
    assert desk.requests.restart_wanted


@pytest.mark.parametrize(
    "payload",
    [
        *(
            b"{",
            b"[]",
            b"\xff",
            b'{"camera": 3}',
            b'{"width_px": 1}',
            b'{"by": "' + b"x" * 99 + b'"}',
        ),
        *(b"x" * 5000, b'{"transaction": {"a": 1}}', b"[" * 4000),
    ],
)
def test_what_is_not_understood_is_logged_and_answers_nobody(desk: Desk, payload: bytes) -> None:
    with recorded_events() as events:
        assert desk.send("diagnostics", payload)
        desk.requests.tick()
    assert desk.answers == []
    assert [line.event for line in events] == ["message_refused"]


def test_a_retained_request_is_refused(desk: Desk) -> None:
    assert desk.send("restart", b"", retained=True)
    desk.clock.advance(99)
    desk.requests.tick()
    assert not desk.requests.restart_wanted


def test_more_than_can_wait_is_refused_at_once_and_each_answer_is_logged(desk: Desk) -> None:
    with recorded_events() as events:
        for number in range(12):
            desk.send("diagnostics", json.dumps({"transaction": number, "by": "anna"}).encode())
        busy = [facts["transaction"] for _, facts in desk.answers]
        assert busy == [8, 9, 10, 11]
        for _ in range(12):
            desk.requests.tick()
    assert len(desk.answers) == 12
    answered = [line for line in events if line.event == "request_answered"]
    assert {line.fields["by"] for line in answered} == {"anna"}


def test_self_tests_and_topics_of_others_are_told_apart(desk: Desk) -> None:
    filters = {one.filter for one in desk.requests.subscriptions()}
    assert "stillwatch/gw/request/self-test" in filters
    assert len(filters) == 5
    assert desk.send("self-test", b"{}")
    assert not desk.send("other", b"{}")
