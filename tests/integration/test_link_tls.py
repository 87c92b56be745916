"""The link over TLS with client certificates, against a real Mosquitto."""

import dataclasses
from pathlib import Path

import pytest

from service.link import Link, LinkError, LinkSettings, TlsFiles
from service.outcomes import Delivered
from tests import servers
from tests.authorities import EC, RSA, authority, issue
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


@pytest.mark.parametrize(("old", "new"), [(RSA, RSA), (EC, RSA)], ids=["same", "another"])
def test_a_certificate_that_is_replaced_on_disk_is_shown_at_the_next_connect(
    tmp_path: Path, old: tuple[str, ...], new: tuple[str, ...]
) -> None:
    """Also where the new key is of another type: one TLS context would keep both, and go on
    showing the old one."""
    site = authority(tmp_path, "site")
    server = issue(tmp_path, site, "broker")
    shown = issue(tmp_path, site, "gateway", days=-1, key_type=old)
    renewed = issue(tmp_path, site, "renewed", key_type=new)
    with servers.mosquitto(tmp_path, config=_only_with_certificate(server)) as broker:
        chosen = dataclasses.replace(settings(broker, "gateway"), tls=shown)
        with recorded_events() as lines, running(chosen) as link:
            wait_for_event(lines, "link_refused")
            assert shown.cert_file
            assert shown.key_file
            assert renewed.cert_file
            assert renewed.key_file
            renewed.key_file.replace(shown.key_file)
            renewed.cert_file.replace(shown.cert_file)
            assert link.wait_ready(PATIENCE_S)
