"""SIA DC-09: messages to alarm receiving centres as bytes, and their answers.

PURE. A message is `LF crc length body CR`. The CRC is CRC-16/ARC over the body, the length counts
its characters; both in four hexadecimal digits. The body names protocol, number, receiver, line and
account, then data in brackets and the time in UTC. With a key, all that follows the first bracket
is AES-CBC with a zero vector, in hexadecimal digits, filled up in front with any characters. The
number stays the same when a message is sent again; the time does not, as a receiver takes nothing
older than 40 s. Source: ANSI/SIA DC-09-2013, 5.4 and 5.5; Contact ID: SIA DC-05.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

SiaFormat = Literal["SIA-DCS", "ADM-CID"]
AnswerKind = Literal["ACK", "NAK", "DUH"]

BLOCK = 16
NULL_SEQUENCE = 0
"""Of messages that only supervise the line, and of NAK."""

_FRAME = re.compile(rb"\n([0-9A-Fa-f]{4})([0-9A-Fa-f]{4})([^\r\n]*)\r")
_BODY = re.compile(
    r'"(?P<secret>\*?)(?P<kind>ACK|NAK|DUH)"(?P<sequence>\d{4})(?P<place>[^#\[]*)'
    r"(?:#(?P<account>[0-9A-Fa-f]{3,16}))?(?P<rest>\[?.*)"
)
_TIME = "%H:%M:%S,%m-%d-%Y"
_STAMP = re.compile(r"_(\d\d:\d\d:\d\d,\d\d-\d\d-\d{4})$")


class SiaError(ValueError):
    """The bytes are no answer; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiaAccount:
    """As whom we speak: account, receiver and line in hexadecimal digits; `key` of 16, 24 or 32
    bytes, None: not encrypted."""

    account: str
    receiver: str = "0"
    line: str = "0"
    key: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiaEvent:
    """What happened: `code` as DC-03 (`BA`) or Contact ID (`1130`) has it, in which zone.
    `at` is when it happened, `link` where it can be seen."""

    code: str
    zone: int
    area: int = 1
    at: datetime | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiaAnswer:
    """What a receiver says; `at` its time, if it says one."""

    kind: AnswerKind
    sequence: int
    account: str | None
    encrypted: bool
    at: datetime | None


def aes_key(digits: bytes) -> bytes:
    """The key in hexadecimal digits as an operator keeps it; raises `ValueError`."""
    try:
        key = bytes.fromhex(digits.decode("ascii"))
    except ValueError as error:
        raise ValueError("the key is no text of hexadecimal digits") from error
    if len(key) not in (16, 24, 32):
        raise ValueError(f"the key has {2 * len(key)} hexadecimal digits: 32, 48 or 64 are needed")
    return key


def event_message(
    format_: SiaFormat,
    event: SiaEvent,
    account: SiaAccount,
    sequence: int,
    now: datetime,
    filler: str,
) -> bytes:
    """The event as it is sent; `sequence` 1 to 9999, `filler` 16 characters without `[]|`."""
    if format_ == "SIA-DCS":
        data = f"Nri{event.area}/{event.code}{event.zone}"
    else:
        data = f"{event.code} {event.area:02d} {event.zone:03d}"
    more = "" if event.at is None else f"[H{event.at.astimezone(UTC):{_TIME}}]"
    more += "" if event.link is None else f"[V{event.link}]"
    inner = f"#{account.account}|{data}]{more}"
    return _message(format_, inner, account, sequence, now, filler)


def null_message(account: SiaAccount, now: datetime, filler: str) -> bytes:
    """That the line still works."""
    return _message("NULL", "]", account, NULL_SEQUENCE, now, filler)


def _message(
    token: str, inner: str, account: SiaAccount, sequence: int, now: datetime, filler: str
) -> bytes:
    timed = f"{inner}_{now.astimezone(UTC):{_TIME}}"
    mark = "*" if account.key is not None else ""
    head = f'"{mark}{token}"{sequence:04d}R{account.receiver}L{account.line}#{account.account}['
    return frame(head + (timed if account.key is None else encrypted(timed, account.key, filler)))


def encrypted(text: str, key: bytes, filler: str) -> str:
    """`text` behind as much of `filler` and a `|` as make whole blocks, in hexadecimal digits."""
    missing = BLOCK - (len(text) + 1) % BLOCK
    padded = f"{filler[:missing]}|{text}".encode("ascii", "replace")
    box = Cipher(AES(key), CBC(bytes(BLOCK))).encryptor()
    return (box.update(padded) + box.finalize()).hex().upper()


def decrypted(digits: str, key: bytes) -> str:
    """The text with its filler; raises `SiaError`."""
    try:
        content = bytes.fromhex(digits)
    except ValueError as error:
        raise SiaError("its encrypted part is no hexadecimal text") from error
    if not content or len(content) % BLOCK:
        raise SiaError(f"its encrypted part has {len(content)} bytes, no whole blocks")
    box = Cipher(AES(key), CBC(bytes(BLOCK))).decryptor()
    return (box.update(content) + box.finalize()).decode("ascii", "replace")


def frame(body: str) -> bytes:
    """With CRC and length around it."""
    content = body.encode("ascii", "replace")
    return b"\n%04X%04X%b\r" % (crc16(content), len(content), content)


def crc16(content: bytes) -> int:
    """CRC-16/ARC: 0x8005 reflected, from 0."""
    crc = 0
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def read_answer(received: bytes, key: bytes | None) -> SiaAnswer:
    """The first answer in what was received; raises `SiaError`."""
    found = _FRAME.search(received)
    if found is None:
        raise SiaError("no whole answer")
    content = found[3]
    if int(found[1], 16) != crc16(content):
        raise SiaError("its CRC is wrong: it was damaged on its way")
    if int(found[2], 16) != len(content):
        raise SiaError(f"it has {len(content)} characters and says {int(found[2], 16)}")
    parts = _BODY.fullmatch(content.decode("ascii", "replace"))
    if parts is None:
        raise SiaError(f"{content[:60]!r} is no answer")
    rest = parts["rest"]
    if parts["secret"]:
        if key is None:
            raise SiaError("it is encrypted, and we have no key")
        rest = decrypted(rest.removeprefix("["), key)
        if "]" not in rest:
            raise SiaError("it cannot be decrypted: the keys differ")
    kind: AnswerKind = "ACK" if parts["kind"] == "ACK" else _other(parts["kind"])
    return SiaAnswer(
        kind=kind,
        sequence=int(parts["sequence"]),
        account=parts["account"],
        encrypted=bool(parts["secret"]),
        at=_time(rest),
    )


def _other(kind: str) -> AnswerKind:
    return "NAK" if kind == "NAK" else "DUH"


def _time(rest: str) -> datetime | None:
    found = _STAMP.search(rest)
    try:
        return None if found is None else datetime.strptime(found[1], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
