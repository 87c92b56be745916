"""Cameras that send stills by mail: aiosmtpd, which relays nothing.

SHELL, threads of aiosmtpd. The part of the address before the @ is the camera's id, and the
pictures in a mail go to its queue: at most `MAX_PICTURES` of them, known by their first bytes;
whatever else is in it is left. A camera that has a user takes mail only from who logged in as it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from bridge.uploads.certificate import UploadTls
from bridge.uploads.refusals import (
    log_missing_login,
    log_refused_login,
    log_unknown_address,
)
from bridge.uploads.smtp_connections import BoundedController, Places
from bridge.uploads.upload_queue import UploadLimits, UploadQueue, looks_like_picture
from contract.ids import CameraId
from service.events import Event, log

MAX_PICTURES = 8
MAX_PARTS = 64
MAX_NESTED = 16
MAX_TEXT_BYTES = 65_536
"""Of all lines that are no base64. Parsing a header takes time by the square of its length."""

_TEXT = re.compile(rb"[:;(\"]")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAccount:
    """A camera's; without a user everybody may send to it."""

    camera: CameraId
    queue: UploadQueue
    username: str | None = None
    password: str = ""


class SmtpServer:
    """Listens from `start` (raises `OSError`) to `stop`."""

    def __init__(
        self,
        address: tuple[str, int],
        mailboxes: Mapping[str, MailAccount],
        limits: UploadLimits,
        tls: UploadTls | None = None,
        implicit: bool = False,
    ) -> None:
        """`implicit`: TLS from the first byte, for which `tls` is needed."""
        starts = None if tls is None or implicit else tls.smtp
        required = tls is not None and tls.required and not implicit
        self._cameras = {box.username: box.camera for box in mailboxes.values() if box.username}
        self._users = {box.username: box.password for box in mailboxes.values() if box.username}
        self._controller = BoundedController(
            _MailHandler(mailboxes, limits.max_bytes),
            Places(limits.max_connections),
            limits.idle_s,
            hostname=address[0],
            port=address[1],
            ident="stillwatch-bridge",
            data_size_limit=2 * limits.max_bytes,
            authenticator=self._authenticate,
            auth_require_tls=required,
            tls_context=starts,
            require_starttls=required,
            ssl_context=tls.smtp if tls is not None and implicit else None,
            server_hostname="stillwatch-bridge",
        )

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        name = data.login.decode("utf-8", "replace")
        known = self._users.get(name, "")
        same = hmac.compare_digest(known.encode(), data.password)
        success = bool(known) and same
        if not success:
            log_refused_login("mail", name, self._cameras.get(name))
        return AuthResult(success=success, handled=False, auth_data=name if success else None)


class _MailHandler:
    """What aiosmtpd asks of a handler."""

    def __init__(self, mailboxes: Mapping[str, MailAccount], max_bytes: int) -> None:
        self._mailboxes = mailboxes
        self._max_bytes = max_bytes

    async def handle_RCPT(  # noqa: N802, aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        box = self._mailboxes.get(address.partition("@")[0].lower())
        if box is None:
            log_unknown_address(address)
            return "550 5.1.1 no such camera"
        if box.username is not None and session.auth_data != box.username:
            log_missing_login(box.camera)
            return "530 5.7.0 log in as the user of this camera"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802, aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        try:
            pictures = list(pictures_in(content, self._max_bytes))
        except (MessageError, ValueError, LookupError, RecursionError, TypeError):
            return "554 5.6.0 the mail cannot be read"
        names = {address.partition("@")[0].lower() for address in envelope.rcpt_tos}
        if not pictures:
            for name in names:
                log(Event.FRAME_REJECTED, camera=name, reason="no_picture", detail="a mail")
            return "554 5.6.1 no JPEG or PNG in it"
        boxes = [self._mailboxes[name] for name in names]
        kept = [box.queue.put(one) for one in pictures for box in boxes]
        return "250 OK" if any(kept) else "452 4.3.1 too many pictures wait"


def pictures_in(mail: bytes, max_bytes: int) -> Iterator[bytes]:
    """The first JPEGs and PNGs among the parts of a mail, each of at most `max_bytes`.

    Raises `ValueError` for one that would take too long to parse.
    """
    text_bytes = sum(len(line) for line in mail.split(b"\n") if _TEXT.search(line))
    nested, parts = mail.lower().count(b"boundary"), mail.count(b"\n--")
    if text_bytes > MAX_TEXT_BYTES or nested > MAX_NESTED or parts > 4 * MAX_PARTS:
        raise ValueError("too much text or too many parts within parts for a camera's mail")
    found = 0
    for number, part in enumerate(message_from_bytes(mail, policy=policy.compat32).walk()):
        if number >= MAX_PARTS or found >= MAX_PICTURES:
            return
        coding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
        data = part.get_payload(decode=True) if coding == "base64" else None
        if isinstance(data, bytes) and len(data) <= max_bytes and looks_like_picture(data):
            found += 1
            yield data
