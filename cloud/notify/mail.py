"""Destinations that take mail: people, and intakes of video monitoring.

SHELL, by way of `mail_transport`. Called by `destination_worker`.
"""

from __future__ import annotations

from cloud.notify.delivery import DeliveryAttempt, DeliveryOutcome, NotWanted, TryAgain
from cloud.notify.mail_message import intake_mail, people_mail
from cloud.notify.mail_settings import EmailSettings, IntakeMailSettings
from cloud.notify.mail_transport import MailTransport
from service.clock import Clock

_LOOK_AGAIN_S = 1.0


class PeopleMail:
    """Some addresses of people."""

    def __init__(self, settings: EmailSettings, transport: MailTransport) -> None:
        self._settings, self._transport = settings, transport

    @property
    def with_picture(self) -> bool:
        return self._settings.pictures

    def deliver(self, attempt: DeliveryAttempt) -> DeliveryOutcome:
        sender, to = self._settings.sender, self._settings.to
        mail = people_mail(attempt.notice, sender, to, attempt.picture, attempt.began_at_s)
        return self._transport.send(mail, sender, to)

    def idle(self) -> None:
        """Mail has nothing to supervise."""


class IntakeMail:
    """An intake of video monitoring."""

    def __init__(
        self, settings: IntakeMailSettings, transport: MailTransport, clock: Clock
    ) -> None:
        self._settings, self._transport, self._clock = settings, transport, clock

    @property
    def with_picture(self) -> bool:
        return True

    def deliver(self, attempt: DeliveryAttempt) -> DeliveryOutcome:
        notice, settings = attempt.notice, self._settings
        place = f"{notice.gateway}/{notice.camera}"
        to = settings.addresses.get(place, settings.addresses.get(notice.gateway))
        if to is None:
            return NotWanted(f"no address for {place}: add it to `addresses`")
        waited_s = self._clock.now().timestamp() - attempt.began_at_s
        wanted = attempt.picture is None and notice.evidence_key is not None
        if wanted and 0 <= waited_s < settings.picture_wait_s:
            return TryAgain("its picture is not there yet", _LOOK_AGAIN_S, all_wait=False)
        mail = intake_mail(
            notice, settings.sender, to, settings.subject, attempt.picture, attempt.began_at_s
        )
        return self._transport.send(mail, settings.sender, (to,))

    def idle(self) -> None:
        """Mail has nothing to supervise."""
