"""Pictures and what carries them, through to the pixels that the network would get.

What a target raises is a finding; what it returns names the way that the input took.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from random import Random

import cv2
import numpy as np
from cv2.typing import MatLike

from contract.ids import CameraId
from edge.config.schema import JsonPathsConfig, PictureLimitsConfig
from edge.intake import chunks
from edge.intake.admission import admit
from edge.intake.chunks import ChunkLimits, ChunkTopic
from edge.records import Message
from imaging import png as png_format
from imaging.admission import Rejected
from imaging.decode import decode, decode_grey, reduction
from imaging.detections import Image
from imaging.letterbox import fit
from tools.fuzz import jpegs, pngs
from tools.fuzz.documents import json_mutated
from tools.fuzz.mutate import damaged

_LIMITS = PictureLimitsConfig()
_GREY_PX = 160
_NETWORK_PX = 416
_ADAM7_BYTES = 6_304
"""Of 96 x 64 grey pixels in seven passes, a filter byte for each row of each."""
_CHUNK_LIMITS = ChunkLimits(max_bytes=200_000, timeout_s=5.0)


def look(payload: bytes) -> str:
    """As the edge would: unpack, admit, decode small and whole, fit to the network."""
    message = Message(
        camera=CameraId("fuzz"),
        topic="cameras/fuzz/image",
        payload=payload,
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        received_mono_s=0.0,
    )
    frame = admit(message, _LIMITS, JsonPathsConfig())
    if isinstance(frame, Rejected):
        return f"admission: {frame.reason}"
    header = frame.header
    small = decode_grey(frame.picture, header, _GREY_PX)
    whole = decode(frame.picture, header)
    if isinstance(whole, Rejected):
        return f"decoding: {whole.reason}"
    factor = reduction(header.width, _GREY_PX)
    _check_size(whole, (header.height, header.width), header.orientation)
    if not isinstance(small, Rejected):
        sides = (-(-header.height // factor), -(-header.width // factor))
        _check_size(small, sides, header.orientation)
    canvas, _ = fit(whole, _NETWORK_PX, _NETWORK_PX)
    if canvas.shape[:2] != (_NETWORK_PX, _NETWORK_PX):
        raise AssertionError(f"canvas of {canvas.shape}")
    return f"pixels: {header.kind} {header.components} {header.bits} {header.progressive}"


def _check_size(image: Image, sides: tuple[int, int], orientation: int) -> None:
    expected = sides[::-1] if orientation >= 5 else sides
    if image.shape[:2] != expected or image.dtype != np.uint8:
        raise AssertionError(f"{image.shape} {image.dtype}, expected {expected}")


def reference() -> None:
    """Some work like that of a decoder, to tell how fast the machine is just now."""
    cv2.imdecode(np.frombuffer(_large()[2], np.uint8), cv2.IMREAD_COLOR)


def jpeg(random: Random) -> bytes:
    return jpegs.mutated(random, random.choice(_jpegs()))


def png(random: Random) -> bytes:
    return pngs.mutated(random, random.choice(_pngs()))


def large(random: Random) -> bytes:
    """At the limits of what is admitted, where time and memory are."""
    picture = random.choice(_large())
    mutated = pngs.mutated if picture.startswith(png_format.MAGIC) else jpegs.mutated
    return mutated(random, picture) if random.random() < 0.8 else picture


def payload(random: Random) -> bytes:
    """A picture as text, in JSON, or as something else altogether."""
    picture = jpeg(random) if random.random() < 0.3 else random.choice((*_jpegs(), *_pngs())[:6])
    coded = base64.b64encode(picture).decode()
    what = random.randrange(6)
    if what == 0:
        return damaged(random, coded.encode())
    if what == 1:
        kind = random.choice(("image/jpeg", "image/png", "text/html", "", "a" * 300))
        return damaged(random, f"data:{kind};base64,{coded}".encode())
    if what == 2:
        wrapped = "\n".join(coded[n : n + 76] for n in range(0, len(coded), 76))
        return damaged(random, wrapped.encode())
    if what == 3:
        beginning = random.choice(
            (b"GIF89a", b"BM", b"RIFF1234WEBP", b"<svg", b"HTTP/1.1 200", b"{")
        )
        return damaged(random, beginning + random.randbytes(60))
    time = random.choice(("2026-01-01T00:00:00Z", 1_767_225_600, 1_767_225_600_000, -1.5))
    document = {random.choice(("image", "data", "payload", "x")): coded, "time": time, "id": "c"}
    return json_mutated(random, json.dumps(document).encode())


def parts(random: Random) -> bytes:
    """A picture in parts, as lines `PART SECONDS BASE64`; some lost, doubled, swapped."""
    picture = random.choice(_jpegs()[:3])
    size = random.choice((100, 700, 5_000))
    lines = [(ChunkTopic.START, b"" if random.random() < 0.5 else b"%d" % len(picture))]
    lines += [(ChunkTopic.DATA, picture[n : n + size]) for n in range(0, len(picture), size)]
    lines += [(ChunkTopic.END, b"")]
    for _ in range(random.randrange(4)):
        at = random.randrange(len(lines))
        part, data = lines[at]
        other = (random.choice(tuple(ChunkTopic)), damaged(random, data))
        lines[at : at + 1] = random.choice(([], [lines[at]] * 2, [other], [other, (part, data)]))
        if not lines:
            break
    times = random.choice((0.1, 0.1, 1.0, 6.0))
    return b"\n".join(
        b"%s %f %s" % (part.value.encode(), times, base64.b64encode(data)) for part, data in lines
    )


def assemble(script: bytes) -> str:
    """The parts of `parts`, one after the other; a whole picture is looked at."""
    state: chunks.AssemblyState = None
    now, seen = 0.0, "nothing"
    for line in script.splitlines():
        part, seconds, coded = line.split(b" ")
        now += float(seconds)
        data = base64.b64decode(coded)
        state, result = chunks.step(state, ChunkTopic(part.decode()), data, now, _CHUNK_LIMITS)
        held = 0 if state is None else sum(map(len, state.parts))
        if held > _CHUNK_LIMITS.max_bytes:
            raise AssertionError(f"{held} bytes held")
        if isinstance(result, Rejected):
            seen = f"refused: {result.reason}"
        elif result is not None:
            seen = look(result)
    return seen


@cache
def _jpegs() -> Sequence[bytes]:
    small, mid = _scene(96, 64), _scene(320, 240)
    progressive, restart = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 4)
    sampled = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
    return (
        _encoded(".jpg", small),
        _encoded(".jpg", small, *progressive),
        _encoded(".jpg", small[:, :, 0]),
        _encoded(".jpg", small, *restart),
        _encoded(".jpg", small, *sampled),
        _encoded(".jpg", mid, cv2.IMWRITE_JPEG_QUALITY, 50),
        _encoded(".jpg", mid, *progressive, cv2.IMWRITE_JPEG_QUALITY, 50),
        _cmyk(_encoded(".jpg", small[:, :, 0])),
    )


@cache
def _pngs() -> Sequence[bytes]:
    small = _scene(96, 64)
    bilevel = (cv2.IMWRITE_PNG_BILEVEL, 1)
    palette = pngs.taken_apart(_encoded(".png", small[:, :, 0]))
    header = palette[0].data[:9] + b"\3" + palette[0].data[10:]
    indexed = (
        pngs.Chunk(b"IHDR", header),
        pngs.Chunk(b"PLTE", bytes(range(256)) * 3),
        *palette[1:],
    )
    interlaced = pngs.Chunk(b"IHDR", palette[0].data[:12] + b"\1")
    rows = pngs.Chunk(b"IDAT", zlib.compress(bytes(_ADAM7_BYTES)))
    return (
        _encoded(".png", small),
        _encoded(".png", small[:, :, 0]),
        _encoded(".png", np.dstack([small, small[:, :, 0]])),
        _encoded(".png", small.astype(np.uint16) * 257),
        _encoded(".png", (small[:, :, 0] > 128).astype(np.uint8) * 255, *bilevel),
        pngs.put_together(indexed),
        pngs.put_together((interlaced, rows, palette[-1])),
    )


@cache
def _large() -> Sequence[bytes]:
    flat, noisy = np.full((3_000, 2_990, 3), 99, np.uint8), _scene(1_920, 1_080)
    progressive = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    return (
        _encoded(".jpg", flat),
        _encoded(".jpg", flat, *progressive),
        _encoded(".jpg", noisy, cv2.IMWRITE_JPEG_QUALITY, 80),
        _encoded(".jpg", noisy, *progressive, cv2.IMWRITE_JPEG_QUALITY, 70),
        _encoded(".png", flat[:, :, 0]),
        _encoded(".png", flat[:2_100, :2_100]),
    )


def _scene(width: int, height: int) -> Image:
    noise = np.random.default_rng(5).integers(-20, 20, (height, width, 3))
    image = np.clip(np.linspace(40, 200, width)[None, :, None] + noise, 0, 255).astype(np.uint8)
    cv2.rectangle(image, (width // 4, height // 4), (width // 2, height - 1), (30, 60, 200), -1)
    return image


def _encoded(kind: str, image: MatLike, *how: int) -> bytes:
    return cv2.imencode(kind, image, how)[1].tobytes()


def _cmyk(grey: bytes) -> bytes:
    """A grey JPEG said to be of four components, each in a scan of its own."""
    jpeg = jpegs.taken_apart(grey)
    segments = []
    for one in jpeg.segments:
        if one.marker == 0xC0:
            components = b"".join(bytes((n, 0x11, 0)) for n in range(1, 5))
            segments.append(jpegs.JpegSegment(0xC0, one.payload[:5] + b"\4" + components))
        elif one.marker == 0xDA:
            heads = (bytes((1, n)) + one.payload[2:] for n in range(1, 5))
            segments += [jpegs.JpegSegment(0xDA, head, one.entropy) for head in heads]
        else:
            segments.append(one)
    return jpegs.put_together(jpegs.Jpeg(tuple(segments)))
