"""The event and its signature, checked as a receiver would."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from cloud.notify.webhook_message import event_body, signed_headers, signing_key
from tests.unit.cloud.notify.notices import a_notice

KEY = b"k" * 32


def test_the_event_has_the_notices_key_as_its_id_and_the_words_for_people() -> None:
    event = json.loads(event_body(a_notice()))
    assert (event["id"], event["type"]) == ("yard.gate.1.1.0/first", "io.stillwatch.notice.v1")
    assert event["source"] == "/gateways/yard/cameras/gate"
    assert event["data"]["title"] == "Person at gate (The farm): confirmed"
    assert event_body(a_notice()) == event_body(a_notice())


def test_a_picture_travels_in_base64() -> None:
    event = json.loads(event_body(a_notice(), b"\xff\xd8jpeg"))
    assert base64.b64decode(event["data"]["picture"]["base64"]) == b"\xff\xd8jpeg"


def test_the_signature_is_over_id_time_and_body() -> None:
    """The example of the Standard Webhooks specification's own test vectors."""
    key = signing_key(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    headers = signed_headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    said = b"%s.%s.%s" % (headers["webhook-id"].encode(), b"1614265330", body)
    again = base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{again}"


@pytest.mark.parametrize("weak", [b"short", b"whsec_c2hvcnQ=", b"whsec_***"])
def test_a_weak_or_garbled_secret_is_refused(weak: bytes) -> None:
    with pytest.raises(ValueError, match=r"bytes|base64"):
        signing_key(weak)
