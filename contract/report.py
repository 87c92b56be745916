"""ThreatReport v1: what the edge asks the cloud to confirm.

PURE. A report carries no picture: its evidence lies in the object store and is named by key and
hash. Strict writer, tolerant reader: unknown fields of a newer writer are ignored.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contract.ids import CameraId, GatewayId, ReportId, is_name, is_report_id
from contract.values import Age, Count, Finite, Moment, Score, Sentences, Size, Word, Words

REPORT_TYPE = "io.stillwatch.suspicion.v1"
MAX_REPORT_BYTES = 64 * 1024

RelativeBox = tuple[float, float, float, float]
"""`x0 y0 x1 y1` as shares 0..1 of the frame's width and height."""


def _name(value: str) -> str:
    if not is_name(value):
        raise ValueError(f"id {value!r} is not 1 to 64 of a-z 0-9 _ -")
    return value


def _report_name(value: str) -> str:
    if not is_report_id(value):
        raise ValueError(f"report id {value!r} is not <gateway>.<camera>.<epoch>.<track>.<n>")
    return value


def _inside(box: RelativeBox) -> RelativeBox:
    x0, y0, x1, y1 = box
    if not (0 <= x0 <= x1 <= 1 and 0 <= y0 <= y1 <= 1):
        raise ValueError(f"box {box} is not ordered shares 0..1 of the frame")
    return box


def absent(value: object) -> bool:
    """Fields that came later are left away where they say nothing, as the first writers did."""
    return value is None


def empty(value: object) -> bool:
    """The same for lists."""
    return value == ()


def nothing(value: object) -> bool:
    """The same for numbers and marks."""
    return value == 0


GatewayName = Annotated[GatewayId, AfterValidator(_name)]
CameraName = Annotated[CameraId, AfterValidator(_name)]
ReportName = Annotated[ReportId, AfterValidator(_report_name)]
InsideBox = Annotated[RelativeBox, AfterValidator(_inside)]
ProfileName = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
NO_PROFILE = "none"
"""What is set, said and asked for where no profile holds; in messages the field is left away."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Severity = Annotated[int, Field(ge=0, le=4, description="ANSI/TMA AVS-01 level.")]


class Wire(BaseModel):
    """Base of every message: immutable, tolerant of unknown fields."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")


class EvidenceRef(Wire):
    """One stored picture: `best` whole frame, `crop` of the object, or `context` whole frame.

    A whole frame may be reduced in size. Pictures of one frame have one `received_at`. `region` and
    `box` are shares of the camera's whole frame, so a place in a crop is found in the frame and the
    other way round; writers before 1.1 left both away.
    """

    role: Literal["best", "crop", "context"] = Field(description="What the picture shows.")
    key: Word = Field(description="Key in the object store.")
    sha256: Sha256 = Field(description="Hash of the stored bytes, in hex.")
    bytes: Size = Field(description="Size of the file.")
    width: Size = Field(description="In pixels.")
    height: Size = Field(description="In pixels.")
    masked: bool = Field(False, description="Whether a privacy mask blackened part of it.")
    captured_at: Moment | None = Field(None, description="When the camera says it was taken.")
    received_at: Moment = Field(description="When the gateway received the frame.")
    region: InsideBox | None = Field(
        None, exclude_if=absent, description="What part of the frame the picture shows."
    )
    box: InsideBox | None = Field(
        None, exclude_if=absent, description="Where in the frame the object was then."
    )


class Scores(Wire):
    """Detection scores 0..1 of the track: newest, highest, median over the voting window."""

    last: Score = Field(description="Of the newest detection.")
    top: Score = Field(description="The highest.")
    median: Score = Field(description="Over the voting window.")


Corner = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]


class ZoneOutline(Wire):
    """A zone as it was when the suspicion was raised."""

    id: Word = Field(description="The zone's id in the configuration.")
    corners: Annotated[tuple[Corner, ...], Field(min_length=3, max_length=64)] = Field(
        description="x y as shares of the camera's whole frame, in order around it."
    )


class TrackFacts(Wire):
    """How long and how far the object was seen; displacement of its feet in own heights, of a
    vehicle how far it lately came in its own longer sides. A single picture shows none."""

    id: Count = Field(description="Number of the track on this gateway.")
    age_s: Finite = Field(description="Seconds since it was first seen.")
    displacement: Finite = Field(description="How far its feet moved, in own heights.")
    stationary: bool = Field(description="Whether it stands still.")


class FiredRule(Wire):
    """The rule that made it a suspicion, and why, in words for an operator."""

    id: Word = Field(description="The rule's id in the configuration.")
    reasons: Sentences = Field(description="Each condition with its value and limit, in words.")


LinkNumber = Annotated[int, Field(ge=1, lt=2**53)]
Span = tuple[LinkNumber, LinkNumber]


class ChainLink(Wire):
    """Where a report stands in the chain of its gateway's reports; see `contract.chain`."""

    chain: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] = Field(
        description="Made when the gateway's outbox began; a new one begins a new chain."
    )
    number: LinkNumber = Field(description="Counts the reports of the chain, from 1.")
    previous: Sha256 = Field(description="Hash of the link before, zeros for the first.")
    pictures: Annotated[int, Field(ge=0, le=16)] = Field(
        description="How many of the evidence it covers; what was asked for later comes after."
    )
    given_up: Annotated[tuple[Span, ...], Field(max_length=8)] = Field(
        (), description="First and last numbers of reports that the gateway gave up lately."
    )


class Sample(Wire):
    """How an audit came about: what was sampled, and how likely that was.

    Weighted by one over `share`, the audits stand for all that could have been drawn.
    """

    kind: Word = Field(
        description="`motion`: a motion event in which nothing was suspected, or only what was "
        "refuted. `partly`: one in which only objects of the groups in `reported` were. `quiet`: a "
        "minute in which the gate saw nothing move."
    )
    share: Annotated[float, Field(gt=0, le=1)] = Field(
        description="With which probability it was drawn."
    )
    reported: Words = Field(
        (),
        exclude_if=empty,
        description="Groups (`person`, `vehicle`) of which something was reported: not missed.",
    )


class ThreatReport(Wire):
    """A suspicion of one gateway about one object in front of one camera."""

    version: Literal[1] = Field(1, description="Version of this message.")
    report_id: ReportName = Field(
        description="`<gateway>.<camera>.<epoch>.<track>.<n>`; the same at every resend."
    )
    gateway: GatewayName = Field(description="Who raised it.")
    camera: CameraName = Field(description="The camera that saw it.")
    label: Word = Field(description="Class of the object, as the edge's model names it.")
    severity: Severity
    audit: bool = Field(False, description="A sample that alarms nobody.")
    raised_at: Moment = Field(description="When the suspicion was raised.")
    clocksync: bool = Field(True, description="Whether the gateway's clock can be trusted.")
    box: InsideBox = Field(description="Where it was: x0 y0 x1 y1 as shares of the frame.")
    scores: Scores = Field(description="How sure the edge's model was.")
    zones: Words = Field((), description="Zones in which it stood.")
    outlines: Annotated[tuple[ZoneOutline, ...], Field(max_length=8)] = Field(
        (),
        exclude_if=empty,
        description="Zones that its rule asks for, and those in which it stood; came with 1.2.",
    )
    track: TrackFacts = Field(description="The track behind it.")
    rule: FiredRule = Field(description="The rule that fired, and why.")
    model_sha256: Sha256 = Field(description="Hash of the edge's model.")
    config_version: Word = Field(description="Version of the configuration in force.")
    config_sha256: Sha256 = Field(description="Hash of the configuration in force.")
    profile: ProfileName | None = Field(
        None,
        exclude_if=absent,
        description="The site's profile that held, such as `away`; left away where none did.",
    )
    evidence: Annotated[tuple[EvidenceRef, ...], Field(min_length=1, max_length=16)] = Field(
        description="The stored pictures."
    )
    requests_left: Annotated[int, Field(ge=0, le=4)] = Field(
        0,
        exclude_if=nothing,
        description="How often the cloud may still ask for another picture of the object.",
    )
    restores_left: Annotated[int, Field(ge=0, le=4)] = Field(
        0,
        exclude_if=nothing,
        description="How often the cloud may still ask for its pictures to be stored again.",
    )
    age_s: Age | None = Field(
        None,
        exclude_if=absent,
        description="Seconds from `raised_at` to this sending, by the gateway's monotonic clock; "
        "left away under 1 s.",
    )
    link: ChainLink | None = Field(
        None, exclude_if=absent, description="Its place in the chain of the gateway's reports."
    )
    sample: Sample | None = Field(
        None,
        exclude_if=absent,
        description="Of an audit: how it was drawn. Its pictures are whole frames as the camera "
        "sent them, at most reduced: `best` shows most motion, `context` others, in no order.",
    )
    test: bool = Field(
        False,
        exclude_if=nothing,
        description="A self-test: only the way is tested, there is no threat. Such a report says "
        "`audit` as well, so that a reader that does not know `test` alarms nobody either.",
    )

    @property
    def sequence(self) -> int:
        """The number of this suspicion within its track, from 0."""
        return int(self.report_id.rsplit(".", 1)[1])


def utc_text(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as CloudEvents wants it."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
