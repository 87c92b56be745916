"""CloudEvents 1.0 structured JSON framing of reports, verdicts and questions.

PURE. `frame_*` make the bytes that go on the wire; `read_*` take them apart and raise
`MessageError` with what was wrong. Source of the format:
CNCF CloudEvents specification 1.0.2, JSON event format.
"""

import json
from typing import Any, TypeVar

from pydantic import ValidationError

from contract.flaws import first_flaw
from contract.more import MORE_TYPE, More
from contract.report import MAX_REPORT_BYTES, REPORT_TYPE, ThreatReport, Wire, utc_text
from contract.verdict import VERDICT_TYPE, Verdict

CONTENT_TYPE = "application/cloudevents+json"


class MessageError(ValueError):
    """The bytes are no message that we understand; the text says which field and why."""


def frame_report(report: ThreatReport) -> bytes:
    """The report as a CloudEvent; raises `MessageError` above 64 KiB."""
    event = _event(REPORT_TYPE, report.report_id, report.gateway, report.camera, report)
    event |= {
        "subject": report.label,
        "time": utc_text(report.raised_at),
        "severity": report.severity,
        "clocksync": report.clocksync,
        "sequence": str(report.sequence),
        "audit": report.audit,
        **_marked(report),
    }
    framed = _encode(event)
    if len(framed) > MAX_REPORT_BYTES:
        raise MessageError(f"report {report.report_id} has {len(framed)} bytes, over 65536")
    return framed


def frame_verdict(verdict: Verdict) -> bytes:
    """The verdict as a CloudEvent with the id of its report."""
    event = _event(VERDICT_TYPE, verdict.report_id, verdict.gateway, verdict.camera, verdict)
    event |= {
        "subject": verdict.decision,
        "time": utc_text(verdict.decided_at),
        "severity": verdict.severity,
        "audit": verdict.audit,
        **_marked(verdict),
    }
    return _encode(event)


def frame_more(more: More) -> bytes:
    """The question as a CloudEvent with the id of its report."""
    event = _event(MORE_TYPE, more.report_id, more.gateway, more.camera, more)
    return _encode(event | {"subject": "more", "time": utc_text(more.asked_at)})


def read_answer(payload: bytes) -> Verdict | More:
    """What the cloud says about a report; raises `MessageError`."""
    return read_more(payload) if _kind(payload) == MORE_TYPE else read_verdict(payload)


def read_more(payload: bytes) -> More:
    """The question in a CloudEvent; raises `MessageError`."""
    return _read(payload, MORE_TYPE, More)


def read_report(payload: bytes) -> ThreatReport:
    """The report in a CloudEvent; raises `MessageError`."""
    return _read(payload, REPORT_TYPE, ThreatReport)


def read_verdict(payload: bytes) -> Verdict:
    """The verdict in a CloudEvent; raises `MessageError`."""
    return _read(payload, VERDICT_TYPE, Verdict)


def _event(kind: str, report_id: str, gateway: str, camera: str, data: Wire) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": report_id,
        "source": f"/gateways/{gateway}/cameras/{camera}",
        "type": kind,
        "datacontenttype": "application/json",
        "data": data.model_dump(mode="json"),
    }


def _marked(message: ThreatReport | Verdict) -> dict[str, object]:
    """The mark of a self-test, for whoever routes by attributes."""
    return {"test": True} if message.test else {}


def _encode(event: dict[str, object]) -> bytes:
    return json.dumps(event, separators=(",", ":"), allow_nan=False).encode()


M = TypeVar("M", bound=Wire)


def _parsed(payload: bytes) -> Any:
    if len(payload) > MAX_REPORT_BYTES:
        raise MessageError(f"message has {len(payload)} bytes, over {MAX_REPORT_BYTES}")
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"message is no JSON: {error}") from error


def _kind(payload: bytes) -> object:
    event = _parsed(payload)
    return event.get("type") if isinstance(event, dict) else None


def _read(payload: bytes, kind: str, model: type[M]) -> M:
    event = _parsed(payload)
    if not isinstance(event, dict) or event.get("type") != kind:
        found = event.get("type") if isinstance(event, dict) else type(event).__name__
        raise MessageError(f"message is of type {found!r}, expected {kind!r}")
    try:
        return model.model_validate(event.get("data"))
    except ValidationError as error:
        raise MessageError(first_flaw(error, "data")) from error
