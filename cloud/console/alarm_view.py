"""An alarm as its page shows it: pictures with what was drawn over them, and why, in words.

PURE. Boxes of a report are shares of the camera's whole frame; here they become shares of each
picture, in thousandths, as SVG takes them. Called by `wall` and `work`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cloud.console.evidence_links import is_own
from cloud.index.summary import AlarmParts
from contract.report import EvidenceRef, RelativeBox
from contract.verdict import Verdict

WHOLE: RelativeBox = (0.0, 0.0, 1.0, 1.0)
_SCALE = 1000
_MOST_SIGHTINGS = 12

ZonePolygons = Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayBox:
    """In thousandths of the picture's width and height; `kind` says whose it is."""

    x: int
    y: int
    width: int
    height: int
    words: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayZone:
    """Corners in thousandths, as SVG's `points`; `kind` is `zone` or `mask`."""

    name: str
    points: str
    kind: str = "zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureView:
    """One stored picture and what is drawn over it."""

    link: str
    role: str
    width: int
    height: int
    at: datetime
    boxes: tuple[OverlayBox, ...]
    zones: tuple[OverlayZone, ...]
    masked: bool


def pictures_of(
    parts: AlarmParts, zones: ZonePolygons, link: Callable[[str], str]
) -> tuple[PictureView, ...]:
    """In the order in which they were taken, whole frames before crops of the same moment; only
    those of the report's own gateway. Over them lie the zones of the report, else `zones`."""
    report = parts.report
    evidence = report.evidence if report is not None else ()
    own = [one for one in evidence if report is not None and is_own(one.key, report.gateway)]
    ordered = sorted(own, key=lambda one: (one.received_at, one.role == "crop"))
    outlines = () if report is None else report.outlines
    shown = {one.id: one.corners for one in outlines} or zones
    return tuple(_picture(one, parts, shown, link) for one in ordered)


def best_of(pictures: Sequence[PictureView]) -> int:
    """Which one is shown first: the best whole frame, else any whole frame, else the first."""
    for role in ("best", "context"):
        for number, one in enumerate(pictures):
            if one.role == role:
                return number
    return 0


def votes_of(votes: Mapping[str, float]) -> tuple[tuple[str, float, str], ...]:
    """Each network, how much it gave 0..1, and the same in a word."""
    return tuple((name, score, _word(score)) for name, score in sorted(votes.items()))


def _word(score: float) -> str:
    steps = ((0.75, "sure"), (0.5, "likely"), (0.25, "doubtful"))
    return next((word for least, word in steps if score >= least), "no")


def _picture(
    ref: EvidenceRef, parts: AlarmParts, zones: ZonePolygons, link: Callable[[str], str]
) -> PictureView:
    region = ref.region or WHOLE
    outlines = (outline(name, zones[name], region) for name in sorted(zones))
    return view_of(ref, _boxes(ref, parts, region), outlines, link)


def view_of(
    ref: EvidenceRef,
    boxes: Iterable[OverlayBox],
    zones: Iterable[OverlayZone],
    link: Callable[[str], str],
) -> PictureView:
    """A stored picture with what is to be drawn over it."""
    return PictureView(
        link=link(ref.key),
        role=ref.role,
        width=ref.width,
        height=ref.height,
        at=ref.received_at,
        boxes=tuple(boxes),
        zones=tuple(zones),
        masked=ref.masked,
    )


def _boxes(ref: EvidenceRef, parts: AlarmParts, region: RelativeBox) -> Iterator[OverlayBox]:
    report, decided = parts.report, parts.decided
    if report is not None and (ref.box is not None or ref.role == "best"):
        words = f"edge: {report.label} {report.scores.top:.2f}"
        yield drawn(ref.box or report.box, region, words, "edge")
    if isinstance(decided, Verdict) and decided.evidence_key == ref.key:
        for one in decided.sightings[:_MOST_SIGHTINGS]:
            yield drawn(one.box, region, f"cloud: {one.label} {one.score:.2f}", "cloud")


def drawn(box: RelativeBox, region: RelativeBox, words: str, kind: str) -> OverlayBox:
    """A box of the whole frame over a picture of `region`."""
    x0, y0 = _within(box[0], box[1], region)
    x1, y1 = _within(box[2], box[3], region)
    return OverlayBox(x=x0, y=y0, width=x1 - x0, height=y1 - y0, words=words, kind=kind)


def outline(
    name: str, polygon: Sequence[tuple[float, float]], region: RelativeBox, kind: str = "zone"
) -> OverlayZone:
    """A place of the whole frame over a picture of `region`."""
    corners = (_within(x, y, region) for x, y in polygon)
    return OverlayZone(name=name, points=" ".join(f"{x},{y}" for x, y in corners), kind=kind)


def _within(x: float, y: float, region: RelativeBox) -> tuple[int, int]:
    """A place of the whole frame, in thousandths of a picture of `region`."""
    wide, high = max(region[2] - region[0], 1e-6), max(region[3] - region[1], 1e-6)
    return round((x - region[0]) / wide * _SCALE), round((y - region[1]) / high * _SCALE)
