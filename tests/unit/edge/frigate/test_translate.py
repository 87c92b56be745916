"""What each form of Frigate's configuration becomes, and that nothing of it is lost in silence."""

from __future__ import annotations

import pytest
import yaml

from edge.config.rules import DEFAULT_RULES
from edge.frigate.translate import edge_yaml
from tests.unit.edge.frigate.imports import SQUARE, imported, remarks, with_detect


@pytest.mark.parametrize(
    "coordinates",
    [
        "'160,240,480,240,480,480,160,480'",
        "['160,240', '480,240', '480,480', '160,480']",
        "'0.25,0.5,0.75,0.5,0.75,1,0.25,1'",
        "['0.25,0.5', '0.75,0.5', '0.75,1.0', '0.25,1.0']",
    ],
)
def test_a_zone_in_pixels_or_shares_as_text_or_list_is_the_same(coordinates: str) -> None:
    front = imported(with_detect(f"zones: {{yard: {{coordinates: {coordinates}}}}}"))
    assert front["zones"] == [{"id": "yard", "polygon": SQUARE, "inertia_s": 0.4}]


FORMS = [
    "160,240,480,240,480,480,160,480",
    "['160,240,480,240,480,480,160,480']",
    "['160,240', '480,240', '480,480', '160,480']",
    "[160, 240, 480, 240, 480, 480, 160, 480]",
    "'poly,160,240,480,240,480,480,160,480'",
    "{mask: {coordinates: '0.25,0.5,0.75,0.5,0.75,1,0.25,1'}}",
    "{mask: {enabled: true, coordinates: ['0.25,0.5', '0.75,0.5', '0.75,1', '0.25,1']}}",
]


@pytest.mark.parametrize("form", FORMS)
def test_a_motion_mask_in_every_form_is_the_same(form: str) -> None:
    quoted = form if form[0] in "['{" else f"'{form}'"
    front = imported(with_detect(f"motion: {{mask: {quoted}}}"))
    assert front["motion_masks"] == [{"id": "mask", "polygon": SQUARE}]


def test_masks_of_objects_and_of_one_label_both_hold_and_keep_their_names() -> None:
    front = imported(
        with_detect(
            "objects: {mask: {statue: {coordinates: '0.2,0.4,0.3,0.4,0.3,0.6'}}, "
            "filters: {car: {mask: ['0,0,640,0,640,48', '0,0,64,0,64,480']}}}"
        )
    )
    assert [(one["id"], one.get("labels")) for one in front["object_masks"]] == [
        ("statue", None),
        ("car-mask", ["car", "truck"]),
        ("car-mask-2", ["car", "truck"]),
    ]


def test_inertia_is_the_time_from_the_first_to_the_last_frame_of_it() -> None:
    zone = "zones: {yard: {coordinates: '0,0,1,0,1,1', inertia: %d}}"
    fast = imported(with_detect(zone % 11, "{fps: 10}"))
    assert fast["zones"][0]["inertia_s"] == 1.0
    assert imported(with_detect(zone % 1))["zones"][0]["inertia_s"] == 0.0


def test_loitering_belongs_to_the_rule_of_its_zone_and_asks_for_no_movement() -> None:
    front = imported(
        with_detect(
            "zones: {bench: {coordinates: '0,0,1,0,1,1', loitering_time: 20, objects: person}, "
            "door: {coordinates: '0,0,1,0,1,1'}}\n"
            "    review: {alerts: {required_zones: [bench, door]}}"
        )
    )
    assert front["rules"] == [
        {
            "id": "person-bench",
            "labels": ["person"],
            "zones": ["bench"],
            "loitering_s": 20.0,
            "must_move": False,
        },
        {"id": "person-door", "labels": ["person"], "zones": ["door"]},
    ]


def test_sizes_become_shares_and_a_zone_narrows_them() -> None:
    front = imported(
        with_detect(
            "objects: {filters: {person: {min_area: 3072, max_area: 24000000, min_ratio: 0.2}}}\n"
            "    zones: {yard: {coordinates: '0,0,1,0,1,1', filters: {person: "
            "{min_area: 0.05, max_area: 153600}}}}\n"
            "    review: {alerts: {required_zones: yard}}"
        )
    )
    (rule,) = front["rules"]
    assert (rule["min_area"], rule["max_area"], rule["min_ratio"]) == (0.05, 0.5, 0.2)


def test_scores_of_another_network_are_not_taken_over_and_that_is_said() -> None:
    text = with_detect("objects: {filters: {person: {min_score: 0.6, threshold: 0.8}}}")
    assert imported(text)["rules"] == [{"id": "person", "labels": ["person"]}]
    assert "threshold: scores of another network" in remarks(text)


def test_a_vehicle_keeps_the_values_of_our_rule_for_vehicles() -> None:
    (rule,) = imported(with_detect("objects: {track: [car, bus]}\n    review: {alerts: {}}"))[
        "rules"
    ]
    ours = DEFAULT_RULES[1].model_dump(mode="json", exclude_defaults=True)
    assert rule == {**ours, "id": "vehicle", "labels": ["car", "truck"]}


def test_a_camera_overrides_what_holds_for_all_key_by_key() -> None:
    text = (
        "detect: {width: 1280, height: 720}\n"
        "objects: {track: [person, car], filters: {person: {min_area: 9216}}}\n"
        "cameras:\n"
        "  front: {objects: {track: [person], filters: {person: {max_area: 0.5}}}}\n"
    )
    assert imported(text)["rules"] == [
        {"id": "person", "labels": ["person"], "min_area": 0.01, "max_area": 0.5}
    ]


def test_zones_required_by_a_version_before_0_14_are_found() -> None:
    front = imported(
        with_detect(
            "zones: {yard: {coordinates: '0,0,1,0,1,1'}}\n"
            "    record: {events: {required_zones: [yard], pre_capture: 5}}"
        )
    )
    assert front["rules"][0]["zones"] == ["yard"]


def test_a_zone_that_is_switched_off_alerts_for_nothing_as_there() -> None:
    front = imported(
        with_detect(
            "zones: {yard: {coordinates: '0,0,1,0,1,1', enabled: false}}\n"
            "    review: {alerts: {required_zones: [yard]}}"
        )
    )
    assert front == {"rules": []}


@pytest.mark.parametrize("off", ["enabled: false", "detect: {enabled: false}"])
def test_a_camera_that_is_off_or_detects_nothing_is_off(off: str) -> None:
    assert imported(f"cameras: {{front: {{{off}}}}}")["enabled"] is False


def test_anchors_and_merge_keys_are_resolved_and_lines_are_those_of_the_file() -> None:
    text = (
        "cameras:\n"
        "  back:\n"
        "    detect: &small {width: 640, height: 480, fps: 5}\n"
        "  front:\n"
        "    detect:\n"
        "      <<: *small\n"
        "      fps: 10\n"
        "    zones: {yard: {coordinates: '160,240,480,240,480,480,160,480'}}\n"
        "    colour: green\n"
    )
    assert imported(text)["zones"][0] == {"id": "yard", "polygon": SQUARE, "inertia_s": 0.2}
    assert "line 9, cameras.front.colour: unknown key, passed over" in remarks(text)


def test_a_truck_beside_a_car_is_in_the_rule_and_in_no_remark() -> None:
    text = with_detect("objects: {track: [car, truck, dog]}")
    (rule,) = imported(text)["rules"]
    assert {"car", "truck"} <= set(rule["labels"])
    said = remarks(text)
    assert "truck is tracked" not in said
    assert "dog is tracked but makes no alert there" in said
    assert "truck is tracked but makes no alert" in remarks(
        with_detect("objects: {track: [truck]}")
    )


def test_an_outline_of_a_hundred_corners_is_reduced_to_what_we_take() -> None:
    corners = [(n / 99, 0.5 + (n % 2) / 100) for n in range(100)] + [(1, 1), (0, 1)]
    text = ",".join(f"{x:.4f},{y:.4f}" for x, y in corners)
    front = imported(with_detect(f"zones: {{yard: {{coordinates: '{text}'}}}}"))
    assert 3 <= len(front["zones"][0]["polygon"]) <= 64


def test_names_become_ids_that_differ() -> None:
    told = edge_yaml(b"cameras: {Front Door: {}, front_door: {}, '\xc3\x9c': {}}", {})
    assert list(yaml.safe_load(told)["cameras"]) == ["front_door", "front_door-2", "u"]


def test_the_broker_is_taken_over_and_its_password_is_not() -> None:
    text = (
        "mqtt: {host: '{FRIGATE_HOST}', user: me, password: Secret, tls_ca_certs: /ca.crt}\n"
        "cameras: {front: {}}"
    )
    told = edge_yaml(text.encode(), {"FRIGATE_HOST": "broker.lan"})
    assert yaml.safe_load(told)["intake"]["broker"] == {
        "host": "broker.lan",
        "username": "me",
        "password_file": "/etc/stillwatch/site-password",
        "tls": {"ca_file": "/ca.crt"},
    }
    assert "Secret" not in told
    assert "FRIGATE_HOST is not set here" in remarks(text)


@pytest.mark.parametrize("keys", ["clips: {", "record: {events: {", "review: {alerts: {"])
def test_zones_that_an_alert_demands_are_found_in_every_version(keys: str) -> None:
    body = f"zones: {{yard: {{coordinates: '0,0,1,0,1,1'}}}}\n    {keys}required_zones: [yard]"
    (rule,) = imported(with_detect(body + "}" * keys.count("{")))["rules"]
    assert rule["zones"] == ["yard"]
