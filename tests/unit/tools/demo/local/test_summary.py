"""The funnel of a run: read, checked and written."""

from __future__ import annotations

import json

import pytest

from tools.demo.local.console import lines
from tools.demo.local.summary import SUMMARY_KEYS, CameraCounts, problems, read_stats, summary_json

GOOD = CameraCounts(received=10, rejected={"empty": 1}, superseded=2, quiet=3, analysed=4)
SURE = GOOD.model_copy(update={"suspicions": 2, "confirmed": 1, "refuted": 1})


def test_stats_are_read_and_unknown_fields_passed_over() -> None:
    payload = {"rss_bytes": 1, "cameras": {"yard": {"received": 7, "new": 1}}}
    assert read_stats(json.dumps(payload).encode()) == {"yard": CameraCounts(received=7)}


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"cameras": {"a": {"received": -1}}}', b"\xff"])
def test_what_is_no_stats_is_none(payload: bytes) -> None:
    assert read_stats(payload) is None


def test_the_summary_has_exactly_its_keys_in_whole_numbers() -> None:
    cameras = json.loads(summary_json({"yard": SURE}))["cameras"]
    assert tuple(cameras["yard"]) == SUMMARY_KEYS
    assert cameras["yard"]["rejected"] == 1
    assert all(type(value) is int for value in cameras["yard"].values())


def test_a_sound_run_has_no_problem() -> None:
    assert problems({"yard": SURE, "garage": GOOD}, ("yard", "garage")) == ()


@pytest.mark.parametrize(
    ("funnels", "words"),
    [
        ({"yard": SURE}, "garage: the gateway saw no frame"),
        ({"yard": SURE, "garage": CameraCounts()}, "garage: the gateway saw no frame"),
        ({"yard": GOOD, "garage": GOOD}, "no verdict came: nothing in the footage"),
        (
            {"yard": GOOD.model_copy(update={"suspicions": 2}), "garage": GOOD},
            "no verdict came on 2 suspicions",
        ),
        (
            {"yard": SURE.model_copy(update={"suspicions": 5}), "garage": GOOD},
            "3 of 5 verdicts are missing",
        ),
        (
            {"yard": SURE.model_copy(update={"quiet": 2}), "garage": GOOD},
            "1 of 10 frames are not accounted for",
        ),
    ],
    ids=["never seen", "no frame", "nothing suspicious", "no answer", "some missing", "lost frame"],
)
def test_each_thing_wrong_is_said(funnels: dict[str, CameraCounts], words: str) -> None:
    assert any(words in problem for problem in problems(funnels, ("yard", "garage")))


def test_rejections_are_shown_by_reason() -> None:
    assert "rejected 1 (empty 1)" in lines({"yard": GOOD})[0]


def test_before_a_real_camera_nothing_need_happen() -> None:
    assert problems({"garage": GOOD}, ("garage",), must_alarm=False) == ()
