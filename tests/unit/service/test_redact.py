"""Nothing that lets somebody in is said aloud, wherever it stands."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from service.redact import names_secret, redacted, redacted_value

SECRET = "hunter2"  # noqa: S105, the point of the test


@pytest.mark.parametrize(
    "text",
    [
        f"http://user:{SECRET}@host/x",
        f"s3:b?endpoint_url=https://u:{SECRET}@h:9000&region=x",
        f"amqps://:{SECRET}@host",
        f"https://{SECRET}@host",
        f"http://u:{SECRET}/9@h",
        f"http://u:a@{SECRET}@host",
        f"http://h/x?X-Amz-Signature={SECRET}&b=1",
        f"a?token={SECRET}",
        f"http://h/snap.cgi?user=a&pwd={SECRET}",
        f"http://h/x?loginuse=a&loginpas={SECRET}",
        f"rtsp://h/user=admin_password={SECRET}_channel=1_stream=0.sdp",
        f"rtsp://h/user=admin&password={SECRET}&channel=1",
        f"s3:b?endpoint_url=http%3A%2F%2Fu%3A{SECRET}%40h%3A9000&region=x",
        f"http://h?b=1;Password={SECRET}",
        f"Authorization: Bearer {SECRET}{SECRET}",
        f"cannot reach 'http://u:{SECRET}@h': timed out",
    ],
)
def test_secrets_within_texts_are_left_out(text: str) -> None:
    assert SECRET not in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "mqtts://broker.example:8883",
            "s3:evidence?endpoint_url=http://10.0.0.1:8333&timeout_s=5",
        ),
        *("s3:b?credentials_file=/etc/stillwatch/credentials", "mail to a@b.example", "a // b @ c"),
        *("uploads.ftp_passive_ports=1", "http://h/x?bypass=1&passage=2"),
        *("report gw.gate.1.2.3: no evidence", "http://host/path?mail=x", ""),
    ],
)
def test_what_is_no_secret_is_said(text: str) -> None:
    assert redacted(text) == text


def test_a_long_hostile_text_is_done_in_its_length() -> None:
    for part in ("%2F%2F", "//a:", "//", "a?b&", "basic ", "//x@", "/pwd=", "_password="):
        assert redacted(part * 20_000)


class Pair(NamedTuple):
    """As a caller may log one."""

    url: str
    tries: int


def test_records_of_a_caller_are_read_like_tuples() -> None:
    assert redacted_value("pair", Pair(f"http://u:{SECRET}@h", 1)) == ("http://[masked]@h", 1)


def test_values_are_looked_through_however_deep() -> None:
    value = {"reasons": [f"http://u:{SECRET}@h", {"password": SECRET}], "n": 1, "t": (SECRET, "a")}
    found = redacted_value("fields", value)
    assert found == {
        "reasons": ["http://[masked]@h", {"password": "[masked]"}],
        "n": 1,
        "t": (SECRET, "a"),
    }


@pytest.mark.parametrize("name", ["password", "API_KEY", "aws_secret_access_key", "Passwd"])
def test_names_of_secrets(name: str) -> None:
    assert names_secret(name)
    assert not names_secret(f"{name}_file")
