"""The marker walk over a JPEG: what it is, without decoding a coefficient.

PURE. Follows what libjpeg does, so that what passes here is what the decoder will see: fill bytes
and junk between segments are skipped; SOI must be the first bytes (`FF D8 FF`). Entropy data is
read only where more scans may follow, by a compiled expression. Linear in the bytes, allocates
nothing that grows with claimed sizes, never raises. Called by `admission`, and by `decode`, which
gives the decoder only what is `essential`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from imaging import exif
from imaging.header import Header, Reason, Rejected

MAGIC = b"\xff\xd8\xff"
EOI = b"\xff\xd9"

MAX_SEGMENTS = 4096
"""More marker segments than this is an attack on our time: a frame has about ten."""

_SOI, _EOI, _SOS, _DHT, _DAC = 0xD8, 0xD9, 0xDA, 0xC4, 0xCC
_APP0, _APP1, _APP14 = 0xE0, 0xE1, 0xEE
_SAY_NOTHING_OF_PIXELS = frozenset((*range(_APP1, _APP14), 0xEF, 0xFE))
"""Application segments and comments; APP0 and APP14 (Adobe's) tell how colours are coded."""
_TOO_MANY = 0  # stands for what follows the last segment that we are ready to look at
_PROGRESSIVE = (0xC2, 0xCA)  # the second with arithmetic coding, which OpenCV decodes too
_ARITHMETIC = (0xC9, 0xCA)
_DECODABLE = (0xC0, 0xC1, 0xC9, *_PROGRESSIVE)
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")
"""Neither stuffing (FF 00), fill (FF FF) nor the bare markers TEM and RST, which say nothing."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """A marker with the bounds of its payload; `end` may lie beyond the picture."""

    marker: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Frame:
    """The frame header (SOF)."""

    width: int
    height: int
    components: int
    bits: int
    progressive: bool
    arithmetic: bool
    hints: _Hints


@dataclass(frozen=True, slots=True)
class _Hints:
    """What application segments before the frame header say."""

    pixel_aspect: float | None = None
    orientation: int | None = None


def walk(picture: bytes, max_scans: int) -> Header | Rejected:
    """The header of `picture`, which begins with `MAGIC`.

    Scans are counted up to `max_scans`; a frame whose one scan holds all components is not read
    past that scan's beginning, but for its end marker (`eoi_missing`).
    """
    segments = _segments(picture)
    frame = _find_frame(picture, segments)
    if isinstance(frame, Rejected):
        return frame
    return _count_scans(picture, segments, frame, max_scans)


def essential(picture: bytes) -> bytes:
    """The admitted `picture` without what pixels do not need, up to its first scan.

    Comments, EXIF, colour profiles and whatever else a decoder might read are left out.
    """
    kept = [picture[:2]]
    for segment in _segments(picture):
        begins = segment.start - 4
        if segment.marker == _SOS:
            return b"".join((*kept, picture[begins:]))
        if segment.marker not in _SAY_NOTHING_OF_PIXELS:
            kept.append(picture[begins : segment.end])
    return picture


def _segments(picture: bytes) -> Iterator[_Segment]:
    """Marker segments after SOI, in order; entropy data and junk between them are passed over."""
    at = 2
    count = 0
    while found := _MARKER.search(picture, at):
        at = found.end()
        marker = picture[at - 1]
        count += 1
        if count > MAX_SEGMENTS:
            yield _Segment(_TOO_MANY, at, at)
            return
        if marker in (_SOI, _EOI):
            yield _Segment(marker, at, at)
            continue
        length = max(2, int.from_bytes(picture[at : at + 2], "big"))
        yield _Segment(marker, at + 2, at + length)
        at += length


def _find_frame(picture: bytes, segments: Iterator[_Segment]) -> _Frame | Rejected:
    hints = _Hints()
    for segment in segments:
        marker = segment.marker
        if _is_frame_marker(marker):
            return _frame(picture, segment, hints)
        if marker in (_APP0, _APP1):
            hints = _hinted(hints, marker, picture[segment.start : segment.end])
        if marker in (_SOS, _EOI) or _is_out_of_place(marker):
            return _unexpected(segment, "before the frame header")
    return Rejected(Reason.TRUNCATED, "JPEG ends before its frame header")


def _count_scans(
    picture: bytes, segments: Iterator[_Segment], frame: _Frame, max_scans: int
) -> Header | Rejected:
    scans = 0
    for segment in segments:
        if segment.marker == _EOI and scans:
            return _header(frame, scans, eoi_missing=False)
        if segment.marker == _SOS:
            scans += 1
            problem = _scan_problem(picture, segment, scans, max_scans)
            if problem is not None:
                return problem
            if not frame.progressive and picture[segment.start] == frame.components:
                return _header(frame, scans, eoi_missing=not _ends(picture, segment.end))
        elif segment.marker == _EOI or _is_out_of_place(segment.marker):
            return _unexpected(segment, f"after {scans} scans")
    if scans:
        return _header(frame, scans, eoi_missing=True)
    return Rejected(Reason.TRUNCATED, "JPEG ends before its first scan")


def _ends(picture: bytes, scan_at: int) -> bool:
    """Whether an end marker follows; the usual place is looked at first."""
    return picture.endswith(EOI) or picture.find(EOI, scan_at) >= 0


def _is_out_of_place(marker: int) -> bool:
    return marker < 0xC0 or marker == _SOI or _is_frame_marker(marker)


def _unexpected(segment: _Segment, where: str) -> Rejected:
    if segment.marker == _TOO_MANY:
        return _malformed(f"more than {MAX_SEGMENTS} segments")
    return _malformed(f"marker {segment.marker:02x} {where}")


def _is_frame_marker(marker: int) -> bool:
    return 0xC0 <= marker <= 0xCF and marker not in (_DHT, _DAC)


def _hinted(hints: _Hints, marker: int, payload: bytes) -> _Hints:
    """With what an APP0 or APP1 says; of several EXIF the first counts."""
    if marker == _APP0:
        return replace(hints, pixel_aspect=_pixel_aspect(payload) or hints.pixel_aspect)
    if hints.orientation is None and payload[:6] == b"Exif\0\0":
        return replace(hints, orientation=exif.orientation(payload[6:]))
    return hints


def _pixel_aspect(payload: bytes) -> float | None:
    """What a JFIF segment says of the shape of pixels, if it says anything but square.

    With units, the densities are dots per length, so a pixel is `y / x` times as wide as high.
    Without, they are the ratio itself, and ffmpeg, which passes on what a stream says, writes the
    sample aspect ratio as `x : y`. A ratio beyond 4 is no camera's.
    """
    if len(payload) < 12 or payload[:5] != b"JFIF\0":
        return None
    across, down = int.from_bytes(payload[8:10], "big"), int.from_bytes(payload[10:12], "big")
    if not (across and down) or across == down or max(across, down) > 4 * min(across, down):
        return None
    return down / across if payload[7] else across / down


def _frame(picture: bytes, segment: _Segment, hints: _Hints) -> _Frame | Rejected:
    if segment.marker not in _DECODABLE:
        return _unsupported(f"SOF{segment.marker - 0xC0} (lossless, hierarchical or reserved)")
    if segment.end > len(picture):
        return Rejected(Reason.TRUNCATED, "JPEG ends within its frame header")
    payload = picture[segment.start : segment.end]
    if len(payload) < 6 or len(payload) != 6 + 3 * payload[5]:
        return _malformed(f"SOF of {len(payload)} bytes")
    bits, components = payload[0], payload[5]
    if bits != 8:
        return _unsupported(f"{bits} bits per component")
    if components not in (1, 3, 4):
        return _unsupported(f"{components} components")
    return _Frame(
        width=int.from_bytes(payload[3:5], "big"),
        height=int.from_bytes(payload[1:3], "big"),
        components=components,
        bits=bits,
        progressive=segment.marker in _PROGRESSIVE,
        arithmetic=segment.marker in _ARITHMETIC,
        hints=hints,
    )


def _scan_problem(picture: bytes, segment: _Segment, scans: int, max_scans: int) -> Rejected | None:
    if scans > max_scans:
        return Rejected(Reason.TOO_MANY_SCANS, f"JPEG of more than {max_scans} scans")
    if segment.end > len(picture):
        return Rejected(Reason.TRUNCATED, "JPEG ends within a scan header")
    length = segment.end - segment.start
    if length < 1 or length != 4 + 2 * picture[segment.start]:
        return _malformed(f"SOS of {length} bytes")
    return None


def _header(frame: _Frame, scans: int, eoi_missing: bool) -> Header:
    return Header(
        kind="jpeg",
        width=frame.width,
        height=frame.height,
        components=frame.components,
        bits=frame.bits,
        progressive=frame.progressive,
        scans=scans,
        eoi_missing=eoi_missing,
        pixel_aspect=frame.hints.pixel_aspect,
        orientation=frame.hints.orientation or 1,
        arithmetic=frame.arithmetic,
    )


def _malformed(what: str) -> Rejected:
    return Rejected(Reason.MALFORMED, f"JPEG with {what}")


def _unsupported(what: str) -> Rejected:
    return Rejected(Reason.UNSUPPORTED_CODING, f"JPEG with {what}")
