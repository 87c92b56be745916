"""The fuzzer makes what it says, the same from the same seed, and finds what is there to find."""

from __future__ import annotations

import mmap
from pathlib import Path
from random import Random

import pytest

from tools.fuzz import jpegs, pictures, pngs
from tools.fuzz.lane import SLOT_BYTES, FuzzLane, under_work
from tools.fuzz.targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_the_same_seed_makes_the_same_input_and_another_another(target: Target) -> None:
    made = [target.make(Random(f"seed/{n}")) for n in (1, 1, 2, 3)]
    assert made[0] == made[1]
    assert len(set(made)) > 1


def test_taken_apart_and_put_together_a_picture_is_what_it_was() -> None:
    for picture in pictures._jpegs():
        assert jpegs.put_together(jpegs.taken_apart(picture)) == picture
    for picture in pictures._pngs():
        assert pngs.put_together(pngs.taken_apart(picture)) == picture


def test_mutants_of_pictures_get_past_admission_and_to_pixels() -> None:
    """Otherwise nothing behind it is tried."""
    for make in (pictures.jpeg, pictures.png):
        ways = [pictures.look(make(Random(f"way/{n}"))) for n in range(60)]
        assert {way.partition(":")[0] for way in ways} == {"admission", "decoding", "pixels"}


def stumbling(data: bytes) -> str:
    if data.startswith(b"a"):
        raise KeyError("found")
    return "well"


def burning(data: bytes) -> str:
    return str(sum(n * n for n in range(20_000_000))) if data else "well"


def swelling(data: bytes) -> str:
    return str(len(bytearray(b"\1") * 300_000_000)) if data else "well"


@pytest.mark.parametrize(
    ("run", "kind"), [(stumbling, "raised"), (burning, "slow"), (swelling, "large")]
)
def test_a_fault_is_found_and_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: object, kind: str
) -> None:
    tries = iter((b"", b"", b"abc", b""))
    target = Target("bad", lambda _: next(tries), run, 1.0)  # type: ignore[arg-type] # as declared
    monkeypatch.setattr("tools.fuzz.lane.TARGETS", (target,))
    slot = tmp_path / "slot"
    slot.write_bytes(bytes(SLOT_BYTES))
    with slot.open("r+b") as file, mmap.mmap(file.fileno(), SLOT_BYTES) as mapped:
        lane = FuzzLane("seed", tmp_path / "found", mapped, ())
        lane.run(0, 1, 3, 60.0)
    (name,) = (name for name in lane._totals.findings if name.startswith(f"{kind}-bad-"))
    assert (tmp_path / "found" / name).read_bytes() == b"abc"
    assert "seed seed/1" in (tmp_path / "found" / f"{name}.txt").read_text()
    assert under_work(slot) == (2, "bad", b"")
