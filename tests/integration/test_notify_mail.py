"""Mail to people and to intakes, against real mail servers and a double of Amazon SES."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from cloud.notify.delivery import (
    Acknowledged,
    DeliveryAttempt,
    DeliveryOutcome,
    NotWanted,
    TryAgain,
)
from cloud.notify.destination_settings import SecretSource
from cloud.notify.mail import IntakeMail, PeopleMail
from cloud.notify.mail_settings import (
    EmailSettings,
    IntakeMailSettings,
    SmtpSettings,
)
from cloud.notify.mail_transport import SmtpTransport
from cloud.notify.notice import Notice
from tests.authorities import authority, issue
from tests.fakes import ManualClock
from tests.integration.mail_servers import PICTURE, SENDER, MailServer, mail_server
from tests.processes import HOST, free_port
from tests.raw_server import raw_server
from tests.unit.cloud.notify.notices import a_notice
from tests.unit.cloud.reports import NOON


def people(port: int, **smtp: Any) -> EmailSettings:
    server = SmtpSettings(host=HOST, port=port, **({"security": "none"} | smtp))
    return EmailSettings(sender=SENDER, smtp=server, to=("ann@example.org", "bob@example.org"))


def deliver(
    settings: EmailSettings,
    notice: Notice | None = None,
    picture: bytes | None = None,
    secret: str | None = None,
) -> DeliveryOutcome:
    assert settings.smtp is not None
    destination = PeopleMail(settings, SmtpTransport(settings.smtp, secret, 5))
    at_s = NOON.timestamp()
    return destination.deliver(
        DeliveryAttempt(notice=notice or a_notice(), picture=picture, began_at_s=at_s)
    )


def test_people_get_words_and_the_picture() -> None:
    with mail_server(MailServer()) as server:
        assert isinstance(deliver(people(server.port), picture=PICTURE), Acknowledged)
        mail = server.next()
    assert mail["Subject"] == "Person at gate (The farm): confirmed"
    assert (mail["From"], mail["To"]) == (SENDER, "ann@example.org, bob@example.org")
    assert mail["Auto-Submitted"] == "auto-generated"
    body = mail.get_body()
    assert isinstance(body, EmailMessage)
    assert "Raised because: median 0.50 over 0.35" in body.get_content()
    (attached,) = mail.iter_attachments()
    assert isinstance(attached, EmailMessage)
    assert attached.get_content() == PICTURE
    assert attached.get_filename() == "gate-20240501T120000Z.jpg"


def test_the_mails_of_an_event_are_one_thread_and_each_has_its_own_lasting_id() -> None:
    notices = [a_notice(), a_notice().at_stage("refuted"), a_notice()]
    with mail_server(MailServer()) as server:
        for notice in notices:
            assert isinstance(deliver(people(server.port), notice), Acknowledged)
        mails = [server.next() for _ in notices]
    assert len({mail["References"] for mail in mails}) == 1
    assert mails[0]["Message-ID"] == mails[2]["Message-ID"] != mails[1]["Message-ID"]
    assert mails[0]["Date"] == mails[2]["Date"]


def test_no_gateways_word_becomes_a_header() -> None:
    notice = a_notice(label="person\r\nBcc: eve@example.org")
    with mail_server(MailServer()) as server:
        assert isinstance(deliver(people(server.port), notice), Acknowledged)
        mail = server.next()
    assert mail["Bcc"] is None
    assert "eve@example.org" in mail["Subject"]


def test_starttls_with_a_password(tmp_path: Path) -> None:
    tls = issue(tmp_path, authority(tmp_path, "post"), "localhost")
    smtp = {
        "security": "starttls",
        "ca_file": tls.ca_file,
        "username": "watch",
        "password": SecretSource(env="UNUSED"),
    }
    right, wrong = "correct horse", "battery staple"
    with mail_server(MailServer(), tls, right) as server:
        settings = people(server.port, **smtp)
        assert isinstance(deliver(settings, secret=right), Acknowledged)
        refused = deliver(settings, secret=wrong)
        assert isinstance(refused, TryAgain)
        assert "user or password refused" in refused.reason
        assert server.next()["Subject"]


def test_a_server_that_another_authority_vouches_for_gets_nothing(tmp_path: Path) -> None:
    tls = issue(tmp_path, authority(tmp_path, "post"), "localhost")
    elsewhere = authority(tmp_path, "elsewhere")
    smtp = {"security": "starttls", "ca_file": elsewhere}
    with mail_server(MailServer(), tls) as server:
        outcome = deliver(people(server.port, **smtp))
        assert isinstance(outcome, TryAgain)
        assert "certificate verify failed" in outcome.reason
        assert server.came.empty()


def test_a_server_that_offers_no_encryption_gets_nothing() -> None:
    with mail_server(MailServer()) as server:
        assert isinstance(deliver(people(server.port, security="starttls")), TryAgain)
        assert server.came.empty()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("550 no", NotWanted), ("451 later", TryAgain), ("250 taken", Acknowledged)],
)
def test_what_the_server_says_after_the_mail_counts(
    answer: str, kind: type[DeliveryOutcome]
) -> None:
    with mail_server(MailServer(answer=answer)) as server:
        assert isinstance(deliver(people(server.port)), kind)


def test_one_refused_address_does_not_stop_the_other_and_is_named() -> None:
    refuses = {"bob@example.org": "550 who?"}
    with mail_server(MailServer(refuses=refuses)) as server:
        outcome = deliver(people(server.port))
    assert outcome == Acknowledged("without bob@example.org")


@pytest.mark.parametrize(("code", "kind"), [("550", NotWanted), ("450", TryAgain)])
def test_all_refused_for_good_is_final_and_for_now_is_not(
    code: str, kind: type[DeliveryOutcome]
) -> None:
    refuses = dict.fromkeys(("ann@example.org", "bob@example.org"), f"{code} not now")
    with mail_server(MailServer(refuses=refuses)) as server:
        assert isinstance(deliver(people(server.port)), kind)


def test_no_server_and_one_that_says_nothing_are_tried_again() -> None:
    assert isinstance(deliver(people(free_port())), TryAgain)
    with raw_server(lambda connection, _piece: connection.close()) as server:
        settings = people(server.port)
        assert settings.smtp is not None
        destination = PeopleMail(settings, SmtpTransport(settings.smtp, None, 1))
        outcome = destination.deliver(DeliveryAttempt(notice=a_notice()))
        assert isinstance(outcome, TryAgain)


def intake(port: int, clock: ManualClock, **more: Any) -> IntakeMail:
    settings = IntakeMailSettings(
        sender=SENDER,
        smtp=SmtpSettings(host=HOST, port=port, security="none"),
        addresses={"yard/gate": "s1.in1@intake.example", "yard": "s1@intake.example"},
        **more,
    )
    assert settings.smtp is not None
    return IntakeMail(settings, SmtpTransport(settings.smtp, None, 5), clock)


def test_an_intake_gets_a_mail_per_alarm_at_the_cameras_own_address() -> None:
    clock = ManualClock()
    attempt = DeliveryAttempt(
        notice=a_notice(), picture=PICTURE, began_at_s=clock.now().timestamp()
    )
    with mail_server(MailServer()) as server:
        one = intake(server.port, clock, subject="{gateway} {camera} {label} {severity}")
        assert isinstance(one.deliver(attempt), Acknowledged)
        mail = server.next()
    assert (mail["To"], mail["Subject"]) == ("s1.in1@intake.example", "yard gate person 2")
    body = mail.get_body()
    assert isinstance(body, EmailMessage)
    assert body.get_content().splitlines()[:3] == ["Label: person", "Camera: gate", "Gateway: yard"]
    (attached,) = mail.iter_attachments()
    assert attached.get_content_type() == "image/jpeg"


def test_an_intake_waits_for_the_picture_but_not_for_ever() -> None:
    clock = ManualClock()
    notice = a_notice(evidence_key="key")
    attempt = DeliveryAttempt(notice=notice, began_at_s=clock.now().timestamp())
    with mail_server(MailServer()) as server:
        one = intake(server.port, clock, picture_wait_s=10)
        assert isinstance(one.deliver(attempt), TryAgain)
        clock.advance(11)
        assert isinstance(one.deliver(attempt), Acknowledged)


def test_a_camera_without_an_address_is_said() -> None:
    outcome = intake(1, ManualClock()).deliver(DeliveryAttempt(notice=a_notice(gateway="barn")))
    assert isinstance(outcome, NotWanted)
    assert "no address for barn/gate" in outcome.reason
