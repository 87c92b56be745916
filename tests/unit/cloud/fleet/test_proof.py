"""`fleet proof` over a store on disk: what holds, whose key it is, and what is said of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from cloud.__main__ import main
from contract.signature import new_signer
from contract.watch import SealedEntry, key_text, seal_entry
from tests.contract.watches import (
    BEGIN,
    GATE,
    HOUR,
    OTHERS,
    OURS,
    Changes,
    chain_of,
    new_authority,
)
from tests.unit.cloud.fleet.proofs import CHAIN, END, faults, keep, run, vouched

HOWTO = Path(__file__).parents[4] / "docs" / "howto" / "prove-that-a-camera-was-watched.md"


def test_a_line_for_each_day_and_that_it_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path, CHAIN)
    status, out = run(capsys, tmp_path)
    first, second, note, key, last = out.splitlines()
    assert status == 0
    assert first.startswith("2026-11-20   24 entries  watched 24:00:00  received 2700 (rejected 72")
    assert second.startswith("2026-11-21    6 entries  watched 6:00:00")
    assert note.startswith("NOTE   the key is believed, not proven: the first that a worker saw")
    assert key.endswith(key_text(OURS))
    assert last == "north: 30 entries, everything holds"


def test_another_key_is_said_until_it_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later: Changes = {1: {"begins": BEGIN + 30 * HOUR, "ends": BEGIN + 31 * HOUR, "run": "2"}}
    keep(tmp_path, [*chain_of(29), *chain_of(1, OTHERS, later)])
    more = ("--until", (BEGIN + 31 * HOUR).isoformat())
    assert faults(capsys, tmp_path, *more) == ["key_changed"]
    keys = ("--key", key_text(OURS), "--key", key_text(OTHERS))
    assert faults(capsys, tmp_path, *more, *keys) == []


@pytest.mark.parametrize(
    ("more", "trust"),
    [
        ((), "first_noted"),
        (("--files", "."), "first_found"),
        (("--key", key_text(OURS)), "named"),
        (("--files", ".", "--key", key_text(OURS)), "named"),
        (("--authority", "authority.crt"), "certified"),
    ],
)
def test_it_says_why_the_key_is_believed_and_warns_where_nobody_vouches(
    more: tuple[str, ...],
    trust: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("authority.crt").write_bytes(new_authority().pem)
    keep(tmp_path, CHAIN)
    assert json.loads(run(capsys, tmp_path, "--json", *more)[1])["trust"] == trust
    warned = "NOTE   the key is believed, not proven" in run(capsys, tmp_path, *more)[1]
    assert warned is trust.startswith("first")


def test_exported_files_are_checked_without_a_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path / "store", CHAIN)
    out = tmp_path / "out"
    assert run(capsys, tmp_path / "store", "--export", str(out))[0] == 0
    alone = ["fleet", "proof", "north", "--files", str(out), "--until", END]
    assert main(alone) == 0
    assert main([*alone, "--key", key_text(OTHERS)]) == 1
    next(out.glob("*0012-*.json")).unlink()
    assert main(alone) == 1
    capsys.readouterr()
    assert main(["fleet", "proof", "north", "--files", str(tmp_path / "none")]) == 1
    assert "no folder" in capsys.readouterr().err


def test_times_in_which_the_gateway_did_not_run_are_told_and_are_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    away: Changes = {
        4: {"ends": BEGIN + 3.2 * HOUR, "elapsed_s": 720.0, "closed": "stopped"},
        **{number: {"run": "2"} for number in range(5, 31)},
    }
    keep(tmp_path, chain_of(30, changes=away))
    status, out = run(capsys, tmp_path)
    assert status == 0
    assert (
        "stop   2026-11-20 03:12:00Z to 2026-11-20 04:00:00Z: not watched for 0:48:00 (stopped)"
        in out
    )
    assert "watched 23:12:00" in out


def test_one_camera_is_counted_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(tmp_path, CHAIN)
    for camera, received in (("gate", 2700), ("door", 0)):
        day = json.loads(run(capsys, tmp_path, "--json", "--camera", camera)[1])["days"][0]
        assert (day["received"], day["watched_s"]) == (received, 86_400)


def test_the_authority_stands_for_the_key_and_for_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet, foreign = new_authority(), new_authority()
    (tmp_path / "authority.crt").write_bytes(fleet.pem)
    for name, chain, found in (
        ("good", vouched(fleet, "north", new_signer()), set()),
        ("foreign", vouched(foreign, "north"), {"unvouched", "silence"}),
        ("another", vouched(fleet, "south"), {"unvouched", "silence"}),
        ("none", chain_of(2), {"unvouched", "silence"}),
        ("moved", _moved(vouched(fleet, "north")), {"unvouched", "silence"}),
    ):
        keep(tmp_path / name, chain)
        until = (chain[-1].entry.ends + HOUR).isoformat()
        more = ("--authority", str(tmp_path / "authority.crt"), "--until", until)
        assert set(faults(capsys, tmp_path / name, *more)) == found, name


def _moved(chain: list[SealedEntry]) -> list[SealedEntry]:
    """Certificates of the gateway over somebody else's key."""
    first = chain[0].entry.model_copy(update={"key": key_text(OTHERS)})
    return [seal_entry(first, OTHERS)]


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_by_hand_as_the_how_to_says(tmp_path: Path) -> None:
    authority = new_authority()
    (tmp_path / "authority.crt").write_bytes(authority.pem)
    first, second = vouched(authority, "north")
    (tmp_path / "e.json").write_bytes(first.content)
    text = HOWTO.read_text()
    by_hand, certificate = (part.split("```", 1)[0] for part in text.split("```sh\n")[1:])
    script = f"set -e\n{by_hand}\njq -r .certificate payload > c.pem\n{certificate}"
    ran = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "Signature Verified Successfully" in ran.stdout
    assert "Verified OK" in ran.stdout
    assert second.entry.previous in ran.stdout
    (count,) = (str(one.received) for one in first.entry.cameras.values())
    assert count in ran.stdout.splitlines()
    assert GATE in first.entry.cameras
