"""Who is let in, as which camera, and what is left of who has gone."""

from __future__ import annotations

import base64
import json

from edge.metrics.funnel import UNKNOWN
from service.events import Event
from tests.fakes import recorded_events
from tests.unit.edge.intake.doorway import PICTURE, Doorway


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
