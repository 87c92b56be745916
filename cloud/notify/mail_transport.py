"""Mail leaves: by a mail server, or by Amazon SES.

SHELL. Neither knows a mail that it was given before, so what is lost with an answer goes out again,
with the same Message-ID: at least once. Called by `mail`.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from typing import Protocol
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cloud.notify.delivery import Acknowledged, DeliveryOutcome, NotWanted, TryAgain
from cloud.notify.mail_settings import SesSettings, SmtpSettings
from service.deadline import ended_after
from service.resolving import addresses_of, answered_within, connected

_OWN_NAME_S = 2.0
_SES_FINAL = frozenset({"MessageRejected", "BadRequestException"})


class MailTransport(Protocol):
    """Gives a mail away."""

    def send(self, mail: EmailMessage, sender: str, to: tuple[str, ...]) -> DeliveryOutcome:
        """How it went."""
        ...


class _BoundedSmtp(smtplib.SMTP):
    """smtplib looks a name up without a limit; it leaves the connection to a method to replace."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connected(host, port, timeout)


class _BoundedTlsSmtp(smtplib.SMTP_SSL):
    """The same with TLS from the first byte."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        raw = connected(host, port, timeout)
        try:
            with ended_after(raw, timeout):
                return self.context.wrap_socket(raw, server_hostname=host)
        except (OSError, ValueError):
            raw.close()
            raise


class SmtpTransport:
    """One mail server, a connection per mail."""

    def __init__(self, settings: SmtpSettings, password: str | None, timeout_s: float) -> None:
        """Raises `OSError` if the CA bundle cannot be read."""
        self._settings, self._password, self._timeout_s = settings, password, timeout_s
        self._tls = ssl.create_default_context(cafile=settings.ca_file)

    def send(self, mail: EmailMessage, sender: str, to: tuple[str, ...]) -> DeliveryOutcome:
        try:
            with self._connected() as server:
                raw = server.sock
                if raw is None:
                    return TryAgain("the mail server ended the connection")
                with ended_after(raw, self._timeout_s):
                    return self._hand_over(server, mail, sender, to)
        except smtplib.SMTPRecipientsRefused as error:
            return _all_refused(error)
        except smtplib.SMTPResponseException as error:
            return _refused(error)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            where = f"{self._settings.host}:{self._settings.port}"
            return TryAgain(f"{where}: {str(error) or type(error).__name__}")

    def _connected(self) -> smtplib.SMTP:
        """All that is looked up has a deadline: the server, and by which name we greet it."""
        host, port, time_s = self._settings.host, self._settings.port, self._timeout_s
        own = _own_name(time_s)
        if self._settings.security == "tls":
            return _BoundedTlsSmtp(host, port, own, timeout=time_s, context=self._tls)
        return _BoundedSmtp(host, port, own, timeout=time_s)

    def _hand_over(
        self, server: smtplib.SMTP, mail: EmailMessage, sender: str, to: tuple[str, ...]
    ) -> DeliveryOutcome:
        if self._settings.security == "starttls":
            server.starttls(context=self._tls)
        if self._settings.username is not None:
            try:
                server.login(self._settings.username, self._password or "")
            except smtplib.SMTPAuthenticationError as error:  # somebody can repair it
                return TryAgain(f"user or password refused: {_words(error)}")
        refused = server.send_message(mail, sender, to)
        _leave(server)
        return Acknowledged(f"without {', '.join(refused)}" if refused else "")


class SesTransport:
    """Amazon SES."""

    def __init__(self, settings: SesSettings, timeout_s: float) -> None:
        patience = Config(
            connect_timeout=timeout_s, read_timeout=timeout_s, retries={"total_max_attempts": 1}
        )
        self._settings, self._timeout_s = settings, timeout_s
        self._client = boto3.client(
            "sesv2",
            region_name=settings.region,
            endpoint_url=settings.endpoint_url,
            config=patience,
        )

    def send(self, mail: EmailMessage, sender: str, to: tuple[str, ...]) -> DeliveryOutcome:
        request: dict[str, object] = {
            "FromEmailAddress": sender,
            "Destination": {"ToAddresses": list(to)},
            "Content": {"Raw": {"Data": mail.as_bytes(policy=SMTP)}},
        }
        if self._settings.configuration_set is not None:
            request["ConfigurationSetName"] = self._settings.configuration_set
        host = urlsplit(self._client.meta.endpoint_url).hostname or ""
        try:
            addresses_of(host, 443, self._timeout_s)  # boto3 does it again, without a limit
        except (OSError, UnicodeError) as error:
            return TryAgain(f"{host}: {error}")
        try:
            answer = self._client.send_email(**request)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            return NotWanted(str(error)) if code in _SES_FINAL else TryAgain(str(error))
        except BotoCoreError as error:
            return TryAgain(str(error))
        return Acknowledged(str(answer.get("MessageId", "")))


def _own_name(time_s: float) -> str:
    """By which a mail server is greeted; where our own is not to be found out, as smtplib does."""
    try:
        found = answered_within(min(time_s, _OWN_NAME_S), socket.getfqdn, "looking up our own name")
    except OSError:
        found = ""
    return found if "." in found else "[127.0.0.1]"


def _leave(server: smtplib.SMTP) -> None:
    """The mail is theirs; whether they say goodbye changes nothing."""
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        if isinstance(server.sock, socket.socket):
            server.close()


def _all_refused(error: smtplib.SMTPRecipientsRefused) -> DeliveryOutcome:
    """Final if each was refused for good."""
    said = {name: (code, words) for name, (code, words) in error.recipients.items()}
    listed = ", ".join(f"{name}: {code} {_text(words)}" for name, (code, words) in said.items())
    final = all(500 <= code < 600 for code, _ in said.values())
    return NotWanted(listed) if final else TryAgain(listed)


def _refused(error: smtplib.SMTPResponseException) -> DeliveryOutcome:
    """5xx about the mail is final; about the connection, before any mail, it is not."""
    words = f"{error.smtp_code} {_words(error)}"
    about_mail = isinstance(error, smtplib.SMTPDataError | smtplib.SMTPSenderRefused)
    if about_mail and 500 <= error.smtp_code < 600:
        return NotWanted(words)
    return TryAgain(words)


def _words(error: smtplib.SMTPResponseException) -> str:
    return _text(error.smtp_error)


def _text(words: object) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return " ".join(text.split())[:200]
