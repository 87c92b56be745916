"""Which files of an archive are usable, and where each ends."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest

from cloud.stages.naming import parse_name
from cloud.stages.spellings import NamePattern, evidence_name, evidence_of, name_pattern
from cloud.stages.tree import InputTree, OutputTree
from cloud.stages.validate import ValidateStage
from contract.ids import CameraId, GatewayId
from contract.keys import evidence_key
from objectstore.store_dir import DirectoryStore
from tests.unit.cloud.stages.archives import NOON, OTHER, PICTURE, TORN, contents, write
from tests.unit.imaging.pictures import LIMITS, encoded, scene

DAY = "gate/2024-05-01"


def validated(
    archive: Path,
    out: Path,
    *,
    placed: bool = False,
    copy: bool = False,
    pattern: NamePattern | None = None,
) -> dict[str, int]:
    source = InputTree(archive)
    return ValidateStage(
        source=source,
        out=OutputTree(out, source),
        limits=LIMITS,
        placed=placed,
        copy=copy,
        pattern=pattern,
    ).run()


def rejected(out: Path) -> dict[str, str]:
    """By file of the archive, the reason."""
    lines = [line for file in (out / "rejected").rglob("*") if file.is_file()
             for line in file.read_text().splitlines()]  # fmt: skip
    return {found["file"]: found["reason"] for found in map(json.loads, lines)}


def test_valid_pictures_lie_by_device_and_day_and_the_others_by_reason(tmp_path: Path) -> None:
    archive = write(
        tmp_path / "in",
        {
            f"gate_{NOON}.jpg": PICTURE,
            f"deep/yard_{NOON + 86_400}.jpg": OTHER,
            f"gate_{NOON + 1}.jpg": TORN,
            f"gate_{NOON + 2}.jpg": b"",
            f"gate_{NOON + 3}.jpg": b"<html>",
            "holiday.jpg": PICTURE,
        },
    )
    counts = validated(archive, tmp_path / "out")
    assert counts == {"valid": 2, "invalid": 4}
    found = contents(tmp_path / "out")
    assert {name for name in found if not name.startswith("rejected/")} == {
        f"valid/gate/2024-05-01/gate_{NOON}.jpg",
        f"valid/yard/2024-05-02/yard_{NOON + 86_400}.jpg",
        f"invalid/truncated/gate_{NOON + 1}.jpg",
        f"invalid/empty/gate_{NOON + 2}.jpg",
        f"invalid/unknown_type/gate_{NOON + 3}.jpg",
        "invalid/bad_name/holiday.jpg",
    }
    assert found[f"valid/gate/2024-05-01/gate_{NOON}.jpg"] == PICTURE
    assert rejected(tmp_path / "out")["holiday.jpg"] == "bad_name"


def test_pictures_are_linked_or_copied_as_told(tmp_path: Path) -> None:
    archive = write(tmp_path / "in", {f"gate_{NOON}.jpg": PICTURE, "x.jpg": TORN})
    validated(archive, tmp_path / "linked")
    validated(archive, tmp_path / "copied", copy=True)
    assert contents(tmp_path / "linked") == contents(tmp_path / "copied")
    assert (tmp_path / "linked" / "valid" / DAY / f"gate_{NOON}.jpg").is_symlink()
    assert not any(path.is_symlink() for path in (tmp_path / "copied").rglob("*"))


def test_a_second_picture_of_a_name_is_refused_whatever_it_shows(tmp_path: Path) -> None:
    name = f"gate_{NOON}.jpg"
    archive = write(
        tmp_path / "in", {f"a/{name}": TORN, f"b/{name}": PICTURE, f"c/{name}": PICTURE,
                          f"d/{name}": OTHER},
    )  # fmt: skip
    assert validated(archive, tmp_path / "out") == {"valid": 1, "invalid": 3}
    assert rejected(tmp_path / "out") == {
        f"a/{name}": "truncated", f"c/{name}": "duplicate", f"d/{name}": "duplicate"
    }  # fmt: skip
    assert contents(tmp_path / "out")[f"valid/{DAY}/{name}"] == PICTURE


def test_a_hostile_archive_leaks_nothing(tmp_path: Path) -> None:
    archive = write(tmp_path / "in", {f"gate_{NOON}.jpg": PICTURE})
    secret = write(tmp_path, {"secret.jpg": OTHER}) / "secret.jpg"
    (archive / f"gate_{NOON + 1}.jpg").symlink_to(secret)
    (archive / "up").symlink_to(tmp_path)
    assert validated(archive, tmp_path / "out", copy=True) == {"valid": 1, "invalid": 2}
    assert set(rejected(tmp_path / "out").values()) == {"link_outside"}
    assert OTHER not in contents(tmp_path / "out").values()


def test_where_a_folder_is_a_datum_a_picture_must_lie_in_its_own(tmp_path: Path) -> None:
    at, name = f"{DAY}/gate_{NOON}.jpg", f"gate_{NOON + 1}.jpg"
    archive = write(
        tmp_path / "in",
        {at: PICTURE, f"yard/2024-05-01/{name}": PICTURE, f"{DAY}/deeper/{name}": PICTURE,
         f"gate/{name}": PICTURE, f"{DAY}/x": PICTURE, "gate/y": PICTURE},
    )  # fmt: skip
    assert validated(archive, tmp_path / "out", placed=True) == {"valid": 1, "invalid": 5}
    assert sorted(set(rejected(tmp_path / "out").values())) == ["bad_name", "misplaced"]
    records = [name for name in contents(tmp_path / "out") if name.startswith("rejected/")]
    assert f"rejected/{DAY}.jsonl" in records
    assert len([name for name in records if name.startswith("rejected/other/")]) == 3


def test_an_empty_archive_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert validated(tmp_path / "in", tmp_path / "out") == {"valid": 0, "invalid": 0}
    assert (tmp_path / "out" / "valid").is_dir()


def test_a_second_run_into_the_same_folder_changes_nothing(tmp_path: Path) -> None:
    archive = write(tmp_path / "in", {f"gate_{NOON}.jpg": PICTURE, "x.jpg": TORN})
    validated(archive, tmp_path / "out")
    before = contents(tmp_path / "out")
    validated(archive, tmp_path / "out")
    validated(archive, tmp_path / "fresh")
    assert contents(tmp_path / "out") == before == contents(tmp_path / "fresh")


def test_usual_suffixes_are_as_good_as_ours_and_a_time_is_there_once(tmp_path: Path) -> None:
    png = encoded(scene(96, 64), ".png")
    archive = write(
        tmp_path / "in",
        {
            f"gate_{NOON}.JPG": PICTURE,
            f"gate_{NOON + 1}.jpeg": PICTURE,
            f"gate_{NOON + 2}.PNG": png,
            f"gate_{NOON + 2}.jpg": PICTURE,
            f"gate_{NOON + 3}.gif": PICTURE,
        },
    )
    assert validated(archive, tmp_path / "out") == {"valid": 3, "invalid": 2}
    valid = {name for name in contents(tmp_path / "out") if name.startswith("valid/")}
    assert valid == {
        f"valid/{DAY}/gate_{NOON}.jpg",
        f"valid/{DAY}/gate_{NOON + 1}.jpg",
        f"valid/{DAY}/gate_{NOON + 2}.png",
    }
    assert rejected(tmp_path / "out") == {
        f"gate_{NOON + 2}.jpg": "duplicate", f"gate_{NOON + 3}.gif": "bad_name"
    }  # fmt: skip


def test_a_pattern_names_the_pictures_of_a_camera_that_names_them_otherwise(
    tmp_path: Path,
) -> None:
    pattern = name_pattern("{device}/{year}-{month}-{day}/{hour}{minute}{second}*")
    archive = write(
        tmp_path / "in",
        {
            "nas/Front Door/2024-05-01/120000-motion.jpeg": PICTURE,
            "nas/Front Door/2024-02-30/120000.jpg": PICTURE,
            "nas/Front Door/120000.jpg": PICTURE,
            f"gate_{NOON}.jpg": PICTURE,
        },
    )
    assert validated(archive, tmp_path / "out", pattern=pattern) == {"valid": 1, "invalid": 3}
    assert f"valid/front_door/2024-05-01/front_door_{NOON}.jpg" in contents(tmp_path / "out")
    assert set(rejected(tmp_path / "out").values()) == {"bad_name"}


def test_a_copy_of_live_evidence_is_an_archive_and_an_altered_picture_is_none(
    tmp_path: Path,
) -> None:
    day, moment = datetime(2024, 5, 1, 12, tzinfo=UTC), NOON + 5
    store = DirectoryStore(tmp_path / "store")
    keys = {}
    for body in (PICTURE, OTHER):
        sha256 = hashlib.sha256(body).hexdigest()
        keys[body] = evidence_key(GatewayId("north"), CameraId("gate"), day, sha256)
        store.put_if_absent(keys[body], body, "image/jpeg")
        os.utime(tmp_path / "store" / keys[body], (moment, moment))
    altered = write(tmp_path / "store", {f"evidence/north/yard/2024/05/01/{'a' * 64}.jpg": PICTURE})
    for root, missing in ((altered, ()), (altered / "evidence/north/gate", ("yard",))):
        out = tmp_path / f"out{len(missing)}"
        assert validated(root, out) == {"valid": 2, "invalid": 1 - len(missing)}
        assert {name for name in contents(out) if name.startswith("valid/")} == {
            f"valid/north_gate/2024-05-01/north_gate_{moment}-{PurePosixPath(key).stem[:16]}.jpg"
            for key in keys.values()
        }
    assert set(rejected(tmp_path / "out0").values()) == {"altered"}


def test_evidence_whose_copy_lost_its_time_is_of_the_day_of_its_key() -> None:
    key = evidence_key(
        GatewayId("g" * 64), CameraId("c" * 64), datetime(2024, 5, 1, 23, tzinfo=UTC), "b" * 64
    )
    found = evidence_of(PurePosixPath("anywhere", key))
    assert found is not None
    named = evidence_name(found, datetime(2026, 1, 1, tzinfo=UTC))
    assert named.captured_at == datetime(2024, 5, 1, tzinfo=UTC)
    assert parse_name(named.text) == named
    assert evidence_of(PurePosixPath(key.replace("/05/01/", "/13/01/"))) is None


@pytest.mark.parametrize(
    "text", ["", "{device}", "{unix}", "{device}{unix}{device}", "{device}_{unix}_{odd}", "*"]
)
def test_a_pattern_that_names_no_device_or_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"needs|at most once"):
        name_pattern(text)
