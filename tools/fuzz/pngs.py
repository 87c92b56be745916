"""PNG that is nearly one: chunks, lengths, checksums and filtered rows damaged one by one.

PURE. A picture is taken apart into chunks and put together again with lengths and checksums that
are right unless the damage is to them, so that decoders get to see what is behind.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from random import Random

from imaging.png import MAGIC
from tools.fuzz.jpegs import exif
from tools.fuzz.mutate import EDGES, chosen, damaged

_BOMB = zlib.compress(bytes(3_000_000))
_ANCILLARY = (b"gAMA", b"cHRM", b"sBIT", b"sRGB", b"bKGD", b"hIST", b"pHYs", b"tIME", b"sPLT")


@dataclass(frozen=True, slots=True)
class Chunk:
    """`length` and `crc` are said in place of the true ones."""

    name: bytes
    data: bytes
    length: int | None = None
    crc: int | None = None


Png = tuple[Chunk, ...]


def taken_apart(picture: bytes) -> Png:
    """A sound PNG as its chunks."""
    chunks, at = [], len(MAGIC)
    while at < len(picture):
        length, name = struct.unpack_from(">I4s", picture, at)
        chunks.append(Chunk(name, picture[at + 8 : at + 8 + length]))
        at += 12 + length
    return tuple(chunks)


def put_together(chunks: Png) -> bytes:
    """As bytes."""
    parts = [MAGIC]
    for one in chunks:
        length = len(one.data) if one.length is None else one.length
        crc = zlib.crc32(one.name + one.data) if one.crc is None else one.crc
        parts += [struct.pack(">I", length), one.name, one.data, struct.pack(">I", crc)]
    return b"".join(parts)


def mutated(random: Random, picture: bytes) -> bytes:
    """`picture`, a sound PNG, with some of its structure damaged."""
    made = put_together(chosen(random, _DAMAGES, taken_apart(picture), 5))
    if random.random() < 0.1:
        return made[: random.randrange(len(made) + 1)]
    return damaged(random, made) if random.random() < 0.15 else made


def _where(random: Random, chunks: Png, name: bytes | None = None) -> int | None:
    found = [n for n, one in enumerate(chunks) if name in (None, one.name)]
    return random.choice(found) if found else None


def _with(chunks: Png, at: int, *instead: Chunk) -> Png:
    return (*chunks[:at], *instead, *chunks[at + 1 :])


def _header(random: Random, chunks: Png) -> Png:
    """Another size, depth, colour type or interlacing, with the right checksum."""
    at = _where(random, chunks, b"IHDR")
    if at is None or len(chunks[at].data) != 13:
        return chunks
    fields = list(struct.unpack(">IIBBBBB", chunks[at].data))
    what = random.randrange(7)
    choices = (
        *((*EDGES, 64, 100, 640, 3_000, 2**31 - 1, 2**31),) * 2,
        (1, 2, 3, 4, 8, 16, 0, 255),
        (0, 2, 3, 4, 6, 1, 255),
        (0, 1),
        (0, 1, 64),
        (0, 1, 2),
    )
    fields[what] = random.choice(choices[what])
    return _with(chunks, at, Chunk(b"IHDR", struct.pack(">IIBBBBB", *fields)))


def _rows(random: Random, chunks: Png) -> Png:
    """What is within the compressed data: filters, pixels, too much or too little of it."""
    at = _where(random, chunks, b"IDAT")
    if at is None:
        return chunks
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(b"".join(c.data for c in chunks if c.name == b"IDAT"), 4_000_000)
    except zlib.error:
        return chunks
    what = random.randrange(5)
    if what == 0:
        raw = damaged(random, raw)
    elif what == 1:
        raw += bytes(random.choice((1, 100, 100_000, 3_000_000)))
    elif what == 2:
        raw = raw[: random.randrange(len(raw) + 1)]
    elif what == 3 and raw:
        stride = random.choice((1, 7, 193, 961)) if len(raw) < 100_000 else 8_971
        filters = bytes(random.randrange(6) for _ in raw[::stride])
        raw = b"".join(
            bytes((kind,)) + raw[n * stride + 1 : (n + 1) * stride]
            for n, kind in enumerate(filters)
        )
    packed = zlib.compress(raw, random.choice((0, 1, 9)))
    pieces = random.choice((1, 1, 2, 7, 300))
    size = max(1, len(packed) // pieces)
    parts = [Chunk(b"IDAT", packed[n : n + size]) for n in range(0, len(packed), size)]
    if random.random() < 0.3:
        parts.insert(random.randrange(len(parts) + 1), Chunk(b"IDAT", b""))
    others = [(n, one) for n, one in enumerate(chunks) if one.name != b"IDAT"]
    before = [one for n, one in others if n < at]
    return (*before, *parts, *(one for n, one in others if n > at))


def _data(random: Random, chunks: Png) -> Png:
    """Compressed data itself."""
    at = _where(random, chunks, random.choice((b"IDAT", b"PLTE", b"tRNS", None)))
    return (
        chunks
        if at is None
        else _with(chunks, at, replace(chunks[at], data=damaged(random, chunks[at].data)))
    )


def _lie(random: Random, chunks: Png) -> Png:
    """A length or a checksum that is not its own."""
    at = _where(random, chunks)
    if at is None:
        return chunks
    one = chunks[at]
    if random.random() < 0.5:
        return _with(chunks, at, replace(one, crc=random.getrandbits(32)))
    lengths = (0, len(one.data) - 1, len(one.data) + 1, 65_536, 0x7FFFFFFF, 0xFFFFFF00, 0xFFFFFFFF)
    return _with(chunks, at, replace(one, length=max(0, random.choice(lengths))))


def _insertion(random: Random, chunks: Png) -> Png:
    """A chunk that no picture of ours has."""
    text = random.randbytes(random.choice((0, 3, 100, 60_000)))
    made = random.choice(
        (
            Chunk(random.choice(_ANCILLARY), text[:100]),
            Chunk(b"tEXt", b"key\0" + text),
            Chunk(b"zTXt", b"key\0\0" + _BOMB),
            Chunk(b"iTXt", b"key\0\1\0\0\0" + _BOMB),
            Chunk(b"iCCP", b"key\0\0" + random.choice((_BOMB, text))),
            Chunk(b"eXIf", exif(random)),
            Chunk(b"PLTE", text[: random.choice((0, 3, 4, 768, 771))]),
            Chunk(b"tRNS", text[: random.choice((0, 1, 2, 6, 256, 300))]),
            Chunk(b"acTL", struct.pack(">II", random.choice((0, 1, 2, 2**31)), 0)),
            Chunk(
                b"fcTL",
                struct.pack(
                    ">IIIIIHHBB",
                    0,
                    *(random.choice((0, 1, 64, 2**31)) for _ in range(4)),
                    1,
                    1,
                    0,
                    0,
                ),
            ),
            Chunk(b"fdAT", struct.pack(">I", 1) + text),
            Chunk(random.choice((b"ABCD", b"aBCD", b"\0\0\0\0", b"IEND", b"IHDR")), text[:30]),
        )
    )
    at = random.randrange(len(chunks) + 1)
    return (*chunks[:at], *[made] * random.choice((1, 1, 1, 2, 30)), *chunks[at:])


def _order(random: Random, chunks: Png) -> Png:
    """A chunk left out, doubled or moved."""
    at = _where(random, chunks)
    if at is None:
        return chunks
    what = random.randrange(3)
    if what == 0:
        return _with(chunks, at)
    if what == 1:
        return _with(chunks, at, chunks[at], chunks[at])
    rest = _with(chunks, at)
    to = random.randrange(len(rest) + 1)
    return (*rest[:to], chunks[at], *rest[to:])


_DAMAGES = (_header, _rows, _rows, _data, _lie, _insertion, _order)
