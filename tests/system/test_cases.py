"""Small inputs that failed once (`STILLWATCH_DATA`/cases): right now, or refused helpfully."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.servers import Broker
from tests.system.daemons import cli, wait
from tests.system.sites import ear, edge, settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

TAKEN = ("json_wrapped_base64.json", "kerberos_style.json", "nodered_buffer.json")
REFUSED = {
    "key_image_data.json": "a picture stands at `image_data`: add it to intake.json_paths.image",
    "utf8_mangled.bin": "binary that was turned into UTF-8 text, which loses the picture",
    "cut40_with_eoi.jpg": "without data for the lower",
}
KNOWN = {"payloads", "zone_bowtie.yaml", "alternating_sizes", "frigate_crops"}


@pytest.fixture
def cases() -> Path:
    data = os.environ.get("STILLWATCH_DATA")
    folder = Path(data or ".") / "cases"
    if not data or not folder.is_dir():
        pytest.skip("STILLWATCH_DATA is not set, or has no cases")
    return folder


def test_every_payload_is_a_picture_or_named(
    cases: Path, mosquitto: Broker, tmp_path: Path
) -> None:
    files = {file.name: file.read_bytes() for file in (cases / "payloads").iterdir()}
    assert files.keys() == {*TAKEN, *REFUSED}
    config = settings(mosquitto, "cases", tmp_path)
    cameras = {name: name.partition(".")[0] for name in files}
    config["cameras"] = {camera: {"kind": "snapshot"} for camera in cameras.values()}
    with ear(mosquitto, "cases") as listening, edge(tmp_path, config) as daemon:
        for name, payload in files.items():
            listening.publish(f"cases-cameras/{cameras[name]}/image", payload)
        for camera in cameras.values():
            wait(daemon, lambda name=camera: daemon.settled(name, 1))  # type: ignore[misc]
        refused = {one["camera"]: one["detail"] for one in daemon.events("frame_rejected")}
    assert refused.keys() == {cameras[name] for name in REFUSED}
    for name, words in REFUSED.items():
        assert words in refused[cameras[name]]


def test_an_outline_that_crosses_itself_is_named(cases: Path, tmp_path: Path) -> None:
    done = cli("check-config", "--config", cases / "zone_bowtie.yaml", folder=tmp_path)
    assert done.returncode == 78
    assert "cameras.x.zones[0].polygon: " in done.stderr
    assert "the outline crosses itself between corners 1 and 3" in done.stderr


@pytest.mark.parametrize("folder", ["alternating_sizes", "frigate_crops"])
def test_pictures_that_change_their_size_are_said_and_people_in_them_are_found(
    cases: Path, tmp_path: Path, folder: str
) -> None:
    (tmp_path / "edge.yaml").write_text("{}")
    done = cli("replay", "--config", "edge.yaml", cases / folder, folder=tmp_path)
    frames = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert frames[-1]["summary"]["rejected"] == 0
    assert frames[-1]["summary"]["suspicions"] > 0
    assert any("resizing" in frame.get("faults", ()) for frame in frames)


def test_there_is_nothing_else(cases: Path) -> None:
    assert {one.name for one in cases.iterdir()} == KNOWN
