"""The cloud's command line as a person uses it: JSON on stdout, words on stderr, exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from contract.report import ThreatReport
from contract.verdict import Verdict
from objectstore.open import open_store
from tests.integration.cloud_workers import CHECKOUT, STREET, WALKER
from tests.unit.cloud.reports import a_ref, a_report


def cloud(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cloud", *map(str, arguments)],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def report(tmp_path: Path) -> ThreatReport:
    """A walker whose picture lies in the store below `tmp_path`."""
    picture = STREET.read_bytes()
    ref = a_ref(picture, size=(768, 576))
    open_store(f"dir:{tmp_path / 'store'}").put_if_absent(ref.key, picture, "image/jpeg")
    return a_report(box=WALKER, evidence=(ref,))


@pytest.mark.slow
def test_confirm_prints_the_verdict_and_stores_nothing(
    report: ThreatReport, tmp_path: Path
) -> None:
    file = tmp_path / "report.json"
    file.write_text(report.model_dump_json())
    ran = cloud("confirm", file, "--store", f"dir:{tmp_path / 'store'}")
    verdict = Verdict.model_validate_json(ran.stdout)
    assert (ran.returncode, verdict.decision, verdict.label) == (0, "confirmed", "person")
    assert not (tmp_path / "store" / "verdicts").exists()


@pytest.mark.slow
def test_detect_prints_a_line_per_picture_and_fails_at_the_end_for_the_unreadable(
    tmp_path: Path,
) -> None:
    torn, missing = tmp_path / "torn.jpg", tmp_path / "missing.jpg"
    torn.write_bytes(STREET.read_bytes()[:3000])
    ran = cloud("detect", torn, missing, STREET, "--jsonl")
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["image"] for line in lines] == [str(torn), str(missing), str(STREET)]
    assert ["error" in line for line in lines] == [True, True, False]
    persons = [one for one in lines[2]["detections"] if one["label"] == "person"]
    assert (lines[2]["width"], lines[2]["height"]) == (768, 576)
    assert persons[0]["box"] == pytest.approx([664, 250, 699, 347], abs=5)
    assert (ran.returncode, "Traceback" in ran.stderr) == (1, False)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["serve"], 78, "no object store is given"),
        (["serve", "--store", "ftp:there"], 78, "store 'ftp:there' is not understood"),
        (["serve", "--store", "dir:STORE", "--broker", "localhost"], 78, "--broker: 'localhost'"),
        (["serve", "--store", "dir:STORE", "--metrics-port", "x"], 78, "--metrics-port: "),
        (["serve", "--store", "dir:STORE", "--model", "nothing"], 78, "nothing"),
        (["serve", "--store", "dir:STORE", "--settings", "no.yaml"], 78, "no.yaml"),
        (["confirm", "no.json", "--store", "dir:STORE"], 1, "report no.json cannot be read"),
        (["confirm", "pyproject.toml", "--store", "dir:STORE"], 1, "is not usable"),
        (["detect", "x.jpg", "--model", "nanodet-g-416-int8"], 78, "is for the edge"),
        (["judge"], 2, "invalid choice"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(
    tmp_path: Path, arguments: list[str], status: int, said: str
) -> None:
    ran = cloud(*(one.replace("STORE", str(tmp_path / "store")) for one in arguments))
    assert (ran.returncode, ran.stdout) == (status, "")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_environment_may_say_what_flags_say(tmp_path: Path) -> None:
    ran = cloud("serve", STILLWATCH_CLOUD_STORE=f"dir:{tmp_path}", STILLWATCH_CLOUD_MODEL="none")
    assert (ran.returncode, "none" in ran.stderr) == (78, True)
