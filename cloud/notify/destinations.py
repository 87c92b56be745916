"""Builds every configured destination, with its secrets.

SHELL. The one place that knows all kinds. Called by `process` and by `check-config`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from cloud.notify.alarm_centre_settings import AlarmCentreSettings
from cloud.notify.dc09 import AlarmCentre
from cloud.notify.delivery import BuiltDestination, NotifyDestination
from cloud.notify.destination_settings import DestinationSettings, SecretSource, WebhookSettings
from cloud.notify.deter import DeterOutput
from cloud.notify.mail import IntakeMail, PeopleMail
from cloud.notify.mail_settings import EmailSettings, IntakeMailSettings
from cloud.notify.mail_transport import MailTransport, SesTransport, SmtpTransport
from cloud.notify.ntfy import Ntfy
from cloud.notify.push_settings import NtfySettings
from cloud.notify.secrets_read import read_secret
from cloud.notify.settings import NotifySettings
from cloud.notify.sia_message import aes_key
from cloud.notify.web_push import WebPush
from cloud.notify.webhook import Webhook
from cloud.notify.webhook_message import signing_key
from cloud.settings import SettingsError
from service.clock import Clock

Build = Callable[[], NotifyDestination]


def build(
    settings: NotifySettings, environ: Mapping[str, str], clock: Clock
) -> dict[str, BuiltDestination]:
    """All of them, by name; raises `SettingsError` with everything that is wrong."""
    found: dict[str, BuiltDestination] = {}
    wrong: list[str] = []
    for what, name, own, make in _Builder(environ, clock).all(settings):
        try:
            destination = make()
        except SettingsError as error:
            wrong.append(f"notify.{what}.{name}: {error}")
        except (ValueError, OSError) as error:
            wrong.append(f"notify.{what}.{name}: {error}")
        else:
            counted = isinstance(destination, AlarmCentre)
            found[name] = BuiltDestination(destination=destination, settings=own, counted=counted)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return found


@dataclass(frozen=True, slots=True)
class _Builder:
    environ: Mapping[str, str]
    clock: Clock

    def all(
        self, settings: NotifySettings
    ) -> Iterator[tuple[str, str, DestinationSettings, Build]]:
        """Kind, name, settings, and what makes it."""
        for name, hook in settings.webhooks.items():
            yield "webhooks", name, hook, partial(self.webhook, hook)
        for name, people in settings.emails.items():
            yield "emails", name, people, partial(self.people, people)
        for name, intake in settings.intakes.items():
            yield "intakes", name, intake, partial(self.intake, intake)
        for name, centre in settings.alarm_centres.items():
            yield "alarm_centres", name, centre, partial(self.centre, centre)
        for name, topic in settings.ntfy.items():
            yield "ntfy", name, topic, partial(self.ntfy, topic, settings.link)
        for name, push in settings.web_push.items():
            make = partial(WebPush, name, push, self.clock, settings.link)
            yield "web_push", name, push, make
        for name, output in settings.outputs.items():
            yield "outputs", name, output, partial(DeterOutput, output, self.clock)

    def webhook(self, settings: WebhookSettings) -> NotifyDestination:
        return Webhook(settings, signing_key(self._secret(settings.secret, "secret")), self.clock)

    def people(self, settings: EmailSettings) -> NotifyDestination:
        return PeopleMail(settings, self._transport(settings))

    def intake(self, settings: IntakeMailSettings) -> NotifyDestination:
        return IntakeMail(settings, self._transport(settings), self.clock)

    def centre(self, settings: AlarmCentreSettings) -> NotifyDestination:
        key = None if settings.key is None else aes_key(self._secret(settings.key, "key"))
        return AlarmCentre(settings, key, self.clock, random.Random())

    def ntfy(self, settings: NtfySettings, link: str | None) -> NotifyDestination:
        token = None if settings.token is None else self._secret(settings.token, "token").decode()
        return Ntfy(settings, token, link)

    def _transport(self, settings: EmailSettings | IntakeMailSettings) -> MailTransport:
        if settings.ses is not None:
            return SesTransport(settings.ses, settings.timeout_s)
        if settings.smtp is None:
            raise SettingsError("neither smtp nor ses")
        password = settings.smtp.password
        words = None if password is None else self._secret(password, "password").decode()
        return SmtpTransport(settings.smtp, words, settings.timeout_s)

    def _secret(self, source: SecretSource, what: str) -> bytes:
        return read_secret(source, self.environ, what)
