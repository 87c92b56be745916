"""Whether a picture deserves decoding, by its header alone.

PURE. Type by the first bytes, never by a name; then the header is walked and its claims are held
against the limits. Microseconds for an ordinary frame; linear time and constant memory for any
bytes; never raises. Called by both sides before every decode.
"""

from __future__ import annotations

from imaging import filetype, jpeg, png
from imaging.header import Header, PictureLimits, Reason, Rejected

__all__ = ["Header", "PictureLimits", "Reason", "Rejected", "inspect"]

_PASSES = 12
"""A scan costs the decoder a pass over the picture, however few bytes it has. So many scans of the
largest picture admitted are the most work we do for one; smaller ones may have up to `max_scans`.
An ordinary progressive JPEG has 10.
"""
_ARITHMETIC_PASSES = 3
"""What an arithmetically coded scan costs (measured), beside one of Huffman's."""
_OPEN_PASSES = 3
"""A progressive JPEG without its end is decoded so often to tell whether something is missing."""
_RAW_BYTES_PER_PIXEL = 1.5
"""PNG: uncompressed bytes, per pixel of the largest picture admitted. Inflating and unfiltering
take time by the byte, and 16 bits of four channels are eight. A photograph of 5 megapixels in
colour is beyond `max_bytes` long before."""


def inspect(picture: bytes, limits: PictureLimits) -> Header | Rejected:
    """What `picture` says of itself, or why it is refused before a pixel of it is decoded.

    Passing is no promise that it decodes: see `decode.decode`. Sizes are as stored, before any
    EXIF orientation.
    """
    if not picture:
        return Rejected(Reason.EMPTY, "no bytes")
    if len(picture) > limits.max_bytes:
        return Rejected(Reason.TOO_LARGE, f"{len(picture)} bytes, limit {limits.max_bytes}")
    if picture.startswith(jpeg.MAGIC):
        header = jpeg.walk(picture, limits.max_scans)
    elif picture.startswith(png.MAGIC):
        header = png.walk(picture)
    else:
        return _foreign(picture)
    if isinstance(header, Rejected):
        return header
    return _size_problem(header, limits) or header


def _size_problem(header: Header, limits: PictureLimits) -> Rejected | None:
    width, height = header.width, header.height
    size = f"{width}x{height}"
    if not (width and height):
        return Rejected(Reason.ZERO_SIZE, size)
    if width * height > limits.max_pixels:
        return Rejected(Reason.TOO_MANY_PIXELS, f"{size}, limit {limits.max_pixels} pixels")
    if max(width, height) > limits.max_side_px:
        return Rejected(Reason.TOO_MANY_PIXELS, f"{size}, longest side {limits.max_side_px}")
    if min(width, height) < limits.min_side_px:
        return Rejected(Reason.TOO_SMALL, f"{size}, shortest side {limits.min_side_px}")
    return _work_problem(header, limits)


def _work_problem(header: Header, limits: PictureLimits) -> Rejected | None:
    """A refusal of what is small enough, but takes the decoder too long."""
    width, height = header.width, header.height
    if width * height * _passes(header) > limits.max_pixels * _PASSES:
        scans = f"{header.scans} scans of {width}x{height}"
        return Rejected(Reason.TOO_MANY_SCANS, scans)
    if header.kind == "png" and png.raw_bytes(header) > limits.max_pixels * _RAW_BYTES_PER_PIXEL:
        depth = f"{header.components} x {header.bits} bits"
        return Rejected(Reason.TOO_MANY_PIXELS, f"PNG of {width}x{height} with {depth} a pixel")
    return None


def _passes(header: Header) -> int:
    """Over the pixels, in units of a Huffman coded scan."""
    passes = header.scans
    if header.arithmetic:
        passes *= _ARITHMETIC_PASSES
    if header.progressive and header.eoi_missing:
        passes *= _OPEN_PASSES
    return passes


def _foreign(picture: bytes) -> Rejected:
    if any(len(picture) > 1 and magic.startswith(picture) for magic in (jpeg.MAGIC, png.MAGIC)):
        return Rejected(Reason.TRUNCATED, f"{len(picture)} bytes of a picture's first")
    known = filetype.picture_type(picture)
    if known is not None:
        return Rejected(Reason.UNSUPPORTED_TYPE, f"{known}; send JPEG or PNG")
    return Rejected(Reason.UNKNOWN_TYPE, f"{filetype.other_type(picture)}; send JPEG or PNG")
