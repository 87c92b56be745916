"""From a verdict at a real broker to a webhook, over kills, lost answers and hostile addresses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloud.verdicts.ledger import Ledger
from contract.report import ThreatReport
from objectstore.open import open_store
from tests.http_receivers import HttpReceiver, HttpReply, HttpRequest, http_receiver
from tests.integration.notifying import (
    CHECKOUT,
    SECRET,
    Cloud,
    a_cloud,
    notifying,
    webhook,
    write_settings,
)
from tests.servers import Broker
from tests.unit.cloud.notify.notices import a_verdict
from tests.unit.cloud.reports import a_report

EVERYTHING = {"about": ["alarm", "test", "path", "tamper"]}


def event_of(request: HttpRequest) -> dict[str, Any]:
    """The event, once its signature was found good as a receiver would."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    said = ".".join((request.headers["webhook-id"], request.headers["webhook-timestamp"]))
    mac = hmac.new(key, said.encode() + b"." + request.body, hashlib.sha256).digest()
    assert request.headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
    event: dict[str, Any] = json.loads(request.body)
    assert event["id"] == request.headers["webhook-id"] == request.headers["idempotency-key"]
    return event


def settle(folder: Path, broker: Broker, receiver: HttpReceiver, **more: object) -> Path:
    """Settings with one webhook that is told everything."""
    notify = {
        "webhooks": {"hook": webhook(folder, receiver.url(), backoff_max_s=1)},
        "rules": [{"to": ["hook"], **EVERYTHING}],
        "sites": {"farm": {"gateways": ["yard"], "name": "The farm"}},
        **more,
    }
    return write_settings(folder, broker, folder.name.replace("_", "-"), notify)


def root(folder: Path) -> str:
    return folder.name.replace("_", "-")


def alarm(cloud: Cloud, track: int, decision: str = "confirmed") -> ThreatReport:
    report = a_report(track=track)
    cloud.report(report)
    cloud.verdict(a_verdict(decision, report))  # type: ignore[arg-type]  # a literal's text
    return report


def test_an_alarm_and_what_becomes_of_it_are_told_in_order_and_once(
    tmp_path: Path, mosquitto: Broker
) -> None:
    with http_receiver() as receiver:
        file = settle(tmp_path, mosquitto, receiver, event_gap_s=1)
        with notifying(file) as running, a_cloud(mosquitto, root(tmp_path)) as cloud:
            report = alarm(cloud, 1, "unconfirmed")
            first = event_of(receiver.next())
            assert first["data"]["title"] == "Person at gate (The farm): UNCONFIRMED"
            assert "Raised because: median 0.50 over 0.35" in first["data"]["text"]
            cloud.verdict(a_verdict("unconfirmed", report))  # the broker delivers it again
            cloud.verdict(a_verdict("confirmed", report))
            told = [event_of(receiver.next()) for _ in range(2)]
            stages = [one["subject"] for one in told]
            assert stages == ["changed", "ended"]
            assert {one["data"]["about"] for one in (first, *told)} == {report.report_id}
            assert receiver.is_empty()
            assert 'stillwatch_notify_verdicts_total{what="same"} 1.0' in running.metrics()
            assert running.health()[0] == 200


def test_what_is_refuted_from_the_beginning_and_audits_are_told_nobody(
    tmp_path: Path, mosquitto: Broker
) -> None:
    with http_receiver() as receiver:
        file = settle(tmp_path, mosquitto, receiver)
        with notifying(file), a_cloud(mosquitto, root(tmp_path)) as cloud:
            alarm(cloud, 1, "refuted")
            cloud.verdict(a_verdict(report=a_report(track=2, audit=True)))
            alarm(cloud, 3)
            assert event_of(receiver.next())["data"]["about"] == "yard.gate.1.3.0"
            assert receiver.is_empty()


def test_a_kill_between_answer_and_record_repeats_under_the_same_id(
    tmp_path: Path, mosquitto: Broker
) -> None:
    killed: list[bool] = []

    def replies(_request: HttpRequest, number: int) -> HttpReply:
        if number == 0:
            running.kill()
            killed.append(True)
        return HttpReply()

    with http_receiver(replies) as receiver:
        file = settle(tmp_path, mosquitto, receiver)
        with a_cloud(mosquitto, root(tmp_path)) as cloud:
            with notifying(file) as running:
                alarm(cloud, 1)
                first = receiver.next()
            alarm(cloud, 2)  # while nobody is there: the broker keeps it
            with notifying(file):
                rest = [receiver.next() for _ in range(2)]
            assert killed
            assert first.body == rest[0].body
            ids = [event_of(one)["id"] for one in (first, *rest)]
            assert ids == ["yard.gate.1.1.0/first"] * 2 + ["yard.gate.1.2.0/first"]
            with notifying(file) as running:
                alarm(cloud, 3)
                assert event_of(receiver.next())["id"] == "yard.gate.1.3.0/first"


def test_a_lost_answer_and_errors_are_tried_again_and_what_is_refused_is_not(
    tmp_path: Path, mosquitto: Broker
) -> None:
    answers = [
        HttpReply(lost=True),
        HttpReply(status=500, body=b"oh"),
        HttpReply(status=429, headers={"Retry-After": "1"}),
        HttpReply(),
        HttpReply(status=422, body=b"not like this"),
        HttpReply(),
    ]
    with http_receiver(lambda _request, number: answers[number]) as receiver:
        file = settle(tmp_path, mosquitto, receiver)
        with notifying(file) as running, a_cloud(mosquitto, root(tmp_path)) as cloud:
            for track in (1, 2, 3):
                alarm(cloud, track)
            ids = [event_of(receiver.next())["id"] for _ in range(6)]
            assert ids == [
                *["yard.gate.1.1.0/first"] * 4,
                "yard.gate.1.2.0/first",
                "yard.gate.1.3.0/first",
            ]
            running.until_logged('"notice_delivered"', 2)
            ran = subprocess.run(
                [sys.executable, "-m", "cloud", "notify", "status", "--json", "--settings", file],
                cwd=CHECKOUT,
                capture_output=True,
                text=True,
                check=False,
            )
            rows = [json.loads(line) for line in ran.stdout.splitlines()]
            (refused,) = [row for row in rows if row.get("reason") == "HTTP 422: not like this"]
            assert (ran.returncode, refused["state"]) == (0, "refused")


@pytest.mark.parametrize("code", [301, 302, 307])
def test_no_redirect_is_followed_not_even_within_what_is_allowed(
    tmp_path: Path, mosquitto: Broker, code: int
) -> None:
    with http_receiver() as inside:
        moved = HttpReply(status=code, headers={"Location": inside.url("/secret")})
        replies = [moved, moved]
        with http_receiver(
            lambda _request, number: replies[number] if number < 2 else HttpReply()
        ) as receiver:
            file = settle(tmp_path, mosquitto, receiver)
            with notifying(file) as running, a_cloud(mosquitto, root(tmp_path)) as cloud:
                alarm(cloud, 1)
                assert len({event_of(receiver.next())["id"] for _ in range(3)}) == 1
                running.until_logged("a redirect to http", 2)
        assert inside.is_empty()


def test_a_private_address_is_not_sent_to_unless_its_network_is_named(
    tmp_path: Path, mosquitto: Broker
) -> None:
    with http_receiver() as receiver:
        file = settle(tmp_path, mosquitto, receiver)
        text = file.read_text().replace("127.0.0.0/8", "10.0.0.0/8")
        file.write_text(text)
        with notifying(file) as running, a_cloud(mosquitto, root(tmp_path)) as cloud:
            alarm(cloud, 1)
            running.until_logged("127.0.0.1 is private or special")
            assert '"status": "degraded"' in running.health()[1]
        assert receiver.is_empty()


def test_a_dead_destination_delays_no_other(tmp_path: Path, mosquitto: Broker) -> None:
    hanging = HttpReply(lost=True)
    with (
        http_receiver() as receiver,
        http_receiver(lambda _request, _number: hanging) as dead,
    ):
        hooks = {
            "dead": webhook(tmp_path, dead.url()),
            "alive": webhook(tmp_path, receiver.url()),
        }
        rules = [{"to": ["dead", "alive"]}]
        notify = {"webhooks": hooks, "rules": rules}
        file = write_settings(tmp_path, mosquitto, root(tmp_path), notify)
        with notifying(file) as running, a_cloud(mosquitto, root(tmp_path)) as cloud:
            for track in range(1, 21):
                alarm(cloud, track)
            told = {event_of(receiver.next())["data"]["about"] for _ in range(20)}
            assert len(told) == 20
            running.until_logged('"delivery_failed"')


def test_forged_and_foreign_verdicts_tell_nobody_anything(
    tmp_path: Path, mosquitto: Broker
) -> None:
    with http_receiver() as receiver:
        file = settle(tmp_path, mosquitto, receiver)
        with notifying(file) as running, a_cloud(mosquitto, root(tmp_path)) as cloud:
            forged = a_verdict(decided_by="edge")  # a gateway confirms by itself
            cloud.verdict(forged)
            cloud.retained("yard/gate/verdict", b"{}")
            cloud.retained("yard/gate/verdict", b"\xff" * 100_000)
            cloud.retained("yard/gate/verdict", b"")
            alarm(cloud, 7)
            assert event_of(receiver.next())["data"]["about"] == "yard.gate.1.7.0"
            assert receiver.is_empty()
            running.until_logged('"verdict_refused"', 2)


def test_two_processes_do_not_tell_everything_twice(tmp_path: Path, mosquitto: Broker) -> None:
    with http_receiver() as receiver:
        file = settle(tmp_path, mosquitto, receiver)
        with notifying(file):
            second = subprocess.run(
                [sys.executable, "-m", "cloud", "notify", "run", "--settings", str(file)],
                cwd=CHECKOUT,
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
        assert second.returncode == 1
        assert "another `notify run` uses" in second.stderr


def test_a_gateway_that_is_gone_is_told_over_a_restart_too(
    tmp_path: Path, mosquitto: Broker
) -> None:
    with http_receiver() as receiver:
        file = settle(tmp_path, mosquitto, receiver, fault_after_s=0)
        with a_cloud(mosquitto, root(tmp_path)) as cloud:
            with notifying(file):
                cloud.retained("yard/status", b"offline")
                began = event_of(receiver.next())
                assert began["data"]["title"] == "Gateway is offline: The farm"
            cloud.retained("yard/status", b"online")
            with notifying(file):
                over = event_of(receiver.next())
            assert over["data"]["title"] == "Gateway is back: The farm"
            assert over["data"]["about"] == began["data"]["about"]
            assert receiver.is_empty()


def test_a_verdict_that_the_broker_forgot_is_found_in_the_store(
    tmp_path: Path, mosquitto: Broker
) -> None:
    """As where a broker lost the session: the verdict is in the store, and never comes."""
    store = open_store(f"dir:{tmp_path / 'store'}")
    with http_receiver() as receiver:
        file = settle(tmp_path, mosquitto, receiver)
        settings_of = yaml.safe_load(file.read_text()) | {"store": f"dir:{tmp_path / 'store'}"}
        file.write_text(yaml.safe_dump(settings_of))
        with a_cloud(mosquitto, root(tmp_path)) as cloud:
            with notifying(file):
                heard = alarm(cloud, 1)
                assert event_of(receiver.next())["data"]["about"] == heard.report_id
            missed = a_report(track=2)
            Ledger(store).decide(a_verdict(report=missed), missed)
            Ledger(store).decide(a_verdict(report=heard), heard)
            forged = json.dumps({"report_id": "yard.gate.1.3.0"}).encode()
            store.put_if_absent("verdicts/yard/yard.gate.1.3.0.json", forged, "application/json")
            with notifying(file) as running:
                assert event_of(receiver.next())["data"]["about"] == missed.report_id
                running.until_logged("catch_up_ended")
            assert receiver.is_empty()
