"""From topic and bytes to the right mailbox: who is followed, and that every image is counted."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.ids import CameraId
from edge.config.load import read
from edge.config.schema import EdgeConfig
from edge.intake.mailbox import Mailbox
from edge.intake.mqtt import CameraListener, Intake
from edge.intake.redelivery import FILE as ATTEMPTS
from edge.intake.redelivery import MOST_ATTEMPTS, Attempts
from edge.metrics.counters import Counters
from edge.metrics.funnel import UNKNOWN, Funnel
from edge.records import Frame
from service.events import Event
from service.receiver import Receipt
from tests.fakes import ManualClock, recorded_events
from tests.unit.edge.scenes import picture

PICTURE = picture()


class Doorway:
    """An intake with its mailboxes, whose configuration and clock the test holds."""

    def __init__(
        self, document: str = "", workers: int = 1, attempts: Attempts | None = None
    ) -> None:
        self.config: EdgeConfig = read(document.encode(), {}).config
        self.clock = ManualClock()
        self.counters = Counters()
        self.mailboxes = [Mailbox() for _ in range(workers)]
        self.found: list[str] = []
        self.gone: list[str] = []
        self.acked = 0
        self.intake = Intake(
            lambda: self.config,
            self.mailboxes,
            self.counters,
            self.clock,
            CameraListener(found=self.found.append, left=self._leave),
            attempts,
        )

    def configure(self, document: str) -> None:
        self.config = read(document.encode(), {}).config

    def hear(self, topic: str, payload: bytes = PICTURE, retained: bool = False) -> None:
        self.intake.on_message(topic, payload, retained, self._ack)

    def image(self, camera: str, payload: bytes = PICTURE) -> None:
        self.hear(f"cameras/{camera}/image", payload)

    def parts(self, camera: str, payloads: Iterable[tuple[str, bytes]]) -> None:
        for part, payload in payloads:
            self.hear(f"cameras/{camera}/image/{part}", payload)

    def funnel(self, camera: str) -> Funnel:
        return self.counters.snapshot().get(CameraId(camera), Funnel())

    def waiting(self) -> list[Frame]:
        """The frames in all mailboxes, taken out."""
        frames = []
        for mailbox in self.mailboxes:
            while (frame := mailbox.take(0)) is not None:
                frames.append(frame)
        return frames

    def held(self, payload: bytes, again: bool = False, mid: int = 1) -> Ack:
        """A picture of the camera `door` that the broker holds until it is acknowledged."""
        ack = Ack(mid, again)
        self.intake.on_held_message("cameras/door/image", payload, False, ack)
        return ack

    def _leave(self, camera: CameraId) -> None:
        self.gone.append(camera)
        self.counters.forget(camera)

    def _ack(self) -> None:
        self.acked += 1


class Ack(Receipt):
    """Counts its calls."""

    __slots__ = ("calls",)

    def __init__(self, mid: int, again: bool) -> None:
        super().__init__(mid, again, lambda _: None)
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1


def test_the_first_image_of_a_camera_makes_it_known_once_and_waits_for_analysis() -> None:
    door = Doorway()
    door.image("yard")
    door.clock.advance(3)
    door.image("gate")
    door.image("yard", picture(seed=1))
    assert door.found == ["yard", "gate"]
    assert door.intake.cameras == ("yard", "gate")
    frames = {frame.camera: frame for frame in door.waiting()}
    assert frames[CameraId("yard")].picture == picture(seed=1)
    assert frames[CameraId("gate")].received_mono_s == door.clock.mono()
    assert door.acked == 3


@pytest.mark.parametrize(
    ("topics", "topic", "camera"),
    [
        ("cameras/{camera}/image", "cameras/yard/image", "yard"),
        ("{camera}", "yard", "yard"),
        ("site/{camera}", "site/yard", "yard"),
        ("cams/{camera}/data", "cams/yard/data", "yard"),
        ("start/{camera}/end", "start/yard/end", "yard"),
        ("a/{camera}/x, b/{camera}/y", "b/yard/y", "yard"),
        ("{camera}/image, {camera}/image/data", "yard/image/data", "yard"),
        ("cameras/{camera}/image", "cameras/Yard/image", "yard"),
        ("cameras/{camera}/image", "cameras//image", UNKNOWN),
        ("cameras/{camera}/image", "cameras/a/b/image", UNKNOWN),
        ("cameras/{camera}/image", "cameras/../image", UNKNOWN),
    ],
)
def test_a_whole_image_belongs_to_the_camera_that_its_topic_names(
    topics: str, topic: str, camera: str
) -> None:
    quoted = ", ".join(f"'{text}'" for text in topics.split(", "))
    door = Doorway(f"intake: {{topics: [{quoted}]}}")
    door.hear(topic)
    assert door.funnel(camera).received == 1
    assert len(door.waiting()) == (camera != UNKNOWN)


def test_a_template_that_ends_in_data_still_takes_pictures_in_parts() -> None:
    door = Doorway("intake: {topics: ['cams/{camera}/data']}")
    for part, payload in (("start", b""), ("data", PICTURE[:99]), ("data", PICTURE[99:])):
        door.hear(f"cams/yard/data/{part}", payload)
    (frame,) = door.waiting()
    assert (frame.camera, frame.picture) == ("yard", PICTURE)


def test_the_subscriptions_find_every_camera_and_every_part() -> None:
    door = Doorway("intake: {topics: ['a/{camera}/x', '{camera}/data']}")
    filters = {subscription.filter for subscription in door.intake.subscriptions()}
    bases = {"a/+/x", "+/data"}
    assert filters == bases | {f"{b}/{part}" for b in bases for part in ("start", "data", "end")}


def test_without_discovery_only_listed_cameras_are_followed() -> None:
    door = Doorway("intake: {discovery: off}\ncameras: {gate: {}}")
    door.image("gate")
    door.image("stranger")
    assert door.intake.cameras == ("gate",)
    assert door.funnel(UNKNOWN).rejected_by == {"unknown_camera": 1}


def test_discovery_that_is_switched_off_ends_the_cameras_it_had_found() -> None:
    door = Doorway("cameras: {gate: {}}")
    door.image("stranger")
    door.configure("intake: {discovery: off}\ncameras: {gate: {}}")
    door.image("stranger")
    door.image("gate")
    assert door.funnel("stranger").rejected_by == {"unknown_camera": 1}
    assert [frame.camera for frame in door.waiting()] == ["gate", "stranger"]


def test_junk_under_many_names_takes_no_place_and_locks_no_listed_camera_out() -> None:
    door = Doorway("intake: {max_cameras: 2}\ncameras: {gate: {}, yard: {}}")
    for number in range(64):
        door.image(f"x{number}", b"junk")
    assert (door.found, door.intake.cameras) == ([], ())
    for camera in ("gate", "yard", "a"):
        door.image(camera)
    assert door.intake.cameras == ("gate", "yard", "a")
    assert door.funnel(UNKNOWN).rejected_by == {"unknown_type": 64}


def test_strangers_with_real_pictures_share_their_places_beside_the_listed_cameras() -> None:
    door = Doorway("intake: {max_cameras: 3}\ncameras: {gate: {}, yard: {}}")
    for camera in (*(f"x{number}" for number in range(10)), "gate", "yard"):
        door.image(camera)
    assert door.intake.cameras == ("x0", "x1", "x2", "gate", "yard")
    assert door.funnel(UNKNOWN).rejected_by == {"too_many_cameras": 7}


def test_a_place_that_is_not_used_goes_to_another_and_nothing_is_left_of_who_had_it() -> None:
    door = Doorway("intake: {max_cameras: 2, idle_s: 100}\ncameras: {gate: {}}")
    for camera in ("gate", "a", "b"):
        door.image(camera)
    door.clock.advance(60)
    door.image("b")
    door.image("c")
    door.clock.advance(60)
    door.image("c")
    door.image("d")
    assert door.intake.cameras == ("gate", "b", "c")
    assert door.gone == ["a"]
    assert door.funnel(UNKNOWN).rejected_by == {"too_many_cameras": 2}


def test_ten_thousand_names_leave_no_more_behind_than_a_few() -> None:
    door = Doorway("intake: {max_cameras: 4, idle_s: 60}\ncameras: {gate: {}}")

    def publish(names: int) -> tuple[int, int]:
        with recorded_events(door.clock) as lines:
            for number in range(names):
                door.image(f"x{number}", (b"junk", PICTURE)[number % 2])
                door.parts(f"y{number}", [("start", b""), ("data", PICTURE[:500])])
        return len(door.counters.snapshot()), len(lines)

    few, many = publish(100), publish(10_000)
    assert many[0] == few[0] <= 6
    assert many[1] <= 30
    assert len(door.intake.cameras) <= 4


def test_a_stranger_may_send_in_parts_but_only_a_few_at_once() -> None:
    door = Doorway("intake: {chunk_timeout_s: 5}")
    for number in range(6):
        door.parts(f"x{number}", [("start", b""), ("data", PICTURE[:500])])
    for number in range(6):
        door.parts(f"x{number}", [("data", PICTURE[500:])])
    assert door.intake.cameras == ("x0", "x1", "x2", "x3")
    assert door.funnel(UNKNOWN).rejected_by == {"too_many_cameras": 2}


HOSTILE = [
    "cameras/\x00/image",
    "cameras/gate\x00/image",
    "cameras/\u202egate/image",
    "cameras/\uff47ate/image",
    "cameras/gate\n/image",
    "cameras/+/image",
    "cameras/#/image",
    "$SYS/gate/image",
    "$share/x/cameras/gate/image",
    "/cameras/gate/image",
    "cameras/" + "g" * 65 + "/image",
    "cameras/" + "g" * 65_000 + "/image",
    "/" * 65_000,
    "cameras/gate/image/start/start",
    "",
]


@pytest.mark.parametrize("topic", HOSTILE, ids=range(len(HOSTILE)))
def test_a_topic_that_names_no_camera_is_one_counted_refusal(topic: str) -> None:
    door = Doorway("cameras: {gate: {}}")
    door.hear(topic)
    assert door.counters.snapshot().keys() <= {UNKNOWN}
    assert (door.funnel(UNKNOWN).received, door.funnel(UNKNOWN).rejected) == (1, 1)
    assert door.waiting() == []


SNAPSHOTS = "cameras: {door: {kind: snapshot}}\nintake: {snapshots: {queue: 3}}"


def test_a_held_picture_is_acknowledged_when_it_was_evaluated_and_a_bad_one_at_once() -> None:
    door = Doorway(SNAPSHOTS)
    good, bad = door.held(PICTURE), door.held(b"junk")
    assert (good.calls, bad.calls) == (0, 1)
    (frame,) = door.waiting()
    assert frame.held is not None
    frame.held.acknowledge()
    assert good.calls == 1


def test_a_burst_of_single_pictures_is_queued_and_what_overflows_is_counted_and_let_go() -> None:
    door = Doorway(SNAPSHOTS)
    acks = [door.held(picture(seed=seed)) for seed in range(5)]
    assert [ack.calls for ack in acks] == [1, 1, 0, 0, 0]
    assert [frame.picture for frame in door.waiting()] == [picture(seed=n) for n in (2, 3, 4)]
    assert (door.funnel("door").superseded, door.funnel("door").in_flight) == (2, 3)


def test_a_picture_that_comes_again_after_a_reconnect_is_evaluated_once() -> None:
    door = Doorway(SNAPSHOTS)
    door.held(PICTURE)
    again = door.held(PICTURE, again=True)
    (frame,) = door.waiting()
    assert frame.held is not None
    frame.held.acknowledge()
    assert again.calls == 1
    late = door.held(PICTURE, again=True)
    assert (late.calls, door.waiting(), door.funnel("door").received) == (1, [], 1)


def test_the_same_bytes_published_anew_are_another_picture() -> None:
    door = Doorway(SNAPSHOTS)
    acks = [door.held(PICTURE, mid=mid) for mid in (1, 2, 2)]
    frames = door.waiting()
    assert len(frames) == 3
    for frame in frames:
        assert frame.held is not None
        frame.held.acknowledge()
    assert [ack.calls for ack in acks] == [1, 1, 1]


def test_after_closing_a_held_picture_stays_with_the_broker() -> None:
    door = Doorway(SNAPSHOTS)
    door.intake.close()
    assert door.held(PICTURE).calls == 0
    assert door.funnel("door") == Funnel()


def test_beyond_the_most_cameras_nobody_is_let_in_and_those_inside_go_on() -> None:
    door = Doorway("intake: {max_cameras: 2}")
    for camera in ("a", "b", "c", "a", "d"):
        door.image(camera)
    assert door.intake.cameras == ("a", "b")
    assert door.funnel("a").received == 2
    assert door.funnel(UNKNOWN).rejected_by == {"too_many_cameras": 2}


def test_a_camera_that_is_switched_off_is_refused_under_its_own_name_and_may_come_back() -> None:
    door = Doorway("cameras: {gate: {enabled: false}}")
    door.image("gate")
    assert door.funnel("gate").rejected_by == {"disabled": 1}
    assert door.found == []
    door.configure("")
    door.image("gate")
    assert door.found == ["gate"]
    door.configure("camera_defaults: {enabled: false}")
    door.image("gate")
    assert (door.funnel("gate").received, door.funnel("gate").rejected) == (3, 2)
    assert len(door.waiting()) == 1


def test_a_picture_in_parts_of_a_camera_that_is_refused_counts_once() -> None:
    door = Doorway("cameras: {gate: {enabled: false}}")
    door.parts("gate", [("start", b""), *[("data", b"x" * 50)] * 20, ("end", b"")])
    assert door.funnel("gate").received == 1


def test_what_the_broker_kept_from_earlier_is_refused_unless_it_is_wanted() -> None:
    door = Doorway()
    door.hear("cameras/yard/image", retained=True)
    assert door.funnel(UNKNOWN).rejected_by == {"retained": 1}
    door.configure("intake: {accept_retained: true}")
    door.hear("cameras/yard/image", retained=True)
    assert len(door.waiting()) == 1


def test_pictures_in_parts_of_several_cameras_do_not_mix() -> None:
    door = Doorway()
    first, second = picture(seed=1), picture(seed=2)
    for camera, whole in (("a", first), ("b", second)):
        door.parts(camera, [("start", str(len(whole)).encode()), ("data", whole[:500])])
    for camera, whole in (("b", second), ("a", first)):
        door.parts(camera, [("data", whole[500:])])
    assert {frame.camera: frame.picture for frame in door.waiting()} == {"a": first, "b": second}
    assert door.funnel("a").received == door.funnel("b").received == 1


def pieces_of(data: bytes, first: int) -> list[bytes]:
    text = base64.b64encode(data).decode()
    third = len(text) // 12 * 4
    cuts = (text[:third], text[third : 2 * third], text[2 * third :])
    return [
        json.dumps({"part": first + n, "parts": 3, "data": one}).encode()
        for n, one in enumerate(cuts)
    ]


@pytest.mark.parametrize("first", [0, 1])
def test_after_a_lost_piece_the_next_picture_is_whole(first: int) -> None:
    door = Doorway("cameras: {yard: {}}")
    one, _, _ = pieces_of(PICTURE, first)
    for payload in (one, *pieces_of(PICTURE, first)):
        door.image("yard", payload)
    assert len(door.waiting()) == 1
    assert door.funnel("yard").rejected_by == {"chunk_order": 1}


def test_pieces_may_be_numbered_in_texts() -> None:
    door = Doorway()
    for payload in pieces_of(PICTURE, 0):
        fields = json.loads(payload)
        texts = {key: str(value) for key, value in fields.items()}
        door.image("yard", json.dumps(texts).encode())
    assert len(door.waiting()) == 1


def test_a_message_that_names_no_camera_is_refused_with_its_keys() -> None:
    door = Doorway("intake: {topics: ['hub/+']}")
    with recorded_events() as said:
        door.hear("hub/x", b'{"device_id": "front", "image": "/9j/"}')
    assert any("(there are device_id, image)" in str(one.fields["detail"]) for one in said)


def test_what_gateways_publish_is_no_picture_of_a_camera_whatever_wildcards_find() -> None:
    door = Doorway("intake: {topics: ['+/+/{camera}/image']}")
    door.hear("stillwatch/gateway/yard/image")
    door.hear("stillwatch/other/yard/image")
    assert not door.found
    assert door.funnel(UNKNOWN).received == 0
    door.hear("site/north/yard/image")
    assert door.found == ["yard"]


def test_two_names_that_become_one_id_are_said() -> None:
    door = Doorway()
    with recorded_events() as said:
        for name in ("Front Door", "Front Door", "front.door"):
            door.image(name)
    mixed = [one.fields for one in said if one.event is Event.CAMERA_NAMES_MIXED]
    assert [(one["camera"], one["names"]) for one in mixed] == [
        ("front_door", ["Front Door", "front.door"])
    ]


def test_two_ids_within_json_that_become_one_are_said_once() -> None:
    door = Doorway("intake: {topics: ['hub/pictures']}")
    with recorded_events() as said:
        for name in ("Front Door", "front.door", "front.door", "Yard", 7, "7"):
            document = {"id": name, "image": base64.b64encode(PICTURE).decode()}
            door.hear("hub/pictures", json.dumps(document).encode())
    mixed = [one.fields for one in said if one.event is Event.CAMERA_NAMES_MIXED]
    assert [(one["camera"], one["names"]) for one in mixed] == [
        ("front_door", ["Front Door", "front.door"])
    ]
    assert "where its id stands in JSON" in str(mixed[0]["action"])


def test_a_message_whose_picture_is_an_array_of_bytes_names_its_camera() -> None:
    door = Doorway("intake: {topics: ['hub/pictures']}")
    document = {"image": {"type": "Buffer", "data": list(PICTURE)}, "id": "yard"}
    door.hear("hub/pictures", json.dumps(document).encode())
    assert [(one.camera, one.picture) for one in door.waiting()] == [("yard", PICTURE)]


def test_a_picture_whose_parts_stop_coming_is_given_up_by_the_clock() -> None:
    door = Doorway("intake: {chunk_timeout_s: 5}\ncameras: {a: {}}")
    door.parts("a", [("start", b""), ("data", PICTURE[:500])])
    door.clock.advance(4)
    door.intake.tick()
    assert door.funnel("a").received == 0
    door.clock.advance(2)
    door.intake.tick()
    door.intake.tick()
    assert (door.funnel("a").received, door.funnel("a").rejected_by) == (1, {"chunk_timeout": 1})


def test_a_damaged_picture_is_counted_with_its_reason_and_said() -> None:
    with recorded_events() as lines:
        door = Doorway("cameras: {yard: {}}")
        door.image("yard", PICTURE[:100])
        door.image("yard", b"")
    assert door.funnel("yard").rejected_by == {"empty": 1, "truncated": 1}
    assert door.waiting() == []
    said = [line.fields["reason"] for line in lines if line.event == "frame_rejected"]
    assert said == ["truncated", "empty"]


def test_a_frame_that_a_newer_one_replaces_is_counted_superseded() -> None:
    door = Doorway("camera_defaults: {kind: stream}")
    for seed in range(3):
        door.image("yard", picture(seed=seed))
    assert [frame.picture for frame in door.waiting()] == [picture(seed=2)]
    assert (door.funnel("yard").superseded, door.funnel("yard").in_flight) == (2, 1)


def test_a_frame_for_a_mailbox_that_was_closed_is_counted_superseded() -> None:
    door = Doorway()
    door.mailboxes[0].close()
    door.image("yard")
    assert (door.funnel("yard").superseded, door.funnel("yard").in_flight) == (1, 0)


def test_after_closing_nothing_is_taken_or_counted() -> None:
    door = Doorway()
    door.intake.close()
    door.image("yard")
    door.parts("yard", [("start", b"")])
    assert door.funnel("yard") == Funnel()
    assert door.acked == 2


def test_cameras_are_spread_over_the_threads_and_each_stays_on_its_own() -> None:
    door = Doorway(workers=3)
    placed: dict[str, set[int]] = {}
    for seed in range(4):
        for number in range(7):
            door.image(f"cam{number}", picture(seed=seed))
        for place, mailbox in enumerate(door.mailboxes):
            while (frame := mailbox.take(0)) is not None:
                placed.setdefault(frame.camera, set()).add(place)
    assert {camera: len(places) for camera, places in placed.items()} == {
        f"cam{number}": 1 for number in range(7)
    }
    load = [places.copy().pop() for places in placed.values()]
    assert sorted(load.count(place) for place in range(3)) == [2, 2, 3]


MESSAGES = st.tuples(
    st.sampled_from(["a", "b", "off", "Not A Name", "c", "d"]),
    st.sampled_from(["", "/start", "/data", "/end", "/other"]),
    st.sampled_from([PICTURE, PICTURE[:500], PICTURE[500:], b"", b"{", b"%d" % len(PICTURE)]),
    st.booleans(),
    st.floats(0, 6),
)


@given(st.lists(MESSAGES, max_size=30))
def test_whatever_comes_every_image_is_counted_once_and_ends_or_waits(
    messages: list[tuple[str, str, bytes, bool, float]],
) -> None:
    door = Doorway(
        "intake: {max_cameras: 3, chunk_timeout_s: 5}\ncameras: {'off': {enabled: no}}\n"
        "camera_defaults: {kind: stream}"
    )
    for camera, part, payload, retained, pause_s in messages:
        door.hear(f"cameras/{camera}/image{part}", payload, retained)
        door.clock.advance(pause_s)
        door.intake.tick()
    waiting = [frame.camera for frame in door.waiting()]
    for camera, funnel in door.counters.snapshot().items():
        assert funnel.in_flight == waiting.count(camera)
        assert funnel.analysed == funnel.quiet == 0
    assert len(set(waiting)) == len(waiting)
    assert door.acked == len(messages)


def test_a_picture_during_which_the_daemon_ends_again_and_again_is_given_up(tmp_path: Path) -> None:
    verdicts = []
    for start in range(MOST_ATTEMPTS + 2):
        door = Doorway(SNAPSHOTS, attempts=Attempts(tmp_path))
        door.held(PICTURE, again=start > 0)
        (frame,) = door.waiting()
        assert frame.held is not None
        verdicts.append(frame.held.begin())  # and now it dies
    assert verdicts == [True] * (MOST_ATTEMPTS + 1) + [False]
    assert frame.held is not None
    frame.held.acknowledge()
    assert Attempts(tmp_path).begin("door another 1")


def test_a_damaged_file_of_tries_stops_no_start(tmp_path: Path) -> None:
    for document in (b"", b"[]", b"[" * 10_000, b'{"a": "b", "c": -1, "d": true}', b"\xff"):
        (tmp_path / ATTEMPTS).write_bytes(document)
        assert Attempts(tmp_path).begin("door x 1")
    (tmp_path / ATTEMPTS).unlink()
    (tmp_path / ATTEMPTS).mkdir()
    assert Attempts(tmp_path).begin("door x 1")
