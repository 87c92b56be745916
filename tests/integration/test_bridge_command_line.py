"""`stillwatch-bridge`: what `check-config`, `run` and `discover` refuse, in words."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.__main__ import main
from tests.processes import HOST, free_port

pytestmark = pytest.mark.slow

BROKER = "broker: {{username: eve, password_file: {0}/gone}}\n"
UPLOADS = """cameras:
  porch: {{source: ftp-upload, username: p, password_file: {0}/gone}}
  shed: {{source: smtp-upload, username: s, password_file: {0}/gone-too}}
"""
CERTIFICATE = "uploads: {{cert_file: {0}/gone}}\ncameras: {{open: {{source: smtp-upload}}}}\n"


def config(folder: Path, text: str) -> list[str]:
    file = folder / "bridge.yaml"
    file.write_text(text.format(folder))
    return ["--config", str(file)]


def refused(*arguments: str) -> str:
    """What the program says that ends by itself with exit status 78."""
    command = [sys.executable, "-m", "bridge", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 78, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BROKER, ["password file"]),
        (UPLOADS, ["cameras.porch.password_file: ", "cameras.shed.password_file: "]),
        (CERTIFICATE, ["uploads.cert_file"]),
    ],
)
@pytest.mark.parametrize("verb", ["check-config", "run"])
def test_a_file_without_which_it_cannot_start_is_named_by_both(
    verb: str, text: str, said: list[str], tmp_path: Path
) -> None:
    told = refused(verb, *config(tmp_path, text))
    assert f"{tmp_path}/gone" in told
    assert all(words in told for words in said)


def test_a_camera_whose_password_cannot_be_read_holds_up_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = "cameras: {{gate: {{source: 'rtsp://a/1', username: e, password_file: {0}/gone}}}}\n"
    assert main(["check-config", *config(tmp_path, gate)]) == 0
    told = capsys.readouterr()
    assert f"cameras.gate.password_file: {tmp_path}/gone: No such file" in told.err
    assert "1 cameras" in told.out


def test_a_status_port_that_is_taken_is_named_with_its_key(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        text = f"runtime: {{{{metrics_port: {port}}}}}\nuploads: {{{{smtp_port: {free_port()}}}}}\n"
        text += "cameras: {{open: {{source: smtp-upload}}}}\n"
        told = refused("run", *config(tmp_path, text))
    assert f"runtime.metrics_port: cannot listen on {HOST}:{port}" in told


@pytest.mark.parametrize("verb", ["run", "check-config", "health"])
def test_a_missing_file_is_said_with_what_to_do(verb: str, tmp_path: Path) -> None:
    told = refused(verb, "--config", str(tmp_path / "gone.yaml"))
    assert "gone.yaml: is not there: name another by --config, or set STILLWATCH_BRIDGE" in told


@pytest.mark.parametrize("seconds", ["nan", "-1", "0", "inf"])
def test_a_time_in_which_nobody_can_answer_is_refused(
    seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["discover", f"--seconds={seconds}"])
    assert ended.value.code == 2
    assert f"--seconds: {seconds} is not 0.1 to 600" in capsys.readouterr().err


@pytest.mark.parametrize("interface", ["eth0", "192.0.2.1", "localhost", "::1"])
def test_an_interface_that_is_no_address_of_ours_is_refused(
    interface: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["discover", "--interface", interface])
    assert ended.value.code == 2
    assert f"{interface!r} is no IPv4 address of this machine" in capsys.readouterr().err
