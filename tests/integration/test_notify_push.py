"""ntfy, MQTT outputs and web push, against a receiver at the level of their protocols."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import dataclass, field
from email.header import decode_header
from pathlib import Path
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cloud.notify.delivery import Acknowledged, DeliveryAttempt, NotWanted, TryAgain
from cloud.notify.deter import DeterOutput
from cloud.notify.notice import Notice
from cloud.notify.ntfy import Ntfy
from cloud.notify.push_settings import DeterSettings, NtfySettings, WebPushSettings
from cloud.notify.subscriptions import SubscriptionRefused, read_subscription
from cloud.notify.web_push import PushSubscription, WebPush
from cloud.settings import SettingsError
from tests.authorities import authority, issue
from tests.fakes import ManualClock, recorded_events
from tests.http_receivers import HttpReply, HttpRequest, http_receiver
from tests.integration.notifying import CHECKOUT
from tests.links import Inbox, running, settings
from tests.servers import Broker
from tests.unit.cloud.notify.notices import a_notice

LOOPBACK = ("127.0.0.0/8",)


def an_attempt(notice: Notice | None = None, **more: Any) -> DeliveryAttempt:
    return DeliveryAttempt(notice=notice or a_notice(), **more)


def test_ntfy_gets_words_in_headers_and_the_picture_as_body() -> None:
    with http_receiver() as receiver:
        own = NtfySettings(url=receiver.url("/alarms"), allow_networks=LOOPBACK)
        ntfy = Ntfy(own, "tk_1", "https://console.example.org/alarms/{id}")
        assert isinstance(ntfy.deliver(an_attempt(picture=b"\xff\xd8")), Acknowledged)
        assert isinstance(ntfy.deliver(an_attempt(a_notice(severity=4))), Acknowledged)
        pictured, plain = receiver.next(), receiver.next()
    assert (pictured.method, pictured.body) == ("PUT", b"\xff\xd8")
    assert pictured.headers["title"] == "Person at gate (The farm): confirmed"
    assert pictured.headers["message"].startswith("The second network sees it too.\\n")
    assert pictured.headers["click"] == "https://console.example.org/alarms/yard.gate.1.1.0"
    assert pictured.headers["authorization"] == "Bearer tk_1"
    assert (pictured.headers["priority"], plain.headers["priority"]) == ("4", "5")
    assert pictured.headers["x-sequence-id"] == plain.headers["x-sequence-id"]
    assert b"Raised because" in plain.body


def test_ntfy_gets_what_is_not_ascii_encoded_and_no_header_is_broken() -> None:
    notice = a_notice(place="Höf\r\nX-Evil: 1")
    with http_receiver() as receiver:
        own = NtfySettings(url=receiver.url("/alarms"), allow_networks=LOOPBACK)
        assert isinstance(Ntfy(own, None, None).deliver(an_attempt(notice)), Acknowledged)
        request = receiver.next()
    [(words, charset)] = decode_header(request.headers["title"])
    assert isinstance(words, bytes)
    assert "Höf" in words.decode(charset or "ascii")
    assert "x-evil" not in request.headers


def test_an_output_gets_its_command_once_within_the_hold_off(mosquitto: Broker) -> None:
    clock = ManualClock()
    now_s = clock.now().timestamp()
    own = DeterSettings(topic="deter/{site}/{camera}", end_payload="OFF", hold_off_s=60)
    output, inbox = DeterOutput(own, clock), Inbox()
    assert isinstance(output.deliver(an_attempt()), TryAgain | NotWanted)
    with running(settings(mosquitto, "deter-listener"), inbox, ["deter/#"]) as link:
        assert link.wait_ready(60)
        output.use(link)
        fresh = an_attempt(planned_at_s=now_s)
        assert isinstance(output.deliver(fresh), Acknowledged)
        assert inbox.next().payload == b"ON"
        assert isinstance(output.deliver(an_attempt(a_notice(2), planned_at_s=now_s)), NotWanted)
        ended = an_attempt(a_notice().at_stage("ended"), planned_at_s=now_s)
        assert isinstance(output.deliver(ended), Acknowledged)
        arrival = inbox.next()
        assert (arrival.topic, arrival.payload) == ("deter/farm/gate", b"OFF")
        clock.advance(61)
        late = output.deliver(an_attempt(a_notice(3), planned_at_s=now_s))
        assert isinstance(late, NotWanted)
        assert "61 s old" in late.reason
        tested = an_attempt(a_notice(kind="test"), planned_at_s=clock.now().timestamp())
        assert output.deliver(tested) == Acknowledged("nothing to command")
        assert inbox.is_empty()


@dataclass
class Browser:
    """A browser's side of a subscription."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = b"sixteen bytes au"

    def subscription(self, endpoint: str) -> PushSubscription:
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return PushSubscription(endpoint=endpoint, p256dh=b64(point), auth=b64(self.auth))

    def read(self, request: HttpRequest) -> dict[str, Any]:
        assert request.headers["content-encoding"] == "aes128gcm"
        body = http_ece.decrypt(
            request.body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"
        )
        found: dict[str, Any] = json.loads(body)
        return found


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class Held:
    """Subscriptions in memory."""

    known: list[PushSubscription] = field(default_factory=list)

    def of(self, _destination: str) -> list[PushSubscription]:
        return list(self.known)

    def forget(self, endpoint: str) -> None:
        self.known = [one for one in self.known if one.endpoint != endpoint]


@pytest.fixture
def vapid(tmp_path: Path) -> Path:
    """A key as the command makes it."""
    file = tmp_path / "vapid.pem"
    made = subprocess.run(
        [sys.executable, "-m", "cloud", "notify", "vapid-key", str(file)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    point = base64.urlsafe_b64decode(made.stdout.strip() + "=")
    assert (point[0], len(point), file.stat().st_mode & 0o777) == (4, 65, 0o600)
    return file


def pusher(vapid: Path, held: Held, ca_file: Path | None) -> WebPush:
    own = WebPushSettings(
        vapid_key=vapid,
        contact="mailto:ann@example.org",
        allow_networks=LOOPBACK,
        ca_file=ca_file,
        timeout_s=5,
    )
    push = WebPush("phones", own, ManualClock(), "https://console.example.org/{id}")
    push.use(held)
    return push


def token(request: HttpRequest) -> dict[str, Any]:
    """The claims by which we say who we are."""
    scheme, _, rest = request.headers["authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert scheme.lower() == "vapid"
    assert parts["k"]
    payload = parts["t"].split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims


def test_a_phone_gets_what_only_it_can_read(tmp_path: Path, vapid: Path) -> None:
    tls = issue(tmp_path, authority(tmp_path, "services"), "push")
    with http_receiver(lambda _r, _n: HttpReply(status=201), tls) as service:
        phone, tablet = Browser(), Browser(auth=b"another sixteen.")
        held = Held([phone.subscription(service.url("/1")), tablet.subscription(service.url("/2"))])
        push = pusher(vapid, held, tls.ca_file)
        assert push.deliver(an_attempt()) == Acknowledged("2 subscriptions")
        first, second = service.next(), service.next()
        assert isinstance(push.deliver(an_attempt(a_notice().at_stage("refuted"))), Acknowledged)
        update = service.next()
    shown = phone.read(first)
    assert shown["title"] == "Person at gate (The farm): confirmed"
    assert shown["url"] == "https://console.example.org/yard.gate.1.1.0"
    assert tablet.read(second)["title"] == shown["title"]
    with pytest.raises(http_ece.ECEException):
        tablet.read(first)
    assert phone.read(update)["tag"] == shown["tag"]
    assert update.headers["topic"] == first.headers["topic"]
    assert len(first.headers["topic"]) <= 32
    assert (first.headers["urgency"], update.headers["urgency"]) == ("high", "normal")
    claims = token(first)
    assert claims["aud"] == service.url("").rstrip("/")
    assert claims["sub"] == "mailto:ann@example.org"


def test_one_that_failed_is_tried_again_and_the_other_not(tmp_path: Path, vapid: Path) -> None:
    tls = issue(tmp_path, authority(tmp_path, "services"), "push")
    statuses = {"/1": [201], "/2": [503, 201]}

    def replies(request: HttpRequest, _number: int) -> HttpReply:
        return HttpReply(status=statuses[request.path].pop(0))

    with http_receiver(replies, tls) as service:
        known = [Browser().subscription(service.url(path)) for path in ("/1", "/2")]
        push = pusher(vapid, Held(known), tls.ca_file)
        assert isinstance(push.deliver(an_attempt()), TryAgain)
        assert push.deliver(an_attempt()) == Acknowledged("2 subscriptions")
        assert [service.next().path for _ in range(3)] == ["/1", "/2", "/2"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_gone_is_forgotten(tmp_path: Path, vapid: Path, status: int) -> None:
    tls = issue(tmp_path, authority(tmp_path, "services"), "push")
    with http_receiver(lambda _r, _n: HttpReply(status=status), tls) as service:
        held = Held([Browser().subscription(service.url("/1"))])
        push = pusher(vapid, held, tls.ca_file)
        with recorded_events() as lines:
            assert isinstance(push.deliver(an_attempt()), Acknowledged)
    assert held.known == []
    assert [line.event.value for line in lines] == ["subscription_forgotten"]


def test_an_endpoint_within_our_own_network_is_forgotten_unasked(vapid: Path) -> None:
    held = Held([Browser().subscription("https://169.254.169.254/latest")])
    push = pusher(vapid, held, None)
    with recorded_events():
        assert isinstance(push.deliver(an_attempt()), Acknowledged)
    assert held.known == []


def test_keys_that_are_none_are_forgotten(vapid: Path) -> None:
    point = b64(b"\x04" + bytes(64))
    one = PushSubscription(endpoint="https://127.0.0.1/1", p256dh=point, auth=b64(bytes(16)))
    held = Held([one])
    with recorded_events():
        outcome = pusher(vapid, held, None).deliver(an_attempt())
    assert isinstance(outcome, Acknowledged)
    assert held.known == []


def test_a_vapid_key_that_is_none_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    with pytest.raises(SettingsError, match="vapid-key"):
        pusher(tmp_path / "key", Held(), None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"x" * 5000,
        b'{"endpoint": "http://push.example.org/1", "keys": {"p256dh": "a", "auth": "b"}}',
        b'{"endpoint": "https://push.example.org/1", "keys": {"p256dh": "a b", "auth": "b"}}',
        b'{"endpoint": "https://u:p@push.example.org/1", "keys": {"p256dh": "a", "auth": "b"}}',
        b'{"endpoint": "https://push.example.org/1", "keys": {"p256dh": "a"}}',
    ],
)
def test_what_is_no_subscription_is_refused(content: bytes) -> None:
    with pytest.raises(SubscriptionRefused):
        read_subscription(content)


def test_a_browsers_subscription_is_read() -> None:
    given = {
        "endpoint": "https://push.example.org/1",
        "expirationTime": None,
        "keys": {"p256dh": "a_-", "auth": "b"},
    }
    assert read_subscription(json.dumps(given).encode()).p256dh == "a_-"
