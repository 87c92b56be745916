"""The one place where pictures become pixels.

PURE. Both functions apply the EXIF orientation alike, so boxes found in one fit the other; `Header`
sizes are before it. OpenCV is given a copy with only what pixels need (`jpeg.essential`,
`png.essential`). What it refuses, raises or decodes to another size than the header said is a
`Rejected`. Called after `admission.inspect` has bounded what can be allocated here.

A JPEG without its end marker decodes if nothing else is missing (some cameras omit it), and is
`truncated` otherwise. The test: the decoder reads on past the last byte only if it still lacks
data. So the picture is decoded twice, closed at once and closed after some bytes of noise; if the
two differ, noise was taken for data. For one-scan JPEG this is seen at 1/8 of the size (a cut that
spares all but the last block's detail is harmless), for progressive at 1/2, as its late scans hold
detail alone; one cut exactly between two scans passes, as a coarser picture.

One that was cut and closed with an end marker shows rows of mid-grey at its foot: libjpeg leaves
the coefficients of what it has no data for at zero. Only such pictures get the same test, always at
1/8: rows that lack all data differ there, too. They are `truncated` if more than `MOST_LACKING`
rows differ. A night or a black bar ends flat as well, but is not grey, and costs nothing more.
"""

from __future__ import annotations

import cv2
import numpy as np

from imaging import exif, jpeg, png
from imaging.detections import GreyImage, Image
from imaging.header import Header, Reason, Rejected

MOST_LACKING = 0.05
"""Share of the rows without data that a JPEG with an end marker may have: its camera calls it
whole, and a stripe that thin hides nobody."""

_FILL = 128
"""A sample of which every coefficient is zero, in each component."""

_EIGHTH_GREY = cv2.IMREAD_REDUCED_GRAYSCALE_8
_HALF_COLOR = cv2.IMREAD_REDUCED_COLOR_2

_NOISE = b"\xb5\x5a\x93\x6c" * 8
_REDUCED = (
    (8, _EIGHTH_GREY),
    (4, cv2.IMREAD_REDUCED_GRAYSCALE_4),
    (2, cv2.IMREAD_REDUCED_GRAYSCALE_2),
)


def decode(picture: bytes, header: Header) -> Image | Rejected:
    """`(H, W, 3) uint8` BGR, upright; 16 bit, grey, CMYK and alpha are converted to that."""
    return _decode(picture, header, cv2.IMREAD_COLOR, 1)


def decode_grey(picture: bytes, header: Header, width_px: int) -> GreyImage | Rejected:
    """`(H, W) uint8`, upright, at 1, 1/2, 1/4 or 1/8 of the stored size, rounded up.

    The smallest of these whose width (before orientation) is at least `width_px`, or the full size
    if none is. JPEG is decoded at that scale, which saves most of the work; PNG is shrunk after.
    """
    factor = reduction(header.width, width_px)
    flags = dict(_REDUCED).get(factor, cv2.IMREAD_GRAYSCALE)
    if header.kind == "jpeg":
        return _decode(picture, header, flags, factor)
    full = _decode(picture, header, cv2.IMREAD_GRAYSCALE, 1)
    return full if isinstance(full, Rejected) or factor == 1 else _shrink(full, factor)


def reduction(width: int, width_px: int) -> int:
    """1, 2, 4 or 8: by how much `decode_grey` shrinks a picture of `width`."""
    return next((factor for factor, _ in _REDUCED if -(-width // factor) >= width_px), 1)


def _decode(picture: bytes, header: Header, flags: int, factor: int) -> Image | Rejected:
    lacking = _lacking(picture, header)
    if lacking is not None:
        return lacking
    image = _pixels(_prepared(picture, header), flags)
    if image is None:
        reason = Reason.TRUNCATED if header.eoi_missing else Reason.UNDECODABLE
        return Rejected(reason, f"{header.kind} that the decoder refuses")
    if image.shape[:2] != (-(-header.height // factor), -(-header.width // factor)):
        decoded = f"{image.shape[1]}x{image.shape[0]}"
        return Rejected(
            Reason.UNDECODABLE, f"decodes to {decoded}, header says {header.width}x{header.height}"
        )
    if header.kind == "jpeg" and not header.eoi_missing and _ends_filled(image, header):
        share = _lacking_share(picture, image if flags == _EIGHTH_GREY else None)
        if share > MOST_LACKING:
            detail = f"jpeg with an end, but without data for the lower {100 * share:.0f} %"
            return Rejected(Reason.TRUNCATED, detail)
    return exif.upright(image, header.orientation)


def _ends_filled(image: Image, header: Header) -> bool:
    """Whether its last rows, as many as may lack, have one colour, that of what a decoder fills in.

    Of four components the colour is not known, as their conversion depends on the marker of Adobe.
    """
    first = image.shape[0] - 1 - int(MOST_LACKING * image.shape[0])
    last = image[-1, -1]
    filled = header.components > 3 or bool((last == _FILL).all())
    return filled and bool((image[first] == last).all() and (image[-1] == last).all())


def _lacking(picture: bytes, header: Header) -> Rejected | None:
    """A refusal if the data is not that of all pixels and no others."""
    if header.kind == "jpeg":
        if header.eoi_missing and _lacks_data(picture, header):
            return Rejected(Reason.TRUNCATED, "jpeg ends early, part of the frame is missing")
        return None
    match png.filling(picture, header):
        case "exact":
            return None
        case "short":
            return Rejected(Reason.TRUNCATED, "png whose data is not enough for its pixels")
        case "excessive":
            return Rejected(Reason.UNDECODABLE, "png that inflates to more than its pixels")
        case "broken":
            return Rejected(Reason.UNDECODABLE, "png whose data cannot be inflated")


def _pixels(data: bytes, flags: int) -> Image | None:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except (cv2.error, MemoryError):  # size limits and failed allocations; damage gives None
        return None
    return None if image is None else np.asarray(image, np.uint8)


def _prepared(picture: bytes, header: Header) -> bytes:
    """Only what the walk has bounded: a decoder trusts whatever else it is given."""
    if header.kind == "png":
        return png.essential(picture)
    needed = jpeg.essential(picture)
    return needed.rstrip(b"\xff") + jpeg.EOI if header.eoi_missing else needed


def _lacks_data(picture: bytes, header: Header) -> bool:
    """Whether the open-ended JPEG `picture` lacks entropy data; see the module's text."""
    opened = jpeg.essential(picture)
    flags = _HALF_COLOR if header.progressive else _EIGHTH_GREY
    return _noise_share(opened, _closed(opened, flags), flags) > 0


def _lacking_share(picture: bytes, eighth: GreyImage | None) -> float:
    """Of the rows of a JPEG that has an end marker, those for which it has no data; `eighth` is
    the picture at 1/8 in grey, where that is at hand."""
    needed = jpeg.essential(picture)
    opened = needed[: needed.rfind(jpeg.EOI)]
    closed = _closed(opened, _EIGHTH_GREY) if eighth is None else eighth
    return _noise_share(opened, closed, _EIGHTH_GREY)


def _closed(opened: bytes, flags: int) -> Image | None:
    return _pixels(opened.rstrip(b"\xff") + jpeg.EOI, flags)


def _noise_share(opened: bytes, closed: Image | None, flags: int) -> float:
    """From the first row on that shows noise which stands behind the data, in shares of all; 1 if
    it cannot be known."""
    noisy = _pixels(_noisy(opened), flags)
    if closed is None or noisy is None or closed.shape != noisy.shape:
        return 1.0
    rows = len(closed)
    differ = (closed != noisy).reshape(rows, -1).any(axis=1)
    return 1.0 - int(differ.argmax()) / rows if differ.any() else 0.0


def _noisy(picture: bytes) -> bytes:
    """The open-ended JPEG `picture`, closed after noise, and noise behind the next restart."""
    last = max((picture.rfind(bytes((0xFF, 0xD0 + n))), n) for n in range(8))
    following = (last[1] + 1) % 8 if last[0] >= 0 else 0
    restart = bytes((0xFF, 0xD0 + following))
    return picture.rstrip(b"\xff") + _NOISE + restart + _NOISE + jpeg.EOI


def _shrink(image: GreyImage, factor: int) -> GreyImage:
    height, width = image.shape
    size = (-(-width // factor), -(-height // factor))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
