"""A small archive, one of labelled stills and damaged files, and what must come of them."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

from cloud.stages.naming import archive_name
from tests.models import shipped
from tests.pachyderm import SPECS, Repositories
from tests.unit.cloud.stages.archives import NOON, OTHER, PICTURE, TORN, write

DAY = "gate/2024-05-01"


def archive_of(folder: Path) -> Repositories:
    """Two devices; a torn picture, a wrong name and files in wrong places among theirs."""
    files = {
        f"{DAY}/gate_{NOON}.jpg": PICTURE,
        f"{DAY}/gate_{NOON + 1}.jpg": TORN,
        f"{DAY}/notes": b"hello",
        f"yard/2024-05-01/yard_{NOON}.jpg": OTHER,
        f"yard/2024-05-01/gate_{NOON}.jpg": OTHER,
        f"yard/yard_{NOON}.jpg": PICTURE,
        f"yard/yard_{NOON + 1}.jpg": PICTURE,
    }
    return {"archive": write(folder, files)}


def given(folder: Path, archive: Path) -> Repositories:
    """The archive with the shipped models and rules that tell somebody."""
    shutil.copytree(shipped("confirm-fused").parent, folder / "models")
    write(folder / "rules", {"rules.yaml": (SPECS / "rules.example.yaml").read_bytes()})
    return {"archive": archive, "models": folder / "models", "rules": folder / "rules"}


def fill(archive: Path, data: Path) -> tuple[int, int]:
    """Two devices, `stills` and `broken`, a file a minute; how many files each has."""
    stills = sorted((data / "dev" / "stills").glob("*.jpg"))
    broken = sorted(path for path in (data / "malformed").iterdir() if path.suffix != ".json")
    for device, files in (("stills", stills), ("broken", broken)):
        for number, file in enumerate(files):
            named = archive_name(f"{device}_{NOON + 60 * number}.jpg")
            target = archive / named.folder / named.text
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    return len(stills), len(broken)


def hold_against_labels(made: Repositories, stills: int, broken: int, data: Path) -> None:
    """Every file has an end, every valid picture a record, and about as many persons are found as
    the labels have."""
    lines = [line for file in (made["validate"] / "rejected").rglob("*.jsonl")
             for line in file.read_text().splitlines()]  # fmt: skip
    refused = {json.loads(line)["file"]: json.loads(line)["reason"] for line in lines}
    valid = {path.name for path in (made["validate"] / "valid").rglob("*.jpg")}
    assert len(valid) + len(refused) == stills + broken
    assert not any(file.startswith("stills/") for file in refused)
    assert len(refused) > broken / 3
    records = list(made["object-detect"].rglob("*.json"))
    assert {path.with_suffix(".jpg").name for path in records} == valid
    rows = list(csv.DictReader((made["plot"] / "threats.csv").read_text().splitlines()))
    seen = sum(int(row["person"]) for row in rows if row["device"] == "stills")
    manifest = json.loads((data / "dev" / "manifest.json").read_text())
    shown = sum(still["person"] is True for still in manifest["stills"])
    assert 0.6 * shown < seen < 1.3 * shown
    assert (made["plot"] / "threats.png").read_bytes().startswith(b"\x89PNG")
