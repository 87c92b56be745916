"""The link over TLS with client certificates, against a real Mosquitto."""

import dataclasses
import subprocess
from pathlib import Path

import pytest

from service.link import Delivered, Link, LinkError, LinkSettings, TlsFiles
from tests import servers
from tests.fakes import recorded_events
from tests.links import PATIENCE_S, fail, running, settings, wait_for_event
from tests.processes import binary


def _authority(folder: Path, name: str) -> Path:
    """A certificate authority; its certificate, with the key beside it."""
    certificate = folder / f"{name}.crt"
    _openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
        *("-keyout", str(folder / f"{name}.key"), "-out", str(certificate)),
    )
    return certificate


def _issue(folder: Path, authority: Path, name: str) -> TlsFiles:
    """A certificate for the loopback address, signed by `authority`."""
    key, request, certificate = (folder / f"{name}.{end}" for end in ("key", "csr", "crt"))
    extensions = folder / f"{name}.ext"
    extensions.write_text("subjectAltName=IP:127.0.0.1\n")
    _openssl(
        *("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"),
        *("-keyout", str(key), "-out", str(request)),
    )
    _openssl(
        *("x509", "-req", "-days", "2", "-in", str(request), "-CA", str(authority)),
        *("-CAkey", str(authority.with_suffix(".key")), "-CAcreateserial"),
        *("-extfile", str(extensions), "-out", str(certificate)),
    )
    return TlsFiles(ca_file=authority, cert_file=certificate, key_file=key)


def _openssl(*arguments: str) -> None:
    tool = binary("openssl", "apt-get install openssl")
    subprocess.run([tool, *arguments], check=True, capture_output=True)


def _only_with_certificate(server: TlsFiles) -> str:
    lines = [
        f"cafile {server.ca_file}",
        f"certfile {server.cert_file}",
        f"keyfile {server.key_file}",
    ]
    return "\n".join([*lines, "require_certificate true"])


def test_both_sides_prove_who_they_are(tmp_path: Path) -> None:
    authority = _authority(tmp_path, "site")
    server, client = _issue(tmp_path, authority, "broker"), _issue(tmp_path, authority, "gateway")
    with servers.mosquitto(tmp_path, config=_only_with_certificate(server)) as broker:
        chosen = dataclasses.replace(settings(broker, "gateway"), tls=client)
        with running(chosen) as link:
            assert link.wait_ready(PATIENCE_S)
            assert isinstance(link.publish("x", bytes(300_000)).wait(PATIENCE_S), Delivered)


def test_a_broker_that_another_authority_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    server = _issue(tmp_path, _authority(tmp_path, "site"), "broker")
    stranger = _issue(tmp_path, _authority(tmp_path, "elsewhere"), "gateway")
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
