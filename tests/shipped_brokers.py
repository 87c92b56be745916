"""Mosquitto with the configuration that we ship, and certificates by the script beside it.

Only ports, folders and the persistence, which Debian's own main file brings, are the test's.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contract.topics import shared_suspects
from service.link import Link, LinkSettings, TlsFiles
from service.outcomes import Delivered, Refused
from tests.links import PATIENCE_S, Inbox, running
from tests.processes import HOST, accepts, binary, child, free_port, until

SHIPPED = Path(__file__).resolve().parents[1] / "config" / "mosquitto"
INSTALLED = "/etc/mosquitto/stillwatch/"
GATEWAYS, WORKERS = 0, 1
"""Doors of the cloud's broker."""
CAMERAS, SYSTEMS = 0, 1
"""Doors of the site's."""
ROOT = "stillwatch"
SUSPECTS = shared_suspects(group="confirm-4f1d09c2")


def certify(folder: Path, verb: str, name: str, *hosts: str) -> None:
    """One call of the script, which must succeed."""
    binary("openssl", "apt-get install openssl")
    command = ["sh", str(SHIPPED / "certify"), str(folder), verb, name, *hosts]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def client(folder: Path, name: str) -> TlsFiles:
    """The certificate of `name` by the authority in `folder`, made if it is not there yet."""
    if not (folder / f"{name}.crt").exists():
        certify(folder, "client", name)
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    return TlsFiles(ca_file=None, cert_file=certificate, key_file=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """A running broker, and its authorities' folders by the port that asks for them."""

    ports: tuple[int, ...]
    authorities: tuple[Path, ...]
    vouches: Path
    """The certificate of the authority that signed the broker's own."""

    process: subprocess.Popen[bytes]

    def settings(self, name: str, door: int = 0, client_id: str = "") -> LinkSettings:
        """A connection with the certificate `name` of the door's authority."""
        return self.with_files(client(self.authorities[door], name), door, client_id or name)

    def with_files(self, files: TlsFiles, door: int = 0, client_id: str = "x") -> LinkSettings:
        """A connection with any certificate."""
        tls = TlsFiles(ca_file=self.vouches, cert_file=files.cert_file, key_file=files.key_file)
        return LinkSettings(
            name="test",
            host=HOST,
            port=self.ports[door],
            client_id=client_id,
            tls=tls,
            reconnect_max_s=1,
        )


@contextmanager
def site_broker(folder: Path) -> Iterator[Secured]:
    """site.conf: door 0 is the cameras', 1 that of the gateway and the site's systems."""
    authorities = folder / "cameras", folder / "systems"
    for one in authorities:
        _prepare(folder, one)
    ports = free_port(), free_port()
    with _running(folder, "site.conf", (8883, 8884), ports, authorities) as broker:
        yield broker


@contextmanager
def cloud_broker(folder: Path, ports: tuple[int, int] | None = None) -> Iterator[Secured]:
    """cloud.conf: door 0 is the gateways', 1 the workers'."""
    authorities = folder / "gateways", folder / "workers"
    for one in authorities:
        _prepare(folder, one)
    chosen = ports or (free_port(), free_port())
    with _running(folder, "cloud.conf", (8883, 8884), chosen, authorities) as broker:
        yield broker


def _prepare(folder: Path, authority: Path) -> None:
    """An authority, and the broker's certificate if there is none yet."""
    if not (authority / "ca.key").exists():
        certify(authority, "authority", authority.name.replace("_", "-").lower())
    if not (folder / "broker.crt").exists():
        certify(authority, "broker", "broker", HOST)
        for name in ("broker.crt", "broker.key"):
            (authority / name).rename(folder / name)


@contextmanager
def _running(
    folder: Path,
    name: str,
    shipped: tuple[int, ...],
    ports: tuple[int, ...],
    authorities: tuple[Path, ...],
) -> Iterator[Secured]:
    text = (SHIPPED / name).read_text()
    for before, port in zip(shipped, ports, strict=True):
        assert f"listener {before}\n" in text
        text = text.replace(f"listener {before}\n", f"listener {port} {HOST}\n")
    for acl in SHIPPED.glob("*.acl"):
        (folder / acl.name).write_text(acl.read_text())
    data = f"persistence true\npersistence_location {folder}/\nautosave_interval 1\n"
    data += "autosave_on_changes true\nuser root\n"
    (folder / "mosquitto.conf").write_text(data + text.replace(INSTALLED, f"{folder}/"))
    program = binary("mosquitto", "apt-get install mosquitto")
    log = folder / "mosquitto.log"
    with child([program, "-c", str(folder / "mosquitto.conf")], log) as process:
        until(lambda: all(map(accepts, ports)), process, log)
        yield Secured(
            ports=ports,
            authorities=authorities,
            vouches=authorities[0] / "ca.crt",
            process=process,
        )


@contextmanager
def joined(settings: LinkSettings, inbox: Inbox | None = None, *filters: str) -> Iterator[Link]:
    with running(settings, inbox, filters) as link:
        assert link.wait_ready(PATIENCE_S)
        yield link


def sent(link: Link, topic: str, payload: bytes = b"x", *, retain: bool = False) -> bool:
    """Whether the broker took it; anything but a clear answer fails."""
    outcome = link.publish(topic, payload, retain=retain).wait(PATIENCE_S)
    assert isinstance(outcome, Delivered | Refused), outcome
    if isinstance(outcome, Refused):
        assert "Not authorized" in outcome.reason
    return isinstance(outcome, Delivered)
