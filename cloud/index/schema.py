"""The tables of the index.

SHELL, as all that knows the database. `alarm_records` mirrors what the object store has of each
alarm; `alarms` is one row per alarm, made from its records by `cloud.index.summary`, and has what
the wall shows and filters by. Times are whole milliseconds since 1970, which both databases compare
alike. Changes need a migration beside this file.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    Dialect,
    Index,
    SmallInteger,
    String,
    Text,
    literal_column,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from cloud.index.records import AlarmRecordKind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class UtcMilliseconds(TypeDecorator[datetime]):
    """An aware time, stored as milliseconds since 1970; what is finer is cut off."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        del dialect
        return None if value is None else (value - _EPOCH) // _MS

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else _EPOCH + value * _MS


def name_column(length: int) -> String:
    """Text that is compared byte by byte in both databases, so both give one order."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class Base(DeclarativeBase):
    """Of all tables."""

    type_annotation_map: ClassVar = {datetime: UtcMilliseconds, dict[str, float]: JSON}


_UNFINISHED = "work <> 'closed'"
_CURRENT = f"state <> 'refuted' AND {_UNFINISHED}"


def partial_index(name: str, part: str, *columns: str) -> Index:
    """Of the alarms of which `part` holds; used where a question says the same in these words."""
    where = text(part)
    return Index(name, *columns, postgresql_where=where, sqlite_where=where)


class AlarmRow(Base):
    """An alarm as the wall shows it."""

    __tablename__ = "alarms"

    report_id: Mapped[str] = mapped_column(name_column(200), primary_key=True)
    gateway: Mapped[str] = mapped_column(name_column(64))
    camera: Mapped[str] = mapped_column(name_column(64))
    label: Mapped[str] = mapped_column(name_column(512))
    severity: Mapped[int] = mapped_column(SmallInteger)
    rule: Mapped[str] = mapped_column(Text)
    raised_at: Mapped[datetime]
    received_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(16))
    decided_at: Mapped[datetime | None]
    score: Mapped[float]
    edge_score: Mapped[float] = mapped_column(server_default="0")
    votes: Mapped[dict[str, float]]
    on_test: Mapped[bool] = mapped_column(Boolean)
    audit: Mapped[bool] = mapped_column(Boolean)
    picture_key: Mapped[str | None] = mapped_column(Text)
    work: Mapped[str] = mapped_column(String(16))
    claimed_by: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(String(16))
    parked_until: Mapped[datetime | None]
    escalated_to: Mapped[str | None] = mapped_column(Text)
    actions: Mapped[int] = mapped_column(SmallInteger)
    words: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]

    __table_args__ = (
        Index("alarms_by_severity", "severity", "raised_at", "report_id"),
        Index("alarms_by_time", "raised_at", "report_id"),
        Index("alarms_by_camera", "gateway", "camera", "raised_at", "report_id"),
        Index("alarms_by_label", "label", "raised_at", "report_id"),
        Index("alarms_by_state", "state", "raised_at", "report_id"),
        Index("alarms_by_work", "work", "severity", "raised_at", "report_id"),
        Index("alarms_by_change", "written_at"),
        Index("alarms_of_site_by_severity", "gateway", "severity", "raised_at", "report_id"),
        Index("alarms_of_site_by_time", "gateway", "raised_at", "report_id"),
        Index("alarms_of_label_by_severity", "label", "severity", "raised_at", "report_id"),
        Index("alarms_of_state_by_severity", "state", "severity", "raised_at", "report_id"),
        Index("alarms_of_work_and_state", "work", "state", "severity", "raised_at", "report_id"),
        Index("alarms_of_holder", "claimed_by", "raised_at", "report_id"),
        Index("alarms_of_holder_by_severity", "claimed_by", "severity", "raised_at", "report_id"),
        Index("alarms_of_outcome_by_severity", "outcome", "severity", "raised_at", "report_id"),
        Index("alarms_of_outcome", "outcome", "raised_at", "report_id"),
        Index("alarms_of_camera_by_severity", "camera", "severity", "raised_at", "report_id"),
        Index("alarms_of_camera_by_time", "camera", "raised_at", "report_id"),
        Index("alarms_of_work_by_time", "work", "raised_at", "report_id"),
        partial_index("alarms_current_by_severity", _CURRENT, "severity", "raised_at", "report_id"),
        partial_index("alarms_current_by_time", _CURRENT, "raised_at", "report_id"),
        partial_index(
            "alarms_unfinished_by_severity", _UNFINISHED, "severity", "raised_at", "report_id"
        ),
        partial_index("alarms_unfinished_by_time", _UNFINISHED, "raised_at", "report_id"),
        partial_index(
            "alarms_in_hand",
            f"claimed_by IS NOT NULL AND {_UNFINISHED}",
            "claimed_by",
            "severity",
            "raised_at",
            "report_id",
        ),
    )


def not_refuted() -> ColumnElement[bool]:
    """Said as the partial indexes say it, without a parameter."""
    return AlarmRow.state != literal_column("'refuted'")


def not_closed() -> ColumnElement[bool]:
    """Said as the partial indexes say it, without a parameter."""
    return AlarmRow.work != literal_column("'closed'")


class MissedThreatRow(Base):
    """What somebody reported as missed; `body` is the record in the store without signature."""

    __tablename__ = "missed_threats"

    id: Mapped[str] = mapped_column(name_column(64), primary_key=True)
    gateway: Mapped[str] = mapped_column(name_column(64))
    camera: Mapped[str] = mapped_column(name_column(64))
    missed_at: Mapped[datetime]
    body: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("missed_by_time", "missed_at"),
        Index("missed_by_camera", "gateway", "camera", "missed_at"),
    )


class AlarmRecordRow(Base):
    """A record of an alarm as it lies in the store, as JSON without its signature."""

    __tablename__ = "alarm_records"

    report_id: Mapped[str] = mapped_column(name_column(200), primary_key=True)
    kind: Mapped[AlarmRecordKind] = mapped_column(String(16), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    body: Mapped[str] = mapped_column(Text)
