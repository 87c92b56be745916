"""The bridge's configuration: what is refused, and that no password is quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.camera_files import authorities_of, password_of
from bridge.config import BridgeConfigError, SourceConfig, load
from tests.cameras import take


def refusal(tmp_path: Path, text: str) -> str:
    file = tmp_path / "bridge.yaml"
    file.write_text(text)
    with pytest.raises(BridgeConfigError) as refused:
        load(file)
    return str(refused.value)


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text("cameras: {gate: {source: 'rtsp://camera.lan/2'}}\n")
    config = load(file)
    assert config.cameras["gate"].rate_fps == 2.0
    assert config.broker.host == "127.0.0.1"


def test_an_empty_file_has_no_cameras(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text("")
    assert load(file).cameras == {}


def test_every_fault_is_said_with_its_path_and_no_password(tmp_path: Path) -> None:
    words = refusal(
        tmp_path,
        "cameras:\n"
        "  gate: {source: 'rtsp://eve:s3cret@host/x'}\n"
        "  yard: {source: 'file:///etc/passwd', rate_fps: 99, options: '-f null'}\n",
    )
    assert "s3cret" not in words
    assert "cameras.gate.source: user and password stand in the source" in words
    assert "cameras.yard.source: a source begins with" in words
    assert "cameras.yard.rate_fps" in words
    assert "cameras.yard.options: unknown key" in words


@pytest.mark.parametrize("text", ["[", "!!python/object/apply:os.system [id]", "a: 0x_", "5"])
def test_what_is_no_yaml_of_ours_is_refused(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BridgeConfigError, match=r"gone\.yaml: cannot be read: No such file"):
        load(tmp_path / "gone.yaml")


def test_a_password_without_a_user_is_refused(tmp_path: Path) -> None:
    text = "cameras: {gate: {source: 'http://x/y', password_file: /p}}"
    assert "needs a username" in refusal(tmp_path, text)


def test_a_password_is_read_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("s3cret\n")
    camera = SourceConfig(source="http://x/y", username="eve", password_file=tmp_path / "p")
    assert password_of(camera) == "s3cret"


def test_a_camera_that_stands_twice_is_refused(tmp_path: Path) -> None:
    text = "cameras:\n  gate: {source: 'rtsp://a/1'}\n  gate: {source: 'rtsp://b/1'}\n"
    assert "line 3: key 'gate' repeats" in refusal(tmp_path, text)


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    rows = ["a0: &a0 {k: 1}"]
    for n in range(1, 9):
        aliases = ", ".join([f"*a{n - 1}"] * 9)
        rows.append(f"a{n}: &a{n} {{<<: [{aliases}]}}")
    assert "by its aliases" in refusal(tmp_path, "\n".join(rows))


def test_parts_may_be_shared_by_a_few_aliases(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(
        "cameras:\n"
        "  gate: &one {source: 'rtsp://a/1', rate_fps: 1}\n"
        "  yard: {<<: *one, source: 'rtsp://b/1'}\n"
    )
    assert load(file).cameras["yard"].rate_fps == 1


def test_senders_of_mail_that_share_a_user_share_its_password(tmp_path: Path) -> None:
    text = (
        "cameras:\n"
        "  a: {source: smtp-upload, username: u, password_file: /p1}\n"
        "  b: {source: smtp-upload, username: u, password_file: /p2}\n"
    )
    assert "not its password_file" in refusal(tmp_path, text)


def test_uploads_by_ftp_and_by_mail_need_ports_of_their_own(tmp_path: Path) -> None:
    ftp = "cameras:\n  a: {source: ftp-upload, username: u, password_file: /p}\n"
    ports = "uploads: {ftp_port: 2525}\n"
    assert "uploads.ftp_port and smtp_port" in refusal(
        tmp_path, f"{ports}{ftp}  b: {{source: smtp-upload}}\n"
    )
    (tmp_path / "bridge.yaml").write_text(ports + ftp)
    assert load(tmp_path / "bridge.yaml").uploads.ftp_port == 2525  # nobody listens for mail


def test_a_password_that_windows_saved_is_read_or_named(tmp_path: Path) -> None:
    file = tmp_path / "password"
    camera = SourceConfig(source="http://x/y", username="eve", password_file=file)
    file.write_bytes("s3cret\r\n".encode("utf-8-sig"))
    assert password_of(camera) == "s3cret"
    file.write_bytes("s3cret\r\n".encode("utf-16"))
    with pytest.raises(OSError, match=r"save it as UTF-8.*password"):
        password_of(camera)


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), ("x", "no certificate")])
@pytest.mark.parametrize("source", ["https://x/y", "rtsps://x/y"])
def test_an_authority_that_cannot_be_used_is_named(
    source: str, content: str | None, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(OSError, match=words) as refused:
        take(SourceConfig(source=source, ca_file=file), 1)
    assert refused.value.filename == str(file)
    assert authorities_of(SourceConfig(source=source, ca_file=file, verify_tls=False)) is None


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("source: 'rtsp://x/y', events: true", "needs a source of onvif://"),
        ("source: 'onvif://x', idle_fps: 1", "idle_fps needs events: true"),
        ("source: 'onvif://x', events: true, idle_fps: 3", "more than rate_fps"),
    ],
)
def test_events_that_cannot_come_are_refused(keys: str, words: str, tmp_path: Path) -> None:
    assert words in refusal(tmp_path, f"cameras: {{gate: {{{keys}}}}}\n")


def test_the_idle_rate_is_half_where_none_is_named_and_never_none() -> None:
    camera = SourceConfig(source="ONVIFS://x", events=True, rate_fps=5)
    assert camera.slowest_fps == 2.5
    assert camera.model_copy(update={"idle_fps": 1.0}).slowest_fps == 1.0
    assert SourceConfig(source="onvif://x", rate_fps=5).slowest_fps == 5
