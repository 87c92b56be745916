"""What the command line sees of the static objects, and how it makes the daemon forget them.

SHELL. Works on the file while the daemon runs: it notices within a second of its camera's next
frame. Called by `edge.cli.static`.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from contract.ids import CameraId
from edge.static_objects.database import FILE, Unusable, connect
from edge.static_objects.records import StaticObject
from edge.static_objects.rows import OBJECTS_OF_ALL, object_of
from service.sqlite import transaction


class StaticError(Exception):
    """The file of static objects cannot be read; the text says why and what to do."""


class NoMemory(Exception):
    """There is no file of static objects; the text says where it was looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An object and the camera that sees it."""

    camera: CameraId
    static_object: StaticObject

    @property
    def id(self) -> str:
        """As `static forget` takes it."""
        return f"{self.camera}/{self.static_object.id}"


def listed(folder: Path, camera: str | None = None) -> tuple[Listed, ...]:
    """All that is remembered, of one camera if it is named, by camera and number.

    Raises `NoMemory` and `StaticError`.
    """
    connection = _open(folder)
    try:
        rows = connection.execute(OBJECTS_OF_ALL).fetchall()
    except sqlite3.Error as error:
        raise StaticError(f"{folder / FILE} cannot be read: {error}") from error
    finally:
        connection.close()
    read = ((CameraId(row[-1]), object_of(row, 0.0)) for row in rows)
    found = (Listed(camera=name, static_object=obj) for name, obj in read if obj is not None)
    chosen = (one for one in found if camera in (None, one.camera))
    return tuple(
        sorted(
            chosen, key=lambda one: (one.camera, len(one.static_object.id), one.static_object.id)
        )
    )


def forget(folder: Path, *, camera: str | None = None, id_: str | None = None) -> int:
    """Forget all objects, those of a camera, or one of a camera; how many there were.

    Raises `NoMemory` and `StaticError`.
    """
    connection = _open(folder)
    try:
        with transaction(connection):
            return connection.execute(
                "DELETE FROM objects WHERE camera = ifnull(?, camera) AND id = ifnull(?, id)",
                (camera, id_),
            ).rowcount
    except sqlite3.Error as error:
        raise StaticError(f"{folder / FILE} cannot be changed: {error}") from error
    finally:
        connection.close()


def _open(folder: Path) -> sqlite3.Connection:
    """A daemon makes the file when it starts, so where none is, none ever ran."""
    file = folder / FILE
    if not file.exists():
        raise NoMemory(
            f"no memory at {file.absolute()}: give the daemon's --config, or run this "
            "in its folder (deliver.outbox.path)"
        )
    try:
        return connect(file)
    except (sqlite3.Error, OSError, Unusable) as error:
        raise StaticError(
            f"{error}: the daemon sets such a file aside when it starts; see deliver.outbox.path"
        ) from error
