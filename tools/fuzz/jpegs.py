"""JPEG that is nearly one: segments, tables, frames and scans damaged one by one.

PURE. A picture is taken apart into segments, each with the entropy data behind it, and put together
again with lengths that are right unless the damage is to them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from random import Random

from tools.fuzz.mutate import EDGES, chosen, damaged

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
_SOS, _DHT, _DQT, _DRI, _DNL = 0xDA, 0xC4, 0xDB, 0xDD, 0xDC
_FRAMES = tuple(marker for marker in range(0xC0, 0xD0) if marker not in (_DHT, 0xC8, 0xCC))
_BARE = (0xD8, 0xD9, 0x01, *range(0xD0, 0xD8))
_MOST_SCANS = 80


@dataclass(frozen=True, slots=True)
class JpegSegment:
    """`lie` is added to its length; `entropy` follows it (of a scan)."""

    marker: int
    payload: bytes
    entropy: bytes = b""
    lie: int = 0


@dataclass(frozen=True, slots=True)
class Jpeg:
    """What stands between SOI and `end`."""

    segments: tuple[JpegSegment, ...]
    end: bytes = EOI


def taken_apart(picture: bytes) -> Jpeg:
    """A sound JPEG as its segments."""
    segments, at = [], 2
    while picture[at + 1] != 0xD9:
        marker = picture[at + 1]
        length = int.from_bytes(picture[at + 2 : at + 4], "big")
        begins = at + 2 + length
        at = begins
        while marker == _SOS and not (picture[at] == 0xFF and picture[at + 1] not in _STUFFED):
            at += 1
        segments.append(
            JpegSegment(marker, picture[begins - length + 2 : begins], picture[begins:at])
        )
    return Jpeg(tuple(segments))


_STUFFED = (0x00, *range(0xD0, 0xD8))


def put_together(jpeg: Jpeg) -> bytes:
    """As bytes."""
    parts = [SOI]
    for one in jpeg.segments:
        parts.append(bytes((0xFF, one.marker)))
        if one.marker not in _BARE or one.payload:
            parts.append(((len(one.payload) + 2 + one.lie) % 65_536).to_bytes(2, "big"))
        parts += [one.payload, one.entropy]
    return b"".join((*parts, jpeg.end))


def mutated(random: Random, picture: bytes) -> bytes:
    """`picture`, a sound JPEG, with some of its structure damaged."""
    made = put_together(chosen(random, _DAMAGES, taken_apart(picture), 5))
    return damaged(random, made) if random.random() < 0.15 else made


def _where(random: Random, jpeg: Jpeg, *markers: int) -> int | None:
    found = [n for n, one in enumerate(jpeg.segments) if not markers or one.marker in markers]
    return random.choice(found) if found else None


def _with(jpeg: Jpeg, at: int, *instead: JpegSegment) -> Jpeg:
    return replace(jpeg, segments=(*jpeg.segments[:at], *instead, *jpeg.segments[at + 1 :]))


def _frame(random: Random, jpeg: Jpeg) -> Jpeg:
    """Another size, precision, number of components, sampling or kind of frame."""
    at = _where(random, jpeg, *_FRAMES)
    if at is None:
        return jpeg
    one = jpeg.segments[at]
    fields = bytearray(one.payload)
    marker = one.marker
    what = random.randrange(6)
    if what == 0:
        sides = [random.choice((*EDGES, 64, 100, 640, 2_000)) for _ in range(2)]
        fields[1:5] = struct.pack(">HH", *sides)
    elif what == 1:
        fields[0] = random.choice((0, 1, 2, 8, 12, 16, 255))
    elif what == 2 and len(fields) > 7:
        component = 6 + 3 * random.randrange(len(fields[6:]) // 3 or 1)
        fields[component + 1] = random.choice((0x11, 0x21, 0x22, 0x41, 0x14, 0x44, 0x31, 0x0F, 0))
    elif what == 3 and len(fields) > 5:
        fields[5] = random.choice((0, 1, 2, 3, 4, 5, 255))
        fields = fields[: 6 + 3 * min(fields[5], 5)] + bytes((4, 0x11, 0)) * max(0, fields[5] - 3)
    elif what == 4:
        marker = random.choice((*_FRAMES, 0xC0, 0xC1, 0xC2, 0xC9, 0xCA))
    else:
        fields = bytearray(damaged(random, one.payload))
    return _with(jpeg, at, replace(one, marker=marker, payload=bytes(fields)))


def _table(random: Random, jpeg: Jpeg) -> Jpeg:
    """Quantisation and Huffman tables: other numbers, ids, precisions, too many codes."""
    at = _where(random, jpeg, _DQT, _DHT)
    if at is None:
        return jpeg
    one = jpeg.segments[at]
    fields = bytearray(one.payload)
    what = random.randrange(4)
    if what == 0 and fields:
        fields[0] = random.choice((0x00, 0x01, 0x03, 0x04, 0x10, 0x11, 0x1F, 0xFF))
    elif what == 1 and one.marker == _DHT and len(fields) > 17:
        fields[1 + random.randrange(16)] = random.choice((0, 1, 2, 16, 255))
    elif what == 2 and len(fields) > 20:
        fields[1:] = random.choice((bytes(len(fields) - 1), random.randbytes(len(fields) - 1)))
    else:
        fields = bytearray(damaged(random, one.payload))
    return _with(jpeg, at, replace(one, payload=bytes(fields)))


def _scan(random: Random, jpeg: Jpeg) -> Jpeg:
    """Another selection, spectral range or approximation; a scan that repeats."""
    at = _where(random, jpeg, _SOS)
    if at is None:
        return jpeg
    one = jpeg.segments[at]
    fields = bytearray(one.payload)
    what = random.randrange(5)
    if what == 0 and len(fields) >= 3:
        start, end = random.choice(((0, 63), (0, 0), (1, 63), (63, 1), (0, 64), (255, 255)))
        fields[-3:] = bytes((start, end, random.choice((0, 0x01, 0x10, 0x21, 0xDD, 0xFF))))
    elif what == 1 and fields:
        fields[0] = random.choice((0, 1, 2, 3, 4, 5, 255))
    elif what == 2:
        times = random.choice((2, 3, 10, _MOST_SCANS))
        return _with(jpeg, at, *[one] * times)
    elif what == 3 and len(fields) > 2:
        fields[2] = random.choice((0x00, 0x11, 0x10, 0x22, 0x33, 0xFF))
    else:
        fields = bytearray(damaged(random, one.payload))
    return _with(jpeg, at, replace(one, payload=bytes(fields)))


def _entropy(random: Random, jpeg: Jpeg) -> Jpeg:
    """Coefficients: flipped, cut, blank, with markers and restarts among them."""
    at = _where(random, jpeg, _SOS)
    if at is None:
        return jpeg
    one = jpeg.segments[at]
    data = one.entropy
    if random.random() < 0.3:
        middle = random.randrange(len(data) + 1)
        marker = bytes((0xFF, random.choice((0xD0, 0xD3, 0xD7, 0xD9, 0xD8, 0x00, 0xFF, 0x01))))
        data = data[:middle] + marker * random.choice((1, 1, 8, 500)) + data[middle:]
    else:
        data = damaged(random, data)
    return _with(jpeg, at, replace(one, entropy=data))


def _insertion(random: Random, jpeg: Jpeg) -> Jpeg:
    """A segment that no picture of ours has."""
    size = random.choice((0, 1, 12, 200, 65_533))
    made = random.choice(
        (
            JpegSegment(random.choice((*range(0xE0, 0xF0), 0xFE)), random.randbytes(size)),
            JpegSegment(0xE1, b"Exif\0\0" + exif(random)),
            JpegSegment(0xE0, b"JFIF\0\1\1" + random.randbytes(9)),
            JpegSegment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes((random.choice((0, 1, 2, 9)),))),
            JpegSegment(_DRI, struct.pack(">H", random.choice(EDGES))),
            JpegSegment(_DNL, struct.pack(">H", random.choice(EDGES))),
            JpegSegment(0xCC, random.randbytes(random.choice((2, 4, 32)))),
            JpegSegment(random.choice((0xDE, 0xDF, 0xC8, 0xF0, 0xFD, 0x02, 0xBF)), b"\0\0"),
            JpegSegment(random.choice(_BARE), b""),
        )
    )
    at = random.randrange(len(jpeg.segments) + 1)
    times = random.choice((1, 1, 1, 2, 30))
    return replace(jpeg, segments=(*jpeg.segments[:at], *[made] * times, *jpeg.segments[at:]))


def _order(random: Random, jpeg: Jpeg) -> Jpeg:
    """A segment left out, doubled, moved, or with a length that is not its own."""
    at = _where(random, jpeg)
    if at is None:
        return jpeg
    one = jpeg.segments[at]
    what = random.randrange(4)
    if what == 0:
        return _with(jpeg, at)
    if what == 1:
        return _with(jpeg, at, one, one)
    if what == 2:
        lie = random.choice((-2, -1, 1, 2, 100, -len(one.payload), 65_000))
        return _with(jpeg, at, replace(one, lie=lie))
    rest = _with(jpeg, at)
    to = random.randrange(len(rest.segments) + 1)
    return replace(rest, segments=(*rest.segments[:to], one, *rest.segments[to:]))


def _end(random: Random, jpeg: Jpeg) -> Jpeg:
    """No end, several, or something behind it."""
    ends = (b"", b"\xff", EOI * 3, EOI + random.randbytes(300), EOI + put_together(jpeg)[:2_000])
    return replace(jpeg, end=random.choice(ends))


_DAMAGES = (_frame, _table, _scan, _entropy, _entropy, _insertion, _order, _end)


def exif(random: Random) -> bytes:
    """A directory with counts and places that may lie anywhere."""
    order = random.choice("<>")
    begins = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", random.choice((8, 9)))
    count = random.choice((0, 1, 3, 500))
    kinds = (0x0112, 0x010E, 0x8769, 0x011A, 0x9003)
    entries = b"".join(
        struct.pack(
            order + "HHII",
            random.choice(kinds),
            random.choice((1, 2, 3, 4, 5, 9)),
            random.choice((0, 1, 64, 6_000, 0xFFFFFFFF)),
            random.choice((0, 3, 8, 2_000, 0x60000, 0xFFFFFFF0)),
        )
        for _ in range(count)
    )
    return (
        begins + struct.pack(order + "H", random.choice((count, 65_535))) + entries + bytes(2_000)
    )
