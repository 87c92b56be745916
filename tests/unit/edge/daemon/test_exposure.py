"""Whoever can listen on the way to the cloud is spoken of at the start, and only then."""

from __future__ import annotations

import pytest

from cloud.serve.process import exposed as of_worker
from cloud.settings import Settings
from edge.config.load import read
from edge.daemon.connections import exposed
from service.exposure import is_here


def told(document: str) -> str:
    return "\n".join(exposed(read(document.encode(), {}).config))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "LOCALHOST.", "::1", "[::1]"])
def test_on_this_machine_nothing_is_exposed(host: str) -> None:
    assert is_here(host)
    assert told(f"deliver: {{uplink: {{host: '{host}'}}}}") == ""


@pytest.mark.parametrize("host", ["broker", "10.0.0.1", "localhost.example", "fe80::1", ""])
def test_elsewhere_it_is(host: str) -> None:
    assert not is_here(host)


UPLINK = "deliver: {uplink: {host: cloud.example, "


@pytest.mark.parametrize(
    ("document", "clear", "anonymous"),
    [
        (UPLINK + "port: 1883}}", True, True),
        (UPLINK + "username: gw, password_file: /p}}", True, False),
        (UPLINK + "tls: {}}}", False, True),
        (UPLINK + "tls: {cert_file: /c, key_file: /k}}}", False, False),
        (UPLINK + "tls: {}, username: gw, password_file: /p}}", False, False),
        ("intake: {broker: {host: 10.0.0.9}}", True, True),
        ("intake: {broker: {host: 10.0.0.9}}\ndeliver: {uplink: {host: localhost}}", False, False),
    ],
)
def test_what_of_the_uplink_is_open(document: str, clear: bool, anonymous: bool) -> None:
    words = told(document)
    assert ("in the clear" in words) is clear
    assert ("from anybody else" in words) is anonymous


@pytest.mark.parametrize(
    ("endpoint", "clear"),
    [("http://10.0.0.5:8333", True), ("https://10.0.0.5", False), ("http://127.0.0.1:8333", False)],
)
def test_pictures_in_the_clear(endpoint: str, clear: bool) -> None:
    store = f"deliver: {{store: {{type: s3, bucket: evidence, endpoint_url: '{endpoint}'}}}}"
    assert ("pictures cross the network" in told(store)) is clear


def test_a_cloud_worker_says_the_same_of_itself() -> None:
    far = Settings(broker="mqtt://10.0.0.9", store="s3:evidence?endpoint_url=http://10.0.0.5")
    assert [words.split(":")[0] for words in of_worker(far)] == ["uplink", "uplink", "store"]
    assert of_worker(Settings(store="dir:/srv")) == ()
