"""The outbox's rows: every SQL statement after the tables stand, each under a name.

SHELL. Knows no policy, no files and no time. Not safe between threads by itself: the outbox calls
it under its lock. Each call that changes something is one transaction, durable on return. The parts
of statements that are put together here are all constants (hence the S608 marks).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite

from contract.ids import CameraId, ReportId
from contract.report import ThreatReport
from contract.verdict import Decision
from edge.deliver.ages import ClockReading
from edge.deliver.chain_rows import ChainRows
from edge.deliver.evidence import ReportBundle
from edge.deliver.outbox_database import Database, SqlStatements
from edge.deliver.outbox_records import TEST_RANK, State, rank
from edge.deliver.picture_rows import Named, PictureRows, named

_IN_DELIVERY = "state IN ('pending', 'stored', 'reported')"
_OVER = "state IN ('done', 'buried')"
_OPEN = "(decision IS NULL OR decision = 'unconfirmed')"
_IN_LINE = f"{_IN_DELIVERY} AND {_OPEN}"

# SQLite takes the index `entries_in_line` only where its own condition stands in the query
_NEVER_SENT = f"state IN ('pending', 'stored') AND state != 'done' AND {_OPEN}"
_REPEATED = f"state = 'reported' AND state != 'done' AND {_OPEN}"

_UNDELIVERED = (
    "EXISTS (SELECT 1 FROM notifications t "
    "WHERE t.report_id = entries.report_id AND t.state = 'waiting')"
)


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An entry as it lies in the table; `report` is JSON."""

    report_id: ReportId
    camera: CameraId
    severity: int
    state: State
    decision: Decision | None
    attempts: int
    sends: int
    report: str

    @property
    def in_delivery(self) -> bool:
        return self.state not in {"done", "buried"}


@dataclass(frozen=True, slots=True)
class EntryTimes:
    """When an entry was put, and how long after a report the next was to follow."""

    report_id: ReportId
    put_at: ClockReading
    state: State
    again_s: float


_MOST_BYTES = 1_000_000_000
"""Of one picture or report; a size beyond it is damage."""

_ROW = "report_id, camera, severity, state, decision, attempts, sends, report"


class OutboxRows(SqlStatements):
    """Entries and counters; with the rows of their `pictures` and that of the `chain`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.chain = ChainRows(database)
        self.pictures = PictureRows(database)

    def advance(self, counter: str, at_least: int) -> int:
        """The counter's new value: one more than before, or `at_least` if that is higher."""
        with self._transaction():
            rows = self._all(
                "INSERT INTO counters (name, value) VALUES (?1, MAX(1, ?2)) "
                "ON CONFLICT (name) DO UPDATE SET value = MAX(value + 1, ?2) RETURNING value",
                counter,
                at_least,
            )
        return int(rows[0][0])

    def insert(
        self, report: ThreatReport, pictures: Iterable[Named], put_at: ClockReading, state: State
    ) -> None:
        text = report.model_dump_json()
        with self._transaction():
            self._change(
                "INSERT INTO entries (report_id, camera, severity, state, created_at, mono_s, "
                "boot, synchronised, report, size_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                report.report_id,
                report.camera,
                rank(report),
                state,
                put_at.at.isoformat(),
                put_at.mono_s,
                put_at.boot,
                int(put_at.synchronised),
                text,
                len(text.encode()),
            )
            self.pictures.insert(report.report_id, pictures)
            self.chain.advance(report)

    def replace_report(self, report: ThreatReport) -> None:
        """Its row was damaged."""
        with self._transaction():
            self._change(
                "UPDATE entries SET report = ? WHERE report_id = ?",
                report.model_dump_json(),
                report.report_id,
            )

    def extend(self, bundle: ReportBundle) -> bool:
        """Another report and more pictures for an entry without the cloud's verdict."""
        report, text = bundle.report, bundle.report.model_dump_json()
        with self._transaction():
            changed = self._change(
                "UPDATE entries SET report = ?, size_bytes = ?, state = 'pending', "  # noqa: S608
                f"again_s = 0, attempts = 0, sends = 0 WHERE report_id = ? AND {_IN_LINE}",
                text,
                len(text.encode()),
                report.report_id,
            )
            if changed:
                known = len(self.pictures.named(report.report_id))
                self.pictures.insert(report.report_id, named(bundle), known)
        return changed == 1

    def delete(self, report_id: ReportId) -> None:
        with self._transaction():
            self.chain.give_up(report_id)
            self._change("DELETE FROM entries WHERE report_id = ?", report_id)

    def find(self, report_id: ReportId) -> OutboxRow | None:
        return self._first("report_id = ?", report_id)

    def victim(self, severity: int) -> OutboxRow | None:
        """What goes first for an entry of `severity`.

        What is done and delivered, what is buried, what is done and not delivered everywhere, then
        the least severe up to `severity`, oldest first.
        """
        return self._first(
            f"{_OVER} OR severity <= ? ORDER BY "
            f"state != 'done' OR {_UNDELIVERED}, state != 'buried', state != 'done', severity, seq "
            "LIMIT 1",
            severity,
        )

    def in_line(self) -> Iterator[ReportId]:
        """What may be delivered: first what was never sent, then what is sent again; of each the
        highest severity first, then oldest.

        What nobody answers is repeated for days. However many of these there are, no new alarm may
        wait behind them.
        """
        yield from self._ids(f"{_NEVER_SENT} ORDER BY severity DESC, seq")
        yield from self._ids(f"{_REPEATED} ORDER BY severity DESC, seq")

    def oldest_in_line(self) -> ReportId | None:
        """Of those that are no audit."""
        ids = self._ids(f"{_IN_LINE} AND severity >= 0 ORDER BY seq LIMIT 1")
        return ids[0] if ids else None

    def gateways(self) -> list[str]:
        """The ids that reports in delivery were raised under: first part of their own."""
        return [
            name
            for (name,) in self._all(
                "SELECT DISTINCT SUBSTR(report_id, 1, INSTR(report_id, '.') - 1) "  # noqa: S608
                f"FROM entries WHERE {_IN_DELIVERY}"
            )
        ]

    def undecided(self) -> list[ReportId]:
        """But for self-tests, whose time is not a suspicion's."""
        wanted = f"decision IS NULL AND state != 'done' AND severity != {TEST_RANK}"
        return self._ids(f"{wanted} ORDER BY seq")

    def tests(self) -> list[ReportId]:
        """Self-tests, whatever has become of them."""
        return self._ids(f"severity = {TEST_RANK}")

    def entry_times(self) -> list[EntryTimes]:
        rows = self._all(
            "SELECT report_id, created_at, mono_s, boot, synchronised, state, again_s FROM entries"
        )
        return [
            EntryTimes(id_, _put_at(at, mono_s, boot, synchronised), state, _seconds(wait))
            for id_, at, mono_s, boot, synchronised, state, wait in rows
        ]

    def in_delivery(self) -> list[OutboxRow]:
        """Everything that is neither done nor buried, oldest first."""
        return self._rows_where(f"{_IN_DELIVERY} ORDER BY seq")

    def buried(self) -> list[OutboxRow]:
        return self._rows_where("state = 'buried' ORDER BY seq")

    def over(self) -> list[ReportId]:
        """What nobody waits for any more: buried, or done and delivered."""
        return self._ids(f"state = 'buried' OR state = 'done' AND NOT {_UNDELIVERED}")

    def set_state(self, report_id: ReportId, state: State, again_s: float = 0.0) -> None:
        """A step forward of an entry in delivery; of any other it is without effect."""
        with self._transaction():
            self._change(
                "UPDATE entries SET state = ?1, again_s = ?2, attempts = 0, "  # noqa: S608
                "sends = sends + (?1 = 'reported') "
                f"WHERE report_id = ?3 AND {_IN_DELIVERY}",
                state,
                again_s,
                report_id,
            )

    def count_attempt(self, report_id: ReportId) -> None:
        with self._transaction():
            self._change(
                "UPDATE entries SET attempts = attempts + 1 WHERE report_id = ?", report_id
            )

    def bury(self, report_id: ReportId, reason: str) -> None:
        with self._transaction():
            self.chain.give_up(report_id)
            self._change(
                "UPDATE entries SET state = 'buried', reason = ? "  # noqa: S608
                f"WHERE report_id = ? AND {_IN_DELIVERY}",
                reason,
                report_id,
            )

    def size_bytes(self) -> int:
        """Of pictures (each once) and reports."""
        return self._sum("SELECT DISTINCT sha256, bytes FROM pictures") + self._sum(
            "SELECT size_bytes AS bytes FROM entries"
        )

    def lasting_bytes(self, severity: int) -> int:
        """The part of `size_bytes` that no entry of `severity` may displace."""
        which = f"severity > ? AND NOT ({_OVER})"
        return self._sum(
            "SELECT DISTINCT sha256, bytes FROM pictures "  # noqa: S608
            f"WHERE report_id IN (SELECT report_id FROM entries WHERE {which})",
            severity,
        ) + self._sum(f"SELECT size_bytes AS bytes FROM entries WHERE {which}", severity)  # noqa: S608

    def states(self) -> dict[State, int]:
        return dict(self._all("SELECT state, COUNT(*) FROM entries GROUP BY state"))

    def _sum(self, query: str, *values: object) -> int:
        """Of the column `bytes` of what `query` finds; a damaged size counts for nothing."""
        sound = f"typeof(bytes) = 'integer' AND bytes BETWEEN 0 AND {_MOST_BYTES}"
        total = f"SELECT COALESCE(SUM(bytes), 0) FROM ({query}) WHERE {sound}"  # noqa: S608
        rows = self._all(total, *values)
        return int(rows[0][0])

    def _first(self, which: str, *values: object) -> OutboxRow | None:
        rows = self._rows_where(which, *values)
        return rows[0] if rows else None

    def _rows_where(self, which: str, *values: object) -> list[OutboxRow]:
        rows = self._all(f"SELECT {_ROW} FROM entries WHERE {which}", *values)  # noqa: S608
        return [OutboxRow(*row) for row in rows]

    def _ids(self, which: str) -> list[ReportId]:
        return [id_ for (id_,) in self._all(f"SELECT report_id FROM entries WHERE {which}")]  # noqa: S608


def _put_at(at: object, mono_s: object, boot: object, synchronised: object) -> ClockReading:
    """A moment that cannot be read is one that no clock vouches for."""
    try:
        wall = datetime.fromisoformat(str(at))
        aware = wall if wall.tzinfo is not None else wall.replace(tzinfo=UTC)
        synced = synchronised == 1
    except ValueError:
        aware, synced = datetime.fromtimestamp(0, UTC), False
    return ClockReading(at=aware, mono_s=_seconds(mono_s), boot=str(boot), synchronised=synced)


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) and isfinite(value) else 0.0
