"""Pictures for tests: real encodings of a made scene, and ways to damage them."""

import struct
import zlib

import cv2
import numpy as np
from cv2.typing import MatLike

from imaging import png
from imaging.admission import Header, PictureLimits, Rejected, inspect
from imaging.detections import Image

LIMITS = PictureLimits(
    max_bytes=2_000_000, max_pixels=9_000_000, min_side_px=32, max_side_px=8192, max_scans=64
)
PROGRESSIVE = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)


def scene(width: int = 320, height: int = 240) -> Image:
    """A gradient with noise and shapes, so that every block holds something."""
    noise = np.random.default_rng(7).integers(-20, 20, (height, width, 3))
    image = np.clip(np.linspace(40, 200, width)[None, :, None] + noise, 0, 255).astype(np.uint8)
    cv2.rectangle(image, (width // 4, height // 4), (width // 2, height - 1), (30, 60, 200), -1)
    return image


def encoded(image: MatLike, extension: str = ".jpg", *parameters: int) -> bytes:
    done, data = cv2.imencode(extension, image, parameters)
    assert done
    return data.tobytes()


def header_of(picture: bytes) -> Header:
    header = inspect(picture, LIMITS)
    assert not isinstance(header, Rejected), header
    return header


def claiming(picture: bytes, width: int, height: int) -> bytes:
    """The JPEG `picture` whose frame header claims another size."""
    at = min(at for at in (picture.find(b"\xff\xc0\x00\x11"), picture.find(b"\xff\xc2")) if at >= 0)
    return picture[: at + 5] + struct.pack(">HH", height, width) + picture[at + 9 :]


def recoded(picture: bytes, marker: int) -> bytes:
    """The baseline JPEG `picture` whose frame header has another marker."""
    return picture.replace(b"\xff\xc0\x00\x11", bytes((0xFF, marker)) + b"\x00\x11", 1)


def with_segment(picture: bytes, marker: int, payload: bytes) -> bytes:
    """The JPEG `picture` with a segment more, right after SOI."""
    segment = bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload
    return picture[:2] + segment + picture[2:]


def turned(picture: bytes, orientation: int) -> bytes:
    """The JPEG `picture` with an EXIF orientation."""
    tag = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + tag + b"\0\0\0\0"
    return with_segment(picture, 0xE1, exif)


def chunk(name: bytes, data: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + crc


def png_header(
    width: int, height: int, bits: int = 8, colour: int = 2, *, interlace: int = 0
) -> bytes:
    """Signature and IHDR."""
    fields = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace)
    return png.MAGIC + chunk(b"IHDR", fields)
