"""A mail server that takes, refuses and keeps what comes."""

from __future__ import annotations

import email
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope

from service.link import TlsFiles
from tests.links import PATIENCE_S
from tests.processes import HOST, free_port

PICTURE = b"\xff\xd8 a picture \xff\xd9"
SENDER = "watch@example.org"


@dataclass
class MailServer:
    """What aiosmtpd took; `answer` is what it says after the data, to each recipient before."""

    answer: str = "250 taken"
    refuses: dict[str, str] = field(default_factory=dict)
    came: queue.Queue[EmailMessage] = field(default_factory=queue.Queue)
    port: int = 0

    async def handle_RCPT(  # noqa: N802, aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        self.came.put(message)
        return self.answer

    def next(self) -> EmailMessage:
        return self.came.get(timeout=PATIENCE_S)


@contextmanager
def mail_server(
    server: MailServer, tls: TlsFiles | None = None, password: str | None = None
) -> Iterator[MailServer]:
    """Listens; with `tls` it offers STARTTLS and requires it, with `password` a login."""
    context = None
    if tls is not None:
        assert tls.cert_file is not None
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.cert_file, tls.key_file)

    def let_in(_server: Any, _session: Any, _envelope: Any, _kind: Any, said: Any) -> AuthResult:
        return AuthResult(success=said.password.decode() == password, handled=False)

    server.port = free_port()
    controller = Controller(
        server,
        hostname=HOST,
        port=server.port,
        tls_context=context,
        require_starttls=context is not None,
        authenticator=let_in if password else None,
        auth_required=password is not None,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
