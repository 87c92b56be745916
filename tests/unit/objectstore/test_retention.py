"""A directory store within its limits: what goes, in what order, and what never does."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from objectstore.retention import ABANDONED_S, SWEEP_S, Retention, StoreLimits, Swept
from objectstore.store_dir import DirectoryStore

DAY_S = 86_400.0
NOW_S = 1_800_000_000.0
LIMITS = StoreLimits(
    max_bytes=10_000_000,
    min_free_bytes=0,
    evidence_max_age_s=30 * DAY_S,
    verdicts_max_age_s=365 * DAY_S,
)


class Shop:
    """A store with its retention, on clocks that the test moves."""

    def __init__(self, root: Path, limits: StoreLimits = LIMITS) -> None:
        self.root, self.wall_s, self.mono_s, self.trusted = root, NOW_S, 0.0, True
        self.swept: list[Swept] = []
        retention = Retention(
            root,
            limits,
            lambda: self.wall_s,
            lambda: self.mono_s,
            lambda: self.trusted,
            self.swept.append,
        )
        self.store = DirectoryStore(root, retention)

    def put(self, key: str, size: int = 1000, age_s: float = 0.0) -> None:
        self.store.put_if_absent(key, os.urandom(size), "image/jpeg")
        os.utime(self.root / key, (self.wall_s - age_s, self.wall_s - age_s))

    def objects(self) -> set[str]:
        files = (path for path in self.root.rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)) for path in files}

    def later(self, seconds: float) -> None:
        self.wall_s += seconds
        self.mono_s += seconds
        self.store.tick()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "store")


def picture(number: int) -> str:
    return f"evidence/gw/yard/2026/11/{number:02d}/{number:064x}.jpg"


def test_age_ends_pictures_first_and_verdicts_much_later(shop: Shop) -> None:
    shop.put(picture(1), age_s=31 * DAY_S)
    shop.put(picture(2), age_s=29 * DAY_S)
    shop.put("verdicts/gw/r1.json", age_s=31 * DAY_S)
    shop.put("verdicts/gw/r2.json", age_s=366 * DAY_S)
    shop.later(SWEEP_S)
    assert shop.objects() == {picture(2), "verdicts/gw/r1.json"}
    assert [(one.aged, one.displaced) for one in shop.swept] == [(2, 0)]
    assert not (shop.root / "evidence/gw/yard/2026/11/01").exists()


def test_nothing_goes_for_an_age_that_a_wrong_clock_tells(shop: Shop) -> None:
    shop.put(picture(1), age_s=29 * DAY_S)
    shop.trusted = False
    shop.later(40 * DAY_S)
    assert shop.objects() == {picture(1)}


def test_the_quota_takes_the_oldest_pictures_and_spares_verdicts(shop: Shop) -> None:
    for number in range(1, 10):
        shop.put(picture(number), size=1_000_000, age_s=DAY_S * (20 - number))
    shop.put("verdicts/gw/old.json", age_s=300 * DAY_S)
    shop.mono_s += 100.0
    shop.put(picture(30), size=2_000_000)
    assert {picture(1), picture(2)} & shop.objects() == set()
    assert {picture(9), picture(30), "verdicts/gw/old.json"} <= shop.objects()
    assert sum((shop.root / key).stat().st_size for key in shop.objects()) <= LIMITS.max_bytes
    assert shop.swept[-1].displaced >= 2


def test_verdicts_go_for_room_when_there_is_no_picture_left(tmp_path: Path) -> None:
    shop = Shop(tmp_path, replace(LIMITS, max_bytes=1_000_000))
    for number in range(15):
        shop.mono_s += 100.0
        shop.put(f"verdicts/gw/r{number}.json", size=100_000, age_s=DAY_S * (100 - number))
    assert "verdicts/gw/r14.json" in shop.objects()
    assert "verdicts/gw/r0.json" not in shop.objects()


def test_what_others_put_on_the_disk_makes_the_store_give_way(tmp_path: Path) -> None:
    floor = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize * 2
    shop = Shop(tmp_path / "store")
    for number in (1, 2, 3):
        shop.put(picture(number), age_s=DAY_S * (10 - number))
    crowded = Shop(tmp_path / "store", replace(LIMITS, min_free_bytes=floor))
    crowded.put(picture(4))
    assert crowded.objects() == {picture(4)}


def test_temporary_files_without_a_writer_are_swept_and_young_ones_stay(shop: Shop) -> None:
    folder = shop.root / ".tmp"
    for name, age_s in (("left", ABANDONED_S + 1), ("young", 1.0), ("ahead", -2 * ABANDONED_S)):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (NOW_S - age_s, NOW_S - age_s))
    shop.later(0.0)
    assert {path.name for path in folder.iterdir()} == {"young"}
    assert shop.swept[0].abandoned == 2


def test_links_that_somebody_put_there_are_not_followed(shop: Shop, tmp_path: Path) -> None:
    precious = tmp_path / "elsewhere"
    precious.mkdir()
    (precious / "old").write_bytes(b"mine")
    os.utime(precious / "old", (0.0, 0.0))
    (shop.root / "evidence").symlink_to(precious)
    shop.later(SWEEP_S)
    assert (precious / "old").read_bytes() == b"mine"
