"""Keeps the memory of static objects over restarts, and brings it news from outside.

SHELL. Each camera's memory belongs to its analysis thread, which hands it over after a frame and
gets it back: without what somebody forgot by the command line, and with what the cloud has refuted.
Answers come on the uplink's network thread. A disk that takes nothing keeps nobody from watching.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from contract.ids import CameraId, ReportId
from contract.operator_outcome import OperatorOutcome
from contract.verdict import Verdict
from edge.static_objects.database import FILE, Unusable, distrust, open_database
from edge.static_objects.memory import forget
from edge.static_objects.records import Memory
from edge.static_objects.rows import (
    IDS_OF_ONE,
    KEEP_OBJECT,
    KEEP_QUERY,
    OBJECTS_OF_ONE,
    QUERIES_OF_ONE,
    REAL,
    REMOVE_QUERIES,
    object_of,
    query_of,
    query_row_of,
    row_of,
)
from edge.static_objects.verdict_feedback import refute, restore
from service.clock import Clock
from service.events import Event, log
from service.sqlite import tells_damage, transaction

LOOK_S = 1.0
"""How often a camera's news is looked for; a person who forgets an object waits no longer."""

SAVE_S = 3600.0
"""How often mere counts and times are written: a memory card does not like more. What a kill takes
of them is an hour of counting; what became static, was reported or refuted is written at once."""

RETRY_S = 60.0
"""How often a disk that had no file for us is tried again."""


@dataclass(slots=True)
class _CameraOnDisk:
    """What of one camera is on disk, and when it was looked at and written (monotonic s)."""

    ids: frozenset[str] = frozenset()
    shapes: Mapping[str, object] = field(default_factory=dict)
    queries: tuple[ReportId, ...] = ()
    looked_s: float = float("-inf")
    saved_s: float = float("-inf")


class StaticStore:
    """The static objects of all cameras of a gateway."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Opens the file in `folder`, or goes without one, says so and tries again later."""
        self._file = folder / FILE
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[CameraId, _CameraOnDisk] = {}
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        self._tried_s = float("-inf")
        self._opened()

    def load(self, camera: CameraId) -> Memory:
        """What was kept of the camera."""
        with self._lock, self._surviving(camera):
            connection = self._opened()
            if connection is not None:
                return self._loaded(connection, camera)
        return Memory()

    def sync(self, camera: CameraId, memory: Memory) -> Memory:
        """Keep what is worth it, and take up what became known elsewhere; cheap in between."""
        now = self._clock.mono()
        with self._lock, self._surviving(camera):
            kept = self._kept.setdefault(camera, _CameraOnDisk())
            if now - kept.looked_s < LOOK_S:
                return memory
            kept.looked_s = now
            connection = self._opened()
            if connection is not None:
                return self._synced(connection, camera, memory, kept, now)
        return memory

    def add_verdict(self, verdict: Verdict) -> None:
        """The cloud decided; its camera's thread takes it up with its next frame."""
        self._note(verdict.report_id, verdict.camera, int(verdict.decision == "refuted"))

    def add_outcome(self, outcome: OperatorOutcome) -> None:
        """What somebody called false is remembered as if the cloud had refuted it; what somebody
        called real is not remembered as refuted any more. The last word counts."""
        word = {"false": 1, "real": REAL}.get(outcome.outcome)
        if word is not None:
            self._note(outcome.report_id, outcome.camera, word)

    def _note(self, report_id: ReportId, camera: CameraId, word: int) -> None:
        with self._lock, self._surviving(camera):
            connection = self._opened()
            if connection is not None:
                row = (report_id, camera, word)
                connection.execute("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?)", row)

    def forget_camera(self, camera: CameraId) -> None:
        """It is not followed any more; what is on disk stays."""
        with self._lock:
            self._kept.pop(camera, None)

    def close(self) -> None:
        """Nothing is kept after this."""
        with self._lock:
            self._closed = True
            self._let_go()

    def _opened(self) -> sqlite3.Connection | None:
        """The connection; where there is none it is tried again now and then."""
        now = self._clock.mono()
        if self._connection is None and not self._closed and now - self._tried_s >= RETRY_S:
            self._tried_s = now
            try:
                self._connection, aside = open_database(self._file)
            except (sqlite3.Error, OSError, Unusable) as error:
                log(Event.STATIC_NOT_KEPT, reason=str(error))
            else:
                if aside is not None:
                    log(Event.STATIC_REPAIRED, set_aside=str(aside))
        return self._connection

    @contextmanager
    def _surviving(self, camera: CameraId) -> Iterator[None]:
        """A disk that takes or gives nothing ends nothing. A file that is found damaged is let go;
        the next opening sets it aside, and what the cameras remember is written anew."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            log(Event.STATIC_NOT_KEPT, camera=camera, reason=str(error))
            if isinstance(error, sqlite3.Error) and tells_damage(error):
                self._let_go()
                distrust(self._file)
                self._tried_s = float("-inf")

    def _let_go(self) -> None:
        """Of the file, and of what was known to be in it."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None
        self._kept.clear()

    def _loaded(self, connection: sqlite3.Connection, camera: CameraId) -> Memory:
        now = self._clock.mono()
        rows = connection.execute(OBJECTS_OF_ONE, (camera,))
        objects = tuple(t for t in (object_of(row, now) for row in rows) if t is not None)
        rows = connection.execute(QUERIES_OF_ONE, (camera,))
        queries = tuple(a for a in map(query_of, rows) if a is not None)
        self._kept[camera] = _CameraOnDisk(ids=frozenset(obj.id for obj in objects))
        numbers = [int(obj.id) for obj in objects if obj.id.isdecimal()]
        return Memory(objects=objects, queries=queries, next_number=max(numbers, default=0) + 1)

    def _synced(
        self,
        connection: sqlite3.Connection,
        camera: CameraId,
        memory: Memory,
        kept: _CameraOnDisk,
        now: float,
    ) -> Memory:
        memory = _without_forgotten(connection, camera, memory, kept)
        verdicts: list[tuple[str, int]] = connection.execute(
            "SELECT report_id, refuted FROM verdicts WHERE camera = ?", (camera,)
        ).fetchall()
        for report_id, refuted in verdicts:
            if refuted:
                change = restore if refuted == REAL else refute
                memory = change(memory, ReportId(report_id))
        shapes, due = _shapes(memory), now - kept.saved_s >= SAVE_S
        queries = tuple(one.report_id for one in memory.queries)
        if verdicts or due or shapes != kept.shapes or queries != kept.queries:
            with transaction(connection):  # nobody forgets an object from here on
                memory = _without_forgotten(connection, camera, memory, kept)
                shapes = _shapes(memory)
                changed = [id_ for id_, shape in shapes.items() if kept.shapes.get(id_) != shape]
                _write_objects(connection, camera, memory, shapes if due else changed)
                if verdicts or due or queries != kept.queries:
                    _write_queries(connection, camera, memory)
            kept.ids, kept.shapes, kept.queries = frozenset(shapes), shapes, queries
            if due:
                kept.saved_s = now
        return memory


def _without_forgotten(
    connection: sqlite3.Connection, camera: CameraId, memory: Memory, kept: _CameraOnDisk
) -> Memory:
    """What was written and is not there any more, somebody wants forgotten."""
    rows = connection.execute(IDS_OF_ONE, (camera,))
    forgotten = kept.ids - {str(id_) for (id_,) in rows}
    if not forgotten:
        return memory
    log(Event.STATIC_FORGOTTEN, camera=camera, objects=sorted(forgotten))
    kept.ids -= forgotten
    return forget(memory, forgotten)


def _write_objects(
    connection: sqlite3.Connection, camera: CameraId, memory: Memory, which: Iterable[str]
) -> None:
    """Only what is worth it, since each row costs a page of the memory card."""
    lasting = {obj.id: obj for obj in memory.objects if obj.lasting}
    known = {str(id_) for (id_,) in connection.execute(IDS_OF_ONE, (camera,))}
    gone = [(camera, id_) for id_ in known - lasting.keys()]
    connection.executemany("DELETE FROM objects WHERE camera = ? AND id = ?", gone)
    connection.executemany(KEEP_OBJECT, [row_of(camera, lasting[id_]) for id_ in which])


def _write_queries(connection: sqlite3.Connection, camera: CameraId, memory: Memory) -> None:
    for statement in REMOVE_QUERIES:
        connection.execute(statement, (camera,))
    connection.executemany(KEEP_QUERY, [query_row_of(camera, one) for one in memory.queries])


def _shapes(memory: Memory) -> dict[str, object]:
    """What of each lasting object is worth writing at once when it changes."""
    return {
        obj.id: (obj.static, obj.refuted, obj.reported_by) for obj in memory.objects if obj.lasting
    }
