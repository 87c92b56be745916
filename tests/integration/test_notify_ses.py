"""Mail by Amazon SES, against a double of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from cloud.notify.delivery import (
    Acknowledged,
    DeliveryAttempt,
    DeliveryOutcome,
    NotWanted,
    TryAgain,
)
from cloud.notify.mail import PeopleMail
from cloud.notify.mail_settings import (
    EmailSettings,
    SesSettings,
)
from cloud.notify.mail_transport import SesTransport
from tests.http_receivers import HttpReply, http_receiver
from tests.integration.mail_servers import PICTURE, SENDER
from tests.processes import HOST
from tests.unit.cloud.notify.notices import a_notice

SesAnswer = Callable[[], HttpReply]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (HttpReply(status=200, body=b'{"MessageId": "m1"}'), Acknowledged),
        (
            HttpReply(status=400, headers={"x-amzn-errortype": "MessageRejected"}, body=b"{}"),
            NotWanted,
        ),
        (
            HttpReply(
                status=429, headers={"x-amzn-errortype": "TooManyRequestsException"}, body=b"{}"
            ),
            TryAgain,
        ),
        (HttpReply(status=500, body=b"{}"), TryAgain),
        (HttpReply(lost=True), TryAgain),
    ],
)
def test_ses_gets_the_whole_mail(
    monkeypatch: pytest.MonkeyPatch, reply: HttpReply, kind: type[DeliveryOutcome]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with http_receiver(lambda _request, _number: reply) as receiver:
        url = f"http://{HOST}:{receiver.port}"
        ses = SesSettings(region="eu-central-1", endpoint_url=url)
        settings = EmailSettings(sender=SENDER, ses=ses, to=("ann@example.org",))
        outcome = PeopleMail(settings, SesTransport(ses, 5)).deliver(
            DeliveryAttempt(notice=a_notice(), picture=PICTURE)
        )
        request = receiver.next()
    assert isinstance(outcome, kind)
    asked = json.loads(request.body)
    raw = base64.b64decode(asked["Content"]["Raw"]["Data"])
    assert b"Subject: Person at gate" in raw
    assert asked["Destination"] == {"ToAddresses": ["ann@example.org"]}
