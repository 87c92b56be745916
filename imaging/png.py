"""The chunk walk over a PNG: what it is, and its chunks that matter to pixels.

PURE. `walk` checks IHDR whole (length, CRC, legality of depth and colour type), wants some IDAT
and inflates nothing. Linear in the bytes; no function here raises. Called by `admission` and
`decode`, the latter for the two defences against data that inflates a thousandfold.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import islice

from imaging.header import Header, Reason, Rejected

MAGIC = b"\x89PNG\r\n\x1a\n"
IEND = b"\x00\x00\x00\x00IEND\xaeB`\x82"

MAX_CHUNKS = 65_536
"""More chunks than this is an attack on our time; encoders write IDAT in pieces of some KiB."""

_PIECE_BYTES = 65_536
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_ESSENTIAL = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"eXIf"))


def walk(picture: bytes) -> Header | Rejected:
    """The header of `picture`, which begins with `MAGIC`.

    `eoi_missing` says that IEND is absent, which the decoder does not forgive.
    """
    chunks = _chunks(picture)
    first = next(chunks, None)
    if first is None or first[2] > len(picture):
        return Rejected(Reason.TRUNCATED, "PNG ends within its header")
    header = _ihdr(picture, *first)
    if isinstance(header, Rejected):
        return header
    for count, (name, _, end) in enumerate(chunks):
        if name == b"IDAT":
            return header
        if name == b"IEND" or count >= MAX_CHUNKS:
            return Rejected(Reason.MALFORMED, "PNG without picture data (IDAT)")
        if end > len(picture):
            return Rejected(Reason.TRUNCATED, f"PNG ends within chunk {name!r}")
    return Rejected(Reason.TRUNCATED, "PNG ends before its picture data (IDAT)")


def essential(picture: bytes) -> bytes:
    """`picture` with only the chunks that make its pixels and their orientation.

    Texts and colour profiles are left out: the decoder would inflate them all, for nothing.
    """
    chunks = islice(_chunks(picture), MAX_CHUNKS)
    return MAGIC + b"".join(
        picture[start - 8 : end] for name, start, end in chunks if name in _ESSENTIAL
    )


def inflates_too_far(picture: bytes, header: Header) -> bool:
    """Whether IDAT holds far more than the pixels need; the decoder would inflate the excess too.

    Inflates in pieces that are thrown away, up to the bound.
    """
    row_bytes = (header.width * header.components * header.bits + 7) // 8 + 1
    left = 2 * header.height * row_bytes + _PIECE_BYTES  # twice: interlaced rows are more
    inflate = zlib.decompressobj()
    try:
        for name, start, end in islice(_chunks(picture), MAX_CHUNKS):
            data = picture[start : end - 4] if name == b"IDAT" else b""
            while data and not inflate.eof:
                left -= len(inflate.decompress(data, _PIECE_BYTES))
                data = inflate.unconsumed_tail
                if left < 0:
                    return True
    except zlib.error:  # the decoder will say so
        return False
    return False


def _chunks(picture: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(name, start of the payload, end of the CRC); the last end may lie beyond the picture."""
    at = len(MAGIC)
    while at + 8 <= len(picture):
        length, name = struct.unpack_from(">I4s", picture, at)
        yield name, at + 8, at + 12 + length
        at += 12 + length


def _ihdr(picture: bytes, name: bytes, start: int, end: int) -> Header | Rejected:
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
        eoi_missing=picture.rfind(IEND) < 0,
    )
