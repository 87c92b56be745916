"""What has no equivalent: it ends the import with its line, or is remarked on."""

from __future__ import annotations

import pytest
import yaml

from edge.errors import ConfigError
from edge.frigate.translate import edge_yaml
from tests.unit.edge.frigate.imports import SQUARE, imported, remarks, source, with_detect


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


def test_a_large_motion_mask_is_remarked() -> None:
    text = with_detect("motion: {mask: '0,0,1,0,1,0.5,0,0.5'}")
    assert "mask covers 50% of the picture" in remarks(text)


def test_a_client_key_without_its_certificate_is_left_out_and_that_is_said() -> None:
    text = "mqtt: {host: a, tls_ca_certs: /ca.crt, tls_client_key: /me.key}\ncameras: {front: {}}"
    broker = yaml.safe_load(edge_yaml(text.encode(), {}))["intake"]["broker"]
    assert broker["tls"] == {"ca_file": "/ca.crt"}
    assert "is nothing without its tls_client_cert" in remarks(text)


def test_what_is_no_configuration_of_frigate_is_said_to_be_none() -> None:
    with pytest.raises(ConfigError, match=r"has no cameras .is this the config.yml of Frigate"):
        edge_yaml(b"intake: {}", {})


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


def test_a_mask_of_two_points_hides_nothing_and_does_not_end_the_import() -> None:
    text = with_detect("motion: {mask: ['0,0,704,50']}")
    assert "motion_masks" not in imported(text)
    assert "fewer than three corners, left out" in remarks(text)


def test_a_brokers_user_that_cannot_be_known_is_said_with_its_password() -> None:
    unset = "mqtt: {host: h, user: '{FRIGATE_U}', password: x}\ncameras: {front: {}}"
    assert "password: belongs to a user who is not known here" in remarks(unset)
    unquoted = "mqtt: {host: h, user: {FRIGATE_U}, password: x}\ncameras: {front: {}}"
    assert "user: is no text, put it in quotes" in remarks(unquoted)
