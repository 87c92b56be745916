"""`fleet proof` over a store on disk: what holds, what was done to it, and what is said of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from cloud.__main__ import main
from cloud.serve.watch_keeper import WatchKeeper
from contract.ids import GatewayId
from contract.signature import Signer, key_id_of, new_signer
from contract.watch import SealedEntry, key_text, seal_entry
from contract.watch_binding import vouch
from objectstore.store_dir import DirectoryStore
from tests.contract.watches import (
    BEGIN,
    GATE,
    HOUR,
    NORTH,
    OTHERS,
    OURS,
    Changes,
    FleetAuthority,
    chain_of,
    new_authority,
)

CHAIN = chain_of(30)
HOWTO = Path(__file__).parents[4] / "docs" / "howto" / "prove-that-a-camera-was-watched.md"
END = (BEGIN + 30 * HOUR).isoformat()


def keep(folder: Path, chain: list[SealedEntry], gateway: GatewayId = NORTH) -> Path:
    """As workers keep them; the folder of the entries."""
    keeper = WatchKeeper(
        "stillwatch", DirectoryStore(folder), lambda *_: None, None, threading.Event()
    )
    for one in chain:
        assert keeper.keep(gateway, one.content) is None
    return folder / "watch" / gateway / key_id_of(OURS.public)


def run(
    capsys: pytest.CaptureFixture[str], store: Path, *more: str, gateway: str = "north"
) -> tuple[int, str]:
    status = main(["fleet", "proof", gateway, "--store", f"dir:{store}", "--until", END, *more])
    return status, capsys.readouterr().out


def faults(capsys: pytest.CaptureFixture[str], store: Path, *more: str) -> list[str]:
    status, out = run(capsys, store, "--json", *more)
    said = json.loads(out)
    assert (status == 0) is said["holds"] is (not said["findings"])
    return [one["fault"] for one in said["findings"]]


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


def test_a_whole_history_that_somebody_made_with_a_key_of_his_own_is_not_the_gateways(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = keep(tmp_path, CHAIN)
    shutil.rmtree(folder)
    keep(tmp_path, chain_of(30, OTHERS))
    assert faults(capsys, tmp_path) == ["key_changed", "silence"]


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


def _vouched(authority: FleetAuthority, name: str, signer: Signer = OURS) -> list[SealedEntry]:
    key = ec.generate_private_key(ec.SECP256R1())
    of_all: dict[str, object] = {
        "certificate": authority.certify(name, key).decode(),
        "certificate_proof": vouch(key, NORTH, key_text(signer)),
    }
    return chain_of(2, signer, {1: of_all, 2: of_all})


def test_the_authority_stands_for_the_key_and_for_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet, foreign = new_authority(), new_authority()
    (tmp_path / "authority.crt").write_bytes(fleet.pem)
    for name, chain, found in (
        ("good", _vouched(fleet, "north", new_signer()), set()),
        ("foreign", _vouched(foreign, "north"), {"unvouched", "silence"}),
        ("another", _vouched(fleet, "south"), {"unvouched", "silence"}),
        ("none", chain_of(2), {"unvouched", "silence"}),
        ("moved", _moved(_vouched(fleet, "north")), {"unvouched", "silence"}),
    ):
        keep(tmp_path / name, chain)
        until = (chain[-1].entry.ends + HOUR).isoformat()
        more = ("--authority", str(tmp_path / "authority.crt"), "--until", until)
        assert set(faults(capsys, tmp_path / name, *more)) == found, name


@pytest.mark.parametrize("known", ["authority", "key", "pinned"])
def test_an_entry_that_somebody_made_for_later_hides_no_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], known: str
) -> None:
    fleet = new_authority()
    (tmp_path / "authority.crt").write_bytes(fleet.pem)
    keep(tmp_path / "store", _vouched(fleet, "north"))
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


def _moved(chain: list[SealedEntry]) -> list[SealedEntry]:
    """Certificates of the gateway over somebody else's key."""
    first = chain[0].entry.model_copy(update={"key": key_text(OTHERS)})
    return [seal_entry(first, OTHERS)]


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_by_hand_as_the_how_to_says(tmp_path: Path) -> None:
    authority = new_authority()
    (tmp_path / "authority.crt").write_bytes(authority.pem)
    first, second = _vouched(authority, "north")
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
