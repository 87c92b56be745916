"""The chunk walk over a PNG: what it is, and its chunks that matter to pixels.

PURE. `walk` checks IHDR whole (length, CRC, legality of depth and colour type) and every length
against the bytes that are there: OpenCV allocates whatever a length claims. It inflates nothing.
Linear in the bytes; no function here raises. Called by `admission` and `decode`, the latter for
what the decoder is given and for the defence against data that inflates a thousandfold.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Literal

from imaging import exif
from imaging.header import Header, Reason, Rejected

MAGIC = b"\x89PNG\r\n\x1a\n"
IEND = b"\x00\x00\x00\x00IEND\xaeB`\x82"

MAX_CHUNKS = 8192
"""More chunks than this is an attack on our time; encoders write IDAT in pieces of some KiB."""

_PIECE_BYTES = 65_536
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""Of each pass of an interlaced PNG: first column and row, and the steps to the next ones."""
_LARGEST = {b"IHDR": 13, b"PLTE": 3 * 256, b"tRNS": 256}
"""What the decoder gets beside the data, once each, and how long the standard lets it be."""

Filling = Literal["exact", "short", "excessive", "broken"]


def walk(picture: bytes) -> Header | Rejected:
    """The header of `picture`, which begins with `MAGIC`; its chunks are whole up to IEND.

    `eoi_missing` says that IEND is absent.
    """
    chunks = _chunks(picture)
    first = next(chunks, None)
    if first is None or first[2] > len(picture):
        return Rejected(Reason.TRUNCATED, "PNG ends within its header")
    names: set[bytes] = set()
    orientation = 1
    for count, (name, start, end) in enumerate(chunks):
        if end > len(picture):
            return Rejected(Reason.TRUNCATED, f"PNG ends within chunk {name!r}")
        if count >= MAX_CHUNKS:
            return Rejected(Reason.MALFORMED, f"PNG of more than {MAX_CHUNKS} chunks")
        if name == b"eXIf" and name not in names:
            orientation = exif.orientation(picture[start : min(end - 4, start + exif.MAX_BYTES)])
        names.add(name)
    if b"IDAT" not in names:
        if b"IEND" in names:
            return Rejected(Reason.MALFORMED, "PNG without picture data (IDAT)")
        return Rejected(Reason.TRUNCATED, "PNG ends before its picture data (IDAT)")
    return _ihdr(picture, *first, orientation=orientation, ended=b"IEND" in names)


def essential(picture: bytes) -> bytes:
    """The admitted `picture` with only the chunks that make its pixels, and an end.

    Texts, colour profiles, EXIF and further frames (APNG) are left out: the decoder would inflate,
    copy and decode them all, for nothing.
    """
    kept = [MAGIC]
    missing = dict(_LARGEST)
    for name, start, end in _chunks(picture):
        if name == b"IDAT" or end - 4 - start <= missing.pop(name, -1):
            kept.append(picture[start - 8 : end])
    return b"".join((*kept, IEND))


def raw_bytes(header: Header) -> int:
    """What IDAT must inflate to: a filter byte and the pixels of each row, of each pass."""
    bits = header.components * header.bits
    if not header.progressive:
        return header.height * (1 + (header.width * bits + 7) // 8)
    total = 0
    for x, y, across, down in _ADAM7:
        columns = -(-(header.width - x) // across)
        rows = -(-(header.height - y) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total


def filling(picture: bytes, header: Header) -> Filling:
    """How what IDAT inflates to fits the pixels; the decoder would inflate any excess too.

    Inflates in pieces that are thrown away, and not beyond the pixels.
    """
    left = raw_bytes(header)
    inflate = zlib.decompressobj()
    try:
        for name, start, end in _chunks(picture):
            data = picture[start : end - 4] if name == b"IDAT" else b""
            while data and not inflate.eof:
                left -= len(inflate.decompress(data, _PIECE_BYTES))
                data = inflate.unconsumed_tail
                if left < 0:
                    return "excessive"
    except zlib.error:
        return "broken"
    return "short" if left else "exact"


def _chunks(picture: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(name, start of the payload, end of the CRC) up to IEND; the last end may lie beyond the
    picture."""
    at = len(MAGIC)
    while at + 8 <= len(picture):
        length, name = struct.unpack_from(">I4s", picture, at)
        yield name, at + 8, at + 12 + length
        if name == b"IEND":
            return
        at += 12 + length


def _ihdr(
    picture: bytes, name: bytes, start: int, end: int, *, orientation: int, ended: bool
) -> Header | Rejected:
    if name != b"IHDR" or end - start != 17:
        return Rejected(Reason.MALFORMED, f"PNG that begins with chunk {name!r}")
    width, height, bits, colour, compression, filtering, interlace, crc = struct.unpack_from(
        ">IIBBBBBI", picture, start
    )
    if zlib.crc32(picture[start - 4 : start + 13]) != crc:
        return Rejected(Reason.MALFORMED, "PNG header with a wrong CRC")
    if max(width, height) > 0x7FFFFFFF or compression or filtering or interlace > 1:
        return Rejected(Reason.MALFORMED, "PNG header with values outside the standard")
    if bits not in _DEPTHS.get(colour, ()):
        return Rejected(Reason.MALFORMED, f"PNG of colour type {colour} with {bits} bits")
    return Header(
        kind="png",
        width=width,
        height=height,
        components=_CHANNELS[colour],
        bits=bits,
        progressive=interlace == 1,
        scans=1,
        eoi_missing=not ended,
        orientation=orientation,
    )
