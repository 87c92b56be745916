"""Static things as rows of a database, and back.

PURE. A look is kept as its grey picture, from which its field follows; a row that makes no sense
gives None. Called by `store`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime
from typing import get_args

import numpy as np

from contract.ids import CameraId, ReportId
from contract.labels import Group
from edge.records import Box
from edge.static_objects.appearance import PATCH_PX, Appearance, of_patch
from edge.static_objects.records import Asked, Thing

Row = tuple[object, ...]

TABLES = """
CREATE TABLE things (
    camera        TEXT NOT NULL,
    id            TEXT NOT NULL,
    kind          TEXT NOT NULL,
    label         TEXT NOT NULL,
    box           TEXT NOT NULL,
    looks         BLOB NOT NULL,
    first_seen_at TEXT NOT NULL,
    last_seen_at  TEXT NOT NULL,
    hits          INTEGER NOT NULL,
    stirs         INTEGER NOT NULL,
    static        INTEGER NOT NULL,
    refuted       INTEGER NOT NULL,
    told          TEXT NOT NULL,
    withheld      INTEGER NOT NULL,
    PRIMARY KEY (camera, id)
) WITHOUT ROWID;
CREATE TABLE asked (
    report_id TEXT PRIMARY KEY,
    camera    TEXT NOT NULL,
    kind      TEXT NOT NULL,
    label     TEXT NOT NULL,
    box       TEXT NOT NULL,
    look      BLOB NOT NULL,
    at        TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE answers (
    report_id TEXT PRIMARY KEY,
    camera    TEXT NOT NULL,
    refuted   INTEGER NOT NULL
) WITHOUT ROWID;
"""
"""`box` is a JSON list of shares 0..1, `told` one of rule ids; `looks` are pictures of
`PATCH_PX` x `PATCH_PX` grey bytes, one after the other."""

THINGS_OF_ALL = """
SELECT id, kind, label, box, looks, first_seen_at, last_seen_at, hits, stirs, static, refuted, told,
    withheld, camera
FROM things ORDER BY last_seen_at, camera, id
"""
THINGS_OF_ONE = """
SELECT id, kind, label, box, looks, first_seen_at, last_seen_at, hits, stirs, static, refuted, told,
    withheld
FROM things WHERE camera = ? ORDER BY last_seen_at, id
"""
ASKED_OF_ONE = """
SELECT report_id, kind, label, box, look, at FROM asked WHERE camera = ? ORDER BY at, report_id
"""
IDS_OF_ONE = "SELECT id FROM things WHERE camera = ?"
KEEP_THING = "INSERT OR REPLACE INTO things VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
KEEP_ASKED = "INSERT OR REPLACE INTO asked VALUES (?, ?, ?, ?, ?, ?, ?)"
REMOVE_ASKED = ("DELETE FROM asked WHERE camera = ?", "DELETE FROM answers WHERE camera = ?")


def row_of(camera: CameraId, thing: Thing) -> Row:
    """As in `records`, the camera first."""
    return (
        camera,
        thing.id,
        thing.group,
        thing.label,
        json.dumps(thing.box),
        b"".join(look.patch.tobytes() for look in thing.looks),
        thing.first_seen_at.isoformat(),
        thing.last_seen_at.isoformat(),
        thing.hits,
        thing.stirs,
        int(thing.static),
        thing.refuted,
        json.dumps(thing.told),
        thing.withheld,
    )


def asked_row_of(camera: CameraId, asked: Asked) -> Row:
    """As in `asked`."""
    box, look, at = json.dumps(asked.box), asked.look.patch.tobytes(), asked.at.isoformat()
    return (asked.report_id, camera, asked.group, asked.label, box, look, at)


_UNREADABLE = (ValueError, TypeError, IndexError, OverflowError, RecursionError)
"""What a damaged row raises; the last two, numbers beyond any float and JSON too deep."""


def thing_of(row: Sequence[object], since_s: float) -> Thing | None:
    """From `THINGS_OF_ONE`; one that was only told of is watched anew from `since_s` on."""
    try:
        looks = _looks(row[4])
        thing = Thing(
            id=str(row[0]),
            group=_group(row[1]),
            label=str(row[2]),
            box=_box(row[3]),
            looks=looks,
            first_seen_at=_moment(row[5]),
            last_seen_at=_moment(row[6]),
            hits=_count(row[7]),
            stirs=_count(row[8]),
            static=bool(row[9]),
            refuted=_count(row[10]),
            told=tuple(str(rule) for rule in json.loads(str(row[11]))),
            withheld=_count(row[12]),
            since_s=since_s,
        )
    except _UNREADABLE:
        return None
    return thing if looks else None


def asked_of(row: Sequence[object]) -> Asked | None:
    """From `ASKED_OF_ONE`."""
    try:
        looks = _looks(row[4])
        return Asked(
            report_id=ReportId(str(row[0])),
            group=_group(row[1]),
            label=str(row[2]),
            box=_box(row[3]),
            look=looks[0],
            at=_moment(row[5]),
        )
    except _UNREADABLE:
        return None


def _looks(kept: object) -> tuple[Appearance, ...]:
    if not isinstance(kept, bytes):
        raise TypeError("looks are no bytes")
    patches = np.frombuffer(kept, np.uint8).reshape(-1, PATCH_PX, PATCH_PX)
    looks = (of_patch(patch) for patch in patches)
    return tuple(look for look in looks if look is not None)


def _box(kept: object) -> Box:
    x0, y0, x1, y1 = (float(value) for value in json.loads(str(kept)))
    if not (-math.inf < x0 < x1 < math.inf and -math.inf < y0 < y1 < math.inf):
        raise ValueError(f"box {kept} is empty, or without end")
    return x0, y0, x1, y1


def _group(kept: object) -> Group:
    groups: tuple[Group, ...] = get_args(Group)
    return next(group for group in groups if group == kept) if kept in groups else "other"


def _moment(kept: object) -> datetime:
    at = datetime.fromisoformat(str(kept))
    if at.tzinfo is None:
        raise ValueError(f"{kept} has no time zone")
    return at


def _count(kept: object) -> int:
    if not isinstance(kept, int) or kept < 0:
        raise ValueError(f"{kept!r} is no count")
    return kept
