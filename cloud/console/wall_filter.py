"""What the wall is asked to show, as it stands in its address.

SHELL, though it only builds what the index is asked. What cannot be read filters nothing, so an
address that somebody kept still opens. Called by
`wall`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import get_args
from urllib.parse import urlencode

from cloud.index.queries import AlarmFilter, PageEnd, WallOrder
from cloud.index.summary import AlarmState
from cloud.index.work import WORK, WorkStatus
from contract.ids import CameraId, GatewayId, ReportId, is_name, is_report_id

STATES: tuple[AlarmState, ...] = get_args(AlarmState)
ALARMING: frozenset[AlarmState] = frozenset(("pending", "confirmed", "unconfirmed", "inconclusive"))
UNFINISHED: frozenset[WorkStatus] = frozenset(("open", "claimed", "parked", "escalated"))
SEVERITIES = (1, 2, 3, 4)
_MOST_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WallQuery:
    """`state`: one of STATES, `alarms` or `all`; `work`: one of WORK, `unfinished`, `mine` or
    `all`."""

    site: str = ""
    camera: str = ""
    label: str = ""
    severity: int = 0
    state: str = "alarms"
    work: str = "unfinished"
    words: str = ""
    order: WallOrder = WallOrder.SEVERITY

    def address(self, after: PageEnd | None = None) -> str:
        """The query string; empty for what is shown by default."""
        usual = WallQuery()
        said = {
            key: str(getattr(self, key))
            for key in ("site", "camera", "label", "severity", "state", "work", "words", "order")
            if getattr(self, key) != getattr(usual, key)
        }
        if after is not None:
            at_ms = round(after.raised_at.timestamp() * 1000)
            said["after"] = f"{after.severity},{at_ms},{after.report_id}"
        return urlencode(said)


def read_query(given: Mapping[str, str]) -> WallQuery:
    """From the address of a request."""
    found = WallQuery()
    cut = {key: value[:_MOST_CHARS].replace("\x00", "") for key, value in given.items()}
    found = replace(found, words=cut.get("words", ""), site=cut.get("site", ""))
    if is_name(cut.get("camera", "")):
        found = replace(found, camera=cut["camera"])
    if cut.get("label", "").isprintable():
        found = replace(found, label=cut.get("label", ""))
    if cut.get("severity", "") in map(str, SEVERITIES):
        found = replace(found, severity=int(cut["severity"]))
    if cut.get("state") in (*STATES, "all"):
        found = replace(found, state=cut["state"])
    if cut.get("work") in (*WORK, "all", "mine"):
        found = replace(found, work=cut["work"])
    return replace(found, order=WallOrder.TIME) if cut.get("order") == "time" else found


def read_after(given: str) -> PageEnd | None:
    """Where a page begins; None: at the beginning."""
    severity, _, rest = given.partition(",")
    at_ms, _, report_id = rest.partition(",")
    numbers = severity.isdecimal() and at_ms.isdecimal() and len(severity) == 1
    if not numbers or len(at_ms) > 13 or not is_report_id(report_id):
        return None
    raised_at = datetime.fromtimestamp(int(at_ms) / 1000).astimezone()
    return PageEnd(severity=int(severity), raised_at=raised_at, report_id=ReportId(report_id))


def alarm_filter(
    query: WallQuery, gateways: frozenset[GatewayId] | None, name: str, now: datetime
) -> AlarmFilter:
    """For the index; `gateways` are those that who asks may see, `name` is who asks."""
    states: frozenset[AlarmState] = frozenset()
    if query.state != "all":
        states = frozenset(one for one in STATES if one == query.state) or ALARMING
    work: frozenset[WorkStatus] = frozenset()
    if query.work != "all":
        work = frozenset(one for one in WORK if one == query.work) or UNFINISHED
    return AlarmFilter(
        gateways=gateways,
        camera=CameraId(query.camera) if query.camera else None,
        labels=frozenset({query.label}) if query.label else frozenset(),
        min_severity=query.severity,
        states=states,
        work=work,
        words=tuple(query.words.lower().split())[:8],
        claimed_by=name if query.work == "mine" else None,
        due=now,
        tests=query.state == "all",
    )
