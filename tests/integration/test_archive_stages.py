"""The batch path's command line: four stages over folders, with what each needs and no more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import child, until
from tests.unit.cloud.stages.archives import (
    NOON,
    PICTURE,
    TORN,
    a_sight,
    close_up,
    contents,
    row,
    write,
)

CHECKOUT = Path(__file__).resolve().parents[2]
HEAVY = ("tensorflow", "paho", "boto3", "prometheus_client", "matplotlib")
RULES = "alerts: {sender: alarm@example.org, recipients: [{address: guard@example.org}]}"


def stage(
    name: str, source: Path | str, out: Path | str, *more: str, without: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """`python -m cloud stage NAME`, where the modules `without` cannot be imported."""
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({without!r})); "
        "from cloud.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", program, "stage", name, "--in", source, "--out", out, *more],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def detections(tmp_path: Path) -> Path:
    """What `detect` would have written for three pictures of two devices."""
    sights = (
        a_sight(row("person", 0.9)),
        a_sight(row("person", 0.3), unix_s=NOON + 60, close_ups=(close_up(0),)),
        a_sight(row("person", 0.6), device="yard", unix_s=NOON + 86_400),
    )
    files = {}
    for sight in sights:
        folder = sight.named.folder
        files[f"{folder}/{sight.named.stem}.json"] = sight.model_dump_json().encode()
        files[f"{folder}/{sight.picture}"] = PICTURE
    return write(tmp_path / "detections", files)


def test_the_slim_stages_run_where_nothing_heavy_is_installed(
    detections: Path, tmp_path: Path
) -> None:
    archive = write(tmp_path / "in", {f"gate_{NOON}.jpg": PICTURE, f"gate_{NOON + 1}.jpg": TORN})
    rules = write(tmp_path, {"rules.yaml": RULES.encode()}) / "rules.yaml"
    done = (
        stage("validate", archive, tmp_path / "v", without=HEAVY),
        stage("threat", detections, tmp_path / "t", "--rules", str(rules), without=HEAVY),
        stage("plot", tmp_path / "t", tmp_path / "p", without=HEAVY[:-1]),
    )
    assert [json.loads(one.stdout) for one in done] == [
        {"stage": "validate", "valid": 1, "invalid": 1},
        {"stage": "threat", "pictures": 3, "threats": 2, "mails": 2},
        {"stage": "plot", "devices": 2, "pictures": 3, "threats": 2},
    ]
    assert contents(tmp_path / "t").keys() == {
        "threats/gate/2024-05-01.json",
        "threats/yard/2024-05-02.json",
        f"outbox/gate/2024-05-01/{NOON}-person.eml",
        f"outbox/yard/2024-05-02/{NOON + 86_400}-person.eml",
    }
    assert contents(tmp_path / "p").keys() == {"threats.csv", "threats.png"}


def test_the_same_input_gives_the_same_bytes_again_and_elsewhere(
    detections: Path, tmp_path: Path
) -> None:
    rules = write(tmp_path, {"rules.yaml": RULES.encode()}) / "rules.yaml"
    for run in ("once", "once", "elsewhere"):
        stage("threat", detections, tmp_path / run / "t", "--rules", str(rules))
        stage("plot", tmp_path / run / "t", tmp_path / run / "p")
    assert contents(tmp_path / "once") == contents(tmp_path / "elsewhere")


def test_a_stage_that_is_killed_leaves_no_half_file_and_ends_the_same_next_time(
    tmp_path: Path,
) -> None:
    archive = write(
        tmp_path / "in", {f"gate_{NOON + number}.jpg": PICTURE for number in range(3000)}
    )
    out, log = tmp_path / "out", tmp_path / "log"
    command = [sys.executable, "-m", "cloud", "stage", "validate", "--copy"]
    environment_path = ["env", f"PYTHONPATH={CHECKOUT}"]
    with child([*environment_path, *command, "--in", str(archive), "--out", str(out)], log) as run:
        until((out / "valid" / "gate").is_dir, run, log)
        run.kill()
        run.wait()
    left = contents(out)
    assert len(left) < 3000
    assert set(left.values()) <= {PICTURE}
    again = stage("validate", archive, out, "--copy")
    assert json.loads(again.stdout) == {"stage": "validate", "valid": 3000, "invalid": 0}
    files = [path.name for path in out.rglob("*") if path.is_file()]
    assert sorted(files) == sorted(path.name for path in archive.iterdir())


@pytest.mark.parametrize(
    ("name", "more", "status", "said"),
    [
        ("validate", ["--in", "nowhere"], 1, "the input nowhere is no folder"),
        ("validate", ["--out", "IN/out"], 1, "lie in each other"),
        ("threat", ["--rules", "no.yaml"], 78, "rules no.yaml cannot be read"),
        ("threat", [], 1, "notes.json is no record"),
        ("detect", ["--model", "nothing"], 78, "model 'nothing' was not found"),
        ("detect", ["--model", "nanodet-g-416-int8"], 78, "is for the edge"),
        ("sleep", [], 2, "invalid choice"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(
    tmp_path: Path, name: str, more: list[str], status: int, said: str
) -> None:
    archive = write(tmp_path / "in", {"notes.json": b"{}"})
    more = [one.replace("IN", str(archive)) for one in more]
    ran = stage(name, archive, tmp_path / "out", *more)
    assert (ran.returncode, ran.stdout) == (status, "")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("files", "counts", "said"),
    [
        ({}, {"valid": 0, "invalid": 0}, "there is no file in"),
        ({"a.jpg": PICTURE, "b.jpg": TORN}, {"valid": 0, "invalid": 2}, "2 files are not"),
    ],
)
def test_an_archive_in_which_nothing_is_valid_is_said_and_fails(
    tmp_path: Path, files: dict[str, bytes], counts: dict[str, int], said: str
) -> None:
    archive = write(tmp_path / "in", files)
    ran = stage("validate", archive, tmp_path / "out", without=HEAVY)
    assert (ran.returncode, json.loads(ran.stdout)) == (1, {"stage": "validate", **counts})
    assert said in ran.stderr
    part = stage("validate", archive, tmp_path / "part", "--placed")
    assert (part.returncode, part.stderr) == (0, "")


def test_the_plot_says_what_it_lacks(detections: Path, tmp_path: Path) -> None:
    stage("threat", detections, tmp_path / "t")
    ran = stage("plot", tmp_path / "t", tmp_path / "p", without=("matplotlib",))
    assert ran.returncode == 1
    assert "the plot needs matplotlib (extra 'plot')" in ran.stderr
