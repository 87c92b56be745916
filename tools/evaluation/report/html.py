"""The pages to look at: `report.html` with every miss as a filmstrip, every alarm with its pictures
and reasons and every suspicion that was refuted; `alarms.jpg` with the alarms alone.

SHELL only in `write_sheet`. On the sheet false alarms and those that could not be checked come
first, so that a person can review in a minute what is not labelled. Called by the command line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.replay.html import PageEntry, PagePicture, PageSection, Tone, page
from imaging.detections import Image
from tools.evaluation.evaluate.event_traces import SHEET_PX, SHEET_QUALITY
from tools.evaluation.evaluate.events import AlarmKind, Label
from tools.evaluation.evaluate.observed import DecidedSuspicion, StillRun
from tools.evaluation.evaluate.score import LATE_S, AlarmScore, SequenceScore
from tools.evaluation.evaluate.totals import Evaluation, traffic_interval
from tools.evaluation.report.misses import LateEvent, MissedEvent, late, misses
from tools.evaluation.report.tables import number, percent, percents, span

_COLUMNS = 4
"""Of `SHEET_PX` each: as wide as a screen."""
_MOST = 64
"""Pictures on the sheet: more nobody looks at; the page has all."""

_COLOURS = {True: "#c62828", False: "#2e7d32", None: "#f9a825"}


@dataclass(frozen=True, slots=True)
class ConfirmedAlarm:
    """One confirmed alarm for a person to review."""

    sequence: str
    decided: DecidedSuspicion
    scored: AlarmScore

    @property
    def verdict(self) -> bool | None:
        """Whether it is false; None where that is not labelled."""
        return None if self.scored.unchecked else self.scored.false

    @property
    def words(self) -> str:
        kind = self.scored.kind
        if kind is AlarmKind.RIGHT:
            return "in view, place not labelled" if self.scored.unchecked else "right"
        return {
            AlarmKind.FALSE: "false: nothing of any class in view",
            AlarmKind.WRONG_CLASS: "false: another class",
            AlarmKind.WRONG_PLACE: "false: nothing where the box is",
            AlarmKind.STATIC: f"false: {self.decided.verdict_about.name or 'a static object'}",
        }[kind]


def shown(scores: Sequence[SequenceScore]) -> list[ConfirmedAlarm]:
    """All confirmed alarms: false ones first, then those that could not be checked."""
    alarms = [
        ConfirmedAlarm(score.run.id, decided, scored)
        for score in scores
        for decided, scored in zip(
            (one for one in score.run.suspicions if one.as_confirmed()), score.alarms, strict=True
        )
    ]
    order = {True: 0, None: 1, False: 2}
    return sorted(alarms, key=lambda one: order[one.verdict])


def write_sheet(folder: Path, scores: Sequence[SequenceScore]) -> Path | None:
    """`alarms.jpg`, where there is any alarm."""
    pictures = [one for one in shown(scores) if one.decided.sheet][:_MOST]
    if not pictures:
        return None
    sheet = folder / "alarms.jpg"
    cv2.imwrite(str(sheet), _sheet(pictures), [cv2.IMWRITE_JPEG_QUALITY, SHEET_QUALITY])
    return sheet


def _sheet(pictures: Sequence[ConfirmedAlarm]) -> Image:
    """The pictures in rows, each with its words above it."""
    tiles = [_tile(one) for one in pictures]
    high = max(tile.shape[0] for tile in tiles)
    columns = min(_COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * high, columns * SHEET_PX, 3), 255, np.uint8)
    for place, tile in enumerate(tiles):
        y, x = place // columns * high, place % columns * SHEET_PX
        sheet[y : y + tile.shape[0], x : x + SHEET_PX] = tile
    return sheet


def _tile(one: ConfirmedAlarm) -> Image:
    picture = cv2.imdecode(np.frombuffer(one.decided.sheet, np.uint8), cv2.IMREAD_COLOR)
    head = np.full((40, SHEET_PX, 3), 255, np.uint8)
    colour = tuple(int(_COLOURS[one.verdict][i : i + 2], 16) for i in (5, 3, 1))
    lines = (
        f"{one.sequence} {one.decided.verdict_label} {one.decided.verdict_score:.2f}",
        one.words,
    )
    for row, line in enumerate(lines):
        at = (4, 15 + 18 * row)
        cv2.putText(head, line, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)
    return np.asarray(np.vstack([head, picture]), np.uint8)


_TONES: dict[bool | None, Tone] = {True: "bad", None: "open", False: "good"}


def review(evaluation: Evaluation) -> str:
    """The whole page."""
    missed, slow = list(misses(evaluation)), list(late(evaluation))
    alarms = shown(evaluation.scores)
    stills = list(_of_stills(evaluation.stills))
    refuted = list(_refuted(evaluation))
    counts = [sum(one.verdict is which for one in alarms) for which in (True, None, False)]
    return page(
        f"Evaluation on {evaluation.subject.corpus}",
        _head(evaluation),
        (
            PageSection(
                f"Misses ({len(missed)})",
                "Events and stills that no confirmed alarm found, and what ended each. The strip "
                "is spread evenly over the event; its last picture is the best detection. Click a "
                "picture to enlarge it. Labelled boxes are purple.",
                [_miss(one) for one in missed],
            ),
            PageSection(
                f"Found late ({len(slow)})",
                f"Events that were found more than {LATE_S:g} s after they began, and what it "
                "waited for until it was suspected; the latest first.",
                [_late(one) for one in slow],
            ),
            PageSection(
                f"Alarms ({len(alarms)})",
                f"{counts[0]} false, {counts[1]} whose place is not labelled (look at them), "
                f"{counts[2]} right. First the frame with the box, then what the cloud was sent.",
                [_alarm(one) for one in alarms],
            ),
            PageSection(
                f"Alarms about stills ({len(stills)})",
                "Each picture evaluated for itself; false ones first.",
                stills,
            ),
            PageSection(
                f"Suspicions that were not confirmed ({len(refuted)})",
                "What the edge suspected and the cloud did not confirm.",
                refuted,
            ),
        ),
    )


def _head(evaluation: Evaluation) -> Iterator[str]:
    totals, headline = evaluation.totals, evaluation.totals.headline
    subject = evaluation.subject
    yield (
        f"Events found: {headline.found} of {headline.events} (95 %: "
        f"{percents(headline.share().interval())}), by the edge alone {headline.edge_found}. "
        f"False alarms of every kind: {headline.false} in {headline.hours:.3f} camera-hours, "
        f"{number(headline.rate().per_hour())} an hour (95 %: {span(headline.rate().interval())}). "
        f"Bytes sent: {percent(totals.traffic.share())} "
        f"(95 %: {percents(traffic_interval(totals.traffic))})."
    )
    yield (
        f"Excused: {headline.unchecked} alarms whose place is not labelled, {headline.by_null} "
        f"over frames alone that nobody scores, {headline.unscored} confirmed of classes that are "
        "not scored."
    )
    yield (
        f"Edge: {subject.edge_model} on {subject.edge_runtime}; cloud: {subject.cloud_model}; "
        f"configuration: {subject.config}. What the figures mean stands in report.md."
    )


def _late(one: LateEvent) -> PageEntry:
    event = one.trace.event
    title = (
        f"{one.place}: {event.cls}, {event.start_s:.1f} to {event.end_s:.1f} s, found "
        f"{one.delay_s:.1f} s after it began"
    )
    return PageEntry(title, one.why, one.facts, one.trace.pictures(), "open")


def _miss(one: MissedEvent) -> PageEntry:
    event = one.trace.event
    when = "" if one.place.startswith("still") else f", {event.start_s:.1f} to {event.end_s:.1f} s"
    return PageEntry(
        f"{one.place}: {event.cls}{when}",
        one.why,
        one.facts,
        one.trace.pictures(),
        "open" if one.by_edge else "bad",
    )


def _alarm(one: ConfirmedAlarm) -> PageEntry:
    decided = one.decided
    title = (
        f"{one.sequence}, {decided.raised_s:.1f} s: {decided.verdict_label} "
        f"{decided.verdict_score:.2f}"
    )
    return PageEntry(title, one.words, _reasons(decided), _pictures(decided), _TONES[one.verdict])


def _reasons(decided: DecidedSuspicion) -> tuple[str, ...]:
    box = ", ".join(f"{value:.0f}" for value in decided.edge.box)
    about = decided.verdict_about
    return (
        f"edge: {decided.label} {decided.score:.2f} by rule {decided.edge.rule} at [{box}] in "
        f"{decided.frame}: {'; '.join(decided.edge.reasons)}",
        f"cloud: {decided.decision}, {decided.verdict_label} {decided.verdict_score:.2f}: "
        f"{'; '.join(decided.reasons)}",
        f"about: {about.name or about.place.value.replace('_', ' ')}; {decided.bytes_out} bytes "
        f"sent, report {decided.report_id}",
    )


def _pictures(decided: DecidedSuspicion) -> tuple[PagePicture, ...]:
    sent = tuple(PagePicture(one.jpeg, f"sent: {one.role}", small=True) for one in decided.sent)
    return (PagePicture(decided.sheet, decided.frame), *sent)


def _of_stills(stills: tuple[StillRun, ...]) -> Iterator[PageEntry]:
    """Confirmed alarms about stills, the false ones first."""
    order = {False: 0, None: 1, True: 2}
    alarms = [
        (still, decided, still.labels.get(alarm.cls))
        for still in stills
        for decided in still.suspicions
        if (alarm := decided.as_confirmed()) is not None
    ]
    for still, decided, label in sorted(alarms, key=lambda one: order[one[2]]):
        words = _STILL_WORDS[label]
        title = f"{still.file}: {decided.verdict_label} {decided.verdict_score:.2f}"
        yield PageEntry(title, words[0], _reasons(decided), _pictures(decided), words[1])


_STILL_WORDS: dict[Label, tuple[str, Tone]] = {
    True: ("right", "good"),
    None: ("not scored", "open"),
    False: ("false: no such thing in the picture", "bad"),
}


def _refuted(evaluation: Evaluation) -> Iterator[PageEntry]:
    of_sequences = (
        (score.run.id, one) for score in evaluation.scores for one in score.run.suspicions
    )
    of_stills = ((still.file, one) for still in evaluation.stills for one in still.suspicions)
    for place, decided in (*of_sequences, *of_stills):
        if decided.decision != "confirmed":
            title = f"{place}, {decided.raised_s:.1f} s: {decided.label} {decided.score:.2f}"
            lead = f"{decided.decision} at {decided.verdict_score:.2f}"
            yield PageEntry(title, lead, _reasons(decided), _pictures(decided))
