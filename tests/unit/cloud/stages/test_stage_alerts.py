"""Confirmed threats as mails in an outbox."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from cloud.stages.alerts import MOST_LINES, Alert, compose, gather
from cloud.stages.day import PictureVerdicts
from cloud.stages.evaluate import verdicts_of
from cloud.stages.rules import Alerts, Recipient, Rules, Threat
from contract.ids import CameraId
from tests.unit.cloud.stages.archives import NOON, PICTURE, a_sight, row

GATE = CameraId("gate")
RULES = Rules(threats=(Threat(kind="person"), Threat(kind="vehicle")))
EVERYBODY = Alerts(sender="alarm@example.org", recipients=(Recipient(address="a@example.org"),))


def decided(after_s: int, **scores: float) -> PictureVerdicts:
    rows = (row(label, score) for label, score in scores.items())
    sight = a_sight(*rows, unix_s=NOON + after_s)
    return PictureVerdicts(
        picture=sight.picture,
        captured_at=sight.named.captured_at,
        verdicts=verdicts_of(sight, RULES),
    )


def an_alert(*pictures: PictureVerdicts) -> Alert:
    return Alert(device=GATE, pictures=pictures)


def read(mail: bytes | None) -> EmailMessage:
    assert mail is not None
    found = message_from_bytes(mail, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def test_threats_close_together_are_one_alert() -> None:
    seen = [decided(s, person=0.9) for s in (0, 300, 600, 901)] + [decided(1201, person=0.1)]
    alerts = list(gather(GATE, seen, 300))
    assert [len(alert.pictures) for alert in alerts] == [3, 1]
    assert list(gather(GATE, [decided(0)], 300)) == []


def test_a_mail_names_what_was_seen_when_and_shows_the_clearest_picture() -> None:
    alert = an_alert(decided(0, person=0.5), decided(7, person=0.8, car=0.6))
    mail = read(compose(alert, EVERYBODY, PICTURE))
    assert mail["Subject"] == "Stillwatch: person and vehicle at gate, 2024-05-01 12:00:00 UTC"
    assert (mail["From"], mail["To"]) == ("alarm@example.org", "a@example.org")
    assert mail["Date"].datetime == alert.pictures[-1].captured_at
    (picture,) = mail.iter_attachments()
    assert picture.get_filename() == f"gate_{NOON + 7}.jpg"
    assert picture.get_content() == PICTURE
    body = mail.get_body()
    assert body is not None
    text = body.get_content()
    assert "12:00:07 UTC  gate_1714564807.jpg: person 0.80" in text
    assert text.count("\n") == 5


def test_the_same_threats_give_the_same_bytes() -> None:
    alert = an_alert(decided(0, person=0.5))
    assert compose(alert, EVERYBODY, PICTURE) == compose(alert, EVERYBODY, PICTURE)
    assert compose(alert, EVERYBODY, None) == compose(alert, EVERYBODY, None)


def test_a_flood_of_threats_makes_no_endless_mail() -> None:
    alert = an_alert(*(decided(number, person=0.5) for number in range(MOST_LINES + 5)))
    body = read(compose(alert, EVERYBODY, None)).get_body()
    assert body is not None
    assert body.get_content().splitlines()[-1] == "and 5 more"


@pytest.mark.parametrize(
    ("recipient", "told"),
    [
        (Recipient(address="a@example.org"), True),
        (Recipient(address="a@example.org", devices=(GATE,)), True),
        (Recipient(address="a@example.org", devices=(CameraId("yard"),)), False),
        (Recipient(address="a@example.org", kinds=("person", "animal")), True),
        (Recipient(address="a@example.org", kinds=("vehicle",)), False),
    ],
)
def test_devices_and_kinds_narrow_who_is_told(recipient: Recipient, told: bool) -> None:
    mail = compose(an_alert(decided(0, person=0.9)), Alerts(recipients=(recipient,)), None)
    assert (mail is not None) is told


def test_without_recipients_there_is_no_mail() -> None:
    assert compose(an_alert(decided(0, person=0.9)), Alerts(), None) is None
