"""The object-store key grammar.

PURE. Evidence is content-addressed: the same picture has the same key and is written once. A
verdict's key is derived from its report, so the first writer decides.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from contract.ids import CameraId, GatewayId, ReportId, is_report_id

_EVIDENCE = re.compile(
    r"evidence/(?P<gateway>[a-z0-9_-]{1,64})/(?P<camera>[a-z0-9_-]{1,64})"
    r"/(?P<day>[0-9]{4}/[0-9]{2}/[0-9]{2})/(?P<sha256>[0-9a-f]{64})\.jpg"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceKey:
    """A key of evidence taken apart; `day` is in UTC."""

    gateway: GatewayId
    camera: CameraId
    day: date
    sha256: str


def evidence_key(gateway: GatewayId, camera: CameraId, received_at: datetime, sha256: str) -> str:
    """`evidence/<gw>/<cam>/<yyyy>/<mm>/<dd>/<sha256>.jpg`, the day in UTC."""
    day = received_at.astimezone(UTC)
    return f"evidence/{gateway}/{camera}/{day:%Y/%m/%d}/{sha256}.jpg"


def model_key(sha256: str) -> str:
    """`models/<sha256>`: a file of a model that is ordered from afar; every gateway may read it."""
    return f"models/{sha256}"


def is_model_key(key: str) -> bool:
    """Whether `key` is one that `model_key` makes."""
    return re.fullmatch(r"models/[0-9a-f]{64}", key) is not None


TRIAL = b"stillwatch: written on trial, to see that this store works\n"
"""What a gateway or a worker puts into its store when it starts."""

WORKERS_TRIAL_KEY = "verdicts/TRIAL"
"""Where workers put it: below the verdicts, where they may write, and of no gateway, whose id has
no capitals."""


def watch_folder(gateway: GatewayId) -> str:
    """What the proof of watch of one gateway lies below."""
    return f"watch/{gateway}/"


def watch_key(gateway: GatewayId, key_id: str, number: int, sha256: str) -> str:
    """`watch/<gw>/<key id>/<number>-<sha256>.json`: of two with one number, both are kept."""
    return f"{watch_folder(gateway)}{key_id}/{number:016d}-{sha256}.json"


def watch_pin_key(gateway: GatewayId) -> str:
    """Where the first key stands that was seen of it."""
    return f"{watch_folder(gateway)}KEY"


def trial_key(gateway: GatewayId) -> str:
    """Where it lies: below the gateway's evidence, where its least rights let it write."""
    day = datetime(2000, 1, 1, tzinfo=UTC)
    return evidence_key(gateway, CameraId("_trial"), day, hashlib.sha256(TRIAL).hexdigest())


def is_evidence_key(key: str) -> bool:
    """Whether `key` is one that `evidence_key` makes; anything else is not fetched."""
    return _EVIDENCE.fullmatch(key) is not None


def parse_evidence_key(key: str) -> EvidenceKey | None:
    """The key taken apart; None if `evidence_key` makes no such key."""
    match = _EVIDENCE.fullmatch(key)
    if match is None:
        return None
    try:
        day = date(*map(int, match["day"].split("/")))
    except ValueError:
        return None
    return EvidenceKey(
        gateway=GatewayId(match["gateway"]),
        camera=CameraId(match["camera"]),
        day=day,
        sha256=match["sha256"],
    )


def verdict_key(gateway: GatewayId, report: ReportId, place: int = 0) -> str:
    """`verdicts/<gw>/<report-id>.json`, and `...-1.json` and so on where that is taken by what
    is no verdict."""
    return f"verdicts/{gateway}/{report}{f'-{place}' if place else ''}.json"


AlarmRecordName = Literal["report", "unconfirmed", "action"]

_ALARM_RECORD = re.compile(
    r"alarms/(?P<gateway>[a-z0-9_-]{1,64})/(?P<report>[a-z0-9_.-]{1,200})"
    r"/(?:report-(?P<pictures>[0-9]{2})|action-(?P<action>[0-9]{4})|unconfirmed)\.json"
)
_MISSED = re.compile(r"alarms/(?P<gateway>[a-z0-9_-]{1,64})/missed/(?P<id>[0-9a-f]{64})\.json")
_VERDICT = re.compile(
    r"verdicts/(?P<gateway>[a-z0-9_-]{1,64})/(?P<report>[a-z0-9_.-]{1,200}?\.[0-9]{1,10})"
    r"(?:-[0-9]+)?\.json"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRecordKey:
    """A key of `alarm_record_key` taken apart."""

    gateway: GatewayId
    report: ReportId
    name: AlarmRecordName
    number: int


def alarm_record_key(
    gateway: GatewayId, report: ReportId, name: AlarmRecordName, number: int = 0
) -> str:
    """`alarms/<gw>/<report-id>/<name>.json`; of reports and actions there are several, by number:
    `report-02.json`, `action-0001.json`."""
    width = {"report": 2, "action": 4}.get(name)
    numbered = name if width is None else f"{name}-{number:0{width}}"
    return f"alarms/{gateway}/{report}/{numbered}.json"


def parse_alarm_record_key(key: str) -> AlarmRecordKey | None:
    """The key taken apart; None if `alarm_record_key` makes no such key."""
    match = _ALARM_RECORD.fullmatch(key)
    if match is None or not is_report_id(match["report"]):
        return None
    pictures, action = match["pictures"], match["action"]
    name: AlarmRecordName = "report" if pictures else "action" if action else "unconfirmed"
    return AlarmRecordKey(
        gateway=GatewayId(match["gateway"]),
        report=ReportId(match["report"]),
        name=name,
        number=int(pictures or action or 0),
    )


def missed_folder(gateway: GatewayId) -> str:
    """What people reported of one gateway lies below it."""
    return f"alarms/{gateway}/missed/"


def missed_key(gateway: GatewayId, threat_id: str) -> str:
    """`alarms/<gw>/missed/<64 hex digits>.json`: what somebody reported as missed."""
    return f"{missed_folder(gateway)}{threat_id}.json"


def parse_missed_key(key: str) -> tuple[GatewayId, str] | None:
    """Gateway and id; None if `missed_key` makes no such key."""
    match = _MISSED.fullmatch(key)
    return (GatewayId(match["gateway"]), match["id"]) if match else None


def report_of_verdict_key(key: str) -> ReportId | None:
    """Of which report a key of `verdict_key` is, whatever its place; None if it is none."""
    match = _VERDICT.fullmatch(key)
    return ReportId(match["report"]) if match and is_report_id(match["report"]) else None
