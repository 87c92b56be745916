"""A notice as mail: for people, and for intakes of video monitoring.

PURE. The id of a mail follows from the notice's key, so a mail that was sent twice because an
answer was lost is known by it (RFC 5322, 3.6.4); all mails of an event refer to one id, by which
mail programs make a thread. Called by `mail`.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from cloud.notify.notice import Notice
from cloud.notify.texts import header_words, one_line, text, title

URGENT_FROM = 3
"""AVS-01 level from which mail programs are asked to show it as important."""


def people_mail(
    notice: Notice, sender: str, to: tuple[str, ...], picture: bytes | None, at_s: float
) -> EmailMessage:
    """What people read; `at_s` is when it was first sent, in seconds since 1970."""
    mail = _mail(notice, sender, to, title(notice), at_s)
    thread = _id(f"event:{notice.event}", sender)
    mail["In-Reply-To"] = thread
    mail["References"] = thread
    if notice.kind == "alarm" and notice.severity >= URGENT_FROM and notice.stage == "first":
        mail["X-Priority"] = "1 (Highest)"
        mail["Importance"] = "high"
    mail.set_content(text(notice) + "\n")
    _attach(mail, notice, picture)
    return mail


def intake_mail(
    notice: Notice, sender: str, to: str, subject: str, picture: bytes | None, at_s: float
) -> EmailMessage:
    """What an intake reads: a subject by its template, lines of `Name: value`, the picture."""
    facts = {
        "label": notice.label,
        "camera": notice.camera or "",
        "gateway": notice.gateway,
        "site": notice.site,
        "severity": notice.severity,
        "id": notice.about,
    }
    mail = _mail(notice, sender, (to,), subject.format(**facts), at_s)
    lines = [f"{name.capitalize()}: {value}" for name, value in facts.items()]
    lines += [f"Decision: {notice.decision}", f"Time: {notice.at.astimezone(UTC):%FT%TZ}"]
    lines += ["Test: yes"] if notice.on_test else []
    mail.set_content("\n".join(map(one_line, lines)) + "\n")
    _attach(mail, notice, picture)
    return mail


def _mail(
    notice: Notice, sender: str, to: tuple[str, ...], subject: str, at_s: float
) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Subject"] = header_words(subject)
    mail["Date"] = format_datetime(datetime.fromtimestamp(at_s, UTC))
    mail["Message-ID"] = _id(notice.key, sender)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Stillwatch-Id"] = notice.key
    return mail


def _attach(mail: EmailMessage, notice: Notice, picture: bytes | None) -> None:
    if picture is not None:
        name = f"{notice.camera or notice.gateway}-{notice.at.astimezone(UTC):%Y%m%dT%H%M%SZ}.jpg"
        mail.add_attachment(picture, maintype="image", subtype="jpeg", filename=name)


def _id(key: str, sender: str) -> str:
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"<{digest}@{sender.rpartition('@')[2]}>"
