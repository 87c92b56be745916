"""A miss is told with the stage that ended it; the page shows every alarm and every miss."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from edge.records import RuleResult, TrackId
from edge.replay.failed_checks import FailedChecks
from edge.replay.html import PagePicture, jpeg_of
from edge.rules import checks
from tests.evaluations import decided, one_frame_a_second, still
from tests.pages import Page
from tools.evaluation.evaluate.events import AtBox, LabelledEvent
from tools.evaluation.evaluate.observed import (
    About,
    BestDetection,
    DecidedSuspicion,
    EdgeReasons,
    EventTrace,
    Sent,
    SequenceRun,
    StillRun,
)
from tools.evaluation.evaluate.score import score, without_found
from tools.evaluation.evaluate.totals import Evaluation, Subject, add_up
from tools.evaluation.report.html import review
from tools.evaluation.report.misses import late, misses

JPEG = jpeg_of(np.full((30, 40, 3), 90, np.uint8))
FIRST = LabelledEvent(cls="person", start_s=4.0, end_s=8.0)
SECOND = LabelledEvent(cls="person", start_s=30.0, end_s=34.0)
BOX = (1.0, 2.0, 3.0, 4.0)


def trace(event: LabelledEvent, **more: object) -> EventTrace:
    made = EventTrace(event=event, floor=0.25, begin=0.3, outcomes=Counter({"analysed: motion": 5}))
    made.analysed = 5
    made.strip = [PagePicture(JPEG, f"frame {n}") for n in range(3)]
    for name, value in more.items():
        setattr(made, name, value)
    return made


def evaluation(
    *suspicions: DecidedSuspicion, traces: tuple[EventTrace, ...] = (), **more: object
) -> Evaluation:
    run: SequenceRun = replace(one_frame_a_second(*suspicions), traces=traces)
    scores = (without_found(score(run)),)
    subject = Subject(
        corpus="made <up>",
        config="defaults",
        edge_model="edge",
        edge_sha256="0",
        edge_runtime="none",
        cloud_model="cloud",
        cloud_sha256="0",
        only=(),
        limit=None,
        wall_s=1.0,
    )
    stills: tuple[StillRun, ...] = more.get("stills", ())  # type: ignore[assignment] # as named
    return Evaluation(subject=subject, scores=scores, totals=add_up(scores), stills=stills)


def rule_result(label: str, *asked: tuple[str, float, float]) -> RuleResult:
    return RuleResult(
        track=TrackId(7),
        rule="person",
        label=label,
        box=BOX,
        night=False,
        checks=tuple(checks.at_least(name, f"the {name}", v, limit) for name, v, limit in asked),
    )


def failed_checks_of(rule_results: list[RuleResult]) -> FailedChecks:
    failed = FailedChecks()
    for one in rule_results:
        failed.count(one)
    return failed


HELD = failed_checks_of(
    [
        rule_result("person", ("threshold", 0.5, 0.35), ("min_travel", 0.1, 0.2)),
        rule_result("person", ("threshold", 0.5, 0.35), ("min_travel", 0.15, 0.2)),
        rule_result("person", ("threshold", 0.3, 0.35), ("min_travel", 0.05, 0.2)),
    ]
)
STANDS = failed_checks_of(
    [rule_result("person", ("threshold", 0.3, 0.35), ("min_travel", 0, 0.2))] * 9
)
FIRED = failed_checks_of([rule_result("person", ("threshold", 0.5, 0.35))])
REFUTED = replace(decided(6.0, decision="refuted"), verdict_score=0.31, reasons=("no person",))


@pytest.mark.parametrize(
    ("more", "suspicions", "words"),
    [
        (
            {"outcomes": Counter({"quiet: still": 4, "quiet: faint": 1}), "analysed": 0},
            (),
            "never passed the gate: quiet: still 4, quiet: faint 1",
        ),
        ({}, (), "never detected as person above 0.25 in 5 analysed frames"),
        (
            {"best": BestDetection("person", 0.28, 5.0, BOX), "detected": 2},
            (),
            "no track: detected in 2 of 5 analysed frames, at best 0.28, and a track begins at "
            "0.30",
        ),
        (
            {"best": BestDetection("person", 0.6, 5.0, BOX), "detected": 5, "refused": 9},
            (),
            "; 9 detections could not be tracked",
        ),
        (
            {"holds": HELD},
            (),
            "held back by a check: rule person, min_travel: held back in 3 of 3 rule results, in 2 "
            "alone; nearest: the min_travel 0.15 < 0.20",
        ),
        (
            {"holds": HELD, "by_track": {2: FailedChecks(), 3: STANDS, 7: HELD, 9: STANDS}},
            (),
            "held back by a check: track #7: rule person, min_travel",  # the others never came near
        ),
        (
            {"holds": FIRED, "deduplicated": 3, "deduplicated_after_s": 2.5},
            (),
            "its rule fired in 1 rule results, but it was suppressed as a duplicate of "
            "what was raised 2.5 s before (3",
        ),
        (
            {"holds": FIRED},
            (),
            "its rule fired in 1 rule results, but it was counted with an earlier alarm",
        ),
        ({"holds": FIRED}, (REFUTED,), "suspected by the edge, lost by the cloud: refuted at 0.31"),
        (
            {"holds": FIRED},
            (replace(decided(6.0, verdict_label="car"), label="person"),),
            "lost by the cloud: confirmed as car at 0.50",
        ),
        (
            {"holds": HELD},
            (replace(REFUTED, about=About(name="red car", place=AtBox.STATIC)),),
            "held back by a check",  # the suspicion was about something else
        ),
        ({"holds": HELD}, (replace(REFUTED, raised_s=20.0),), "held back by a check"),
    ],
)
def test_the_last_stage_that_an_event_came_to_is_what_is_said(
    more: dict[str, object], suspicions: tuple[DecidedSuspicion, ...], words: str
) -> None:
    one, _ = misses(evaluation(*suspicions, traces=(trace(FIRST, **more), trace(SECOND))))
    assert words in one.why
    assert one.trace.event == FIRST
    assert one.by_edge is one.why.startswith("suspected")


def test_what_was_found_is_no_miss_and_its_strip_is_let_go() -> None:
    seen = evaluation(decided(31.0), traces=(trace(FIRST), trace(SECOND)))
    (only,) = misses(seen)
    assert only.trace.event == FIRST
    assert len(seen.scores[0].run.traces) == 1


def test_what_was_found_late_is_told_with_what_it_waited_for() -> None:
    waited = trace(FIRST, before=HELD, first_s={"analysed": 4.0, "detected": 4.2})
    unseen = trace(SECOND, first_s={"analysed": 30.0, "detected": 32.5})
    seen = evaluation(decided(7.0), decided(33.0), traces=(waited, unseen))
    assert list(misses(seen)) == []
    first, second = late(seen)
    assert (first.delay_s, second.delay_s) == (3.0, 3.0)
    assert first.why.startswith("held back by a check: rule person, min_travel")
    assert second.why == "first detected 2.5 s after it began"
    assert "first analysed 30.0 s, detected 32.5 s" in second.facts
    read = Page(review(seen))
    assert [one.tone for one in read.articles[:2]] == ["open", "open"]
    assert "found 3.0 s after it began" in read.articles[0].words
    assert len(read.articles[0].pictures) == 3


def test_a_suspicion_near_a_miss_is_told_with_what_the_cloud_said() -> None:
    one, _ = misses(evaluation(REFUTED, traces=(trace(FIRST), trace(SECOND))))
    assert any("suspicion at 6.0 s: person 0.50" in fact for fact in one.facts)
    assert any("refuted as person 0.31; no person" in fact for fact in one.facts)


def test_the_page_has_every_miss_every_alarm_and_every_refuted_suspicion() -> None:
    edge = EdgeReasons(rule="intruder", severity=2, reasons=("it <moved>",), box=(1, 2, 3, 4))
    alarm = replace(
        decided(31.0), sheet=JPEG, edge=edge, sent=(Sent("best", JPEG), Sent("crop", JPEG))
    )
    false = replace(decided(20.0), sheet=JPEG, edge=edge, reasons=("person 0.50",))
    missed = still("missed.jpg", True)
    one = trace(LabelledEvent(cls="person", start_s=0.0, end_s=0.0))
    read = Page(
        review(
            evaluation(
                alarm,
                false,
                REFUTED,
                traces=(trace(FIRST), trace(SECOND)),
                stills=(
                    replace(missed, traces=(one,)),
                    still("phantom.jpg", False, replace(decided(0.0), sheet=JPEG)),
                ),
            )
        )
    )
    words = [(one.tone, len(one.pictures), one.words) for one in read.articles]
    assert [(tone, count) for tone, count, _ in words] == [
        ("open", 3),  # the event whose suspicion was refuted
        ("bad", 3),  # the still
        ("bad", 1),  # the false alarm comes before
        ("open", 3),  # the one whose place nobody labelled
        ("bad", 1),  # the phantom in a still
        ("plain", 0),  # the refuted suspicion
    ]
    assert "made_up: person, 4.0 to 8.0 s" in words[0][2]
    assert "still missed.jpg: person" in words[1][2]
    assert "false: nothing of any class in view" in words[2][2]
    assert "by rule intruder at [1, 2, 3, 4] in 00031.jpg: it <moved>" in words[3][2]
    assert "sent: crop" in words[3][2]
    assert "phantom.jpg" in words[4][2]
    assert "refuted at 0.31" in words[5][2]
    assert "Evaluation on made <up>" in read.words
    assert "Misses (2)" in read.words
    assert "Alarms (2)" in read.words
