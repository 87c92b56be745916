"""Gateways, cameras and workers with certificates at the shipped brokers: every crossing fails.

Mosquitto says yes to any subscription and holds the rules against each delivery, so "hears nothing"
is tested with a witness who does hear the same message.
"""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import get_args

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from contract.ids import GatewayId
from contract.topics import Topics, UpdateKind, shared_suspects
from service.link import Link, LinkSettings, TlsFiles
from service.outcomes import Delivered, Refused
from tests.authorities import authority, issue
from tests.fakes import recorded_events
from tests.links import PATIENCE_S, Inbox, running, wait_for_event, wait_until
from tests.processes import HOST
from tests.shipped_brokers import SHIPPED, Secured, certify, client, cloud_broker, site_broker

A, B = Topics(gateway=GatewayId("gw-a")), Topics(gateway=GatewayId("gw-b"))
GATEWAYS, WORKERS = 0, 1
CAMERAS, SYSTEMS = 0, 1
ROOT = "stillwatch"
GROUP = "confirm-4f1d09c2"
KINDS = get_args(UpdateKind)
SUSPECTS = shared_suspects(group=GROUP)
EVERYTHING = (
    *("#", "+/+/+/+", "stillwatch/#", "$SYS/#", "$share/confirm/stillwatch/+/+/suspect"),
    *("$share/x/#", "stillwatch/+/yard/verdict", "cameras/#"),
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with cloud_broker(tmp_path_factory.mktemp("cloud")) as broker:
        yield broker


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with site_broker(tmp_path_factory.mktemp("site")) as broker:
        yield broker


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


def test_reports_go_up_and_verdicts_come_down(cloud: Secured) -> None:
    reports, verdicts = Inbox(), Inbox()
    with (
        joined(cloud.settings("confirm", WORKERS, "w1"), reports, SUSPECTS) as worker,
        joined(cloud.settings("confirm", WORKERS, "w2")) as second,
        joined(cloud.settings("gw-a"), verdicts, A.all_cameras("verdict")) as gateway,
    ):
        assert sent(gateway, "stillwatch/gw-a/yard/suspect")
        assert reports.next().topic == f"{ROOT}/gw-a/yard/suspect"
        assert sent(worker, f"{ROOT}/gw-a/yard/verdict")
        assert verdicts.next().topic == "stillwatch/gw-a/yard/verdict"
        assert sent(second, f"{ROOT}/gw-a/yard/verdict")
        for leaf in ("status", "info", "stats", "yard/status", "yard/health", "yard/verdict"):
            assert sent(gateway, f"stillwatch/gw-a/{leaf}")


@pytest.mark.parametrize(
    "topic",
    [
        *("stillwatch/gw-b/yard/suspect", "stillwatch/gw-b/yard/verdict", "stillwatch/gw-b/status"),
        *("stillwatch/gw-b/info", "stillwatch/gw-b/yard/threat", "stillwatch/gw-b/response/x"),
        *("stillwatch/gw-b/yard/armed/set", "stillwatch/gw-b/request/x", "stillwatch"),
        *("stillwatch/gw-b/config/desired", "stillwatch/gw-a-2/status", "stillwatch/gw-/status"),
        *("cameras/yard/image", "$SYS/broker/version", "other", "homeassistant/device/gw-b/config"),
        *("stillwatch-fleet/gap/gw-a", "stillwatch-fleet/gap"),
        *("/stillwatch/gw-a/status", "stillwatch//status", "STILLWATCH/gw-a/status"),
    ],
)
def test_a_gateway_writes_nothing_but_its_own(topic: str, cloud: Secured) -> None:
    with joined(cloud.settings("gw-a")) as gateway:
        assert not sent(gateway, topic)
        assert not sent(gateway, topic, retain=True)


def test_a_gateway_hears_nothing_of_another_by_any_filter(cloud: Secured) -> None:
    heard, witness, reports = Inbox(), Inbox(), Inbox()
    with (
        joined(cloud.settings("gw-b")) as other,
        joined(cloud.settings("confirm", WORKERS, "w"), reports, SUSPECTS) as worker,
    ):
        assert sent(other, "stillwatch/gw-b/status", retain=True)
        assert sent(worker, f"{ROOT}/gw-b/door/verdict", retain=True)
        with (
            joined(cloud.settings("gw-a"), heard, *EVERYTHING) as gateway,
            joined(cloud.settings("fleet", WORKERS), witness, f"{ROOT}/#"),
        ):
            assert {witness.next().retained, witness.next().retained} == {True}
            for n in range(3):
                assert sent(other, "stillwatch/gw-b/yard/suspect")
                assert sent(worker, f"{ROOT}/gw-b/yard/verdict")
                assert reports.next().topic == f"{ROOT}/gw-b/yard/suspect", n
            assert sent(worker, f"{ROOT}/gw-a/yard/verdict")
            assert heard.next().topic == "stillwatch/gw-a/yard/verdict"
            assert gateway.connected
            while not heard.is_empty():  # the same once more, by its own shared subscription
                assert heard.next().topic == "stillwatch/gw-a/yard/verdict"
        assert sent(worker, f"{ROOT}/gw-b/door/verdict", b"", retain=True)


def test_who_looks_after_the_fleet_says_who_is_silent_and_nobody_else_does(cloud: Secured) -> None:
    heard = Inbox()
    gap = "stillwatch-fleet/gap/gw-a"
    with (
        joined(cloud.settings("fleet", WORKERS, "f1")) as fleet,
        joined(cloud.settings("fleet", WORKERS, "f2"), heard, "stillwatch-fleet/#"),
        joined(cloud.settings("confirm", WORKERS, "w")) as worker,
    ):
        assert sent(fleet, gap, retain=True)
        assert heard.next().topic == gap
        assert not sent(worker, gap)
        for leaf in ("status", "info", "health", "yard/status", "yard/verdict"):
            assert not sent(fleet, f"stillwatch/gw-a/{leaf}")
        assert sent(fleet, gap, b"", retain=True)


def test_orders_reach_the_gateway_that_is_meant_from_whoever_looks_after_it(
    cloud: Secured,
) -> None:
    heard, others = Inbox(), Inbox()
    topics = Topics(gateway=GatewayId("gw-a"))
    orders = topics.of_trust(), *(topics.of_update(one, "desired") for one in KINDS)
    answers = [topics.of_update(one, leaf) for one in KINDS for leaf in ("reported", "rejected")]
    with (
        joined(cloud.settings("gw-a"), heard, *orders) as gateway,
        joined(cloud.settings("gw-b"), others, *EVERYTHING, *orders) as other,
        joined(cloud.settings("fleet", WORKERS)) as fleet,
        joined(cloud.settings("confirm", WORKERS, "w")) as worker,
    ):
        for order in orders:
            assert not sent(other, order)
            assert not sent(worker, order)
            assert sent(fleet, order, retain=True)
            assert heard.next().topic == order
            assert sent(fleet, order, b"", retain=True)
            assert heard.next().payload == b""
        for answer in answers:
            assert sent(gateway, answer)
            assert not sent(fleet, answer)
        assert others.is_empty()


def test_requests_reach_the_gateway_that_is_meant_and_answers_whoever_looks_after_it(
    cloud: Secured,
) -> None:
    asked, others, answered = Inbox(), Inbox(), Inbox()
    request, response = (f"{ROOT}/gw-a/{leaf}/snapshot" for leaf in ("request", "response"))
    with (
        joined(cloud.settings("gw-a"), asked, f"{ROOT}/gw-a/request/+") as gateway,
        joined(cloud.settings("gw-b"), others, *EVERYTHING, f"{ROOT}/+/request/+") as other,
        joined(cloud.settings("fleet", WORKERS), answered, response) as fleet,
        joined(cloud.settings("confirm", WORKERS, "w")) as worker,
    ):
        for link in (other, worker, gateway):
            assert sent(link, request) is (link is gateway)
        assert asked.next().topic == request
        assert sent(fleet, request)
        assert asked.next().topic == request
        for link in (other, worker, fleet):
            assert not sent(link, response)
        assert sent(gateway, response)
        assert answered.next().topic == response
        assert others.is_empty()


def test_who_guesses_the_workers_group_withholds_reports_until_repeated_but_reads_none(
    cloud: Secured,
) -> None:
    """Why the group is to be a secret; with one, `EVERYTHING` above holds back nothing."""
    heard, reports = Inbox(), Inbox()
    known = shared_suspects(group="known")
    with (
        joined(cloud.settings("gw-a"), heard, known),
        joined(cloud.settings("confirm", WORKERS, "w"), reports, known),
        joined(cloud.settings("gw-b")) as other,
    ):
        for _ in range(4):
            assert sent(other, "stillwatch/gw-b/yard/suspect")
        assert reports.next().topic == "stillwatch/gw-b/yard/suspect"
        assert heard.is_empty()


def test_workers_write_verdicts_and_nothing_else(cloud: Secured) -> None:
    heard, witness = Inbox(), Inbox()
    with (
        joined(cloud.settings("confirm", WORKERS, "w"), heard, "#") as worker,
        joined(cloud.settings("gw-a")) as gateway,
        joined(cloud.settings("fleet", WORKERS), witness, f"{ROOT}/gw-a/info"),
    ):
        for topic in (
            *("gw-a/yard/suspect", "gw-a/status", "gw-a/yard/threat", "gw-a/config/desired"),
            *("gw-a/request/x", "gw-a/yard/armed/set", "gw-a/verdict"),
        ):
            assert not sent(worker, f"{ROOT}/{topic}")
        for topic in ("cameras/a/image", "$SYS/x", "other"):
            assert not sent(worker, topic)
        assert sent(gateway, "stillwatch/gw-a/info")
        assert witness.next().topic == f"{ROOT}/gw-a/info"
        assert heard.is_empty()


def test_a_stranger_under_a_known_authority_has_no_rights_of_others(cloud: Secured) -> None:
    """A gateway that is named as a worker's user is still only a gateway, at its own door."""
    heard = Inbox()
    with (
        joined(cloud.settings("confirm", GATEWAYS, "c"), heard, "#") as named_so,
        joined(cloud.settings("gw-a")) as gateway,
    ):
        assert sent(gateway, "stillwatch/gw-a/yard/suspect")
        assert not sent(named_so, "stillwatch/gw-a/yard/verdict")
        assert sent(named_so, "stillwatch/confirm/status")
        assert heard.is_empty()


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


def test_cameras_publish_their_own_pictures_to_the_gateway_and_hear_nothing(site: Secured) -> None:
    seen, heard = Inbox(), Inbox()
    images = ("cameras/+/image", "cameras/+/image/+")
    with (
        joined(site.settings("gateway", SYSTEMS), seen, *images) as gateway,
        joined(site.settings("gate"), heard, *EVERYTHING) as gate,
        joined(site.settings("yard")) as yard,
    ):
        for topic in ("cameras/gate/image", "cameras/gate/image/start"):
            assert sent(gate, topic)
            assert seen.next().topic == topic
        for topic in (
            *("cameras/gate/image", "cameras/gate/image/data", "cameras/yard/x", "cameras/image"),
            *("stillwatch/gateway/gate/verdict", "stillwatch/gateway/yard/armed/set"),
            *("stillwatch/gateway/status", "stillwatch/yard/x/threat", "$SYS/x"),
            *("homeassistant/device/x/config", "cameras/yard/image/a/b"),
        ):
            assert not sent(yard, topic)
        assert sent(gateway, "stillwatch/gateway/gate/threat", b"ON", retain=True)
        assert sent(gate, "cameras/gate/image")
        assert seen.next().topic == "cameras/gate/image"
        assert seen.is_empty()
        assert heard.is_empty()


def test_a_camera_takes_nobodys_place_and_a_gateway_has_many_connections(site: Secured) -> None:
    with (
        recorded_events() as lines,
        joined(site.settings("gateway", SYSTEMS, "gateway-intake")) as intake,
        joined(site.settings("gateway", SYSTEMS, "gateway-snapshots")) as snapshots,
        joined(site.settings("gate")) as gate,
    ):
        for claimed in ("gateway-intake", "gateway", "gate"):
            with joined(site.settings("yard", client_id=claimed)) as yard:
                assert sent(yard, "cameras/yard/image")
                assert sent(gate, "cameras/gate/image")
                assert sent(intake, "stillwatch/gateway/status")
                assert sent(snapshots, "stillwatch/gateway/status")
        named_so = site.settings("home", CAMERAS, "x")
        with joined(named_so) as camera:
            assert not sent(camera, "stillwatch/gateway/gate/armed/set")
        assert "link_lost" not in {line.event for line in lines}


def test_at_the_site_a_gateway_speaks_below_its_own_id_and_a_second_one_has_no_rights_yet(
    site: Secured,
) -> None:
    heard = Inbox()
    with (
        joined(site.settings("gateway", SYSTEMS)) as gateway,
        joined(site.settings("gw-b", SYSTEMS), heard, *EVERYTHING) as second,
        joined(site.settings("gate")) as gate,
    ):
        for leaf in ("status", "gate/threat", "gate/verdict", "gate/suspect", "gate/armed/state"):
            assert sent(gateway, f"stillwatch/gateway/{leaf}")
            assert not sent(second, f"stillwatch/gateway/{leaf}")
            assert not sent(second, f"stillwatch/gw-b/{leaf}")
            assert not sent(gateway, f"stillwatch/gw-b/{leaf}")
        assert not sent(gateway, "cameras/gate/image")
        assert sent(gate, "cameras/gate/image")
        assert sent(gateway, "stillwatch/gateway/status")
        assert heard.is_empty()


def test_home_automation_arms_and_a_display_only_reads(site: Secured) -> None:
    told, shown = Inbox(), Inbox()
    with (
        joined(
            site.settings("gateway", SYSTEMS), told, "stillwatch/gateway/+/armed/set"
        ) as gateway,
        joined(site.settings("home", SYSTEMS)) as home,
        joined(site.settings("display", SYSTEMS), shown, "stillwatch/+/gate/threat") as display,
    ):
        assert sent(home, "stillwatch/gateway/gate/armed/set", b"OFF")
        assert told.next().payload == b"OFF"
        assert sent(gateway, "stillwatch/gateway/gate/threat", b"ON")
        assert shown.next().payload in (b"ON",)
        for leaf in ("gate/armed/set", "gate/threat", "gate/verdict", "status"):
            assert not sent(display, f"stillwatch/gateway/{leaf}")
        for leaf in ("gate/threat", "gate/verdict", "status", "config/desired"):
            assert not sent(home, f"stillwatch/gateway/{leaf}")


def test_home_assistant_is_told_of_devices_says_that_it_has_started_and_tests(
    site: Secured,
) -> None:
    told, found = Inbox(), Inbox()
    asked = ("homeassistant/status", "homeassistant/device/#", "stillwatch/gateway/request/+")
    device = "homeassistant/device/gateway/gate/config"
    with (
        joined(site.settings("gateway", SYSTEMS), told, *asked) as gateway,
        joined(site.settings("home", SYSTEMS), found, "homeassistant/device/#") as home,
        joined(site.settings("display", SYSTEMS)) as display,
    ):
        assert sent(gateway, device)
        assert found.next().topic == device
        assert not sent(home, device)
        for topic in ("homeassistant/status", "stillwatch/gateway/request/self-test"):
            assert not sent(display, topic)
            assert sent(home, topic)
            assert told.next().topic == topic
        for verb in ("restart", "snapshot", "diagnostics", "explain"):
            assert not sent(home, f"stillwatch/gateway/request/{verb}")
        assert told.is_empty()


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
