"""Static objects as rows of a database, and back.

PURE. An appearance is kept as its grey picture, from which its field follows; a row that makes no
sense gives None. Called by `store`.
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
from edge.static_objects.appearance import PATCH_PX, Appearance, of_patch
from edge.static_objects.records import PendingQuery, StaticObject
from imaging.polygons import Box

SqlRow = tuple[object, ...]

TABLES = """
CREATE TABLE objects (
    camera        TEXT NOT NULL,
    id            TEXT NOT NULL,
    kind          TEXT NOT NULL,
    label         TEXT NOT NULL,
    box           TEXT NOT NULL,
    appearances   BLOB NOT NULL,
    first_seen_at TEXT NOT NULL,
    last_seen_at  TEXT NOT NULL,
    hits          INTEGER NOT NULL,
    motion_hits   INTEGER NOT NULL,
    static        INTEGER NOT NULL,
    refuted       INTEGER NOT NULL,
    reported_by   TEXT NOT NULL,
    suppressed    INTEGER NOT NULL,
    refuted_reports TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (camera, id)
) WITHOUT ROWID;
CREATE TABLE queries (
    report_id  TEXT PRIMARY KEY,
    camera     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    label      TEXT NOT NULL,
    box        TEXT NOT NULL,
    appearance BLOB NOT NULL,
    at         TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE verdicts (
    report_id TEXT PRIMARY KEY,
    camera    TEXT NOT NULL,
    refuted   INTEGER NOT NULL
) WITHOUT ROWID;
"""
"""`box` is a JSON list of shares 0..1, `reported_by` one of rule ids, `refuted_reports` of report
ids; `appearances` are pictures of `PATCH_PX` x `PATCH_PX` grey bytes, one after the other."""

REPORTS_OF_REFUTED = "ALTER TABLE objects ADD COLUMN refuted_reports TEXT NOT NULL DEFAULT '[]'"
"""What a file of version 1 lacks."""

REAL = -1
"""`refuted` of a verdict, beside 0 and 1: a person calls real what the report was about."""

OBJECTS_OF_ALL = """
SELECT id, kind, label, box, appearances, first_seen_at, last_seen_at, hits, motion_hits, static,
    refuted, reported_by, suppressed, refuted_reports, camera
FROM objects ORDER BY last_seen_at, camera, id
"""
OBJECTS_OF_ONE = """
SELECT id, kind, label, box, appearances, first_seen_at, last_seen_at, hits, motion_hits, static,
    refuted, reported_by, suppressed, refuted_reports
FROM objects WHERE camera = ? ORDER BY last_seen_at, id
"""
QUERIES_OF_ONE = """
SELECT report_id, kind, label, box, appearance, at
FROM queries WHERE camera = ? ORDER BY at, report_id
"""
IDS_OF_ONE = "SELECT id FROM objects WHERE camera = ?"
KEEP_OBJECT = "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
KEEP_QUERY = "INSERT OR REPLACE INTO queries VALUES (?, ?, ?, ?, ?, ?, ?)"
REMOVE_QUERIES = ("DELETE FROM queries WHERE camera = ?", "DELETE FROM verdicts WHERE camera = ?")


def row_of(camera: CameraId, obj: StaticObject) -> SqlRow:
    """As in `records`, the camera first."""
    return (
        camera,
        obj.id,
        obj.group,
        obj.label,
        json.dumps(obj.box),
        b"".join(appearance.patch.tobytes() for appearance in obj.appearances),
        obj.first_seen_at.isoformat(),
        obj.last_seen_at.isoformat(),
        obj.hits,
        obj.motion_hits,
        int(obj.static),
        obj.refuted,
        json.dumps(obj.reported_by),
        obj.suppressed,
        json.dumps(obj.refuted_reports),
    )


def query_row_of(camera: CameraId, query: PendingQuery) -> SqlRow:
    """As in `queries`."""
    box, appearance, at = (
        json.dumps(query.box),
        query.appearance.patch.tobytes(),
        query.at.isoformat(),
    )
    return (query.report_id, camera, query.group, query.label, box, appearance, at)


_UNREADABLE = (ValueError, TypeError, IndexError, OverflowError, RecursionError)
"""What a damaged row raises; the last two, numbers beyond any float and JSON too deep."""


def object_of(row: Sequence[object], since_s: float) -> StaticObject | None:
    """From `OBJECTS_OF_ONE`; one that was only reported is watched anew from `since_s` on."""
    try:
        appearances = _appearances(row[4])
        obj = StaticObject(
            id=str(row[0]),
            group=_group(row[1]),
            label=str(row[2]),
            box=_box(row[3]),
            appearances=appearances,
            first_seen_at=_moment(row[5]),
            last_seen_at=_moment(row[6]),
            hits=_count(row[7]),
            motion_hits=_count(row[8]),
            static=bool(row[9]),
            refuted=_count(row[10]),
            reported_by=tuple(str(rule) for rule in json.loads(str(row[11]))),
            suppressed=_count(row[12]),
            refuted_reports=tuple(ReportId(str(one)) for one in json.loads(str(row[13]))),
            since_s=since_s,
        )
    except _UNREADABLE:
        return None
    return obj if appearances else None


def query_of(row: Sequence[object]) -> PendingQuery | None:
    """From `QUERIES_OF_ONE`."""
    try:
        appearances = _appearances(row[4])
        return PendingQuery(
            report_id=ReportId(str(row[0])),
            group=_group(row[1]),
            label=str(row[2]),
            box=_box(row[3]),
            appearance=appearances[0],
            at=_moment(row[5]),
        )
    except _UNREADABLE:
        return None


def _appearances(kept: object) -> tuple[Appearance, ...]:
    if not isinstance(kept, bytes):
        raise TypeError("looks are no bytes")
    patches = np.frombuffer(kept, np.uint8).reshape(-1, PATCH_PX, PATCH_PX)
    appearances = (of_patch(patch) for patch in patches)
    return tuple(appearance for appearance in appearances if appearance is not None)


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
