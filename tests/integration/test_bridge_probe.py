"""`stillwatch-bridge probe`: what it says, and that its lines are a configuration."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import yaml

from bridge.__main__ import main
from bridge.config import BridgeConfig, SourceConfig
from bridge.fault import SourceFault
from bridge.probe import probe
from service.clock import SystemClock
from tests.cameras import film, http_camera, jpeg, reply, rtsp_camera
from tests.processes import HOST

pytestmark = pytest.mark.slow


def lines_to_paste(said: str) -> BridgeConfig:
    return BridgeConfig.model_validate(yaml.safe_load(said.split("\n\n")[1]))


def test_an_rtsp_camera_says_codec_and_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p").write_text("s3cret")
    file = film(tmp_path / "film.mp4", size=(1920, 1080), seconds=3)
    options = ("--user", "eve:s3cret")
    with rtsp_camera(tmp_path, f"/live={file}:h264", options=options) as port:
        source = f"rtsp://{HOST}:{port}/live"
        secret = str(tmp_path / "p")
        assert main(["probe", source, "--username", "eve", "--password-file", secret]) == 0
    said = capsys.readouterr().out
    assert "rtsp over tcp: h264 1920x1080" in said
    assert "sub-stream" in said
    assert "a picture came: 1920x1080" in said
    assert lines_to_paste(said).cameras["camera"].username == "eve"
    assert "s3cret" not in said


def test_a_snapshot_is_told_from_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    with http_camera(lambda h: reply(h, jpeg())) as url:
        assert main(["probe", url, "--camera", "gate"]) == 0
    said = capsys.readouterr().out
    assert "a snapshot, asked for at rate_fps (image/jpeg)" in said
    assert lines_to_paste(said).cameras["gate"].source == url
    with http_camera(lambda h: reply(h, b"<html>", "text/html")) as url:
        assert main(["probe", url]) == 1
    assert "unusable: text/html" in capsys.readouterr().err


@pytest.mark.parametrize("source", ["file:///etc/passwd", "rtsp://eve:s3cret@host/x"])
def test_what_the_bridge_would_refuse_is_refused(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe", source]) == 78
    assert "s3cret" not in capsys.readouterr().err


def test_an_id_that_no_configuration_takes_is_refused_with_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe", f"folder:{tmp_path}", "--camera", "Front Door"]) == 78
    assert "write front_door" in capsys.readouterr().err


def test_a_silent_camera_is_said_in_the_words_of_the_running_bridge() -> None:
    with socket.create_server((HOST, 0)) as silent:
        source = f"http://{HOST}:{silent.getsockname()[1]}/"
        with pytest.raises(SourceFault, match="stalled: no answer in 1 s"):
            list(probe("gate", SourceConfig(source=source, stall_s=1), SystemClock()))
