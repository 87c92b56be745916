"""The page to look at: every miss as a filmstrip with what held it back, every alarm with its
pictures and reasons, every suspicion that was refuted.

PURE. Called by the command line, which writes it as `report.html`.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge.replay.html import Entry, Picture, Section, Tone, page
from tools.evaluation.evaluate.evaluation import Evaluation
from tools.evaluation.evaluate.events import Label
from tools.evaluation.evaluate.misses import LATE_S, Late, Miss, late, misses
from tools.evaluation.evaluate.observed import Judged, StillRun
from tools.evaluation.evaluate.report_table import number, percent, percents, span
from tools.evaluation.evaluate.sheet import Shown, shown
from tools.evaluation.evaluate.totals import traffic_interval

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
            Section(
                f"Misses ({len(missed)})",
                "Events and stills that no confirmed alarm found, and what ended each. The strip "
                "is spread evenly over the event; its last picture is the surest sight. Click a "
                "picture to enlarge it. Labelled boxes are purple.",
                [_miss(one) for one in missed],
            ),
            Section(
                f"Found late ({len(slow)})",
                f"Events that were found more than {LATE_S:g} s after they began, and what it "
                "waited for until it was suspected; the latest first.",
                [_late(one) for one in slow],
            ),
            Section(
                f"Alarms ({len(alarms)})",
                f"{counts[0]} false, {counts[1]} whose place no label tells (look at them), "
                f"{counts[2]} right. First the frame with the box, then what the cloud was sent.",
                [_alarm(one) for one in alarms],
            ),
            Section(
                f"Alarms about stills ({len(stills)})",
                "Each picture judged for itself; false ones first.",
                stills,
            ),
            Section(
                f"Suspicions that were not confirmed ({len(refuted)})",
                "What the edge suspected and the cloud held back.",
                refuted,
            ),
        ),
    )


def _head(evaluation: Evaluation) -> Iterator[str]:
    totals, headline = evaluation.totals, evaluation.totals.headline
    subject = evaluation.subject
    yield (
        f"Events found: {headline.found} of {headline.events} "
        f"(95 %: {percents(headline.found_interval())}), by the edge alone {headline.edge_found}. "
        f"False alarms of every kind: {headline.false} in {headline.hours:.3f} camera-hours, "
        f"{number(headline.per_hour())} an hour (95 %: {span(headline.per_hour_interval())}). "
        f"Bytes sent: {percent(totals.traffic.share())} "
        f"(95 %: {percents(traffic_interval(totals.traffic))})."
    )
    yield (
        f"Excused: {headline.unchecked} alarms whose place no label tells, {headline.by_null} over "
        f"frames alone that nobody scores, {headline.unscored} confirmed of classes that are not "
        "scored."
    )
    yield (
        f"Edge: {subject.edge_model} on {subject.edge_runtime}; cloud: {subject.cloud_model}; "
        f"configuration: {subject.config}. What the figures mean stands in report.md."
    )


def _late(one: Late) -> Entry:
    event = one.trace.event
    title = (
        f"{one.place}: {event.cls}, {event.start_s:.1f} to {event.end_s:.1f} s, found "
        f"{one.delay_s:.1f} s after it began"
    )
    return Entry(title, one.why, one.facts, one.trace.pictures(), "open")


def _miss(one: Miss) -> Entry:
    event = one.trace.event
    when = "" if one.place.startswith("still") else f", {event.start_s:.1f} to {event.end_s:.1f} s"
    return Entry(
        f"{one.place}: {event.cls}{when}",
        one.why,
        one.facts,
        one.trace.pictures(),
        "open" if one.by_edge else "bad",
    )


def _alarm(one: Shown) -> Entry:
    judged = one.judged
    title = (
        f"{one.sequence}, {judged.raised_s:.1f} s: {judged.verdict_label} "
        f"{judged.verdict_score:.2f}"
    )
    return Entry(title, one.words, _reasons(judged), _pictures(judged), _TONES[one.verdict])


def _reasons(judged: Judged) -> tuple[str, ...]:
    box = ", ".join(f"{value:.0f}" for value in judged.edge.box)
    about = judged.verdict_about
    return (
        f"edge: {judged.label} {judged.score:.2f} by rule {judged.edge.rule} at [{box}] in "
        f"{judged.frame}: {'; '.join(judged.edge.reasons)}",
        f"cloud: {judged.decision}, {judged.verdict_label} {judged.verdict_score:.2f}: "
        f"{'; '.join(judged.reasons)}",
        f"about: {about.name or about.place.value.replace('_', ' ')}; {judged.bytes_out} bytes "
        f"sent, report {judged.report_id}",
    )


def _pictures(judged: Judged) -> tuple[Picture, ...]:
    sent = tuple(Picture(one.jpeg, f"sent: {one.role}", small=True) for one in judged.sent)
    return (Picture(judged.sheet, judged.frame), *sent)


def _of_stills(stills: tuple[StillRun, ...]) -> Iterator[Entry]:
    """Confirmed alarms about stills, the false ones first."""
    order = {False: 0, None: 1, True: 2}
    alarms = [
        (still, judged, still.labels.get(alarm.cls))
        for still in stills
        for judged in still.suspicions
        if (alarm := judged.as_confirmed()) is not None
    ]
    for still, judged, label in sorted(alarms, key=lambda one: order[one[2]]):
        words = _STILL_WORDS[label]
        title = f"{still.file}: {judged.verdict_label} {judged.verdict_score:.2f}"
        yield Entry(title, words[0], _reasons(judged), _pictures(judged), words[1])


_STILL_WORDS: dict[Label, tuple[str, Tone]] = {
    True: ("right", "good"),
    None: ("not scored", "open"),
    False: ("false: no such thing in the picture", "bad"),
}


def _refuted(evaluation: Evaluation) -> Iterator[Entry]:
    of_sequences = (
        (score.run.id, one) for score in evaluation.scores for one in score.run.suspicions
    )
    of_stills = ((still.file, one) for still in evaluation.stills for one in still.suspicions)
    for place, judged in (*of_sequences, *of_stills):
        if judged.decision != "confirmed":
            title = f"{place}, {judged.raised_s:.1f} s: {judged.label} {judged.score:.2f}"
            lead = f"{judged.decision} at {judged.verdict_score:.2f}"
            yield Entry(title, lead, _reasons(judged), _pictures(judged))
