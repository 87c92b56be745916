"""The servers that cameras upload to, started where the configuration has such cameras.

SHELL. Raises `BridgeConfigError` for a port, a certificate or a password's file that cannot
be used. Called by `bridge.process`, and `accounts_of` by `check-config` too.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.camera_files import password_fault, password_of
from bridge.config import BridgeConfig, BridgeConfigError
from bridge.uploads.certificate import UploadTls, upload_tls
from bridge.uploads.ftp import FtpAccount, FtpDataPorts, FtpServer
from bridge.uploads.smtp import MailAccount, SmtpServer
from bridge.uploads.upload_queue import UploadLimits, UploadQueue
from contract.ids import CameraId

STOP_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadAccounts:
    """Who may upload: by user over FTP, by camera as mail; `tls` is None without a certificate."""

    ftp: Mapping[str, FtpAccount]
    mail: Mapping[str, MailAccount]
    tls: UploadTls | None


def upload_queues(config: BridgeConfig) -> dict[CameraId, UploadQueue]:
    """An empty queue for each camera that brings its pictures."""
    return {
        CameraId(camera): UploadQueue()
        for camera, settings in config.cameras.items()
        if settings.source in ("ftp-upload", "smtp-upload")
    }


def accounts_of(config: BridgeConfig, queues: Mapping[CameraId, UploadQueue]) -> UploadAccounts:
    """Reads their passwords and the certificate; raises `BridgeConfigError`."""
    ftp: dict[str, FtpAccount] = {}
    mail: dict[str, MailAccount] = {}
    faults: list[str] = []
    for camera, queue in queues.items():
        settings = config.cameras[camera]
        try:
            password, user = password_of(settings) or "", settings.username
        except OSError as error:
            faults.append(password_fault(camera, error))
            continue
        if settings.source == "ftp-upload":
            ftp[user or ""] = FtpAccount(camera=camera, password=password, queue=queue)
        else:
            mail[camera] = MailAccount(camera=camera, queue=queue, username=user, password=password)
    if faults:
        raise BridgeConfigError("\n".join(faults))
    return UploadAccounts(ftp=ftp, mail=mail, tls=upload_tls(config.uploads) if queues else None)


class Listeners:
    """FTP and SMTP, as far as needed; each once more where TLS is spoken from the first byte."""

    def __init__(self, config: BridgeConfig, queues: Mapping[CameraId, UploadQueue]) -> None:
        self._ftp: list[FtpServer] = []
        self._smtp: list[SmtpServer] = []
        self._threads: list[threading.Thread] = []
        accounts = accounts_of(config, queues)
        try:
            if accounts.ftp:
                self._ftp = _ftp_servers(config, accounts)
            if accounts.mail:
                self._smtp = _smtp_servers(config, accounts)
            for server in self._smtp:
                server.start()
        except OSError as error:
            raise BridgeConfigError(f"uploads: cannot listen: {error}") from error

    def start(self, stopping: threading.Event) -> None:
        for number, server in enumerate(self._ftp):
            thread = threading.Thread(
                target=server.run, args=(stopping,), name=f"ftp-{number}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """After `stopping` was set."""
        for thread in self._threads:
            thread.join(STOP_S)
        for server in self._smtp:
            server.stop()


def _limits(config: BridgeConfig) -> UploadLimits:
    return UploadLimits(
        max_bytes=config.limits.max_bytes,
        max_connections=config.uploads.max_connections,
        idle_s=config.uploads.idle_s,
    )


def _ftp_servers(config: BridgeConfig, accounts: UploadAccounts) -> list[FtpServer]:
    uploads = config.uploads
    first, last = uploads.ftp_passive_ports
    data_ports = FtpDataPorts(first=first, last=last, public_host=uploads.ftp_public_host)
    return [
        FtpServer(
            (uploads.host, port),
            data_ports,
            accounts.ftp,
            _limits(config),
            accounts.tls,
            implicit=port == uploads.ftps_port,
        )
        for port in uploads.ports(ftp=True, mail=False)
    ]


def _smtp_servers(config: BridgeConfig, accounts: UploadAccounts) -> list[SmtpServer]:
    uploads = config.uploads
    return [
        SmtpServer(
            (uploads.host, port),
            accounts.mail,
            _limits(config),
            accounts.tls,
            implicit=port == uploads.smtps_port,
        )
        for port in uploads.ports(ftp=False, mail=True)
    ]
