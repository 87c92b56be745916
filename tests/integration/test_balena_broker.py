"""balena's site broker, as shipped and run by a real Mosquitto: who may do what, who may not."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path

import pytest

from service.link import TlsFiles
from tests.authorities import authority, issue
from tests.fakes import recorded_events
from tests.integration.balena_site import CAMERAS, GATE, HOUSE, YARD, joined, refused, sent, site
from tests.links import PATIENCE_S, Inbox, running, wait_for_event
from tests.processes import accepts


def test_without_variables_cameras_find_no_door_and_the_log_says_why() -> None:
    with site() as broker:
        with joined(broker.settings(None)) as edge:
            assert sent(edge, "stillwatch/g/status")
        assert not accepts(broker.camera_port)
        assert "set MQTT_CAMERA_1 to ID:PASSWORD" in broker.log.read_text()


def test_one_password_for_all_cameras_lets_nobody_in_and_is_told() -> None:
    with site(**{"MQTT_CAMERA_PASSWORD": "of them all"}) as broker:
        assert not accepts(broker.camera_port)
        assert "MQTT_CAMERA_PASSWORD, one for all cameras" in broker.log.read_text()


def test_a_camera_publishes_its_own_pictures_whole_or_in_parts_and_nothing_else() -> None:
    seen = Inbox()
    topics = "cameras/{camera}/image yard/{camera}"
    with (
        site(**CAMERAS, MQTT_CAMERA_TOPICS=topics) as broker,
        joined(broker.settings(None), seen, "cameras/+/image", "cameras/+/image/+", "yard/+"),
        joined(broker.settings("gate", GATE)) as gate,
        joined(broker.settings("yard", YARD)) as yard,
    ):
        mine = ("cameras/gate/image", "cameras/gate/image/start", "yard/gate", "yard/gate/data")
        for topic in mine[:3]:
            assert sent(gate, topic)
            assert seen.next().topic == topic
        assert sent(gate, mine[3])
        for topic in mine:
            assert not sent(yard, topic)
        for topic in (
            *("cameras/gate/other", "cameras/image", "stillwatch/g/gate/verdict", "$SYS/x"),
            *("stillwatch/g/gate/armed/set", "homeassistant/device/g/config"),
        ):
            assert not sent(gate, topic)
        assert seen.is_empty()


def test_a_camera_hears_nothing_also_of_what_is_retained() -> None:
    heard, known = Inbox(), Inbox()
    with site(**CAMERAS, **HOUSE) as broker, joined(broker.settings(None)) as edge:
        edge.publish("stillwatch/g/gate/threat", b"ON", retain=True).wait(PATIENCE_S)
        filters = ("#", "$SYS/#", "$share/all/#", "cameras/+/image", "stillwatch/#")
        with (
            joined(broker.settings("gate", GATE), heard, *filters) as gate,
            joined(broker.settings("house", "reads"), known, "stillwatch/#"),
        ):
            assert known.next().retained
            assert sent(edge, "stillwatch/g/gate/verdict")
            assert sent(gate, "cameras/gate/image")
            assert known.next().topic.endswith("verdict")
            assert heard.is_empty()


def test_the_edge_has_the_rights_of_an_edge() -> None:
    seen = Inbox()
    with (
        site(**CAMERAS, **HOUSE) as broker,
        joined(broker.settings(None), seen, "cameras/+/image", "stillwatch/g/+/armed/set") as edge,
        joined(broker.settings("gate", GATE)) as gate,
        joined(broker.settings("desk", "arms")) as desk,
    ):
        assert sent(gate, "cameras/gate/image")
        assert sent(desk, "stillwatch/g/gate/armed/set")
        assert {seen.next().topic, seen.next().topic} == {
            "cameras/gate/image",
            "stillwatch/g/gate/armed/set",
        }
        assert sent(edge, "stillwatch/g/gate/threat")
        for topic in ("cameras/gate/image", "anything", "$SYS/broker"):
            assert not sent(edge, topic)


def test_the_bridge_publishes_pictures_of_any_camera_and_how_they_are_and_reads_nothing() -> None:
    seen, heard, known = Inbox(), Inbox(), Inbox()
    with site(**HOUSE) as broker:
        ours = replace(broker.settings(None, client_id="bridge"), port=broker.bridge_port)
        with (
            joined(broker.settings(None), seen, "cameras/+/image"),
            joined(broker.settings("house", "reads"), known, "stillwatch-bridge/#"),
            joined(ours, heard, "#") as bridge,
        ):
            for camera in ("gate", "yard"):
                assert sent(bridge, f"cameras/{camera}/image")
                assert seen.next().topic == f"cameras/{camera}/image"
            assert sent(bridge, "stillwatch-bridge/bridge/gate/status", b"online")
            assert known.next().payload == b"online"
            for topic in (
                "stillwatch/g/gate/verdict",
                "stillwatch/g/gate/armed/set",
                "$SYS/x",
                "a",
            ):
                assert not sent(bridge, topic)
            assert heard.is_empty()


def test_what_came_while_the_edge_was_away_waits_for_its_kept_session() -> None:
    seen = Inbox()
    with site(**CAMERAS) as broker:
        kept = replace(broker.settings(None), clean=False)
        with joined(kept, Inbox(), "cameras/+/image"):
            pass
        with joined(broker.settings("gate", GATE)) as gate:
            assert sent(gate, "cameras/gate/image", b"while away")
        with joined(kept, seen, "cameras/+/image"):
            assert seen.next().payload == b"while away"


def test_readers_write_nothing_and_operators_only_switches() -> None:
    with (
        site(**CAMERAS, **HOUSE) as broker,
        joined(broker.settings("house", "reads")) as house,
        joined(broker.settings("desk", "arms")) as desk,
    ):
        for setting in ("armed", "enabled"):
            assert sent(desk, f"stillwatch/g/gate/{setting}/set")
            assert not sent(house, f"stillwatch/g/gate/{setting}/set")
        for leaf in ("verdict", "threat", "armed/state", "config/set"):
            assert not sent(desk, f"stillwatch/g/gate/{leaf}")
            assert not sent(house, f"stillwatch/g/gate/{leaf}")
        for topic in ("cameras/gate/image", "stillwatch/g/request/restart", "homeassistant/x"):
            assert not sent(desk, topic)


def test_home_assistant_is_an_operator_who_is_told_of_devices() -> None:
    told, found = Inbox(), Inbox()
    device = "homeassistant/device/g/config"
    asked = ("homeassistant/status", "stillwatch/g/request/self-test")
    with (
        site(**HOUSE) as broker,
        joined(broker.settings(None), told, *asked) as edge,
        joined(broker.settings("desk", "arms"), found, "homeassistant/#") as desk,
        joined(broker.settings("house", "reads")) as house,
    ):
        assert sent(edge, device)
        assert found.next().topic == device
        assert not sent(desk, device)
        for topic in asked:
            assert not sent(house, topic)
            assert sent(desk, topic)
            assert told.next().topic == topic


def test_nobody_can_take_anothers_place_by_its_client_id() -> None:
    with (
        site(**CAMERAS) as broker,
        recorded_events() as lines,
        joined(broker.settings("gate", GATE, client_id="gate")) as gate,
        joined(broker.settings(None, client_id="stillwatch-g-intake")) as edge,
    ):
        for claimed in ("gate", "test-gate", "stillwatch-g-intake"):
            with joined(broker.settings("yard", YARD, client_id=claimed)) as yard:
                assert sent(yard, "cameras/yard/image")
                assert sent(gate, "cameras/gate/image")
                assert sent(edge, "stillwatch/g/status")
        assert "link_lost" not in {line.event for line in lines}


PASSWORDS = (
    *(":", "a:b:c", " blank before", "blank behind ", "\ttab\t", "pässwörter ✓", "*", "-b"),
    *("%s%n", "$HOME `id` \\ \"'", "x" * 1000),
)


def test_every_byte_of_a_password_counts() -> None:
    variables = {f"MQTT_CAMERA_{n}": f"c{n}:{password}" for n, password in enumerate(PASSWORDS)}
    with site(**variables) as broker:
        for n, password in enumerate(PASSWORDS):
            with joined(broker.settings(f"c{n}", password)) as camera:
                assert sent(camera, f"cameras/c{n}/image")
            wrong = password.strip() if password != password.strip() else f"{password} "
            with recorded_events() as lines, running(broker.settings(f"c{n}", wrong)):
                said = wait_for_event(lines, "link_refused")
                assert said["reason"] == "Not authorized"
        hashed = (broker.folder / "passwords").read_text().splitlines()
        assert all(re.fullmatch(r"c\d+:\$7\$[\w+/=$]+", line) for line in hashed)
        assert (broker.folder / "passwords").stat().st_mode & 0o77 == 0


def test_a_password_is_changed_without_a_gap() -> None:
    new = {"MQTT_CAMERA_9": "gate.2:the next one", "MQTT_CAMERA_a": "gate-2:of another camera"}
    with (
        site(**CAMERAS, **new) as broker,
        joined(broker.settings("gate", GATE)) as old,
        joined(broker.settings("gate.2", "the next one")) as changed,
    ):
        assert sent(old, "cameras/gate/image")
        assert sent(changed, "cameras/gate/image")
        assert not sent(changed, "cameras/yard/image")
        assert not sent(changed, "cameras/gate.2/image")
        with joined(broker.settings("gate-2", "of another camera")) as other:
            assert sent(other, "cameras/gate-2/image")
            assert not sent(other, "cameras/gate/image")


def test_cameras_come_in_over_tls_and_where_it_is_said_in_no_other_way(tmp_path: Path) -> None:
    ca = authority(tmp_path, "site")
    server = issue(tmp_path, ca, "broker")
    assert server.cert_file is not None
    assert server.key_file is not None
    key = f"base64:{base64.b64encode(server.key_file.read_bytes()).decode()}"
    variables = {"MQTT_TLS_CERT": server.cert_file.read_text(), "MQTT_TLS_KEY": key}
    with site(**CAMERAS, **variables, MQTT_PLAIN="off") as broker:
        assert not accepts(broker.camera_port)
        tls = TlsFiles(ca_file=ca)
        chosen = replace(broker.settings("gate", GATE), port=broker.tls_port, tls=tls)
        with joined(chosen) as gate:
            assert sent(gate, "cameras/gate/image")
            assert not sent(gate, "cameras/yard/image")
        with running(replace(chosen, tls=None)) as link:
            assert not link.wait_ready(0.7)
        assert (broker.folder / "tls.key").stat().st_mode & 0o77 == 0
    with site(**CAMERAS, **variables) as broker:
        assert accepts(broker.camera_port)
        assert accepts(broker.tls_port)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"MQTT_CAMERA_1": "gate"}, "MQTT_CAMERA_1 is not NAME:PASSWORD"),
        ({"MQTT_CAMERA_1": "gate:"}, "the password is empty"),
        ({"MQTT_CAMERA_1": "gate:a\nb"}, "line break"),
        ({"MQTT_CAMERA_1": "gate:a\r"}, "line break"),
        ({"MQTT_CAMERA_1": "a\ntopic readwrite #:x"}, "the name"),
        ({"MQTT_CAMERA_1": "a/b:x"}, "the name 'a/b'"),
        ({"MQTT_CAMERA_1": "+:x"}, "the name '+'"),
        ({"MQTT_CAMERA_1": "Gate:x"}, "the name 'Gate'"),
        ({"MQTT_CAMERA_1": "gate:x", "MQTT_READER_1": "gate:y"}, "two variables for the user"),
        ({"MQTT_CAMERA_TOPICS": "cameras/#"}, "wildcard"),
        ({"MQTT_CAMERA_TOPICS": "cameras/all/image"}, "lacks {camera}"),
        ({"MQTT_CAMERA_TOPICS": "cameras/x{camera}/image"}, "lacks {camera}"),
        ({"MQTT_CAMERA_TOPICS": "{camera}/{camera}"}, "{camera} twice"),
        ({"MQTT_ROOT": "a\ntopic write #"}, "MQTT_ROOT"),
        ({"MQTT_TLS_CERT": "x"}, "belong together"),
        ({"MQTT_PLAIN": "off"}, "MQTT_PLAIN=off leaves cameras no door"),
        (
            {"MQTT_CAMERA_1": "g:x", "MQTT_TLS_CERT": "base64:%%", "MQTT_TLS_KEY": "x"},
            "MQTT_TLS_CERT is no base64",
        ),
        (
            {"MQTT_CAMERA_1": "g:x", "MQTT_TLS_CERT": "x", "MQTT_TLS_KEY": "x"},
            "MQTT_TLS_CERT holds no PEM",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(variables: dict[str, str], words: str) -> None:
    said = refused(**variables)
    assert words in said
    assert said.startswith("mosquitto: ")
