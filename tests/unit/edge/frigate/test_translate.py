"""What each form of Frigate's configuration becomes, and that nothing of it is lost in silence."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.config import parse as parse_bridge
from edge.config.load import read
from edge.config.rules import DEFAULT_RULES
from edge.errors import ConfigError
from edge.frigate.translate import bridge_yaml, edge_yaml

SQUARE = [[0.25, 0.5], [0.75, 0.5], [0.75, 1.0], [0.25, 1.0]]


def imported(text: str, **environ: str) -> dict[str, Any]:
    """The camera `front` as it stands here; the whole is valid."""
    told = edge_yaml(text.encode(), environ)
    read(told.encode(), {})
    front: dict[str, Any] = yaml.safe_load(told)["cameras"]["front"]
    return front


def remarks(text: str) -> str:
    """All remarks on one line, for words that may be wrapped."""
    lines = edge_yaml(text.encode(), {}).splitlines()
    return " ".join(line.strip().removeprefix("##").strip() for line in lines if "##" in line)


def source(text: str, **environ: str) -> dict[str, Any]:
    """The camera `front` as the bridge gets it; the bridge takes the whole."""
    told = bridge_yaml(text.encode(), environ)
    parse_bridge(told, "told")
    found: dict[str, Any] = yaml.safe_load(told)["cameras"].get("front", {})
    return found


def with_detect(body: str, detect: str = "{width: 640, height: 480}") -> str:
    return f"cameras:\n  front:\n    detect: {detect}\n    {body}\n"


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


@pytest.mark.parametrize("off", ["enabled: false", "detect: {enabled: false}"])
def test_the_bridge_does_not_fetch_a_camera_that_is_off_and_that_is_said(off: str) -> None:
    text = camera("rtsp://10.0.0.1/s").replace("front: {", f"front: {{{off}, ")
    printed = bridge_yaml(text.encode(), {})
    assert "rtsp://" not in printed
    assert "off there: its pictures are not fetched" in printed


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


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("zones: {yard: {coordinates: '160,240,480,240,480,480'}}", "is in pixels, and detect has"),
        ("zones: {yard: {coordinates: '0,0,1'}}", "'0,0,1' is no outline"),
        ("motion: {mask: back-mask.bmp}", "'back-mask.bmp' is no outline"),
        ("review: {alerts: {required_zones: [gone]}}", "names zone 'gone', which is not there"),
        ("zones: {yard: {coordinates: '1,0,1,0.5,1,1'}}", "covers nothing of the picture"),
    ],
)
def test_what_cannot_be_translated_ends_the_import_with_its_line(body: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"line 4, cameras\.front") as refused:
        edge_yaml(with_detect(body, "{fps: 5}").encode(), {})
    assert said in str(refused.value)


def test_a_zone_in_pixels_of_a_larger_stream_ends_the_import_and_does_not_blind_its_rule() -> None:
    body = (
        "zones: {gate: {coordinates: '829,767,1528,944,1194,533'}}\n"
        "    review: {alerts: {required_zones: [gate]}}"
    )
    with pytest.raises(ConfigError, match="covers nothing of the picture"):
        edge_yaml(with_detect(body).encode(), {})
    assert imported(with_detect(body, "{width: 1920, height: 1080}"))["zones"][0]["id"] == "gate"


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


def test_every_such_fault_is_named_at_once() -> None:
    text = with_detect("zones: {a: {coordinates: '0,1'}, b: {coordinates: '2,2,9,9,2,9'}}", "{}")
    with pytest.raises(ConfigError) as refused:
        edge_yaml(text.encode(), {})
    assert len(refused.value.problems) == 2


def test_an_outline_that_crosses_itself_hides_nothing_and_lets_everything_count() -> None:
    bow_tie = "0.2,0.2,0.8,0.8,0.8,0.2,0.2,0.8"
    front = imported(
        with_detect(
            f"zones: {{yard: {{coordinates: '{bow_tie}'}}}}\n    motion: {{mask: '{bow_tie}'}}"
        )
    )
    assert sorted(front["zones"][0]["polygon"]) == [[0.2, 0.2], [0.2, 0.8], [0.8, 0.2], [0.8, 0.8]]
    assert "motion_masks" not in front


def test_an_outline_of_a_hundred_corners_is_reduced_to_what_we_take() -> None:
    corners = [(n / 99, 0.5 + (n % 2) / 100) for n in range(100)] + [(1, 1), (0, 1)]
    text = ",".join(f"{x:.4f},{y:.4f}" for x, y in corners)
    front = imported(with_detect(f"zones: {{yard: {{coordinates: '{text}'}}}}"))
    assert 3 <= len(front["zones"][0]["polygon"]) <= 64


def test_names_become_ids_that_differ() -> None:
    told = edge_yaml(b"cameras: {Front Door: {}, front_door: {}, '\xc3\x9c': {}}", {})
    assert list(yaml.safe_load(told)["cameras"]) == ["front_door", "front_door-2", "u"]


def test_a_large_motion_mask_is_remarked() -> None:
    text = with_detect("motion: {mask: '0,0,1,0,1,0.5,0,0.5'}")
    assert "mask covers 50% of the picture" in remarks(text)


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


def test_what_is_no_configuration_of_frigate_is_said_to_be_none() -> None:
    with pytest.raises(ConfigError, match=r"has no cameras .is this the config.yml of Frigate"):
        edge_yaml(b"intake: {}", {})


def camera(path: str, more: str = "") -> str:
    return (
        f"cameras: {{front: {{ffmpeg: {{inputs: [{{path: '{path}', roles: [detect]}}]}}}}}}{more}"
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("rtsp://10.0.0.1:554/s?channel=1&subtype=2", "rtsp://10.0.0.1:554/s?channel=1&subtype=2"),
        ("rtsp://u:p%40ss@10.0.0.1/s", "rtsp://10.0.0.1/s"),
        ("rtsp://u:p@ss@10.0.0.1/s#backchannel=0", "rtsp://10.0.0.1/s"),
        ("RTSPS://u:p@cam.lan:322/s", "rtsps://cam.lan:322/s"),
    ],
)
def test_an_address_loses_its_password_and_keeps_the_rest(path: str, expected: str) -> None:
    assert source(camera(path))["source"] == expected


@pytest.mark.parametrize(
    "path",
    [
        "rtsp://u:Secret/x@10.0.0.1/s",
        "rtsp://u:Sec#ret@10.0.0.1/s",
        "rtsp://10.0.0.1/user=u&password=Secret&channel=1",
        "http://10.0.0.1/flv?user=u&password=Secret",
        "rtmp://u:Secret@10.0.0.1/bcs/channel0",
    ],
)
def test_what_the_bridge_cannot_take_is_said_without_what_may_be_secret(path: str) -> None:
    told = bridge_yaml(camera(path).encode(), {})
    assert yaml.safe_load(told)["cameras"] == {}
    assert "no source for the bridge" in told
    assert "Sec" not in told


@pytest.mark.parametrize(
    "path",
    [
        *("rtsp://10.0.0.1:99999/s", "rtsp://10.0.0.1:0/s", "rtsp://10.0.0.1:x/s"),
        *("rtsp://:554/s", "rtsp://[::1/s", "rtsp://cam..lan/s", "rtsp://-cam/s"),
        f"rtsp://{'c' * 64}/s",
    ],
)
def test_a_host_or_port_that_cannot_be_is_no_source(path: str) -> None:
    text = camera(path)
    assert source(text) == {}
    assert "its host or port is malformed" in bridge_yaml(text.encode(), {})


def test_a_password_without_a_user_is_left_out_and_that_is_said() -> None:
    text = camera("rtsp://:Secret@10.0.0.1/s")
    assert source(text) == {"source": "rtsp://10.0.0.1/s"}
    assert "a password without a user" in bridge_yaml(text.encode(), {})


@pytest.mark.parametrize("host", ["10.0.0.1:1883", "cafe:1883", "mqtt..lan", "[::1]", "::g"])
def test_a_broker_that_is_no_host_is_a_remark_for_gateway_and_bridge(host: str) -> None:
    text = f"mqtt: {{host: '{host}'}}\ncameras: {{front: {{}}}}"
    assert imported(text) is not None
    assert source(text) == {}
    assert "is no host: add it to the broker yourself" in remarks(text)


def test_variables_come_from_the_environment_or_the_file_and_passwords_never_do() -> None:
    path = "rtsp://{FRIGATE_USER}:{FRIGATE_PASSWORD}@{FRIGATE_HOST}/s"
    text = camera(path, "\nenvironment_vars: {FRIGATE_USER: viewer}")
    environ = {"FRIGATE_HOST": "10.0.0.1", "FRIGATE_PASSWORD": "Se/cret"}
    assert source(text, **environ) == {
        "source": "rtsp://10.0.0.1/s",
        "username": "viewer",
        "password_file": "/etc/stillwatch/front-password",
    }
    assert source(text) == {}


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("rtsp://10.0.0.1/s", "rtsp://10.0.0.1/s"),
        ("['ffmpeg:rtsp://10.0.0.1/s#video=copy', 'ffmpeg:one#audio=opus']", "rtsp://10.0.0.1/s"),
        ("ffmpeg:other#video=h264", "rtsp://10.0.0.2/o"),
        ("homekit://10.0.0.3", "rtsp://127.0.0.1:8554/one"),
        ("ffmpeg:one", "rtsp://127.0.0.1:8554/one"),
    ],
)
def test_behind_go2rtc_the_camera_itself_is_found(stream: str, expected: str) -> None:
    streams = f"\ngo2rtc: {{streams: {{one: {stream}, other: 'rtsp://10.0.0.2/o'}}}}"
    streams = streams.replace(": ffmpeg", ": 'ffmpeg").replace("#video=h264,", "#video=h264',")
    streams = streams.replace("ffmpeg:one, other", "ffmpeg:one', other")
    assert source(camera("rtsp://127.0.0.1:8554/one", streams))["source"] == expected


def test_a_restream_that_is_named_by_the_machines_address_is_one_too() -> None:
    streams = "\ngo2rtc: {streams: {one: 'rtsp://10.0.0.1/s'}}"
    assert source(camera("rtsp://10.0.0.9:8554/one", streams))["source"] == "rtsp://10.0.0.1/s"
    other = source(camera("rtsp://10.0.0.9:8554/two", streams))
    assert other["source"] == "rtsp://10.0.0.9:8554/two"


def test_a_stream_over_tls_with_any_certificate_stays_one() -> None:
    streams = "\ngo2rtc: {streams: {one: 'rtspx://10.0.0.1:7441/Ab1'}}"
    assert source(camera("rtsp://localhost:8554/one", streams)) == {
        "source": "rtsps://10.0.0.1:7441/Ab1",
        "verify_tls": False,
    }


def test_a_host_that_another_program_would_have_filled_in_is_left_to_the_reader() -> None:
    text = "mqtt: {host: 'op://vault/frigate/HOST', port: 1884}\ncameras: {front: {}}"
    told = edge_yaml(text.encode(), {})
    assert yaml.safe_load(told)["intake"]["broker"] == {"port": 1884}
    assert "'op://vault/frigate/HOST' is no host" in remarks(text)
    assert "Secret" not in remarks("mqtt: {host: 'mqtt://a:Secret@b'}\ncameras: {front: {}}")


def test_forms_before_version_0_9_are_taken_or_named() -> None:
    text = (
        "zones: {steps: {front: {coordinates: '0,0,1,0,1,1'}}}\n"
        "cameras:\n"
        "  front:\n"
        "    ffmpeg: {input: 'rtsp://10.0.0.1/s'}\n"
        "    width: 640\n"
        "    height: 480\n"
        "    fps: 7\n"
        "    mask: 'poly,160,240,480,240,480,480,160,480'\n"
        "    save_clips: {enabled: true}\n"
    )
    assert imported(text)["motion_masks"] == [{"id": "mask", "polygon": SQUARE}]
    assert source(text)["source"] == "rtsp://10.0.0.1/s"
    assert (source(text)["rate_fps"], source(text)["width_px"]) == (7, 640)
    said = remarks(text)
    assert "line 1, zones: before version 0.7 zones stood here" in said
    assert "save_clips: nothing is recorded here" in said


KEYS = st.sampled_from(
    [
        *("detect", "width", "fps", "objects", "filters", "person", "mask", "min_area", "track"),
        *("motion", "zones", "coordinates", "inertia", "review", "alerts", "required_zones"),
        *("ffmpeg", "inputs", "path", "roles", "go2rtc", "streams", "mqtt", "host", "max_ratio"),
    ]
)
VALUES: st.SearchStrategy[object] = st.sampled_from(
    [
        *(None, True, 0, -1, 10**400, float("nan"), "", "front", "0,0,1,0,1,1", "0,0,9,0,9,9"),
        *("rtsp://a:b@c/d", "rtsp://127.0.0.1:8554/a", ["person"], [{}], {"path": 3}),
        *("rtsp://a:99999/", "rtsp://[::1/", "http://:80/", "10.0.0.1:1883", "::1", "a..b"),
    ]
)
TREES = st.dictionaries(KEYS, st.one_of(VALUES, st.dictionaries(KEYS, VALUES, max_size=3)))


@given(TREES, TREES)
@settings(max_examples=50, deadline=None)
def test_whatever_stands_there_is_translated_or_refused_in_words(
    general: dict[str, Any], front: dict[str, Any]
) -> None:
    document = yaml.safe_dump({**general, "cameras": {"front": front}}).encode()
    for translate in (edge_yaml, bridge_yaml):
        try:
            told = translate(document, {})
        except ConfigError as refused:
            told = "cameras: {}" if refused.problems else ""
        assert set(yaml.safe_load(told)["cameras"]) <= {"front"}
        if translate is bridge_yaml:
            parse_bridge(told, "told")


_USERS = ("", "u@", "u:p@", ":p@", "u%0a:p@", "%00:p@", f"{'u' * 300}:p@", "{FRIGATE_U}:x@")
_HOSTS = ("cam", "10.0.0.5:554", "[::1]", "[fe80::1%25e]", "cam:", "cam:0", "cam:99999", "a..b")
_RESTS = ("", "/s?x=%41", f"/{'s' * 3000}", "/a b", "/%zz", "/..", "#x", "/{FRIGATE_U}")


@given(
    st.sampled_from(("rtsp", "RTSP", "rtsps", "rtspx", "http", "https", "rtmp")),
    st.sampled_from(_USERS),
    st.sampled_from(_HOSTS),
    st.sampled_from(_RESTS),
    st.sampled_from((5, 0, 0.0001, 31, "5", float("nan"))),
    st.sampled_from((640, 63, 4097, 100.7, True)),
)
@settings(deadline=None)
def test_whatever_is_printed_for_the_bridge_the_bridge_takes(
    scheme: str, user: str, host: str, rest: str, fps: float | str, width: float
) -> None:
    inputs = [{"path": f"{scheme}://{user}{host}{rest}", "roles": ["detect"]}]
    front = {"ffmpeg": {"inputs": inputs}, "detect": {"fps": fps, "width": width}}
    document = {"mqtt": {"host": host, "user": "u", "password": "p"}, "cameras": {"front": front}}
    told = bridge_yaml(yaml.safe_dump(document).encode(), {"FRIGATE_U": "a/b"})
    parse_bridge(told, "told")


@pytest.mark.parametrize("port", ["0", "99999", "1e300", "-1"])
def test_a_port_that_is_none_is_a_remark_for_gateway_and_bridge(port: str) -> None:
    text = f"mqtt: {{host: h, port: {port}}}\ncameras: {{front: {{}}}}"
    for told in (edge_yaml(text.encode(), {}), bridge_yaml(text.encode(), {})):
        assert "mqtt.port: is no port" in told
        document = yaml.safe_load(told)
        assert document.get("intake", document)["broker"] == {"host": "h"}


@pytest.mark.parametrize(
    "path",
    ["http://h/snap.cgi?user=a&pwd=Secret", "rtsp://h/user=a_password=Secret_channel=1.sdp"],
)
def test_a_password_within_a_path_is_not_repeated(path: str) -> None:
    text = f"cameras: {{front: {{ffmpeg: {{inputs: [{{path: '{path}', roles: [detect]}}]}}}}}}"
    told = bridge_yaml(text.encode(), {})
    assert "Secret" not in told
    assert "a password stands within" in told
