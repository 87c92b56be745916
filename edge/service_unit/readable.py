"""Who may read a file, by owner, group and mode; and what the unit's sandbox hides.

SHELL. Called before a unit is written, so that the service does not find out at its start. Access
lists are not looked at: a file that only one of them opens is taken for closed.
"""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108  # named, not used
"""What `ProtectHome=` and `PrivateTmp=` take away."""


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """Whose rights the service has; of a user that systemd makes up at the start, nobody's."""

    uid: int | None = None
    groups: frozenset[int] = frozenset()


def service_user(name: str) -> ServiceUser:
    """The system's user of that name, else the one that systemd will make up."""
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return ServiceUser()
    groups = os.getgrouplist(name, found.pw_gid)
    return ServiceUser(found.pw_uid, frozenset(groups))


def may_read(user: ServiceUser, path: Path) -> bool:
    """Whether `user` can open `path`, through every folder on the way; raises `OSError`."""
    real = path.resolve(strict=True)
    return all(_has(user, one, stat.S_IXOTH) for one in real.parents) and _has(
        user, real, stat.S_IROTH
    )


def hidden(path: Path) -> Path | None:
    """The folder of `HIDDEN` that `path`, or what it leads to, is in."""
    return next(
        (
            folder
            for folder in HIDDEN
            if path.is_relative_to(folder) or path.resolve().is_relative_to(folder)
        ),
        None,
    )


def _has(user: ServiceUser, path: Path, right: int) -> bool:
    """`right` as for others; owner and group have it three and six bits up."""
    found = path.stat()
    if user.uid is not None and found.st_uid == user.uid:
        return bool(found.st_mode & right << 6)
    if found.st_gid in user.groups:
        return bool(found.st_mode & right << 3)
    return bool(found.st_mode & right)
