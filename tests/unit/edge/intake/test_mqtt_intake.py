"""From topic and bytes to the right mailbox: who is followed, and that every image is counted."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.ids import CameraId
from edge.metrics.funnel import UNKNOWN, Funnel
from tests.fakes import recorded_events
from tests.unit.edge.intake.doorway import PICTURE, Doorway
from tests.unit.edge.scenes import picture


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
