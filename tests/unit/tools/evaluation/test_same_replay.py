"""Two commits' outputs, compared byte for byte after a renaming."""

from __future__ import annotations

import pytest

from tools.evaluation.same_replay import first_difference, main, renamed


def test_what_is_the_same_has_no_first_difference() -> None:
    assert first_difference("one\ntwo\n", "one\ntwo\n") is None


@pytest.mark.parametrize(
    ("base", "new", "said"),
    [
        ("one\ntwo\n", "one\ntwu\n", "line 2, column 3 differs\n  - two\n  + twu"),
        ("one\n", "one\ntwo\n", "line 2, column 1 differs\n  - \n  + two"),
        ("one", "one more", "line 1, column 4 differs\n  - one\n  + one more"),
    ],
)
def test_where_two_texts_part_is_said_by_line_and_column(base: str, new: str, said: str) -> None:
    assert first_difference(base, new) == said


def test_of_a_long_line_the_place_where_it_parts_is_shown() -> None:
    said = first_difference("a" * 5000 + "b" + "c" * 5000, "a" * 5000 + "d" + "c" * 5000)
    assert said is not None
    assert "column 5001" in said
    assert len(said) < 500


def test_whole_words_are_renamed_and_parts_of_words_are_not() -> None:
    names = (("like", "similarity"), ("still.object", "static object"))
    base = '{"like": 1, "likely": 2, "unlike": 3} still.object, still-object'
    assert renamed(base, names) == (
        '{"similarity": 1, "likely": 2, "unlike": 3} static object, still-object'
    )


def test_a_name_with_a_backslash_is_put_in_as_it_is() -> None:
    assert renamed("old", (("old", r"\1\n"),)) == r"\1\n"


def test_a_commit_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-commit"]) == 2
    assert "no-such-commit" in capsys.readouterr().err
