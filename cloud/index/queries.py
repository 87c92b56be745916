"""What the wall asks for, as SQL.

SHELL, though it only builds statements. Pages go by the last alarm of the one before (keyset), so
page 1,000 costs what page 1 does, and an alarm that comes meanwhile shifts nothing. Called by
`alarm_index`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_

from cloud.index.schema import AlarmRow, not_closed, not_refuted
from cloud.index.summary import AlarmState, AlarmSummary
from cloud.index.work import WORK, WorkStatus
from contract.ids import CameraId, GatewayId, ReportId

MAX_PAGE = 500
_ESCAPE = "\\"


class WallOrder(StrEnum):
    """What comes first: the most severe and among them the newest, or the newest."""

    SEVERITY = "severity"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFilter:
    """Which alarms; what is left away filters nothing, and all that is given must hold.

    `gateways`: those of a site, or that somebody may see; an empty set finds nothing. `words`: each
    must stand somewhere, in any case. `since` and `until` (not included) bound `raised_at`. `due`:
    parked alarms whose time is over at that moment count as open.
    """

    gateways: frozenset[GatewayId] | None = None
    camera: CameraId | None = None
    labels: frozenset[str] = frozenset()
    min_severity: int = 0
    states: frozenset[AlarmState] = frozenset()
    work: frozenset[WorkStatus] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    words: tuple[str, ...] = ()
    claimed_by: str | None = None
    outcomes: frozenset[str] = frozenset()
    audits: bool = False
    tests: bool = False
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEnd:
    """The last alarm of a page: the next one begins behind it."""

    severity: int
    raised_at: datetime
    report_id: ReportId


def end_of(alarm: AlarmSummary) -> PageEnd:
    """The page that ends with `alarm`."""
    return PageEnd(severity=alarm.severity, raised_at=alarm.raised_at, report_id=alarm.report_id)


def page_statement(
    wanted: AlarmFilter,
    order: WallOrder,
    after: PageEnd | None,
    limit: int,
    *,
    many: bool = False,
) -> Select[AlarmRow]:
    """At most `limit` alarms behind `after`; `many` of which are of the wanted gateways."""
    keys = [AlarmRow.raised_at, AlarmRow.report_id]
    values = [] if after is None else [after.raised_at, after.report_id]
    if order is WallOrder.SEVERITY:
        keys.insert(0, AlarmRow.severity)
        values = [] if after is None else [after.severity, *values]
    found = (
        select(AlarmRow)
        .where(*conditions(wanted, many=many))
        .order_by(*(key.desc() for key in keys))
    )
    if after is not None:
        found = found.where(tuple_(*keys) < tuple_(*values, types=[key.type for key in keys]))
    return found.limit(min(limit, MAX_PAGE))


def gateways_statement() -> Select[str]:
    """All gateways, from one to the next by the index; `DISTINCT` reads all alarms."""
    gateway = AlarmRow.gateway
    known = select(func.min(gateway).label("gateway")).cte("known", recursive=True)
    behind = select(func.min(gateway)).where(gateway > known.c.gateway).scalar_subquery()
    known = known.union_all(select(behind).where(known.c.gateway.is_not(None)))
    return select(known.c.gateway).where(known.c.gateway.is_not(None))


def conditions(wanted: AlarmFilter, *, many: bool = False) -> Iterator[ColumnElement[bool]]:
    """What must hold of each alarm. Where `many` are of the wanted gateways, no index of gateways
    is used: all of them would be sorted to show a page, which looking through the newest finds."""
    if wanted.gateways is not None:
        gateway = AlarmRow.gateway + "" if many else AlarmRow.gateway
        yield gateway.in_(sorted(wanted.gateways))
    if wanted.camera is not None:
        yield AlarmRow.camera == wanted.camera
    if wanted.labels:
        yield AlarmRow.label.in_(sorted(wanted.labels))
    if wanted.min_severity:
        yield AlarmRow.severity >= wanted.min_severity
    if wanted.states:
        yield AlarmRow.state.in_(sorted(wanted.states))
        if "refuted" not in wanted.states:
            yield not_refuted()
    if not wanted.audits:
        yield AlarmRow.audit.is_(False)
    if not wanted.tests:
        yield AlarmRow.on_test.is_(False)
    yield from _times(wanted)
    yield from _work(wanted)
    yield from (word_condition(word) for word in wanted.words if word)


def _times(wanted: AlarmFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield AlarmRow.raised_at >= wanted.since
    if wanted.until is not None:
        yield AlarmRow.raised_at < wanted.until


def _work(wanted: AlarmFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.claimed_by is not None:
        yield AlarmRow.claimed_by == wanted.claimed_by
    if wanted.outcomes:
        yield AlarmRow.outcome.in_(sorted(wanted.outcomes))
    if not wanted.work:
        return
    if "closed" not in wanted.work:
        yield not_closed()
    if wanted.due is not None and "open" in wanted.work and "parked" not in wanted.work:
        # As what is not: either database would sort all that is open to join what is parked to it.
        yield AlarmRow.work.not_in(sorted(set(WORK) - wanted.work - {"parked"}))
        yield or_(AlarmRow.work != "parked", AlarmRow.parked_until <= wanted.due)
    else:
        yield AlarmRow.work.in_(sorted(wanted.work))


def word_condition(word: str) -> ColumnElement[bool]:
    """It stands somewhere, as a part of a word too."""
    plain = literal(word).replace(_ESCAPE, _ESCAPE * 2)
    pattern = plain.replace("%", f"{_ESCAPE}%").replace("_", f"{_ESCAPE}_")
    return AlarmRow.words.like(f"%{pattern}%", escape=_ESCAPE)


def literal(word: str) -> str:
    """As it stands in `words`: in lower case, without NUL."""
    return word.lower().replace("\x00", "\ufffd")
