"""The link over TLS with client certificates, against a real Mosquitto."""

import dataclasses
from pathlib import Path

import pytest

from service.link import Delivered, Link, LinkError, LinkSettings, TlsFiles
from tests import servers
from tests.authorities import authority, issue
from tests.fakes import recorded_events
from tests.links import PATIENCE_S, fail, running, settings, wait_for_event


def _only_with_certificate(server: TlsFiles) -> str:
    lines = [
        f"cafile {server.ca_file}",
        f"certfile {server.cert_file}",
        f"keyfile {server.key_file}",
    ]
    return "\n".join([*lines, "require_certificate true"])


def test_both_sides_prove_who_they_are(tmp_path: Path) -> None:
    site = authority(tmp_path, "site")
    server, client = issue(tmp_path, site, "broker"), issue(tmp_path, site, "gateway")
    with servers.mosquitto(tmp_path, config=_only_with_certificate(server)) as broker:
        chosen = dataclasses.replace(settings(broker, "gateway"), tls=client)
        with running(chosen) as link:
            assert link.wait_ready(PATIENCE_S)
            assert isinstance(link.publish("x", bytes(300_000)).wait(PATIENCE_S), Delivered)


def test_a_broker_that_another_authority_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    server = issue(tmp_path, authority(tmp_path, "site"), "broker")
    stranger = issue(tmp_path, authority(tmp_path, "elsewhere"), "gateway")
    with servers.mosquitto(tmp_path, config=_only_with_certificate(server)) as broker:
        chosen = dataclasses.replace(settings(broker, "gateway"), tls=stranger)
        with recorded_events() as lines, running(chosen) as link:
            said = wait_for_event(lines, "link_unreachable")
            assert "certificate verify failed" in str(said["reason"])
            assert not link.connected


def test_missing_files_are_named_before_connecting(tmp_path: Path) -> None:
    nowhere = TlsFiles(ca_file=tmp_path / "ca.crt")
    chosen = LinkSettings(name="x", host="127.0.0.1", port=1, client_id="x", tls=nowhere)
    with pytest.raises(LinkError, match=r"ca\.crt"):
        Link(chosen, on_fatal=fail)
