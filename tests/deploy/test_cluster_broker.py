"""The cluster's broker as we ship its configuration, run by a real Mosquitto: who may do what."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from contract.ids import GatewayId
from contract.topics import Topics, shared_suspects
from service.link import Link, LinkSettings, TlsFiles
from service.outcomes import Delivered, Refused
from tests.deploy.conftest import Render
from tests.fakes import recorded_events
from tests.links import PATIENCE_S, Inbox, running
from tests.processes import HOST, accepts, binary, child, free_port, until

INSIDE = {
    "confirm": "of the workers",
    "notify": "of who tells",
    "console": "of the pages",
    "fleet-watch": "of who says who is silent",
}
PASSWORDS = {**INSIDE, "g1": "of gateway 1", "g2": "of gateway 2"}
TOPICS = Topics(gateway=GatewayId("g1"))


def openssl(arguments: str, folder: Path) -> None:
    tool = binary("openssl", "apt-get install openssl")
    subprocess.run([tool, *arguments.split()], check=True, cwd=folder, capture_output=True)


def certify(folder: Path) -> None:
    """ca.crt, and tls.crt with tls.key for the loopback address."""
    key = "-newkey rsa:2048 -nodes"
    openssl(f"req -x509 {key} -days 2 -subj /CN=ca -keyout ca.key -out ca.crt", folder)
    openssl(f"req {key} -subj /CN=broker -keyout tls.key -out tls.csr", folder)
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    signed = "-CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names"
    openssl(f"x509 -req -in tls.csr {signed} -out tls.crt", folder)


@dataclass(frozen=True, slots=True)
class Served:
    """A running broker of the overlay `small`."""

    port: int
    workers_port: int
    folder: Path

    def settings(self, user: str | None, client_id: str = "") -> LinkSettings:
        """A connection as `user`, as gateways and workers make it."""
        password = self.folder / f"{user}.password"
        password.write_text(PASSWORDS.get(user or "", "wrong"))
        return LinkSettings(
            name="uplink",
            host=HOST,
            port=self.workers_port if user in INSIDE else self.port,
            client_id=client_id or f"test-{user}",
            username=user,
            password_file=password,
            tls=TlsFiles(ca_file=self.folder / "ca.crt"),
            reconnect_max_s=1,
        )


@pytest.fixture(scope="module")
def small(render: Render, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Mosquitto with the rendered configuration; only its paths and its port are replaced."""
    folder, port, inner = tmp_path_factory.mktemp("small"), free_port(), free_port()
    certify(folder)
    plain = [f"{user}:{password}" for user, password in PASSWORDS.items()]
    (folder / "passwords").write_text("\n".join([*plain, ""]))
    passwd = binary("mosquitto_passwd", "apt-get install mosquitto")
    subprocess.run([passwd, "-U", str(folder / "passwords")], check=True)
    [settings] = [
        one
        for one in yaml.safe_load_all(render("overlays/small"))
        if one["kind"] == "ConfigMap" and one["metadata"]["name"].startswith("broker-settings")
    ]
    (folder / "acl").write_text(settings["data"]["acl"])
    text = settings["data"]["mosquitto.conf"].replace("listener 8883", f"listener {port} {HOST}")
    text = text.replace("listener 8884", f"listener {inner} {HOST}")
    for theirs in ("/run/secrets/broker/", "/etc/mosquitto/", "/var/lib/mosquitto/"):
        assert theirs in text
        text = text.replace(theirs, f"{folder}/")
    (folder / "mosquitto.conf").write_text(f"{text}\nuser root\n")
    program = binary("mosquitto", "apt-get install mosquitto")
    log = folder / "log"
    with child([program, "-c", str(folder / "mosquitto.conf")], log) as process:
        until(lambda: accepts(port), process, log)
        yield Served(port, inner, folder)


@contextmanager
def joined(settings: LinkSettings, inbox: Inbox | None = None, *filters: str) -> Iterator[Link]:
    with running(settings, inbox, filters) as link:
        assert link.wait_ready(PATIENCE_S)
        yield link


def test_a_gateways_report_reaches_a_worker_and_its_verdict_comes_back(small: Served) -> None:
    reports, verdicts = Inbox(), Inbox()
    with (
        joined(small.settings("confirm"), reports, shared_suspects()) as worker,
        joined(small.settings("g1"), verdicts, TOPICS.all_cameras("verdict")) as gateway,
    ):
        sent = gateway.publish("stillwatch/g1/yard/suspect", b"report").wait(PATIENCE_S)
        assert isinstance(sent, Delivered)
        assert reports.next().payload == b"report"
        told = worker.publish("stillwatch/g1/yard/verdict", b"verdict").wait(PATIENCE_S)
        assert isinstance(told, Delivered)
        assert verdicts.next().payload == b"verdict"


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("g1", "stillwatch/g2/yard/suspect"),
        ("g1", "stillwatch/g2/status"),
        ("g1", "cameras/yard/image"),
        ("g1", "stillwatch"),
        ("confirm", "stillwatch/g1/yard/suspect"),
        ("confirm", "stillwatch/g1/status"),
        ("notify", "stillwatch/g1/yard/verdict"),
        ("console", "stillwatch/g1/yard/suspect"),
        ("fleet-watch", "stillwatch/g1/status"),
        ("fleet-watch", "stillwatch/g1/config/desired"),
    ],
)
def test_nobody_writes_what_is_anothers(user: str, topic: str, small: Served) -> None:
    with joined(small.settings(user)) as link:
        outcome = link.publish(topic, b"x").wait(PATIENCE_S)
        assert isinstance(outcome, Refused)
        assert "Not authorized" in outcome.reason


def test_who_says_who_is_silent_may_say_that_alone(small: Served) -> None:
    with joined(small.settings("fleet-watch")) as link:
        sent = link.publish("stillwatch-fleet/gap/g1", b"gap").wait(PATIENCE_S)
        assert isinstance(sent, Delivered)


def test_a_gateway_hears_nothing_of_another(small: Served) -> None:
    heard = Inbox()
    with (
        joined(small.settings("g2"), heard, "stillwatch/+/+/verdict") as other,
        joined(small.settings("confirm")) as worker,
    ):
        for gateway in ("g1", "g2"):
            topic = f"stillwatch/{gateway}/yard/verdict"
            assert isinstance(worker.publish(topic, b"x").wait(PATIENCE_S), Delivered)
        assert other.connected
        assert heard.next().topic == "stillwatch/g2/yard/verdict"
        assert heard.is_empty()


@pytest.mark.parametrize("user", [None, "stranger"])
def test_strangers_are_not_let_in(user: str | None, small: Served) -> None:
    with running(small.settings(user)) as link:
        assert not link.wait_ready(1.0)


def test_without_tls_nobody_is_let_in(small: Served) -> None:
    with running(replace(small.settings("g1"), tls=None)) as link:
        assert not link.wait_ready(1.0)


def test_a_gateway_says_all_that_it_has_to_say(small: Served) -> None:
    with joined(small.settings("g1")) as gateway:
        for leaf in ("status", "info", "stats", "health", "yard/status", "yard/health"):
            sent = gateway.publish(f"stillwatch/g1/{leaf}", b"x").wait(PATIENCE_S)
            assert isinstance(sent, Delivered)


def test_a_gateway_takes_nobodys_place(small: Served) -> None:
    with (
        recorded_events() as lines,
        joined(small.settings("g1", "stillwatch-g1-uplink")) as gateway,
        joined(small.settings("confirm", "worker-1")),
        joined(small.settings("confirm", "worker-2")),
    ):
        for claimed in ("stillwatch-g1-uplink", "g1", "worker-1"):
            with joined(small.settings("g2", claimed)) as thief:
                for link, name in ((thief, "g2"), (gateway, "g1")):
                    sent = link.publish(f"stillwatch/{name}/status", b"x").wait(PATIENCE_S)
                    assert isinstance(sent, Delivered)
        assert "link_lost" not in {line.event for line in lines}
