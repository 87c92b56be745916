"""Pictures of decisions: the evidence with the gateway's box and the cloud's sightings on it.

SHELL in `AlarmFiles`, which fetches from the store and writes at most `MAX_PICTURES`; drawing is
pure. Called by `run` for every verdict.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

import cv2
import numpy as np

from contract.report import EvidenceRef, RelativeBox, ThreatReport
from contract.verdict import Verdict
from imaging.boxes import iou
from imaging.detections import Image
from objectstore.store import ObjectStore, StoreError
from tools.demo.local.collector import Decided

MAX_PICTURES = 500
"""In the folder; the oldest gives way."""
MAX_EVIDENCE_BYTES = 16_000_000
SUSPECTED = (0, 170, 255)
SIGHTED = {"confirmed": (60, 60, 230), "unconfirmed": (60, 60, 230)}
OTHER = (80, 190, 80)
ELSEWHERE = (200, 200, 200)
"""Colours (BGR): what the gateway suspected, what the cloud confirmed or could not check, what it
refuted, and what it saw in other places."""
SAME_PLACE = 0.3
"""Overlap from which a sighting is about the suspected place."""
WEAK = 0.35
"""Below it a sighting elsewhere has no name in the picture: it would only clutter."""


class AlarmFiles:
    """The folder of drawn pictures; when full, the oldest gives way."""

    def __init__(self, folder: Path, store: ObjectStore) -> None:
        self._folder = folder
        self._store = store
        self._kept: deque[Path] = deque()

    def add(self, decided: Decided) -> Path | None:
        """Draws the evidence and returns where it lies, None if there is none to be had."""
        evidence = evidence_of(decided.report, decided.verdict)
        try:
            body = self._store.get(evidence.key, MAX_EVIDENCE_BYTES)
        except StoreError:
            return None
        picture = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            return None
        path = self._folder / file_name(decided)
        cv2.imwrite(str(path), draw(np.asarray(picture, np.uint8), decided))
        self._keep(path)
        return path

    def _keep(self, path: Path) -> None:
        self._kept.append(path)
        if len(self._kept) > MAX_PICTURES:
            self._kept.popleft().unlink(missing_ok=True)


def evidence_of(report: ThreatReport, verdict: Verdict) -> EvidenceRef:
    """The picture that the verdict speaks of, else the best whole frame, else the best crop.

    A crop of which nobody said where in the frame it lies is the last choice.
    """
    named = [ref for ref in report.evidence if ref.key == verdict.evidence_key]
    best = [ref for ref in report.evidence if ref.role == "best"]
    placed = [ref for ref in report.evidence if _placed(ref)]
    whole = [ref for ref in named if ref.role != "crop" or _placed(ref)]
    return next(iter((*whole, *best, *placed, *report.evidence)))


def _placed(ref: EvidenceRef) -> bool:
    """Whether boxes in the frame can be drawn on it."""
    return ref.role == "best" or ref.region is not None


def file_name(decided: Decided) -> str:
    """Sorts by time, and says what it is."""
    report, verdict = decided.report, decided.verdict
    track = "-".join(report.report_id.split(".")[2:])
    moment = report.raised_at.strftime("%H%M%S")
    return f"{moment}-{report.camera}-{report.label}-{track}-{verdict.decision}.jpg"


def draw(picture: Image, decided: Decided) -> Image:
    """A copy with the suspected box, the sightings, and the decision in a line at the top.

    Sightings at the suspected place have the decision's colour; the others are grey, and the weak
    ones among them nameless.
    """
    report, verdict = decided.report, decided.verdict
    copy = picture.copy()
    colour = SIGHTED.get(verdict.decision, OTHER)
    shown = evidence_of(report, verdict)
    marked = _placed(shown)
    suspected = shown.box or report.box
    for sighting in verdict.sightings:
        same = marked and _overlap(sighting.box, suspected) >= SAME_PLACE
        words = f"{sighting.label} {sighting.score:.2f}" if same or sighting.score >= WEAK else ""
        place = _within(shown, sighting.box)
        _box(copy, place, colour if same else ELSEWHERE, words, thickness=1 + same)
    if marked:
        words = f"edge: {report.label} {report.scores.top:.2f}"
        _box(copy, _within(shown, suspected), SUSPECTED, words, below=True)
    headline = f"{report.camera}: {report.label} {verdict.decision} {verdict.score:.2f}"
    _text(copy, headline, (6, 18), colour)
    return copy


def _within(shown: EvidenceRef, box: RelativeBox) -> RelativeBox:
    """A box in shares of the frame as shares of what is shown of it, cut off at its edges."""
    left, top, right, bottom = shown.region or (0.0, 0.0, 1.0, 1.0)
    across, down = max(right - left, 1e-9), max(bottom - top, 1e-9)
    x0, y0 = (box[0] - left) / across, (box[1] - top) / down
    x1, y1 = (box[2] - left) / across, (box[3] - top) / down
    x0, y0, x1, y1 = (min(max(at, 0.0), 1.0) for at in (x0, y0, x1, y1))
    return x0, y0, x1, y1


def _overlap(one: RelativeBox, other: RelativeBox) -> float:
    """Intersection over union, 0..1."""
    pair = [np.asarray([box], np.float32) for box in (one, other)]
    return float(iou(pair[0], pair[1])[0, 0])


def _box(
    picture: Image,
    box: RelativeBox,
    colour: tuple[int, int, int],
    words: str,
    *,
    below: bool = False,
    thickness: int = 1,
) -> None:
    height, width = picture.shape[:2]
    x0, y0 = round(box[0] * width), round(box[1] * height)
    x1, y1 = round(box[2] * width), round(box[3] * height)
    cv2.rectangle(picture, (x0, y0), (x1, y1), colour, thickness)
    beside = min(y1 + 14, height - 4) if below else max(y0 - 5, 12)
    _text(picture, words, (x0, beside), colour)


def _text(picture: Image, words: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    """Legible on any ground: a dark outline under the colour."""
    for ink, thickness in (((0, 0, 0), 3), (colour, 1)):
        cv2.putText(picture, words, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, ink, thickness, cv2.LINE_AA)
