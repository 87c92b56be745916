"""DC-09 as bytes, against the receiver `pysiaalarm` and by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysiaalarm.account import SIAAccount
from pysiaalarm.event import SIAEvent

from cloud.notify.sia_codes import CODES, code_of
from cloud.notify.sia_message import (
    SiaAccount,
    SiaError,
    SiaEvent,
    SiaFormat,
    aes_key,
    crc16,
    decrypted,
    encrypted,
    event_message,
    frame,
    null_message,
    read_answer,
)
from tests.unit.cloud.notify.notices import a_notice

NOW = datetime(2026, 3, 1, 6, 0, 0, tzinfo=UTC)
FILLER = "abcdefghijklmnop"
KEY_TEXT = "0123456789ABCDEF"
KEY = KEY_TEXT.encode()


def heard(message: bytes, key: str | None = None) -> Any:
    """The event as pysiaalarm understands it."""
    account = SIAAccount("1234", key, allowed_timeband=None)
    return SIAEvent.from_line(message[1:-1].decode(), {"1234": account})


def account(key: bytes | None = None) -> SiaAccount:
    return SiaAccount(account="1234", key=key)


def test_the_crc_is_that_of_the_standard_catalogue() -> None:
    assert crc16(b"123456789") == 0xBB3D


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("name", sorted(CODES))
def test_every_code_is_understood_by_another_ones_receiver(name: str, key: bytes | None) -> None:
    code = CODES[name].sia  # type: ignore[index]  # names of the table itself
    event = SiaEvent(code=code, zone=7, at=NOW)
    message = event_message("SIA-DCS", event, account(key), 42, NOW, FILLER)
    found = heard(message, KEY_TEXT if key else None)
    assert found.valid_message
    assert int(found.length, 16) == len(found.full_message)
    assert (found.code, found.message, found.ri) == (code, "7", "1")
    assert (found.account, found.sequence, found.encrypted) == ("1234", "0042", key is not None)
    assert found.timestamp == NOW
    assert not found.code_not_found


@pytest.mark.parametrize("key", [None, KEY])
def test_contact_id_is_understood(key: bytes | None) -> None:
    event = SiaEvent(code="1130", zone=7, area=2)
    message = event_message("ADM-CID", event, account(key), 9999, NOW, FILLER)
    found = heard(message, KEY_TEXT if key else None)
    assert (found.event_qualifier, found.event_type, found.partition) == ("1", "130", "02")
    assert (found.ri, found.code, found.sequence) == ("007", "BA", "9999")


@pytest.mark.parametrize("key", [None, KEY])
def test_a_null_message_is_one(key: bytes | None) -> None:
    found = heard(null_message(account(key), NOW, FILLER), KEY_TEXT if key else None)
    assert found.valid_message
    assert (found.message_type.value, found.sequence, found.code) == ("NULL", "0000", "RP")


@pytest.mark.parametrize("key", [None, KEY])
def test_the_answer_of_another_ones_receiver_is_read(key: bytes | None) -> None:
    event = SiaEvent(code="BA", zone=7)
    message = event_message("SIA-DCS", event, account(key), 42, NOW, FILLER)
    answer = read_answer(heard(message, KEY_TEXT if key else None).create_response(), key)
    assert (answer.kind, answer.sequence, answer.account) == ("ACK", 42, "1234")
    assert answer.encrypted is (key is not None)


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=100),
    st.sampled_from([16, 24, 32]),
)
def test_what_was_encrypted_comes_back_in_whole_blocks(text: str, size: int) -> None:
    key = bytes(range(size))
    digits = encrypted(text, key, FILLER)
    assert len(digits) % 32 == 0
    assert decrypted(digits, key).partition("|")[2] == text


def test_an_answer_under_another_key_is_none() -> None:
    body = f'"*ACK"0042R0L0#1234[{encrypted("]_06:00:00,03-01-2026", bytes(16), FILLER)}'
    with pytest.raises(SiaError, match="keys differ"):
        read_answer(frame(body), KEY)


@pytest.mark.parametrize(
    ("received", "why"),
    [
        (b"", "no whole answer"),
        (b"\n00000000\r", "no answer"),
        (b'\n0000000D"ACK"0001L0[]\r', "CRC"),
        (frame('"ACK"0001L0[]').replace(b"000D", b"000E"), "characters"),
        (frame('"WHAT"0001L0[]'), "is no answer"),
        (frame('"*ACK"0001L0#1234[0011'), "no whole blocks"),
        (frame('"*ACK"0001L0#1234[xyz'), "hexadecimal"),
    ],
)
def test_what_is_no_answer_is_said(received: bytes, why: str) -> None:
    with pytest.raises(SiaError, match=why):
        read_answer(received, KEY)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(received: bytes) -> None:
    for content in (received, b"\n" + received + b"\r", frame(received.decode("latin-1"))):
        try:
            read_answer(content, KEY)
        except SiaError:
            continue


def test_nak_tells_the_receivers_time() -> None:
    answer = read_answer(frame('"NAK"0000R0L0A0[]_06:00:00,03-01-2026'), None)
    assert (answer.kind, answer.at) == ("NAK", NOW)


@pytest.mark.parametrize("format_", ["SIA-DCS", "ADM-CID"])
def test_the_same_event_is_the_same_message_but_for_its_time(format_: SiaFormat) -> None:
    event = SiaEvent(code="1130", zone=1, at=NOW, link="https://console.example.org/a")
    first, again = (
        event_message(format_, event, account(), 1, at, FILLER)
        for at in (NOW, NOW.replace(minute=5))
    )
    assert first.rpartition(b"_")[0][9:] == again.rpartition(b"_")[0][9:]


@pytest.mark.parametrize("wrong", [b"00", b"xx" * 16, b"\xff" * 32])
def test_a_key_that_is_none_is_refused(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        aes_key(wrong)


def test_what_is_on_test_is_never_an_alarm() -> None:
    notice = a_notice(kind="test", decision="confirmed", severity=4)
    assert code_of(notice) == "on_test"
    assert code_of(notice.model_copy(update={"self_test": True})) == "self_test"
    assert all(
        code_of(notice.at_stage(stage)) is None
        for stage in ("changed", "refuted", "ended", "picture", "digest")
    )


def test_who_watches_tells_apart_what_was_checked() -> None:
    assert code_of(a_notice()) == "confirmed"
    assert code_of(a_notice(decision="inconclusive")) == "unconfirmed"
    assert code_of(a_notice().at_stage("changed")) == "verified"
    assert code_of(a_notice().at_stage("picture")) is None
