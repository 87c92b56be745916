"""Evidence request v1: the cloud asks for another picture of a suspected thing before it decides,
or for those again that it cannot read.

PURE. It travels on the camera's `verdict` topic, where the gateway listens anyway. It is no verdict
and closes nothing: the gateway answers with the same report, its evidence extended and
`requests_left` lowered. Asked again, it answers again; a lost request is repeated when the gateway
sends the report again. With `requests_left` 0 the cloud decides on what there is.

With `unreadable` it names keys under which the store gives nothing or other bytes than the report
says. Only a report with `restores_left` is asked that: the gateway stores those pictures again and
answers with the same report, `restores_left` lowered; with 0 the cloud decides on what it can read.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from contract.report import CameraName, GatewayName, ReportName, Wire, nothing
from contract.values import Moment, Sentences, Word

EVIDENCE_REQUEST_TYPE = "io.stillwatch.evidence-request.v1"


def _none(keys: object) -> bool:
    return keys == ()


class EvidenceRequest(Wire):
    """What is known so far leaves the report open."""

    version: Literal[1] = Field(1, description="Version of this message.")
    report_id: ReportName = Field(description="The report that it is about.")
    gateway: GatewayName = Field(description="Who raised it.")
    camera: CameraName = Field(description="The camera that it is about.")
    asked_at: Moment = Field(description="When it was asked.")
    requests_left: Annotated[int, Field(ge=0, le=4)] = Field(
        description="As in the report that left it open: an answer to an earlier request is not "
        "asked again."
    )
    reasons: Sentences = Field((), description="Why the pictures so far leave it open.")
    unreadable: Annotated[tuple[Word, ...], Field(max_length=16)] = Field(
        (), exclude_if=_none, description="Keys to store again."
    )
    restores_left: Annotated[int, Field(ge=0, le=4)] = Field(
        0,
        exclude_if=nothing,
        description="As in the report, where `unreadable` names something.",
    )
