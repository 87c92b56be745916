"""What people read."""

from __future__ import annotations

import pytest

from cloud.notify.notice import Stage
from cloud.notify.texts import MAX_TITLE, line, text, title
from tests.unit.cloud.notify.notices import a_notice


def test_an_alarm_says_what_where_when_and_why() -> None:
    notice = a_notice()
    assert title(notice) == "Person at gate (The farm): confirmed"
    assert text(notice).splitlines() == [
        "The second network sees it too.",
        "When: 2024-05-01 14:00:00 Europe/Berlin",
        "Where: gate (The farm), zone drive",
        "Severity: 2 of 4",
        "Raised because: median 0.50 over 0.35",
        "Decided because: the full model sees a person, 0.81",
        "Id: yard.gate.1.1.0",
    ]


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("changed", "Now confirmed: Person at gate (The farm)"),
        ("refuted", "Refuted: Person at gate (The farm) was no threat"),
        ("ended", "Ended: Person at gate (The farm)"),
    ],
)
def test_an_update_says_what_became_of_it(stage: Stage, words: str) -> None:
    assert title(a_notice().at_stage(stage)) == words


def test_what_nobody_checked_is_marked_so() -> None:
    notice = a_notice(decision="unconfirmed")
    assert title(notice).endswith("UNCONFIRMED")
    assert "nobody has checked" in text(notice)


def test_a_test_says_so_before_everything_else() -> None:
    notice = a_notice(kind="test")
    assert title(notice).startswith("ON TEST")
    assert text(notice).splitlines()[0] == "This is a test. Nobody has to act."
    assert title(a_notice(kind="test", self_test=True)).startswith("Self-test")


def test_faults_have_words_of_their_own() -> None:
    assert title(a_notice(kind="tamper", label="covered")) == (
        "Tamper: camera gate (The farm) is covered"
    )
    gone = a_notice(kind="path", label="offline").model_copy(update={"camera": None})
    assert title(gone) == "Gateway is offline: The farm"
    assert title(gone.at_stage("ended")) == "Gateway is back: The farm"


def test_a_digest_lists_what_there_was_and_says_how_many_more() -> None:
    lines = tuple(line(a_notice(number)) for number in (1, 2))
    notice = a_notice().at_stage("digest", lines=lines, count=5)
    assert title(notice) == "5 alarms at The farm"
    assert text(notice).splitlines()[-1] == "and 3 more"


def test_a_title_is_short_whatever_a_gateway_says() -> None:
    assert len(title(a_notice(label="x" * 500))) == MAX_TITLE
