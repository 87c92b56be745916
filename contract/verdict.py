"""Verdict v1: what became of a report.

PURE. `confirmed`, `refuted` and `inconclusive` come from the cloud, once per report id;
`unconfirmed` is the edge's word that no answer came before the deadline.
"""

from typing import Annotated, Literal

from pydantic import Field

from contract.report import (
    CameraName,
    GatewayName,
    InsideBox,
    ProfileName,
    ReportName,
    Severity,
    Sha256,
    Wire,
    absent,
    empty,
    nothing,
)
from contract.values import Age, Finite, Moment, Score, Sentences, Word

VERDICT_TYPE = "io.stillwatch.verdict.v1"

Decision = Literal["confirmed", "refuted", "inconclusive", "unconfirmed"]


class Sighting(Wire):
    """A detection of the full model on the evidence: box relative to the whole frame."""

    label: Word = Field(description="Class, as the full model names it.")
    score: Score = Field(description="How sure it is.")
    box: InsideBox = Field(description="Where in the frame.")


class NetworkVote(Wire):
    """What one of several fused networks gave to the strongest match."""

    network: Word = Field(description="Its name.")
    score: Score = Field(description="How sure it is.")


class Handling(Wire):
    """When a worker did what with a self-test, by its own clock; seconds since it took it."""

    taken_at: Moment = Field(description="When the worker took the report.")
    fetched_s: Annotated[Finite, Field(ge=0)] = Field(description="The evidence was there.")
    decided_s: Annotated[Finite, Field(ge=0)] = Field(description="The verdict was there.")


class Verdict(Wire):
    """The decision on one report, with its reasons in words for an operator."""

    version: Literal[1] = Field(1, description="Version of this message.")
    report_id: ReportName = Field(description="The report that it answers.")
    gateway: GatewayName = Field(description="Who raised the report.")
    camera: CameraName = Field(description="The camera that it is about.")
    decision: Decision = Field(description="What was decided.")
    decided_by: Literal["cloud", "edge"] = Field(
        description="The edge decides only `unconfirmed`: no answer came in time."
    )
    decided_at: Moment = Field(description="When it was decided.")
    clocksync: bool = Field(
        True,
        exclude_if=bool,
        description="False: the clock that said `decided_at` cannot be trusted.",
    )
    label: Word = Field(description="Class of the object.")
    score: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="How sure the full model is; 0 where it saw nothing there."
    )
    severity: Severity = 0
    profile: ProfileName | None = Field(
        None, exclude_if=absent, description="That of the report: what held when it was raised."
    )
    audit: bool = Field(False, description="On a sample that alarms nobody.")
    reasons: Sentences = Field(description="Why, in words.")
    model_sha256: Sha256 | None = Field(None, description="Hash of the cloud's model.")
    evidence_key: Word | None = Field(None, description="Key of the picture that decided.")
    sightings: Annotated[tuple[Sighting, ...], Field(max_length=1024)] = Field(
        (), description="What the full model saw on that picture."
    )
    votes: Annotated[tuple[NetworkVote, ...], Field(max_length=16)] = Field(
        (), exclude_if=empty, description="What each network gave to the strongest match."
    )
    age_s: Age | None = Field(
        None,
        exclude_if=absent,
        description="How old the suspicion was, by the gateway's clock: in a verdict of the cloud "
        "when its report was sent, in one of the edge when this was said.",
    )
    manifest: Sha256 | None = Field(
        None,
        exclude_if=absent,
        description="Hash over the claim and pictures that it is about, and no others.",
    )
    test: bool = Field(
        False,
        exclude_if=nothing,
        description="On a self-test: there is no threat, whatever was decided.",
    )
    handled: Handling | None = Field(
        None, exclude_if=absent, description="Present for a self-test only."
    )
