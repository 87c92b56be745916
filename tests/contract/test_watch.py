"""Proof of watch: a chain that was not touched holds, and whatever is done to it is found."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as TheirEnvelope
from securesystemslib.signer._key import Key, SSlibKey

from contract.chain import START
from contract.envelope import RefusalReason, seal, write_envelope
from contract.ids import CameraId
from contract.watch import (
    MAX_WATCH_BYTES,
    MOST_CAMERAS,
    MOST_GAPS,
    WATCH_TYPE,
    SealedEntry,
    UnseenSpan,
    WatchedCamera,
    key_text,
    read_sealed,
    seal_entry,
)
from contract.watch_chain import CheckedWatch, WatchFault, WatchQuestion, check
from tests.contract.watches import (
    BEGIN,
    GATE,
    HOUR,
    NORTH,
    OTHERS,
    OURS,
    Changes,
    chain_of,
    files_of,
)

HOURS = 6
CHAIN = chain_of(HOURS)
ASKED = WatchQuestion(gateway=NORTH, until=BEGIN + HOURS * HOUR, grace=timedelta(0))


def _check(chain: list[SealedEntry], question: WatchQuestion = ASKED) -> CheckedWatch:
    return check(files_of(chain), question)


def _faults(checked: CheckedWatch) -> list[str]:
    return [found.fault.value for found in checked.findings]


def test_a_whole_chain_holds_in_whatever_order_it_lies() -> None:
    checked = check(dict(reversed(files_of(CHAIN).items())), ASKED)
    assert not checked.findings
    assert checked.entries == tuple(one.entry for one in CHAIN)


@given(st.data())
def test_any_entry_that_is_removed_is_found(data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.integers(0, HOURS - 1), min_size=1))
    left = [one for place, one in enumerate(CHAIN) if place not in gone]
    faults = set(_faults(_check(left)))
    assert faults
    assert faults <= {"hole", "silence"}


@given(st.integers(0, HOURS - 1), st.data())
def test_any_byte_of_any_entry_that_is_changed_is_found(place: int, data: st.DataObject) -> None:
    """Unless it is a letter of what nothing reads; then entries say what they said before."""
    files = files_of(CHAIN)
    name = list(files)[place]
    content = bytearray(files[name])
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    checked = check(files | {name: bytes(content)}, ASKED)
    assert checked.findings or checked.entries == tuple(one.entry for one in CHAIN)


@given(st.permutations(range(HOURS)))
def test_entries_whose_numbers_and_links_are_exchanged_are_found(order: list[int]) -> None:
    """By somebody who has the key, and signs them anew without writing the whole rest."""
    swapped = [
        seal_entry(
            CHAIN[source].entry.model_copy(
                update={"number": place + 1, "previous": CHAIN[place].entry.previous}
            ),
            OURS,
        )
        for place, source in enumerate(order)
    ]
    assert bool(_faults(_check(swapped))) == (order != list(range(HOURS)))


@given(st.integers(1, HOURS), st.sampled_from(("received", "quiet", "analysed", "superseded")))
def test_a_count_that_is_raised_alone_does_not_add_up(number: int, name: str) -> None:
    seen = CHAIN[number - 1].entry.cameras[GATE]
    wrong = {"cameras": {GATE: seen.model_copy(update={name: getattr(seen, name) + 5})}}
    (found,) = _check(chain_of(HOURS, changes={number: wrong})).findings
    assert (found.fault, found.place) == (WatchFault.UNBALANCED, f"number {number}")


def test_an_entry_that_is_written_anew_and_signed_breaks_the_chain_after_it() -> None:
    edited = CHAIN[2].entry.model_copy(update={"program": "2.0"})
    (found,) = _check([*CHAIN[:2], seal_entry(edited, OURS), *CHAIN[3:]]).findings
    assert (found.fault, found.place) == (WatchFault.BROKEN, "number 4")


def test_two_entries_with_one_number_are_a_fork() -> None:
    other = seal_entry(CHAIN[2].entry.model_copy(update={"program": "2.0"}), OURS)
    assert "fork" in _faults(_check([*CHAIN, other]))


def test_a_day_without_the_gateway_is_silence_only_if_nothing_came_after_it() -> None:
    later = {6: {"begins": BEGIN + 48 * HOUR, "ends": BEGIN + 49 * HOUR, "run": "2"}}
    day = WatchQuestion(gateway=NORTH, begin=BEGIN + 12 * HOUR, until=BEGIN + 36 * HOUR)
    assert not _check(chain_of(HOURS, changes=later), day).findings
    assert _faults(_check(CHAIN, day)) == ["silence"]


def test_the_same_entry_twice_is_no_fault() -> None:
    files = files_of(CHAIN)
    assert not check(files | {"a copy": files[min(files)]}, ASKED).findings


def test_an_entry_in_another_gateways_name_is_found() -> None:
    other = chain_of(HOURS, gateway="south")
    assert _faults(_check([*CHAIN[:3], other[3], *CHAIN[4:]])) == ["other_gateway", "hole"]


def test_another_key_is_said_unless_it_is_known() -> None:
    later = chain_of(
        2, OTHERS, {1: {"begins": BEGIN + 6 * HOUR, "ends": BEGIN + 7 * HOUR}}, run="2"
    )[:1]
    both = [*CHAIN, *later]
    assert _faults(_check(both)) == ["key_changed"]
    keys = key_text(OURS), key_text(OTHERS)
    assert not _check(both, WatchQuestion(gateway=NORTH, keys=keys)).findings
    assert _faults(_check(CHAIN, WatchQuestion(gateway=NORTH, keys=keys[1:]))) == ["key_changed"]


def test_an_entry_signed_by_another_key_than_it_names_is_unreadable() -> None:
    forged = seal_entry(CHAIN[3].entry, OTHERS)
    assert _faults(_check([*CHAIN[:3], forged, *CHAIN[4:]])) == ["unreadable", "hole"]


def test_a_clock_that_jumps_is_said_and_one_that_was_set_is_not() -> None:
    late = BEGIN + 3 * HOUR + timedelta(minutes=20)
    hour: dict[str, object] = {"ends": late}
    jumped: Changes = {3: hour, 4: {"begins": late, "elapsed_s": 2400.0}}
    (found,) = _check(chain_of(HOURS, changes=jumped)).findings
    assert (found.fault, found.place) == (WatchFault.CLOCK, "number 3")
    was_set: Changes = {**jumped, 3: {**hour, "begins_synchronised": False}}
    assert not _check(chain_of(HOURS, changes=was_set)).findings


def test_an_hour_that_begins_before_the_one_before_it_ended_is_said() -> None:
    back = {4: {"begins": BEGIN + 2 * HOUR, "ends": BEGIN + 3 * HOUR, "run": "2"}}
    assert _faults(_check(chain_of(HOURS, changes=back)))[0] == "clock"


def test_a_gateway_that_did_not_run_for_a_while_is_no_fault() -> None:
    away: Changes = {
        4: {
            "begins": BEGIN + 3 * HOUR + timedelta(minutes=30),
            "elapsed_s": 1800.0,
            "run": "2",
        },
        **{number: {"run": "2"} for number in (5, 6)},
    }
    assert not _check(chain_of(HOURS, changes=away)).findings


def test_the_time_that_is_asked_about_bounds_what_is_found() -> None:
    without = [one for one in CHAIN if one.entry.number != 2]
    asked = WatchQuestion(gateway=NORTH, begin=BEGIN + 3 * HOUR, until=BEGIN + 6 * HOUR)
    checked = _check(without, asked)
    assert not checked.findings
    assert [one.number for one in checked.entries] == [4, 5, 6]
    first, last = BEGIN + timedelta(minutes=70), BEGIN + timedelta(minutes=110)
    assert _faults(_check(without, WatchQuestion(gateway=NORTH, begin=first, until=last))) == [
        "hole"
    ]


def test_no_entries_at_all_are_silence() -> None:
    assert _faults(check({}, ASKED)) == ["silence"]
    assert check({}, ASKED).findings[0].detail == "there is no entry at all"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", RefusalReason.MALFORMED),
        (b"{}" * MAX_WATCH_BYTES, RefusalReason.TOO_LARGE),
        (write_envelope(seal("text/plain", b"{}", [OURS])), RefusalReason.WRONG_KIND),
        (write_envelope(seal(WATCH_TYPE, b"[]", [OURS])), RefusalReason.INVALID),
        (write_envelope(seal(WATCH_TYPE, b"{", [OURS])), RefusalReason.MALFORMED),
        (
            write_envelope(seal(WATCH_TYPE, CHAIN[0].entry.model_dump_json().encode(), [])),
            RefusalReason.UNSIGNED,
        ),
        (
            seal_entry(CHAIN[0].entry.model_copy(update={"key": "ed25519:?"}), OURS).content,
            RefusalReason.INVALID,
        ),
    ],
)
def test_what_is_no_entry_is_refused_with_its_reason(content: bytes, reason: RefusalReason) -> None:
    refusal = read_sealed(content)
    assert not isinstance(refusal, SealedEntry)
    assert refusal.reason is reason


@given(st.binary(max_size=200))
def test_no_bytes_make_the_check_raise(content: bytes) -> None:
    assert _faults(check({"x": content}, ASKED)) == ["unreadable", "silence"]


def test_the_largest_entry_passes_the_shipped_broker() -> None:
    reasons = {f"reason_with_a_long_name_{number:02d}": 2**31 for number in range(8)}
    count = 2**31
    busy = WatchedCamera(
        received=count, superseded=count, quiet=count, analysed=count, rejected=reasons,
        suspicions=count, deduplicated=count, confirmed=count, refuted=count, unseen_s=3599.999,
        disarmed_s=3599.999,
    )  # fmt: skip
    span = UnseenSpan(begins=BEGIN + timedelta(milliseconds=123), seconds=1234.567)
    cameras = {CameraId(f"camera-{number:03d}"): busy for number in range(MOST_CAMERAS + 1)}
    cameras[GATE] = busy.model_copy(update={"unseen": (span,) * MOST_GAPS})
    pem = "x" * 1200
    changes = {"cameras": cameras, "certificate": pem, "certificate_proof": "y" * 100}
    (one,) = chain_of(1, changes={1: changes})
    assert len(one.content) < MAX_WATCH_BYTES < 131_072


def test_securesystemslib_verifies_an_entry() -> None:
    raw = OURS.public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    key: Key = SSlibKey(OURS.key_id, "ed25519", "ed25519", {"public": raw.hex()})
    theirs = TheirEnvelope.from_dict(json.loads(CHAIN[0].content))
    assert set(theirs.verify([key], 1)) == {OURS.key_id}
    assert json.loads(theirs.payload)["previous"] == START


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the command is not installed")
def test_openssl_verifies_an_entry_as_the_how_to_says(tmp_path: Path) -> None:
    envelope = json.loads(CHAIN[1].content)
    payload = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"]
    said = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    prefix = bytes.fromhex("302a300506032b6570032100")
    raw = base64.b64decode(json.loads(payload)["key"].removeprefix("ed25519:"))
    (tmp_path / "key.der").write_bytes(prefix + raw)
    (tmp_path / "said").write_bytes(said)
    (tmp_path / "sig").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.der", "-keyform", "DER"]
    command += ["-rawin", "-in", "said", "-sigfile", "sig"]
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    (tmp_path / "said").write_bytes(said.replace(b'"quiet":90', b'"quiet":91'))
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode != 0
    assert hashlib.sha256(payload).hexdigest() == CHAIN[2].entry.previous
