"""The bridge's servers for uploads, with TLS, and clients that check its certificate."""

from __future__ import annotations

import ftplib
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from bridge.config import BridgeConfig
from bridge.uploads.listeners import Listeners
from bridge.uploads.upload_queue import UploadQueue
from contract.ids import CameraId
from service.link import TlsFiles
from tests.cameras import jpeg
from tests.processes import HOST, free_port, ports_with_twins

PORCH, SHED = CameraId("porch"), CameraId("shed")


@dataclass
class Site:
    """Listeners that are up, and what a camera trusts."""

    ftp_port: int
    smtp_port: int
    queues: dict[CameraId, UploadQueue]
    ftps_port: int
    smtps_port: int
    trust: ssl.SSLContext

    @contextmanager
    def ftps(self) -> Iterator[ftplib.FTP_TLS]:
        with ftplib.FTP_TLS(context=self.trust, timeout=10) as client:  # noqa: S321, over TLS
            client.connect(HOST, self.ftp_port)
            yield client

    @contextmanager
    def smtp(self) -> Iterator[smtplib.SMTP]:
        with smtplib.SMTP(HOST, self.smtp_port, timeout=10) as client:
            yield client


def config(folder: Path, **tls: object) -> BridgeConfig:
    (folder / "password").write_text("s3cret\n")
    secret = str(folder / "password")
    [first] = ports_with_twins(1, 1)
    uploads = {
        "host": HOST,
        "ftp_port": free_port(),
        "smtp_port": free_port(),
        "ftp_passive_ports": [first, first + 1],
        **tls,
    }
    cameras = {
        "porch": {"source": "ftp-upload", "username": "p", "password_file": secret},
        "shed": {"source": "smtp-upload", "username": "s", "password_file": secret},
    }
    return BridgeConfig.model_validate({"uploads": uploads, "cameras": cameras})


@contextmanager
def site(folder: Path, files: TlsFiles, require: bool, idle_s: float = 60) -> Iterator[Site]:
    ftps, smtps = free_port(), free_port()
    found = config(
        folder,
        cert_file=files.cert_file,
        key_file=files.key_file,
        require_tls=require,
        ftps_port=ftps,
        smtps_port=smtps,
        idle_s=idle_s,
    )
    queues, stopping = {PORCH: UploadQueue(), SHED: UploadQueue()}, threading.Event()
    listeners = Listeners(found, queues)
    listeners.start(stopping)
    trust = ssl.create_default_context(cafile=files.ca_file)
    try:
        yield Site(found.uploads.ftp_port, found.uploads.smtp_port, queues, ftps, smtps, trust)
    finally:
        stopping.set()
        listeners.stop()


class ImplicitFtp(ftplib.FTP_TLS):
    """Encrypted before the first word, as cameras speak at port 990."""

    def connect_encrypted(self, port: int) -> None:
        plain = socket.create_connection((HOST, port), 10)
        self.host, self.af = HOST, plain.family
        self.sock = self.context.wrap_socket(plain, server_hostname=HOST)
        self.file = self.sock.makefile("r", encoding="utf-8")
        self.welcome = self.getresp()


def mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "cam@x", "shed@bridge", "Motion"
    message.set_content("Motion detected")
    message.add_attachment(jpeg(2), maintype="image", subtype="jpeg", filename="a.jpg")
    return message
