"""The full model by hand: one report decided on, or pictures detected in, without broker or worker.

SHELL. Prints JSON on stdout, nothing else; what cannot be done raises `CannotRun` with what to do
about it. `confirm` decides but stores nothing: the ledger belongs to the workers. Called by
`__main__`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from cloud.confirm.evaluator import Model, ReportEvaluator
from cloud.settings import Settings
from cloud.stages.detections import rows_of
from cloud.stages.pictures import image_of
from contract.cloudevent import MessageError, read_report
from contract.report import MAX_REPORT_BYTES, ThreatReport
from contract.validation_errors import first_error
from imaging.admission import PictureLimits, Rejected
from objectstore.store import ObjectStore, StoreError
from service.clock import Clock


class CannotRun(Exception):
    """The command cannot be carried out; the text says why and what to do."""


def read_report_file(file: Path) -> ThreatReport:
    """The report in `file`, bare or as a CloudEvent."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise CannotRun(f"report {file} cannot be read: {error.strerror}") from error
    try:
        return _bare(text) if _is_bare(text) else read_report(text)
    except MessageError as error:
        raise CannotRun(f"report {file} is not usable: {error}") from error


def confirm_report(
    report: ThreatReport, store: ObjectStore, model: Model, settings: Settings, clock: Clock
) -> str:
    """The verdict as JSON; raises `CannotRun` if the store does not answer."""
    evaluator = ReportEvaluator(
        store=store,
        model=model,
        policy=settings.policy,
        limits=settings.limits.of_picture(),
        clock=clock,
    )
    try:
        return evaluator.decide(report).model_dump_json(indent=2)
    except StoreError as error:
        raise CannotRun(f"no verdict on {report.report_id}: {error}") from error


def detect_all(
    files: Sequence[Path], model: Model, limits: PictureLimits
) -> Iterator[dict[str, object]]:
    """Per file, in order, what the model saw, or why the file cannot be looked at (`error`)."""
    for file in files:
        yield {"image": str(file)} | _detect(file, model, limits)


def as_text(found: dict[str, object]) -> str:
    """A line of `detect_all` for people."""
    if "error" in found:
        return f"{found['image']}: {found['error']}"
    return f"{found['image']}: {json.dumps(found['detections'])}"


def _detect(file: Path, model: Model, limits: PictureLimits) -> dict[str, object]:
    try:
        picture = file.read_bytes()
    except OSError as error:
        return {"error": f"cannot be read: {error.strerror}"}
    image = image_of(picture, limits)
    if isinstance(image, Rejected):
        return {"error": f"{image.reason}: {image.detail}"}
    (detections,) = model.detect([image])
    height, width = image.shape[:2]
    rows = [row.model_dump() for row in rows_of(detections)]
    return {"width": width, "height": height, "detections": rows}


def _is_bare(text: bytes) -> bool:
    """Whether it is a report without its CloudEvent; nonsense is left to the event's reader."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "report_id" in found


def _bare(text: bytes) -> ThreatReport:
    if len(text) > MAX_REPORT_BYTES:
        raise MessageError(f"report has {len(text)} bytes, over {MAX_REPORT_BYTES}")
    try:
        return ThreatReport.model_validate_json(text)
    except ValidationError as error:
        raise MessageError(first_error(error)) from error
