"""Sources are taken from an allowlist; nothing else of a configuration reaches FFmpeg."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.address import Folder, Url, parse_address


def test_a_url_is_taken_apart_and_put_together() -> None:
    found = parse_address("rtsp://camera.lan:8554/cam/realmonitor?channel=1&subtype=1")
    assert found == Url(
        scheme="rtsp",
        host="camera.lan",
        port=8554,
        path="/cam/realmonitor?channel=1&subtype=1",
    )
    text = found.text("eve", "p@ss/:#word")
    assert text == (
        "rtsp://eve:p%40ss%2F%3A%23word@camera.lan:8554/cam/realmonitor?channel=1&subtype=1"
    )


def test_an_address_of_six_keeps_its_brackets() -> None:
    found = parse_address("http://[fe80::1]/x")
    assert isinstance(found, Url)
    assert found.text() == "http://[fe80::1]/x"


def test_a_folder_is_a_path() -> None:
    assert parse_address("folder:/srv/in") == Folder(path=Path("/srv/in"))


HOSTILE = [
    "",
    "file:///etc/passwd",
    "concat:a|b",
    "subfile,,start,0,end,0,,:/etc/passwd",
    "pipe:0",
    "exec:reboot",
    "rtsp:/host/x",
    "rtsp://",
    "rtsp:///x",
    "-i /etc/passwd",
    "rtsp://host/x -f null",
    "rtsp://host/$(reboot)'",
    "rtsp://host/`reboot`",
    'rtsp://host/"x',
    "rtsp://host/x\r\nPLAY rtsp://other",
    "rtsp://host/x\x00y",
    "rtsp://host|x/y",
    "rtsp://ho,st/x",
    "rtsp://host:0/x",
    f"http://{'a' * 64}.lan/x",
    "http://a..b/x",
    "rtsp://host:99999/x",
    "rtsp://host:port/x",
    "rtsp://host/ü",
    "rtsp://-host/x",
    "rtsp://host/#x",
    "rtmp://host/x",
    "srt://host/x",
    "gopher://host",
    "http://[::1/x",
    "folder:",
    "folder:a\nb",
    "rtsp://host/" + "a" * 3000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_not_on_the_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_address(text)


def test_a_password_in_the_source_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="password_file") as refused:
        parse_address("rtsp://eve:s3cret@host/x")
    assert "s3cret" not in str(refused.value)


@given(st.text(max_size=60))
def test_no_text_does_more_than_raise_a_value_error(text: str) -> None:
    try:
        found = parse_address(f"rtsp://{text}")
    except ValueError:
        return
    assert isinstance(found, Url)
    assert found.text().startswith("rtsp://")
    assert parse_address(found.text()) == found
