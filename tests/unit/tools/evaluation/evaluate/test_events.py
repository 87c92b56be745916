"""Events: runs of true frames, with short gaps of nulls bridged."""

import pytest

from tools.evaluation.evaluate.events import CLASSES, Label, Timeline, events_of

FPS = 5.0
_LABELS: dict[str, Label] = {"T": True, ".": False, "n": None}


def person(labels: str, fps: float = FPS) -> Timeline:
    """A timeline with persons as spelled: `T` true, `.` false, `n` null; nothing else."""
    rows: dict[str, tuple[Label, ...]] = {cls: (False,) * len(labels) for cls in CLASSES}
    rows["person"] = tuple(_LABELS[letter] for letter in labels)
    return Timeline(
        times=tuple(frame / fps for frame in range(len(labels))),
        labels={cls: rows[cls] for cls in CLASSES},
        parked=(False,) * len(labels),
    )


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("....", []),
        ("nnnn", []),
        ("TTTT", [(0, 3)]),
        ("..TT..TT", [(2, 3), (6, 7)]),
        ("nTTn", [(1, 2)]),
        ("TTnnnTT", [(0, 6)]),
        ("TTnnnnnTT", [(0, 8)]),
        ("TTnnnnnnTT", [(0, 1), (8, 9)]),
        ("TTn.nTT", [(0, 1), (5, 6)]),
        ("TTnTTnTT", [(0, 7)]),
        ("TT.nTT", [(0, 1), (4, 5)]),
        ("T", [(0, 0)]),
        ("", []),
    ],
    ids=[
        "nobody there",
        "nulls start nothing",
        "one run",
        "false frames part two events",
        "nulls at the ends do not count",
        "a short gap of nulls is bridged",
        "exactly one second of nulls is bridged",
        "more than one second of nulls is not",
        "nulls with a false frame among them are not",
        "bridging goes on over several gaps",
        "a false frame before the nulls parts them",
        "a single frame is an event",
        "no frames at all",
    ],
)
def test_events_are_runs_of_true_frames(labels: str, expected: list[tuple[int, int]]) -> None:
    found = [(event.start_s, event.end_s) for event in events_of(person(labels), "person")]
    assert found == [(first / FPS, last / FPS) for first, last in expected]


def test_each_class_has_its_own_events() -> None:
    assert events_of(person("TTTT"), "vehicle") == ()


def test_a_second_of_nulls_is_a_second_at_any_frame_rate() -> None:
    assert len(events_of(person("T" + "n" * 15 + "T", fps=15), "person")) == 1
    assert len(events_of(person("T" + "n" * 16 + "T", fps=15), "person")) == 2


def test_frames_are_empty_only_where_every_class_is_labelled_false() -> None:
    assert person("T.n.").empty() == (False, True, False, True)
