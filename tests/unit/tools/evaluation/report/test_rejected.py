"""What was held back: the audit's rate, and what the audit itself is worth by the labels."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.audit.sampling import SampleKind
from tests.evaluations import one_frame_a_second
from tools.evaluation.evaluate.observed import AuditAnswer, RejectedStretch
from tools.evaluation.evaluate.score import SequenceScore, score
from tools.evaluation.report import rejected

THERE = (4.0, 8.0)
"""Persons are labelled true from 4 to 8 s, and no vehicle ever."""
NOBODY = (24.0, 26.0)


def held(
    span: tuple[float, float],
    answer: AuditAnswer | None,
    *told: str,
    kind: SampleKind = "motion",
    share: float = 1.0,
) -> RejectedStretch:
    return RejectedStretch(
        kind=kind,
        from_s=span[0],
        to_s=span[1],
        share=share,
        answer=answer,
        notified=frozenset(told),
    )


def scored(*every: RejectedStretch) -> tuple[SequenceScore, ...]:
    return (score(replace(one_frame_a_second(), rejected=every)),)


def test_kinds_have_rates_of_their_own_and_what_was_not_drawn_is_counted() -> None:
    scores = scored(
        held(THERE, "missed"),
        held(NOBODY, "clear"),
        held(NOBODY, None, share=0.1),
        held(NOBODY, "unanswered"),
        held(NOBODY, "clear", kind="quiet"),
    )
    motion, quiet = rejected.recall(scores), rejected.recall(scores, "quiet")
    assert (motion.rejected, motion.answered.count, motion.missed.count) == (4, 2, 1)
    assert motion.unknown.count == 1
    assert (quiet.rejected, quiet.rate()) == (1, 0.0)
    assert rejected.recall(scores, "partly").rate() is None


def test_of_a_long_corpus_answers_are_weighted() -> None:
    scores = scored(held(THERE, "missed", share=0.1), held(NOBODY, "clear", share=0.9))
    assert rejected.recall(scores).rate() == pytest.approx(0.9)


def test_labels_tell_what_the_audit_is_worth() -> None:
    known = rejected.worth(
        scored(
            held(THERE, "missed"),
            held(THERE, "clear"),
            held(NOBODY, "missed"),
            held(NOBODY, "clear"),
            held(NOBODY, "clear"),
            held(THERE, None),
            held(THERE, "unanswered"),
        )
    )
    assert (known.with_threat, known.missed, known.without, known.wrongly) == (2, 1, 3, 1)


def test_who_was_told_was_not_missed_and_unclear_labels_tell_nothing() -> None:
    known = rejected.worth(
        scored(held(THERE, "clear", "person", kind="partly"), held((-9.0, -5.0), "clear"))
    )
    assert (known.with_threat, known.without) == (0, 1)


def test_the_report_has_a_row_for_each() -> None:
    text = "\n".join(rejected.markdown(scored(held(THERE, "missed"), held(NOBODY, "clear"))))
    assert "| motion events without a notification | 2 |" in text
    assert "| of these called missed by the audit | 1 | 100.0 % |" in text
    audit = rejected.as_json(scored(held(THERE, "missed")))["audit"]
    assert isinstance(audit, dict)
    assert set(audit) == {"motion", "partly", "quiet"}
