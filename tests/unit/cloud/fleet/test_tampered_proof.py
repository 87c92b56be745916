"""`fleet proof` on chains that somebody changed, replayed, or made with a key of his own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.watch import key_text, seal_entry
from tests.contract.watches import (
    BEGIN,
    HOUR,
    OTHERS,
    OURS,
    Changes,
    chain_of,
    new_authority,
)
from tests.unit.cloud.fleet.proofs import CHAIN, faults, keep, run, vouched


def removed(folder: Path) -> None:
    sorted(folder.glob("*.json"))[7].unlink()


def edited(folder: Path) -> None:
    file = sorted(folder.glob("*.json"))[7]
    file.write_bytes(file.read_bytes().replace(b"A", b"B", 1))


def emptied(folder: Path) -> None:
    sorted(folder.glob("*.json"))[7].write_bytes(b"")


def exchanged(folder: Path) -> None:
    """Names lie: what counts is what is in them, so this alone changes nothing."""
    one, other = sorted(folder.glob("*.json"))[7:9]
    first = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(first)


def overwritten(folder: Path) -> None:
    one, other = sorted(folder.glob("*.json"))[7:9]
    one.write_bytes(other.read_bytes())


def signed_anew(folder: Path) -> None:
    file = sorted(folder.glob("*.json"))[7]
    file.write_bytes(seal_entry(CHAIN[7].entry.model_copy(update={"run": "9"}), OURS).content)


def forked(folder: Path) -> None:
    other = seal_entry(CHAIN[7].entry.model_copy(update={"run": "1", "program": "9"}), OURS)
    (folder / "more.json").write_bytes(other.content)


def ended(folder: Path) -> None:
    for file in sorted(folder.glob("*.json"))[20:]:
        file.unlink()


def begun_later(folder: Path) -> None:
    for file in sorted(folder.glob("*.json"))[:5]:
        file.unlink()


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (removed, ["hole"]),
        (edited, ["unreadable", "hole"]),
        (emptied, ["unreadable", "hole"]),
        (exchanged, []),
        (overwritten, ["hole"]),
        (signed_anew, ["broken"]),
        (forked, ["fork"]),
        (ended, ["silence"]),
        (begun_later, ["hole"]),
        (shutil.rmtree, ["silence"]),
    ],
)
def test_what_was_done_to_it_is_found(
    tamper: Callable[[Path], None],
    found: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tamper(keep(tmp_path, CHAIN))
    assert sorted(faults(capsys, tmp_path)) == sorted(found)


def test_entries_that_are_replayed_under_another_gateways_name_prove_nothing_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path, CHAIN)
    shutil.copytree(tmp_path / "watch" / "north", tmp_path / "watch" / "south")
    status, out = run(capsys, tmp_path, "--json", gateway="south")
    kinds = {one["fault"] for one in json.loads(out)["findings"]}
    assert (status, kinds) == (1, {"other_gateway", "silence"})


def test_a_whole_history_that_somebody_made_with_a_key_of_his_own_is_not_the_gateways(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = keep(tmp_path, CHAIN)
    shutil.rmtree(folder)
    keep(tmp_path, chain_of(30, OTHERS))
    assert faults(capsys, tmp_path) == ["key_changed", "silence"]


@pytest.mark.parametrize("known", ["authority", "key", "pinned"])
def test_an_entry_that_somebody_made_for_later_hides_no_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], known: str
) -> None:
    fleet = new_authority()
    (tmp_path / "authority.crt").write_bytes(fleet.pem)
    keep(tmp_path / "store", vouched(fleet, "north"))
    forged = chain_of(40, OTHERS)[39]
    (tmp_path / "store" / "watch" / "north" / "later.json").write_bytes(forged.content)
    more = {
        "authority": ("--authority", str(tmp_path / "authority.crt")),
        "key": ("--key", key_text(OURS)),
        "pinned": (),
    }[known]
    assert "silence" in faults(capsys, tmp_path / "store", *more)


def test_no_name_in_the_bucket_and_no_word_of_an_entry_moves_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shout = "\x1b[2J\r\nnorth: 30 entries, everything holds"
    changes: Changes = {1: {"closed": shout}, 2: {"run": "2", "begins": BEGIN + 1.5 * HOUR}}
    folder = keep(tmp_path, chain_of(2, OURS, changes))
    (folder / f"{shout}.json").write_bytes(b"{}")
    out = run(capsys, tmp_path)[1]
    assert "unreadable at watch/north" in out
    assert out.count("everything holds") == 2  # in the name and in the word, within their lines
    assert "\x1b" not in out
    assert "\r" not in out
    assert "north: 30 entries, everything holds" not in out.splitlines()
