"""The index: takes records of alarms, and answers what the wall asks.

SHELL. Everything in it can be made again from the object store (`reindex`), so a record is in the
store before it comes here. Safe to use from several threads and processes: whoever adds to an alarm
holds its lock until the row fits all its records. What fails raises `SQLAlchemyError`.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, delete, func, select, text
from sqlalchemy.orm import Session

from cloud.index.database import measure, upserting, writing
from cloud.index.missed_index import MissedIndex
from cloud.index.queries import (
    AlarmFilter,
    PageEnd,
    WallOrder,
    conditions,
    end_of,
    gateways_statement,
    page_statement,
)
from cloud.index.records import AlarmRecord, RecordPlace, body_of, place_of, record_in
from cloud.index.schema import AlarmRecordRow, AlarmRow
from cloud.index.summary import AlarmParts, AlarmState, AlarmSummary, parts_of, summarise
from cloud.index.words import rare_matches
from cloud.index.work import WorkStatus
from cloud.quality.cases import QualityCase
from contract.ids import GatewayId, ReportId
from service.clock import Clock

COUNTED_TO = 10_000
"""Counts end here: nobody reads a larger one, and counting a million takes its time."""

MANY = 2000
"""Alarms of several gateways that are not worth sorting for one page."""

MEASURED_EVERY = 5000
"""Alarms that are written between two measurements of the tables."""

MOST_CASES = 200_000
"""Alarms that one page of figures counts."""

_COLUMNS = tuple(field.name for field in fields(AlarmSummary))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmPage:
    """Alarms in the order that was asked for; `end` begins the next page, None: this was the
    last."""

    alarms: tuple[AlarmSummary, ...]
    end: PageEnd | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmCounts:
    """How many; `total` and each part at most `COUNTED_TO`."""

    total: int
    by_state: dict[AlarmState, int]
    by_work: dict[WorkStatus, int]


class AlarmIndex:
    """Over a database from `open_index`; `missed` has what nothing was raised about."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self.missed = MissedIndex(engine)
        self._written = 0

    def add(self, report_id: ReportId, records: Iterable[AlarmRecord]) -> AlarmSummary | None:
        """Takes records of one alarm; what it has already changes nothing. The alarm as it is
        now, None while there is no report or verdict."""
        with writing(self._engine) as connection:
            _lock(connection, report_id)
            for record in records:
                _insert(connection, report_id, record)
            return self._summarised(connection, report_id)

    def replace(self, alarms: Mapping[ReportId, Iterable[AlarmRecord]]) -> None:
        """These records and no others, in one transaction: what the store has of each alarm. One
        without records goes."""
        with writing(self._engine) as connection:
            for report_id, records in sorted(alarms.items()):
                _lock(connection, report_id)
                connection.execute(
                    delete(AlarmRecordRow).where(AlarmRecordRow.report_id == report_id)
                )
                for record in records:
                    _insert(connection, report_id, record)
                self._summarised(connection, report_id)

    def page(
        self,
        wanted: AlarmFilter,
        order: WallOrder = WallOrder.SEVERITY,
        after: PageEnd | None = None,
        limit: int = 50,
    ) -> AlarmPage:
        """At most `limit` (1 to `queries.MAX_PAGE`) alarms behind `after`."""
        with Session(self._engine) as session:
            connection = session.connection()
            many = _many(connection, wanted)
            found = page_statement(wanted, order, after, limit, many=many)
            rare = rare_matches(connection, wanted.words)
            if rare is not None:
                found = found.where(AlarmRow.report_id.in_(sorted(rare)))
            alarms = tuple(map(_summary, session.scalars(found)))
        full = len(alarms) == limit
        return AlarmPage(alarms=alarms, end=end_of(alarms[-1]) if full else None)

    def counts(self, wanted: AlarmFilter) -> AlarmCounts:
        """How many there are, by state and by what became of them."""
        by_state: dict[AlarmState, int] = {}
        by_work: dict[WorkStatus, int] = {}
        with self._engine.connect() as connection:
            rare = rare_matches(connection, wanted.words)
            for state, work, count in connection.execute(_counting(wanted, rare)):
                by_state[state] = by_state.get(state, 0) + count
                by_work[work] = by_work.get(work, 0) + count
        return AlarmCounts(total=sum(by_state.values()), by_state=by_state, by_work=by_work)

    def cases(self, wanted: AlarmFilter, limit: int = MOST_CASES) -> tuple[QualityCase, ...]:
        """What figures of quality count, the newest first."""
        row = AlarmRow
        columns = (row.gateway, row.camera, row.label, row.raised_at, row.state, row.outcome)
        found = (
            select(*columns, row.edge_score, row.audit)
            .where(*conditions(wanted))
            .order_by(row.raised_at.desc())
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return tuple(_case(one) for one in connection.execute(found))

    def find(self, report_id: ReportId) -> AlarmSummary | None:
        """One alarm."""
        with Session(self._engine) as session:
            row = session.get(AlarmRow, report_id)
            return None if row is None else _summary(row)

    def parts(self, report_id: ReportId) -> AlarmParts:
        """All that is known of it."""
        with self._engine.connect() as connection:
            return parts_of(_records(connection, report_id))

    def changed_since(self, moment: datetime, limit: int = 500) -> tuple[AlarmSummary, ...]:
        """Alarms that were written at or after `moment`, in that order. Look back a few seconds
        further than to the last look: a transaction may end after one that began later."""
        found = (
            select(AlarmRow)
            .where(AlarmRow.written_at >= moment)
            .order_by(AlarmRow.written_at)
            .limit(limit)
        )
        with Session(self._engine) as session:
            return tuple(map(_summary, session.scalars(found)))

    def gateways(self) -> set[GatewayId]:
        """Of which there are alarms."""
        with self._engine.connect() as connection:
            return {GatewayId(one) for one in connection.scalars(gateways_statement())}

    def places(self, gateway: GatewayId) -> dict[ReportId, frozenset[RecordPlace]]:
        """Which records it has of each alarm of a gateway."""
        row = AlarmRecordRow
        found = select(row.report_id, row.kind, row.number).where(
            row.report_id > f"{gateway}.", row.report_id < f"{gateway}/"
        )  # the slash is the next sign behind the dot
        places: defaultdict[ReportId, set[RecordPlace]] = defaultdict(set)
        with self._engine.connect() as connection:
            for report_id, kind, number in connection.execute(found):
                places[ReportId(report_id)].add(RecordPlace(kind, number))
        return {report_id: frozenset(some) for report_id, some in places.items()}

    def _summarised(self, connection: Connection, report_id: ReportId) -> AlarmSummary | None:
        self._written += 1
        if self._written % MEASURED_EVERY == 0:
            measure(connection)
        summary = summarise(parts_of(_records(connection, report_id)))
        if summary is None:
            connection.execute(delete(AlarmRow).where(AlarmRow.report_id == report_id))
            return None
        values = asdict(summary) | {"written_at": self._clock.now()}
        insert = upserting(connection)(AlarmRow).values(values)
        changed = {name: insert.excluded[name] for name in values if name != "report_id"}
        connection.execute(insert.on_conflict_do_update(index_elements=["report_id"], set_=changed))
        return summary


def _many(connection: Connection, wanted: AlarmFilter) -> bool:
    """Whether several gateways are wanted that have many alarms. PostgreSQL merges by itself."""
    if connection.dialect.name != "sqlite" or not wanted.gateways or len(wanted.gateways) == 1:
        return False
    some = select(AlarmRow.report_id).where(AlarmRow.gateway.in_(sorted(wanted.gateways)))
    part = some.limit(MANY + 1).subquery()
    return (connection.scalar(select(func.count()).select_from(part)) or 0) > MANY


def _counting(
    wanted: AlarmFilter, rare: frozenset[str] | None
) -> Select[AlarmState, WorkStatus, int]:
    some = select(AlarmRow.state, AlarmRow.work).where(*conditions(wanted)).limit(COUNTED_TO)
    if rare is not None:
        some = some.where(AlarmRow.report_id.in_(sorted(rare)))
    part = some.subquery()
    return select(part.c.state, part.c.work, func.count()).group_by(part.c.state, part.c.work)


def _lock(connection: Connection, report_id: ReportId) -> None:
    """Until the end of the transaction nobody else adds to this alarm. SQLite has one writer."""
    if connection.dialect.name == "postgresql":
        lock = {"room": 0x5711, "alarm": zlib.crc32(report_id.encode()) - 2**31}
        connection.execute(text("SELECT pg_advisory_xact_lock(:room, :alarm)"), lock)


def _insert(connection: Connection, report_id: ReportId, record: AlarmRecord) -> None:
    place = place_of(record)
    values = {
        "report_id": report_id,
        "kind": place.kind,
        "number": place.number,
        "body": body_of(record),
    }
    connection.execute(
        upserting(connection)(AlarmRecordRow).values(values).on_conflict_do_nothing()
    )


def _records(connection: Connection, report_id: ReportId) -> list[AlarmRecord]:
    found = select(AlarmRecordRow.kind, AlarmRecordRow.body).where(
        AlarmRecordRow.report_id == report_id
    )
    return [record_in(kind, body) for kind, body in connection.execute(found)]


def _case(row: Row[*tuple[Any, ...]]) -> QualityCase:
    return QualityCase(
        gateway=row.gateway,
        camera=row.camera,
        label=row.label,
        raised_at=row.raised_at,
        state=row.state,
        outcome=row.outcome,
        edge_score=row.edge_score,
        audit=row.audit,
    )


def _summary(row: AlarmRow) -> AlarmSummary:
    return AlarmSummary(**{name: getattr(row, name) for name in _COLUMNS})
