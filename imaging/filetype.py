"""What some bytes are, by their first bytes; a name for the log, not a promise.

PURE. Only JPEG and PNG are admitted; the rest is named so that an operator can see at once what a
camera sends instead. Called by `admission`.
"""

from __future__ import annotations

_PICTURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (0, b"BM", "BMP"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\x00\x00\x01\x00", "ICO"),
    (0, b"8BPS", "PSD"),
    (0, b"<svg", "SVG"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"P5", "PGM"),
    (0, b"P6", "PPM"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftyphei", "HEIC"),
    (4, b"ftyp", "MP4 video"),
    (8, b"AVI ", "AVI video"),
    (0, b"\x1aE\xdf\xa3", "Matroska video"),
    (0, b"\x00\x00\x00\x01", "H.264 or H.265 stream"),
    (0, b"\x00\x00\x01\xba", "MPEG stream"),
)
_ADDRESSES = ("http", "https", "rtsp", "rtsps", "ftp")
_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"<!doctype html", "HTML page"),
    (0, b"<html", "HTML page"),
    (0, b"<?xml", "XML"),
    (0, b"PK\x03\x04", "ZIP archive"),
    (0, b"PK\x05\x06", "ZIP archive"),
    (0, b"\x1f\x8b", "gzip archive"),
    (0, b"%PDF", "PDF"),
    (0, b"HTTP/1.", "HTTP response"),
    (0, b"--", "multipart (MJPEG) part header before the picture"),
    (0, b"{", "JSON"),
    *((0, f"{one}://".encode(), "address instead of a picture") for one in _ADDRESSES),
    (0, b"ffd8ff", "hexadecimal digits of a JPEG"),
    (0, b"bytearray(", "Python's print of a bytearray"),
    (0, b"\xff\xfe", "UTF-16 text"),
    (0, b"\xfe\xff", "UTF-16 text"),
    (0, b"LzlqL", "base64 of base64"),
)
_HEAD_BYTES = 32


def picture_type(data: bytes) -> str | None:
    """The name of a picture or video format that we know and do not take."""
    return _match(data[:_HEAD_BYTES], _PICTURES)


def other_type(data: bytes) -> str:
    """What it is in words, if it is no picture at all: a known type, text or binary."""
    head = data[:_HEAD_BYTES].lstrip()
    name = _match(head.lower(), _OTHERS) or _match(head, _OTHERS)
    if name is not None:
        return name
    kind = "text" if head.isascii() and head.decode("ascii").isprintable() else "bytes"
    return f"{kind} beginning {bytes(data[:8])!r}"


def _match(head: bytes, table: tuple[tuple[int, bytes, str], ...]) -> str | None:
    return next((name for at, magic, name in table if head.startswith(magic, at)), None)
