"""Cameras that upload stills by FTP: pyftpdlib with a file system that is not there.

SHELL, a thread. Each camera has its user; whatever folder it makes or names, a file is kept in
memory, bounded, and goes to the camera's queue if it is a picture. Nothing can be read, listed or
removed, and nothing reaches the disk. Without a certificate it crosses the network in the clear.
"""

from __future__ import annotations

import hmac
import io
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from pyftpdlib.authorizers import AuthenticationFailed, DummyAuthorizer
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from bridge.uploads.certificate import UploadTls
from bridge.uploads.refusals import log_refused_login
from bridge.uploads.upload_queue import UploadLimits, UploadQueue, looks_like_picture
from contract.ids import CameraId
from service.events import Event, log

_RIGHTS = "elmfw"
"""Change, list and make folders, rename and store: cameras do all of that."""
_TICK_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FtpAccount:
    """Who may upload for a camera."""

    camera: CameraId
    password: str
    queue: UploadQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class FtpDataPorts:
    """Where files come in: first and last port, and our address as cameras see it, if it is another
    than the one that they connected to."""

    first: int
    last: int
    public_host: str | None


def _silence() -> None:
    """Strangers' commands and file names are no lines of our log. Without a handler it would set up
    one of its own, and its level."""
    logger = logging.getLogger("pyftpdlib")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = False
    logger.setLevel(logging.CRITICAL)


class FtpServer:
    """Listens when made (raises `OSError`), serves until `stopping`."""

    def __init__(
        self,
        address: tuple[str, int],
        data_ports: FtpDataPorts,
        users: Mapping[str, FtpAccount],
        limits: UploadLimits,
        tls: UploadTls | None = None,
        implicit: bool = False,
    ) -> None:
        """`implicit`: TLS from the first byte, for which `tls` is needed."""
        _silence()
        handler = _handler(users, limits, tls)
        if implicit:
            handler = _implicit(handler)
        handler.passive_ports = range(data_ports.first, data_ports.last + 1)
        handler.masquerade_address = data_ports.public_host
        self._server = FTPServer(address, handler, ioloop=IOLoop())
        self._server.max_cons = limits.max_connections
        self._server.max_cons_per_ip = max(2, limits.max_connections // 4)
        self.port: int = self._server.address[1]

    def run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            self._server.ioloop.loop(_TICK_S, blocking=False)
        self._server.close_all()


class _Upload(io.BytesIO):
    """A file that is being uploaded; `name` is pyftpdlib's."""

    def __init__(self, name: str, max_bytes: int) -> None:
        super().__init__()
        self.name = name
        self._max_bytes = max_bytes
        self.data = b""

    def write(self, chunk: bytes) -> int:  # type: ignore[override]  # bytes are all that comes
        if self.tell() + len(chunk) > self._max_bytes:
            raise OSError(27, "File too large")
        return super().write(chunk)

    def close(self) -> None:
        if not self.closed:
            self.data = self.getvalue()
        super().close()


class _Nowhere(AbstractedFS):  # type: ignore[misc]  # pyftpdlib has no types
    """Takes every folder and every new file; holds none."""

    max_bytes = 0

    def __init__(self, root: str, cmd_channel: object) -> None:
        super().__init__(root, cmd_channel)
        self.upload: _Upload | None = None

    def open(self, filename: str, mode: str) -> _Upload:
        if mode != "wb":
            raise PermissionError(1, "Only whole new files are taken")
        self.upload = _Upload(filename, self.max_bytes)
        return self.upload

    def validpath(self, _path: str) -> bool:
        return True

    def realpath(self, path: str) -> str:
        return path

    def chdir(self, path: str) -> None:
        self.cwd = self.fs2ftp(path)

    def mkdir(self, _path: str) -> None:
        return

    def rename(self, _src: str, _dst: str) -> None:
        return

    def listdir(self, _path: str) -> list[str]:
        return []

    def isfile(self, _path: str) -> bool:
        return False

    def isdir(self, _path: str) -> bool:
        return True

    def lexists(self, _path: str) -> bool:
        return True

    def mkstemp(self, *_args: object, **_named: object) -> None:
        raise PermissionError(1, "Name the file")

    def _denied(self, *_args: object) -> None:
        raise PermissionError(1, "Nothing is kept here")

    stat = lstat = readlink = getsize = getmtime = utime = chmod = remove = rmdir = _denied


class _Users(DummyAuthorizer):  # type: ignore[misc]  # pyftpdlib has no types
    """Compares in constant time; everybody's home is `/`, of which nothing is ever opened."""

    def validate_authentication(self, username: str, password: str, _handler: object) -> None:
        known = self.user_table.get(username, {}).get("pwd", "")
        same = hmac.compare_digest(known.encode(), password.encode())
        if not (known and same):
            raise AuthenticationFailed("Authentication failed.")


def _handler(
    users: Mapping[str, FtpAccount], limits: UploadLimits, tls: UploadTls | None
) -> type[FTPHandler]:
    authorizer = _Users()
    for name, user in users.items():
        authorizer.add_user(name, user.password, "/", perm=_RIGHTS)

    class FileSystem(_Nowhere):
        max_bytes = limits.max_bytes

    base = FTPHandler if tls is None else TLS_FTPHandler

    class Handler(base):  # type: ignore[misc, valid-type]  # pyftpdlib has no types
        def on_file_received(self, _file: str) -> None:
            upload, self.fs.upload = self.fs.upload, None
            user = users.get(self.username)
            if upload is not None and user is not None:
                _hand_over(user, upload.data)

        def on_login_failed(self, username: str, _password: str) -> None:
            user = users.get(username)
            log_refused_login("FTP", username, None if user is None else user.camera)

    Handler.authorizer = authorizer
    Handler.abstracted_fs = FileSystem
    Handler.banner = "ready"
    Handler.timeout = limits.idle_s
    Handler.max_login_attempts = 3
    Handler.use_sendfile = False
    if tls is not None:
        Handler.ssl_context = tls.ftp
        Handler.tls_control_required = Handler.tls_data_required = tls.required
    return Handler


def _implicit(base: type[TLS_FTPHandler]) -> type[TLS_FTPHandler]:
    """Encrypted before the first word, and data too unless the camera asks for the contrary."""

    class Handler(base):  # type: ignore[misc]  # pyftpdlib has no types
        def handle(self) -> None:
            self.secure_connection(self.ssl_context)
            self._prot = True
            super().handle()

        def flush_account(self) -> None:
            super().flush_account()
            self._prot = True

    return Handler


def _hand_over(user: FtpAccount, data: bytes) -> None:
    if not looks_like_picture(data):
        refused = "no_picture"
    elif not user.queue.put(data):
        refused = "queue_full"
    else:
        return
    log(
        Event.FRAME_REJECTED, camera=user.camera, reason=refused, detail=f"{len(data)} bytes by FTP"
    )
