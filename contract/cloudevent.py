"""CloudEvents 1.0 structured JSON framing of reports, verdicts and requests.

PURE. `frame_*` make the bytes that go on the wire; `read_*` take them apart and raise
`MessageError` with what was wrong. What the cloud says is signed where it has a key, in two
extension attributes that older readers ignore; a reader with a keyring takes nothing else. Source
of the format: CNCF CloudEvents specification 1.0.2, JSON event format.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from contract import ijson
from contract.agreement import Placed, id_flaw, source_of
from contract.evidence_request import EVIDENCE_REQUEST_TYPE, EvidenceRequest
from contract.operator_outcome import OPERATOR_OUTCOME_TYPE, OperatorOutcome
from contract.report import MAX_REPORT_BYTES, REPORT_TYPE, ThreatReport, Wire, utc_text
from contract.statement import Distrust, seal_in, statement
from contract.validation_errors import first_error
from contract.verdict import VERDICT_TYPE, Verdict

if TYPE_CHECKING:
    from contract.signature import Keyring, Signer

CONTENT_TYPE = "application/cloudevents+json"

KEY_ID, SIGNATURE = "signaturekey", "signature"
_DOMAIN = "io.stillwatch.message.v1"
_SIGNED = ("type", "id", "source", "time")


_WORDS_CHARS = 400


class MessageError(ValueError):
    """The bytes are no message that we understand; the text says which field and why."""

    def __init__(self, words: str) -> None:
        super().__init__(words[:_WORDS_CHARS])  # it is logged, and may quote the message


class Untrusted(MessageError):
    """It is not signed by a key that we trust; `reason` says in which way."""

    def __init__(self, reason: Distrust, words: str) -> None:
        super().__init__(f"{reason}: {words}")
        self.reason = reason


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


def frame_verdict(verdict: Verdict, signer: Signer | None = None) -> bytes:
    """The verdict as a CloudEvent with the id of its report; signed if there is a key."""
    event = _event(VERDICT_TYPE, verdict.report_id, verdict.gateway, verdict.camera, verdict)
    event |= {
        "subject": verdict.decision,
        "time": utc_text(verdict.decided_at),
        "severity": verdict.severity,
        "audit": verdict.audit,
        **_marked(verdict),
    }
    return _encode(_signed(event, signer))


def frame_evidence_request(request: EvidenceRequest, signer: Signer | None = None) -> bytes:
    """The request as a CloudEvent with the id of its report; signed if there is a key."""
    event = _event(
        EVIDENCE_REQUEST_TYPE, request.report_id, request.gateway, request.camera, request
    )
    event |= {"subject": "evidence-request", "time": utc_text(request.asked_at)}
    return _encode(_signed(event, signer))


def frame_operator_outcome(outcome: OperatorOutcome, signer: Signer | None = None) -> bytes:
    """What a person said of an alarm, as a CloudEvent with the id of its report; signed if there
    is a key."""
    event = _event(
        OPERATOR_OUTCOME_TYPE, outcome.report_id, outcome.gateway, outcome.camera, outcome
    )
    event |= {"subject": outcome.outcome, "time": utc_text(outcome.said_at)}
    return _encode(_signed(event, signer))


ReportAnswer = Verdict | EvidenceRequest | OperatorOutcome
"""What the cloud says about a report."""


def read_answer(payload: bytes, keyring: Keyring | None = None) -> ReportAnswer:
    """What the cloud says about a report; raises `MessageError`, with a keyring `Untrusted`."""
    match _kind(payload):
        case kind if kind == EVIDENCE_REQUEST_TYPE:
            return read_evidence_request(payload, keyring)
        case kind if kind == OPERATOR_OUTCOME_TYPE:
            return _read(payload, OPERATOR_OUTCOME_TYPE, OperatorOutcome, keyring)
        case _:
            return read_verdict(payload, keyring)


def read_evidence_request(payload: bytes, keyring: Keyring | None = None) -> EvidenceRequest:
    """The request in a CloudEvent; raises as `read_answer`."""
    return _read(payload, EVIDENCE_REQUEST_TYPE, EvidenceRequest, keyring)


def read_report(payload: bytes) -> ThreatReport:
    """The report in a CloudEvent; raises `MessageError`."""
    return _read(payload, REPORT_TYPE, ThreatReport)


def read_verdict(payload: bytes, keyring: Keyring | None = None) -> Verdict:
    """The verdict in a CloudEvent; raises as `read_answer`."""
    return _read(payload, VERDICT_TYPE, Verdict, keyring)


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


def _signed(event: dict[str, object], signer: Signer | None) -> dict[str, object]:
    if signer is None:
        return event
    seal = signer.seal(_statement(event))
    return event | {KEY_ID: seal.key_id, SIGNATURE: seal.signature}


def _statement(event: dict[str, object]) -> bytes:
    """What is signed of a message; raises `ValueError` for what cannot be."""
    return statement(_DOMAIN, (str(event.get(name)) for name in _SIGNED), event.get("data"))


def _check(event: dict[str, object], keyring: Keyring) -> None:
    seal = seal_in(event, KEY_ID, SIGNATURE)
    try:
        reason = keyring.distrust(_statement(event), seal)
    except ValueError:
        reason = Distrust.FORGED
    if reason is not None:
        key = "no key" if seal is None else f"key {seal.key_id[:64]!r}"
        trusted = ", ".join(keyring.key_ids)
        raise Untrusted(reason, f"signed by {key}, trusted are {trusted}")


def _encode(event: dict[str, object]) -> bytes:
    return json.dumps(event, separators=(",", ":"), allow_nan=False).encode()


M = TypeVar("M", ThreatReport, Verdict, EvidenceRequest, OperatorOutcome)


def _parsed(payload: bytes) -> object:
    if len(payload) > MAX_REPORT_BYTES:
        raise MessageError(f"message has {len(payload)} bytes, over {MAX_REPORT_BYTES}")
    try:
        return ijson.parse(payload)
    except ValueError as error:
        raise MessageError(f"message is no JSON: {error}") from error


def _kind(payload: bytes) -> object:
    event = _parsed(payload)
    return event.get("type") if isinstance(event, dict) else None


def _read(payload: bytes, kind: str, model: type[M], keyring: Keyring | None = None) -> M:
    event = _parsed(payload)
    if not isinstance(event, dict) or event.get("type") != kind:
        found = event.get("type") if isinstance(event, dict) else type(event).__name__
        raise MessageError(f"message is of type {found!r}, expected {kind!r}")
    try:
        message = model.model_validate(event.get("data"))
    except ValidationError as error:
        raise MessageError(first_error(error, "data")) from error
    _agree(event, message)
    if keyring is not None:
        _check(event, keyring)
    return message


def _agree(event: dict[str, object], message: Placed) -> None:
    """Envelope and content speak of the same report of the same camera."""
    flaw = id_flaw(message)
    if event.get("id") != message.report_id:
        flaw = f"id {event.get('id')!r} is not the report's, {message.report_id}"
    elif event.get("source") != source_of(message):
        flaw = f"source {event.get('source')!r} is not {source_of(message)}"
    if flaw is not None:
        raise MessageError(flaw)
