"""Mail holds the headers that were meant, whatever a gateway calls what it saw."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from cloud.notify.mail_message import intake_mail, people_mail
from cloud.notify.notice import Notice
from tests.unit.cloud.notify.notices import a_notice

FROM, TO = "watch@example.org", "ann@example.org"


def for_people(notice: Notice) -> EmailMessage:
    return people_mail(notice, FROM, (TO,), b"\xff\xd8\xff", 1.7e9)


def for_an_intake(notice: Notice) -> EmailMessage:
    return intake_mail(notice, FROM, TO, "{gateway} {label}", b"\xff\xd8\xff", 1.7e9)


def header_names(mail: EmailMessage) -> list[str]:
    head = mail.as_bytes(policy=SMTP).split(b"\r\n\r\n", 1)[0].decode("ascii")
    lines = [one for one in head.split("\r\n") if not one.startswith((" ", "\t"))]
    return [one.partition(":")[0] for one in lines]


@pytest.mark.parametrize("made", [for_people, for_an_intake])
@pytest.mark.parametrize(
    "label",
    [
        "x\r\nBcc: eve@example.org",
        "=?utf-8?q?x=0D=0ABcc:_eve@example.org?=",
        "=?utf-8?b?eA0KQmNjOiBldmVAZXhhbXBsZS5vcmc=?=",
        "==??utf-8?q?x=0D=0ABcc:_eve@example.org?=",
        "=?utf-7?q?+2AA-?=",
        "=?utf-8?q?=ff=fe?=",
        "\U0001d4b3=??b?);=ff(=0A" * 9,
    ],
)
def test_no_label_adds_a_header_or_makes_a_mail_that_cannot_be_sent(
    made: Callable[[Notice], EmailMessage], label: str
) -> None:
    assert header_names(made(a_notice(label=label))) == header_names(made(a_notice()))


@pytest.mark.parametrize("made", [for_people, for_an_intake])
def test_no_reason_begins_a_line_of_its_own(made: Callable[[Notice], EmailMessage]) -> None:
    notice = a_notice(
        label="person\nTest: yes",
        why=("it moved\nDecided because: nothing is there\x1b[2J",),
    )
    body = made(notice).get_body()
    assert body is not None
    said = str(body.get_content())
    lines = said.splitlines()
    assert "Test: yes" not in lines
    assert "Decided because: nothing is there" not in lines
    assert "\x1b" not in said
