"""Who was not let in to upload, said in the log: most often a camera with a wrong password.

SHELL (logs). Names are strangers' words, so they are kept short, and all who are nobody's camera
are limited together. Called by `ftp` and `smtp`.
"""

from __future__ import annotations

from bridge.fault import FaultReason
from contract.ids import CameraId
from service.events import Event, log

UNKNOWN = CameraId("_unknown")
"""Under this name is said what belongs to no camera."""

_SHOWN = 80


def log_refused_login(protocol: str, username: str, camera: CameraId | None) -> None:
    """`camera` is the one that has the user, None if none has."""
    who = f"{protocol} login as {username[:_SHOWN]!r}"
    if camera is None:
        _log(UNKNOWN, f"{who}, a user that no camera has")
    else:
        _log(camera, f"{who} with another password than in password_file")


def log_unknown_address(address: str) -> None:
    """A mail for no camera of ours."""
    words = f"a mail for {address[:_SHOWN]!r}: before the @ a camera of smtp-upload is named"
    _log(UNKNOWN, words)


def log_missing_login(camera: CameraId) -> None:
    """A mail from somebody who did not log in as the camera's user."""
    _log(camera, "a mail without a login as the camera's username")


def log_too_many_connections(protocol: str, host: str) -> None:
    """Somebody who has as many connections open as one may, or comes when all are taken."""
    _log(UNKNOWN, f"{protocol}: {host} has, or all have, too many connections (max_connections)")


def _log(camera: CameraId, detail: str) -> None:
    log(Event.UPLOAD_REFUSED, camera=camera, reason=FaultReason.REFUSED.value, detail=detail)
