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
Box = Annotated[RelativeBox, AfterValidator(_inside)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Severity = Annotated[int, Field(ge=0, le=4, description="ANSI/TMA AVS-01 level")]


class Wire(BaseModel):
    """Base of every message: immutable, tolerant of unknown fields."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")


class EvidenceRef(Wire):
    """One stored picture: `best` whole frame, `crop` of the object, or `context` whole frame.

    A whole frame may be reduced in size. Pictures of one frame have one `received_at`. `region` and
    `box` are shares of the camera's whole frame, so a place in a crop is found in the frame and the
    other way round; writers before 1.1 left both away.
    """

    role: Literal["best", "crop", "context"]
    key: Word
    sha256: Sha256
    bytes: Size
    width: Size
    height: Size
    masked: bool = False
    captured_at: Moment | None = None
    received_at: Moment
    region: Box | None = Field(
        None, exclude_if=absent, description="What part of the frame the picture shows."
    )
    box: Box | None = Field(
        None, exclude_if=absent, description="Where in the frame the thing was then."
    )


class Scores(Wire):
    """Detection scores 0..1 of the track: newest, highest, median over the voting window."""

    last: Score
    top: Score
    median: Score


class TrackFacts(Wire):
    """How long and how far the thing was seen; displacement of its feet in own heights, of a
    vehicle how far it lately came in its own longer sides. A single picture shows none."""

    id: Count
    age_s: Finite
    displacement: Finite
    stationary: bool


class FiredRule(Wire):
    """The rule that made it a suspicion, and why, in words for an operator."""

    id: Word
    reasons: Sentences


LinkNumber = Annotated[int, Field(ge=1, lt=2**53)]
Span = tuple[LinkNumber, LinkNumber]


class ChainLink(Wire):
    """Where a report stands in the chain of its gateway's reports; see `contract.chain`."""

    chain: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] = Field(
        description="Made when the gateway's outbox began; a new one begins a new chain."
    )
    number: LinkNumber
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
        "refuted. `partly`: one in which only things of the groups in `told` were. `quiet`: a "
        "minute in which the gate saw nothing move."
    )
    share: Annotated[float, Field(gt=0, le=1)] = Field(
        description="With which probability it was drawn."
    )
    told: Words = Field(
        (),
        exclude_if=empty,
        description="Groups (`person`, `vehicle`) of which something was told: not missed.",
    )


class ThreatReport(Wire):
    """A suspicion of one gateway about one thing in front of one camera."""

    version: Literal[1] = 1
    report_id: ReportName
    gateway: GatewayName
    camera: CameraName
    label: Word
    severity: Severity
    audit: bool = False
    raised_at: Moment
    clocksync: bool = True
    box: Box
    scores: Scores
    zones: Words = ()
    track: TrackFacts
    rule: FiredRule
    model_sha256: Sha256
    config_version: Word
    config_sha256: Sha256
    evidence: Annotated[tuple[EvidenceRef, ...], Field(min_length=1, max_length=16)]
    more_left: Annotated[int, Field(ge=0, le=4)] = Field(
        0,
        exclude_if=nothing,
        description="How often the cloud may still ask for another picture of the thing.",
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
        description="A self-test: the way is tried, nobody is in danger. Such a report says "
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
