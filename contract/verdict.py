"""Verdict v1: what became of a report.

PURE. `confirmed`, `refuted` and `inconclusive` come from the cloud, once per report id;
`unconfirmed` is the edge's word that no answer came before the deadline.
"""

from typing import Annotated, Literal

from pydantic import Field

from contract.report import (
    Box,
    CameraName,
    GatewayName,
    ReportName,
    Severity,
    Sha256,
    Wire,
    absent,
    nothing,
)
from contract.values import Age, Finite, Moment, Score, Sentences, Word

VERDICT_TYPE = "io.stillwatch.verdict.v1"

Decision = Literal["confirmed", "refuted", "inconclusive", "unconfirmed"]


class Sighting(Wire):
    """A detection of the full model on the evidence: box relative to the whole frame."""

    label: Word
    score: Score
    box: Box


class Handling(Wire):
    """When a worker did what with a self-test, by its own clock; seconds since it took it."""

    taken_at: Moment
    fetched_s: Annotated[Finite, Field(ge=0)]
    decided_s: Annotated[Finite, Field(ge=0)]


class Verdict(Wire):
    """The decision on one report, with its reasons in words for an operator."""

    version: Literal[1] = 1
    report_id: ReportName
    gateway: GatewayName
    camera: CameraName
    decision: Decision
    decided_by: Literal["cloud", "edge"]
    decided_at: Moment
    clocksync: bool = Field(
        True,
        exclude_if=bool,
        description="False: the clock that said `decided_at` cannot be trusted.",
    )
    label: Word
    score: Annotated[float, Field(ge=0, le=1)] = 0.0
    severity: Severity = 0
    audit: bool = False
    reasons: Sentences
    model_sha256: Sha256 | None = None
    evidence_key: Word | None = None
    sightings: Annotated[tuple[Sighting, ...], Field(max_length=1024)] = ()
    age_s: Age | None = Field(
        None,
        exclude_if=absent,
        description="How old the suspicion was, by the gateway's clock: in a verdict of the cloud "
        "when its report was sent, in one of the edge when this was said.",
    )
    manifest: Sha256 | None = Field(
        None,
        exclude_if=absent,
        description="Hash over the claim and pictures that were judged: it is about no other.",
    )
    test: bool = Field(
        False,
        exclude_if=nothing,
        description="On a self-test: nobody is in danger, whatever was decided.",
    )
    handled: Handling | None = Field(
        None, exclude_if=absent, description="Told of a self-test only."
    )
