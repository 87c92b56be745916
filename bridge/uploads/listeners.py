"""The servers that cameras upload to, started where the configuration has such cameras.

SHELL. Raises `BridgeConfigError` for a port, a certificate or a password's file that cannot
be used.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from bridge.address import parse_address
from bridge.config import BridgeConfig, BridgeConfigError, password_of
from bridge.uploads.certificate import upload_tls
from bridge.uploads.ftp import FtpAccount, FtpLimits, FtpServer
from bridge.uploads.smtp import MailAccount, SmtpServer
from bridge.uploads.upload_queue import UploadQueue
from contract.ids import CameraId

STOP_S = 2.0


class Listeners:
    """FTP and SMTP, as far as needed."""

    def __init__(self, config: BridgeConfig, upload_queues: Mapping[CameraId, UploadQueue]) -> None:
        self._ftp: FtpServer | None = None
        self._smtp: SmtpServer | None = None
        self._thread: threading.Thread | None = None
        users: dict[str, FtpAccount] = {}
        boxes: dict[str, MailAccount] = {}
        for camera, queue in upload_queues.items():
            settings = config.cameras[camera]
            try:
                password = password_of(settings) or ""
            except OSError as error:
                raise BridgeConfigError(f"cameras.{camera}.password_file: {error}") from error
            if parse_address(settings.source) == "ftp-upload":
                users[settings.username or ""] = FtpAccount(
                    camera=camera, password=password, queue=queue
                )
            else:
                boxes[camera] = MailAccount(
                    camera=camera, queue=queue, username=settings.username, password=password
                )
        self._make(config, users, boxes)

    def _make(
        self,
        config: BridgeConfig,
        users: Mapping[str, FtpAccount],
        boxes: Mapping[str, MailAccount],
    ) -> None:
        uploads, max_bytes = config.uploads, config.limits.max_bytes
        tls = upload_tls(uploads) if users or boxes else None
        try:
            if users:
                limits = FtpLimits(
                    max_bytes=max_bytes,
                    max_connections=uploads.max_connections,
                    idle_s=uploads.idle_s,
                )
                self._ftp = FtpServer(
                    (uploads.host, uploads.ftp_port),
                    uploads.ftp_passive_ports,
                    uploads.ftp_public_host,
                    users,
                    limits,
                    tls,
                )
            if boxes:
                address = (uploads.host, uploads.smtp_port)
                self._smtp = SmtpServer(address, boxes, max_bytes, uploads.idle_s, tls)
                self._smtp.start()
        except OSError as error:
            raise BridgeConfigError(f"uploads: cannot listen: {error}") from error

    def start(self, stopping: threading.Event) -> None:
        if self._ftp is not None:
            run = self._ftp.run
            self._thread = threading.Thread(target=run, args=(stopping,), name="ftp", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """After `stopping` was set."""
        if self._thread is not None:
            self._thread.join(STOP_S)
        if self._smtp is not None:
            self._smtp.stop()
