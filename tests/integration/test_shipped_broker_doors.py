"""Who is let in at the shipped brokers, in whose name, and until when."""

from __future__ import annotations

import os
import re
import signal
import socket
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from contract.ids import GatewayId
from contract.topics import Topics
from service.link import LinkSettings, TlsFiles
from tests.authorities import authority, issue
from tests.fakes import recorded_events
from tests.links import Inbox, running, wait_for_event, wait_until
from tests.processes import HOST
from tests.shipped_brokers import (
    GATEWAYS,
    ROOT,
    SHIPPED,
    SYSTEMS,
    WORKERS,
    Secured,
    certify,
    client,
    cloud_broker,
    joined,
    sent,
    site_broker,
)

A, B = Topics(gateway=GatewayId("gw-a")), Topics(gateway=GatewayId("gw-b"))


def test_a_will_says_nothing_where_its_gateway_may_not(cloud: Secured) -> None:
    """The gateway dies without a farewell; only the will on its own topic is published."""
    witness = Inbox()
    wills = "stillwatch/gw-b/yard/suspect", "stillwatch/gw-c/status"
    with joined(cloud.settings("fleet", WORKERS), witness, *wills):
        for topic in wills:
            _die(cloud, client(cloud.authorities[GATEWAYS], "gw-c"), topic)
        told = witness.next()
        assert (told.topic, told.payload) == (wills[1], b"the will")
        assert witness.is_empty()


def _die(broker: Secured, files: TlsFiles, topic: str) -> None:
    """Connect with a will on `topic`, then vanish."""
    device = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    device.tls_set(str(broker.vouches), str(files.cert_file), str(files.key_file))
    device.will_set(topic, b"the will", 1)
    device.connect(HOST, broker.ports[0])
    device.loop_start()
    wait_until(device.is_connected, "the device is let in")
    device.reconnect_delay_set(60, 60)
    connection = device.socket()
    assert connection is not None
    with socket.socket(fileno=os.dup(connection.fileno())) as vanishing:
        vanishing.shutdown(socket.SHUT_RDWR)
    device.loop_stop()


@pytest.mark.parametrize("claimed", ["gw-a", "stillwatch-gw-a-uplink", "w1", ""])
def test_nobody_takes_anothers_place(claimed: str, cloud: Secured) -> None:
    with ExitStack() as stack:
        lines = stack.enter_context(recorded_events())
        first = cloud.settings("gw-a", client_id="stillwatch-gw-a-uplink")
        gateway = stack.enter_context(joined(first))
        worker = stack.enter_context(joined(cloud.settings("confirm", WORKERS, "w1")))
        thief = stack.enter_context(joined(cloud.settings("gw-b", client_id=claimed)))
        assert sent(thief, "stillwatch/gw-b/status")
        assert sent(gateway, "stillwatch/gw-a/status")
        assert sent(worker, f"{ROOT}/gw-a/yard/verdict")
        assert "link_lost" not in {line.event for line in lines}


def test_a_kept_session_hears_what_came_while_it_was_away_and_nobody_else_does(
    tmp_path: Path,
) -> None:
    """Also over a new start of the broker; the thief who claims the session's id gets his own."""
    mine, stolen = Inbox(), Inbox()
    verdict = A.all_cameras("verdict")
    with cloud_broker(tmp_path) as broker:
        ports = broker.ports[0], broker.ports[1]
        kept = replace(broker.settings("gw-a", client_id="session-of-a"), clean=False)
        with joined(kept, Inbox(), verdict):
            pass
        with joined(broker.settings("confirm", WORKERS, "w")) as worker:
            assert sent(worker, f"{ROOT}/gw-a/yard/verdict", b"while away")
    with cloud_broker(tmp_path, ports) as broker:
        thief = replace(broker.settings("gw-b", client_id="gw-a"), clean=False)
        with joined(thief, stolen, verdict), joined(kept, mine, verdict):
            assert mine.next().payload == b"while away"
            assert stolen.is_empty()


def refused_at_the_door(settings: LinkSettings) -> bool:
    """Whether the broker keeps it out, and the link says so, as TLS 1.3 does not."""
    with recorded_events() as lines, running(settings) as link:
        told = wait_for_event(lines, "link_refused")
        assert "before it answered" in str(told["reason"])
        assert "before it answered" in link.state().reason
        return "link_connected" not in {line.event for line in lines}


def test_foreign_expired_revoked_and_missing_certificates_are_not_let_in(
    cloud: Secured, site: Secured, tmp_path: Path
) -> None:
    folder = tmp_path
    foreign = issue(folder, authority(folder, "elsewhere"), "gw-a")
    ours = folder / "ours.crt"
    ours.write_bytes((cloud.authorities[GATEWAYS] / "ca.crt").read_bytes())
    ours.with_suffix(".key").write_bytes((cloud.authorities[GATEWAYS] / "ca.key").read_bytes())
    expired = issue(folder, ours, "gw-x", days=-1)
    of_the_site = client(site.authorities[0], "gate")
    worker = client(cloud.authorities[WORKERS], "confirm")
    gateway = client(cloud.authorities[GATEWAYS], "gw-a")
    assert refused_at_the_door(cloud.with_files(foreign))
    assert refused_at_the_door(cloud.with_files(expired))
    assert refused_at_the_door(cloud.with_files(TlsFiles()))
    assert refused_at_the_door(cloud.with_files(of_the_site))
    assert refused_at_the_door(cloud.with_files(worker, GATEWAYS))
    assert refused_at_the_door(cloud.with_files(gateway, WORKERS))
    assert refused_at_the_door(replace(cloud.settings("gw-a"), tls=None))
    assert refused_at_the_door(site.with_files(of_the_site, SYSTEMS))
    assert refused_at_the_door(site.with_files(client(site.authorities[SYSTEMS], "home")))
    with joined(cloud.with_files(issue(folder, ours, "#"))) as wild:
        for topic in ("stillwatch/gw-a/status", "stillwatch"):
            assert not sent(wild, topic)
    valid = issue(folder, ours, "gw-y")
    with joined(cloud.with_files(valid)):
        pass


def test_a_revoked_gateway_is_not_let_in_and_a_new_certificate_is(tmp_path: Path) -> None:
    with cloud_broker(tmp_path) as broker:
        stolen = client(broker.authorities[GATEWAYS], "gw-a")
        assert stolen.cert_file is not None
        assert stolen.key_file is not None
        taken = tmp_path / "taken.crt", tmp_path / "taken.key"
        taken[0].write_bytes(stolen.cert_file.read_bytes())
        taken[1].write_bytes(stolen.key_file.read_bytes())
        certify(broker.authorities[GATEWAYS], "renew", "gw-a")
        for files in (TlsFiles(cert_file=taken[0], key_file=taken[1]), stolen):
            with joined(broker.with_files(files)):
                pass
        ports = broker.ports[0], broker.ports[1]
        certify(broker.authorities[GATEWAYS], "revoke", "gw-a")
    with cloud_broker(tmp_path, ports) as broker:
        thief = TlsFiles(cert_file=taken[0], key_file=taken[1])
        assert refused_at_the_door(broker.with_files(thief))
        with joined(broker.settings("gw-a")), joined(broker.settings("gw-b")):
            pass


def test_the_guides_commands_make_the_certificates_that_it_names(tmp_path: Path) -> None:
    guide = (SHIPPED.parents[1] / "docs" / "deploy.md").read_text()
    lines = re.findall(r"^    config/mosquitto/certify (.*?)(?: +#.*)?$", guide, re.MULTILINE)
    assert len(lines) >= 5
    for line in lines:
        folder, *rest = line.split()
        certify(tmp_path / folder, *rest)
    made = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*.crt")}
    assert made == {
        *("cameras/ca.crt", "cameras/gate.crt", "systems/ca.crt", "systems/broker.crt"),
        *("systems/gateway.crt", "systems/home.crt"),
    }
    assert not any(path.stat().st_mode & 0o077 for path in tmp_path.glob("*/*.key"))


def test_rules_are_read_anew_without_a_break(tmp_path: Path) -> None:
    with (
        site_broker(tmp_path) as broker,
        recorded_events() as lines,
        joined(broker.settings("gw-b", SYSTEMS)) as second,
    ):
        assert not sent(second, "stillwatch/gw-b/status")
        text = (SHIPPED / "systems.acl").read_text()
        block = text[text.index("user gateway") : text.index("# Home")]
        added = block.replace("user gateway", "user gw-b").replace("/gateway/", "/gw-b/")
        (tmp_path / "systems.acl").write_text(text + added)
        broker.process.send_signal(signal.SIGHUP)
        wait_until(lambda: sent(second, "stillwatch/gw-b/status"), "the new rules")
        assert not sent(second, "stillwatch/gateway/status")
        assert "link_lost" not in {line.event for line in lines}
