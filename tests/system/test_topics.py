"""Topics as people have them: one for all cameras, a camera's own, wildcards, names with blanks."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.servers import Broker
from tests.system.daemons import logged, wait
from tests.system.sites import STREET, Ear, Edge, edge, settings

ROOT = "named"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def daemon(mosquitto: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("named")
    config = settings(mosquitto, ROOT, folder)
    config["intake"]["topics"] = [f"{ROOT}-frigate/{{camera}}/+/snapshot", f"{ROOT}-all/pictures"]
    config["camera_defaults"] = {"kind": "snapshot"}
    config["cameras"] = {
        "porch": {"kind": "snapshot", "topic": f"{ROOT}-odd/House 1/porch.jpg"},
        "lane": {"kind": "stream", "topic": f"{ROOT}-lane/#"},
    }
    with edge(folder, config) as running:
        yield running


@pytest.mark.parametrize(
    ("topic", "camera"),
    [
        ("frigate/yard/person/snapshot", "yard"),
        ("frigate/Front Door/car/snapshot", "front_door"),
        ("odd/House 1/porch.jpg", "porch"),
        ("lane/any/thing", "lane"),
    ],
)
def test_a_topic_is_mapped_to_its_camera(daemon: Edge, heard: Ear, topic: str, camera: str) -> None:
    heard.publish(f"{ROOT}-{topic}", STREET)
    wait(daemon, lambda: daemon.settled(camera, 1))
    assert daemon.frames(camera)["rejected"] == 0


def test_one_topic_serves_cameras_that_name_themselves_in_json(daemon: Edge, heard: Ear) -> None:
    image = base64.b64encode(STREET).decode()
    for document in (
        {"camera": "Barn.East", "image": image},
        {"device": 7, "image": image},
    ):
        heard.publish(f"{ROOT}-all/pictures", json.dumps(document).encode())
    wait(daemon, lambda: daemon.settled("barn_east", 1) and daemon.settled("7", 1))


def test_ids_within_json_that_become_one_are_said_once(daemon: Edge, heard: Ear) -> None:
    image = base64.b64encode(STREET).decode()
    for count, name in enumerate(("South Gate", "south.gate", "South Gate", "south.gate"), 1):
        document = {"id": name, "image": image}
        heard.publish(f"{ROOT}-all/pictures", json.dumps(document).encode())
        wait(daemon, lambda n=count: daemon.settled("south_gate", n))  # type: ignore[misc]
    (mixed,) = daemon.events("camera_names_mixed")
    assert (mixed["camera"], mixed["names"]) == ("south_gate", ["South Gate", "south.gate"])


@pytest.mark.parametrize("first", [0, 1])
def test_a_picture_in_pieces_within_json_is_put_together(
    daemon: Edge, heard: Ear, first: int
) -> None:
    text, camera = base64.b64encode(STREET).decode(), f"pieces{first}"
    size = len(text) // 12 * 4
    pieces = [text[begin : begin + size] for begin in range(0, len(text), size)]

    def send(number: int) -> None:
        document = {"id": camera, "part": number + first, "parts": len(pieces)}
        message = document | {"data": pieces[number]}
        heard.publish(f"{ROOT}-all/pictures", json.dumps(message).encode())

    for number in range(len(pieces)):
        send(number)
    wait(daemon, lambda: daemon.settled(camera, 1))
    assert daemon.frames(camera)["rejected"] == 0
    for number in (0, 2):  # one is missing
        send(number)
    wait(daemon, lambda: daemon.settled(camera, 2))
    assert daemon.frames(camera)["rejected"] == 1
    (last,) = logged(daemon, "frame_rejected", camera=camera)
    assert last["reason"] == "chunk_order"
    assert f"piece {2 + first} of {len(pieces)} came, {1 + first} was due" in last["detail"]


def test_what_fits_no_camera_is_refused_with_its_topic_and_the_key(
    daemon: Edge, heard: Ear
) -> None:
    before = daemon.frames("_unknown").get("received", 0)
    heard.publish(f"{ROOT}-all/pictures", STREET)
    heard.publish(f"{ROOT}-all/pictures", b'{"cam": "east", "image": "/9j/"}')
    heard.publish(f"{ROOT}-frigate/---???/../person/snapshot", STREET)  # fits no filter
    heard.publish(f"{ROOT}-frigate/???/person/snapshot", STREET)
    wait(daemon, lambda: daemon.settled("_unknown", before + 3))
    expected = (
        f"'{ROOT}-all/pictures': neither topic nor message says which camera",
        f"'{ROOT}-all/pictures': no camera's id at any of id, camera, device",
        f"'{ROOT}-frigate/???/person/snapshot' names no camera by",
    )

    def unsaid() -> list[str]:
        details = [one["detail"] for one in daemon.events("frame_rejected")]
        return [words for words in expected if not any(words in one for one in details)]

    wait(daemon, lambda: not unsaid())


def test_a_topic_that_is_configured_later_is_heard_after_a_reload(daemon: Edge, heard: Ear) -> None:
    config = yaml.safe_load(daemon.config.read_text())
    config["cameras"]["shed"] = {"kind": "snapshot", "topic": f"{ROOT}-shed/1"}
    config["cameras"]["mill"] = {"kind": "stream", "topic": f"{ROOT}-mill/1"}
    Path(daemon.config).write_text(yaml.safe_dump(config))
    filters = len(daemon.events("link_subscribed"))
    daemon.process.send_signal(1)
    wait(daemon, lambda: len(daemon.events("link_subscribed")) >= filters + 2)
    for camera in ("shed", "mill"):
        heard.publish(f"{ROOT}-{camera}/1", STREET)
        wait(daemon, lambda name=camera: daemon.settled(name, 1))  # type: ignore[misc]
