"""The unit is written, enabled and started, or stopped and taken away.

SHELL. Doing either twice changes nothing the second time. A unit that a person wrote or edited is
neither overwritten nor removed unless that is asked for, and then set aside beside it.
"""

from __future__ import annotations

import difflib
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from edge.service_unit.unit import UnitOrigin, origin
from service.durable import sync_folder, write_durably

UNIT = "stillwatch-edge.service"
FOLDER = Path("/etc/systemd/system")
SHIPPED = Path(__file__).with_name(UNIT)
RUNNING_SYSTEMD = Path("/run/systemd/system")
"""There where systemd is the first process (sd_booted)."""
_START_S = 300.0
"""More than the unit's TimeoutStartSec."""


class InstallationFailed(Exception):
    """Not done, or not all of it; the text says what, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Present:
    """What is at the unit's place."""

    origin: UnitOrigin | None
    text: str = ""


def require_systemd(user: int, running: Path = RUNNING_SYSTEMD) -> None:
    """Raises `InstallationFailed` unless `user` is root on a system that systemd runs."""
    if not running.is_dir():
        raise InstallationFailed(
            f"systemd does not run here (there is no {running}): use the container images, or "
            "--dry-run for the unit alone"
        )
    if user != 0:
        raise InstallationFailed("only root installs a service: call it with sudo")


def present(folder: Path) -> Present:
    """Raises `InstallationFailed` for what nobody can set aside as a unit."""
    path = folder / UNIT
    if path.is_symlink():
        return Present(UnitOrigin.FOREIGN, f"-> {path.readlink()}\n")
    try:
        text = path.read_bytes().decode("utf-8", "backslashreplace")
    except FileNotFoundError:
        return Present(None)
    except OSError as error:
        raise InstallationFailed(f"{path} cannot be read: {error.strerror}") from error
    return Present(origin(text, SHIPPED.read_text(encoding="utf-8")), text)


def refuse_edited(found: Present, unit: str, folder: Path) -> None:
    """Raises `InstallationFailed`, with what would be lost, for a unit that a person made."""
    if found.origin in (None, UnitOrigin.OURS, UnitOrigin.SHIPPED):
        return
    changes = difflib.unified_diff(
        unit.splitlines(), found.text.splitlines(), "ours", "there", lineterm="", n=0
    )
    raise InstallationFailed(
        "\n".join([
            f"{folder / UNIT} was written or edited by somebody: put the changes into a drop-in "
            "(systemctl edit stillwatch-edge), then call this with --force, which sets it aside",
            *changes,
        ])
    )  # fmt: skip


def install(unit: str, force: bool, folder: Path = FOLDER) -> Iterator[str]:
    """Writes the unit if it differs, enables and starts it; yields each step when it is done.

    Raises `InstallationFailed`; what was done before stays done, and the same call goes on.
    """
    found, changed = present(folder), False
    if found.text != unit or found.origin is not UnitOrigin.OURS:
        if not force:
            refuse_edited(found, unit, folder)
        yield from _set_aside(found, folder)
        _try(lambda: write_durably(folder / UNIT, unit.encode(), 0o644), f"write {folder / UNIT}")
        changed = True
        yield f"wrote {folder / UNIT}"
    else:
        yield f"{folder / UNIT} is as it should be"
    _systemctl("daemon-reload")
    _systemctl("enable", "--quiet", UNIT)
    yield "enabled: it starts with the machine"
    running = _asks("is-active", "--quiet", UNIT)
    if running and not changed:
        yield "it runs already"
        return
    _systemctl("restart" if running else "start", UNIT)
    yield "restarted with the new unit" if running else "started"


def uninstall(unit: str, force: bool, folder: Path = FOLDER) -> Iterator[str]:
    """Stops and disables the service and removes its unit; raises `InstallationFailed`."""
    found = present(folder)
    if found.origin is None:
        yield f"there is no {folder / UNIT}"
        return
    if not force:
        refuse_edited(found, unit, folder)
    _systemctl("disable", "--quiet", "--now", UNIT)
    yield "stopped and disabled"
    yield from _set_aside(found, folder)
    _try(lambda: _removed(folder), f"remove {folder / UNIT}")
    _systemctl("daemon-reload")
    _asks("reset-failed", UNIT)
    yield f"removed {folder / UNIT}"


def _set_aside(found: Present, folder: Path) -> Iterator[str]:
    """Renames what a person made, and says to what."""
    path = folder / UNIT
    if found.origin in (None, UnitOrigin.OURS, UnitOrigin.SHIPPED):
        return
    free = next(
        one for n in count(1) if not os.path.lexists(one := path.with_name(f"{UNIT}.before-{n}"))
    )
    _try(lambda: path.rename(free), f"set aside {path}")
    yield f"set aside what was there: {free}"


def _removed(folder: Path) -> None:
    (folder / UNIT).unlink(missing_ok=True)
    sync_folder(folder)


def _try(action: Callable[[], object], what: str) -> None:
    try:
        action()
    except OSError as error:
        raise InstallationFailed(f"could not {what}: {error.strerror}") from error


def _systemctl(*arguments: str) -> None:
    """Raises `InstallationFailed` with what systemd says."""
    done = _called(*arguments)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise InstallationFailed(
            f"systemctl {' '.join(arguments)} failed: {said}\n"
            f"what the service said: journalctl -u {UNIT} -n 50"
        )


def _asks(*arguments: str) -> bool:
    return _called(*arguments).returncode == 0


def _called(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["systemctl", *arguments], check=False, capture_output=True, text=True, timeout=_START_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallationFailed(f"systemctl {' '.join(arguments)}: {error}") from error
