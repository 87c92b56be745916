"""The pipeline specs, run in the images that they name, on trees as a worker lays them out."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloud.stages.naming import archive_name
from tests.images.containers import ALONE, memory
from tests.pachyderm import ORDER, Spec, run_all
from tests.unit.cloud.stages.archives import NOON, TORN
from tests.whole_archive import fill, given, hold_against_labels
from tools import CHECKOUT
from tools.build.images.engine import Engine

DATA = Path(os.environ.get("STILLWATCH_DATA", "/nowhere"))
STREETS = sorted((CHECKOUT / "models" / "self_test").glob("*.jpg"))[:3]
MIB = {"Mi": 1, "Gi": 1024}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contained:
    """A datum's command in its spec's image, with the spec's user and limits, and no network.

    `/pfs` has links into `/scratch`, and nothing but `/pfs/out` and the working folder is writable.
    """

    engine: Engine
    images: Mapping[str, str]

    def run(self, spec: Spec, root: Path, environment: Mapping[str, str]) -> int:
        root.chmod(0o755)
        (root / "scratch" / "out").chmod(0o777)
        transform, limits = spec.document["transform"], spec.document["resource_limits"]
        program, *arguments = spec.command
        size = limits["memory"]
        done = self.engine.attempt(
            *("run", *ALONE, *memory(int(size[:-2]) * MIB[size[-2:]]), f"--cpus={limits['cpu']}"),
            *(f"--user={transform['user']}", f"--workdir={transform['working_dir']}"),
            f"--tmpfs={transform['working_dir']}:mode=1777",
            *(f"--volume={root / 'pfs'}:/pfs:ro", f"--volume={root / 'scratch'}:/scratch"),
            *(f"--env={name}={value}" for name, value in environment.items()),
            *(f"--entrypoint={program}", self.images[spec.image.partition(":")[0]], *arguments),
            timeout_s=spec.timeout_s,
        )
        (root / "log").write_text(done.stdout + done.stderr)
        return done.returncode


@pytest.fixture
def contained(engine: Engine, slim: str, cloud: str) -> Contained:
    return Contained(
        engine=engine, images={"stillwatch-cloud-slim": slim, "stillwatch-cloud": cloud}
    )


def test_four_pipelines_in_their_images_make_a_plot_of_threats_by_device(
    contained: Contained, tmp_path: Path
) -> None:
    archive = tmp_path / "in"
    for number, street in enumerate(STREETS):
        place(archive, f"gate_{NOON + 900 * number}.jpg", street.read_bytes())
    place(archive, f"yard_{NOON}.jpg", TORN)
    made = run_all(ORDER, given(tmp_path, archive), tmp_path / "work", contained)
    rows = list(csv.DictReader((made["plot"] / "threats.csv").read_text().splitlines()))
    assert sum(int(row["threats"]) for row in rows if row["device"] == "gate") == len(STREETS)
    assert [path.parent.name for path in (made["validate"] / "invalid").rglob("*.jpg")]
    assert (made["plot"] / "threats.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(not (DATA / "dev").is_dir(), reason="STILLWATCH_DATA names no folder with dev/")
def test_labelled_stills_and_malformed_files_go_the_whole_way_in_the_images(
    contained: Contained, tmp_path: Path, scratch: Path
) -> None:
    stills, broken = fill(tmp_path / "in", DATA)
    made = run_all(ORDER, given(tmp_path, tmp_path / "in"), tmp_path / "work", contained)
    hold_against_labels(made, stills, broken, DATA)
    shutil.copy(made["plot"] / "threats.png", scratch / "threats.png")


def place(archive: Path, name: str, content: bytes) -> None:
    """The file at its place in the archive."""
    named = archive_name(name)
    target = archive / named.folder / named.text
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
