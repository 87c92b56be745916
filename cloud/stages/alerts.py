"""Confirmed threats as mails, ready for whoever sends mail; nothing is sent here.

PURE. Threats of one device that follow each other closely are one alert. Date, id and boundary of a
mail are derived from what it says, so the same threats give the same bytes. Called by `threat`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from cloud.stages.day import PictureVerdicts
from cloud.stages.rules import Alerts
from contract.ids import CameraId
from contract.labels import group_of
from contract.verdict import Verdict
from imaging.jpeg import MAGIC

MOST_LINES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Pictures of one device with confirmed threats, in time order."""

    device: CameraId
    pictures: tuple[PictureVerdicts, ...]

    @property
    def began_at(self) -> datetime:
        return self.pictures[0].captured_at

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(sorted({group_of(one.label) for _, one in self.threats}))

    @property
    def threats(self) -> list[tuple[PictureVerdicts, Verdict]]:
        return [(picture, verdict) for picture in self.pictures for verdict in picture.confirmed]

    @property
    def clearest(self) -> tuple[PictureVerdicts, Verdict]:
        """The threat with the highest score, the earliest of equals, and its picture."""
        return max(self.threats, key=lambda threat: threat[1].score)


def gather(device: CameraId, verdicts: Sequence[PictureVerdicts], gather_s: int) -> Iterator[Alert]:
    """The alerts of pictures in time order; those without a confirmed threat are passed over."""
    together: list[PictureVerdicts] = []
    for picture in (one for one in verdicts if one.confirmed):
        apart = picture.captured_at - together[-1].captured_at if together else timedelta()
        if apart > timedelta(seconds=gather_s):
            yield Alert(device=device, pictures=tuple(together))
            together = []
        together.append(picture)
    if together:
        yield Alert(device=device, pictures=tuple(together))


def recipients(alert: Alert, alerts: Alerts) -> tuple[str, ...]:
    """Who wants to know of it, in the order of the rules."""
    return tuple(
        one.address
        for one in alerts.recipients
        if (not one.devices or alert.device in one.devices)
        and (not one.kinds or set(one.kinds) & set(alert.kinds))
    )


def compose(alert: Alert, alerts: Alerts, picture: bytes | None) -> bytes | None:
    """The mail as bytes (RFC 5322), with the clearest picture if given; None without recipients."""
    to = recipients(alert, alerts)
    if not to:
        return None
    shown, clearest = alert.clearest
    text = _text(alert)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = alerts.sender
    mail["To"] = ", ".join(dict.fromkeys(to))
    mail["Subject"] = f"Stillwatch: {' and '.join(alert.kinds)} at {alert.device}, " + _utc(
        alert.began_at
    )
    mail["Date"] = format_datetime(alert.pictures[-1].captured_at)
    mail["Message-ID"] = f"<{clearest.report_id}@{alerts.sender.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    if picture is not None:
        subtype = "jpeg" if picture.startswith(MAGIC) else "png"
        mail.add_attachment(picture, maintype="image", subtype=subtype, filename=shown.picture)
        mail.set_boundary("=-" + hashlib.sha256(text.encode()).hexdigest()[:40])
    return mail.as_bytes()


def _text(alert: Alert) -> str:
    threats = alert.threats
    lines = [f"Confirmed in {len(alert.pictures)} picture(s) of {alert.device}:", ""]
    for picture, verdict in threats[:MOST_LINES]:
        reasons = "; ".join(verdict.reasons)
        lines.append(f"{_utc(picture.captured_at)}  {picture.picture}: {reasons}")
    if len(threats) > MOST_LINES:
        lines.append(f"and {len(threats) - MOST_LINES} more")
    return "\n".join(lines) + "\n"


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
