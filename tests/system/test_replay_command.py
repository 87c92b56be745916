"""`edge replay` as a person runs it: a line per frame, figures that add up, words not traces."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.system.replays import RUNTIME, run, written
from tests.system.sites import CHECKOUT, WALKERS, clip

STREET = CHECKOUT / "models" / "self_test" / "street-030.jpg"

pytestmark = pytest.mark.slow


def lines(finished: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """What it printed, the frames and then the summary; asserts that the two agree."""
    assert finished.returncode == 0, finished.stderr
    assert "Traceback" not in finished.stderr
    *frames, last = [json.loads(line) for line in finished.stdout.splitlines()]
    outcomes = [frame["outcome"] for frame in frames]
    assert last["summary"] == {
        "received": len(frames),
        "superseded": 0,
        "suspicions": sum(len(frame["suspicions"]) for frame in frames),
        "inferences": sum(frame["inferences"] for frame in frames),
    } | {outcome: outcomes.count(outcome) for outcome in ("rejected", "quiet", "analysed")}
    assert all(frame["reason"] for frame in frames)
    return [*frames, last]


def folder_of(folder: Path, seconds: float) -> Path:
    """The same scene as a folder of JPEGs, with a note beside them."""
    pictures = folder / "pictures"
    pictures.mkdir()
    for number, jpeg in enumerate(clip(WALKERS, begin_s=8, seconds=seconds)):
        (pictures / f"{number:03d}.jpg").write_bytes(jpeg)
    (pictures / "manifest.json").write_text("{}")
    return pictures


def test_a_video_gives_a_line_per_frame_in_its_own_rhythm_and_finds_the_walkers(
    tmp_path: Path,
) -> None:
    *frames, last = lines(run(written(tmp_path, 4), folder=tmp_path))
    assert [frame["frame"] for frame in frames] == [f"{n:06d}" for n in range(20)]
    assert [frame["t"] for frame in frames[:3]] == [0.0, 0.2, 0.4]
    assert last["summary"]["suspicions"] > 0
    raised = next(frame for frame in frames if frame["suspicions"])
    assert raised["suspicions"][0].keys() >= {"id", "label", "score", "severity", "rule", "reasons"}
    x0, y0, x1, y1 = raised["detections"][0]["box"]
    assert 0 <= x0 < x1 <= 640
    assert 0 <= y0 < y1 <= 480


def test_two_runs_over_a_folder_give_equal_bytes_on_screen_and_in_a_file(tmp_path: Path) -> None:
    pictures = folder_of(tmp_path, 3)
    shown = run(pictures, "--camera", "yard", "--fps", "5", folder=tmp_path)
    kept = run(pictures, "--camera", "yard", "--jsonl", "lines.jsonl", folder=tmp_path)
    assert (kept.returncode, kept.stdout) == (0, "")
    assert (tmp_path / "lines.jsonl").read_text() == shown.stdout
    *frames, last = lines(shown)
    assert [frame["frame"] for frame in frames] == [f"{n:03d}.jpg" for n in range(15)]
    assert last["summary"]["suspicions"] > 0
    assert all(
        one["id"].startswith("gateway.yard.") for frame in frames for one in frame["suspicions"]
    )


def test_the_configuration_of_the_camera_decides_how_its_frames_are_evaluated(
    tmp_path: Path,
) -> None:
    pictures = tmp_path / "alarms"
    pictures.mkdir()
    shutil.copy(STREET, pictures / "0.jpg")
    mirrored = cv2.flip(cv2.imread(str(STREET)), 1)  # the same one again would be no new look
    cv2.imwrite(str(pictures / "1.jpg"), mirrored)
    (tmp_path / "edge.yaml").write_text("cameras: {gate: {kind: snapshot}, yard: {kind: stream}}")
    config = (
        "--config",
        tmp_path / "edge.yaml",
        "--fps",
        "0.05",
    )  # duplicates within 10 s
    *alarms, _ = lines(run(pictures, "--camera", "gate", *config, folder=tmp_path))
    assert [len(frame["suspicions"]) for frame in alarms] == [1, 1]
    *stream, _ = lines(run(pictures, "--camera", "yard", *config, folder=tmp_path))
    assert [len(frame["suspicions"]) for frame in stream] == [0, 0]


def test_a_single_picture_is_played_as_it_is(tmp_path: Path) -> None:
    *frames, last = lines(run(STREET, folder=tmp_path))
    assert [frame["frame"] for frame in frames] == [STREET.name]
    assert last["summary"]["suspicions"] == 1


def test_a_stream_that_does_not_know_its_length_is_played_to_its_end(tmp_path: Path) -> None:
    stream = tmp_path / "raw.mjpeg"
    stream.write_bytes(b"".join(clip(WALKERS, begin_s=0, seconds=1)))
    *frames, _ = lines(run(stream, folder=tmp_path))
    assert len(frames) == 5


def test_every_malformed_file_is_one_line_with_a_reason(tmp_path: Path) -> None:
    data = os.environ.get("STILLWATCH_DATA")
    if not data:
        pytest.skip("STILLWATCH_DATA is not set: the malformed pictures are not here")
    source = Path(data) / "malformed"
    names = sorted(file.name for file in source.iterdir() if file.suffix != ".json")
    *frames, last = lines(run(source, folder=tmp_path))
    assert [frame["frame"] for frame in frames] == names
    assert last["summary"]["rejected"] > 100
    assert last["summary"]["analysed"] > 10


def test_explain_says_which_rule_which_value_which_limit(tmp_path: Path) -> None:
    video = written(tmp_path, 4)
    told = run(video, "--explain", "--jsonl", "lines.jsonl", folder=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "person fires: person: median score of" in told.stdout
    assert "clear: person: median score of 1 frame 0.00 < 0.35" in told.stdout
    assert told.stdout.splitlines()[-1].startswith("20 frames: 0 rejected")
    rows = [json.loads(line) for line in (tmp_path / "lines.jsonl").read_text().splitlines()]
    results = [one for row in rows[:-1] for one in row["rule_results"]]
    assert sum(one["reported"] for one in results) == rows[-1]["summary"]["suspicions"] > 0
    assert all(one["fired"] for one in results if one["reported"])
    assert all(one["fired"] is all(check["passed"] for check in one["checks"]) for one in results)


LINE = """
decide:
  deduplication: {enabled: false}  # duplicates are reported later, elsewhere
  schedules:
    - id: night
      time_zone: Europe/Berlin
      windows: [{begin: "22:00", end: "06:00"}]
camera_defaults:
  kind: stream
  lines: [{id: middle, points: [[0.5, 0], [0.5, 1]]}]
  rules: [{id: crossed, labels: [person], lines: [middle], schedules: [night]}]
"""


@pytest.mark.parametrize(("hour", "told"), [("22:00", True), ("21:58", False)])
def test_walkers_who_cross_a_line_are_told_within_its_hours(
    tmp_path: Path, hour: str, told: bool
) -> None:
    (tmp_path / "line.yaml").write_text(LINE)
    start = ("--start", f"2026-01-05T{hour}+01:00", "--config", "line.yaml")
    crossing = written(tmp_path, 8)  # three times
    *frames, last = lines(run(crossing, *start, folder=tmp_path))
    assert (last["summary"]["suspicions"] > 0) is told
    for one in (one for frame in frames for one in frame["suspicions"]):
        assert "crossed line middle" in one["reasons"]
        left, _, right, _ = one["box"]
        again = any(
            "reported it" in reason for reason in one["reasons"]
        )  # was held by the cooldown
        assert again or 200 < (left + right) / 2 < 440  # the picture is 640 wide


def test_a_shadow_run_lists_what_another_configuration_would_decide(tmp_path: Path) -> None:
    video = written(tmp_path, 4)
    (tmp_path / "strict.yaml").write_text(
        "decide: {rules: [{id: person, labels: [person], threshold: 0.99}]}"
    )
    strict = (video, "--against", "strict.yaml", "--jsonl", "changes.jsonl")
    told = run(*strict, folder=tmp_path)
    assert told.returncode == 0, told.stderr
    *changes, last = [
        json.loads(line) for line in (tmp_path / "changes.jsonl").read_text().splitlines()
    ]
    assert last["summary"]["shared_detections"] is True
    assert last["summary"]["suspicions"]["before"] == len(changes) > 0
    assert all(one["change"] == "gone" for one in changes)
    assert all("< 0.99" in " ".join(one["after"]["reasons"]) for one in changes)
    assert f"{len(changes)} decisions would change" in told.stdout.splitlines()[-1]
    first = (tmp_path / "changes.jsonl").read_bytes()
    assert run(*strict, "--fail-on-change", folder=tmp_path).returncode == 1
    assert (tmp_path / "changes.jsonl").read_bytes() == first


def test_a_shadow_run_compares_models_and_finds_no_change_where_there_is_none(
    tmp_path: Path,
) -> None:
    video = written(tmp_path, 2)
    small = CHECKOUT / "models" / "nanodet-g-320-int8"
    told = run(video, "--against", small, folder=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "differ in: detect.model; each decides on detections of their own" in told.stdout
    (tmp_path / "same.yaml").write_text("")
    same = run(video, "--against", "same.yaml", "--fail-on-change", folder=tmp_path)
    assert same.returncode == 0, same.stdout


@pytest.mark.parametrize(
    ("source", "arguments", "words"),
    [
        ("clip.avi", ("--start", "soon"), "--start soon is no moment such as"),
        ("clip.avi", ("--start", "2026-03-29T01:30"), "needs its offset"),
        ("clip.avi", ("--against", "gone.yaml"), "gone.yaml: cannot be read: No such file"),
        ("nowhere", (), "nowhere does not exist: give a folder of pictures or a video"),
        ("empty", (), "empty holds no pictures"),
        ("notes.txt", (), "notes.txt is no video that OpenCV can read, and no folder"),
        ("clip.avi", ("--fps", "0"), "--fps 0.0 is not over 0 and at most 1000"),
        ("clip.avi", ("--fps", "nan"), "--fps nan is not over 0 and at most 1000"),
        ("clip.avi", ("--camera", "Front Door"), "camera id 'Front Door' is not"),
        ("clip.avi", ("--jsonl", "no/lines.jsonl"), "no/lines.jsonl cannot be written"),
        ("clip.avi", ("--config", "gone.yaml"), "gone.yaml: cannot be read: No such file"),
    ],
)
def test_what_cannot_be_played_is_said_in_words(
    tmp_path: Path, source: str, arguments: tuple[str, ...], words: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("no video")
    shutil.copy(WALKERS, tmp_path / "clip.avi")
    refused = run(source, *arguments, folder=tmp_path)
    assert (refused.returncode, refused.stdout) == (78, "")
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_reader_that_goes_away_ends_it_without_a_trace() -> None:
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT), **RUNTIME}
    command = [sys.executable, "-u", "-m", "edge", "replay", str(WALKERS)]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["frame"] == "000000"
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(60) == 141
    assert "Traceback" not in said
    assert "Broken pipe" not in said
