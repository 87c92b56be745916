"""How wide a pixel is in units of its height: 1 in most pictures, not in those of old standards.

PURE. A squeezed person is hardly a person to a network. Called before every detection.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from imaging.header import Header

_PAL, _NTSC = 12 / 11, 10 / 11
"""ITU-R BT.601 samples a line of a 4:3 picture at 13.5 MHz: 704 of 720 samples are the picture, in
576 or 480 lines. A wide scene squeezed into these sizes needs 4/3 of it, which no size tells: that
is for the configuration to say."""

_960H = 13.5 / 18
"""Recorders of the 960H kind sample the same line at 18 MHz: 960 samples for 720."""

_HALVED = 2.0
"""Recorders halve the columns of what they cannot store in full and call it N or Lite: 1080N is
960x1080 (or 1088, a whole number of macroblocks) for 1920x1080."""

BY_SIZE: Mapping[tuple[int, int], float] = MappingProxyType(
    {
        (720, 576): _PAL,
        (704, 576): _PAL,
        (352, 288): _PAL,
        (176, 144): _PAL,
        (720, 288): _PAL / 2,
        (704, 288): _PAL / 2,
        (352, 576): _PAL * 2,
        (720, 480): _NTSC,
        (704, 480): _NTSC,
        (352, 240): _NTSC,
        (720, 240): _NTSC / 2,
        (704, 240): _NTSC / 2,
        (352, 480): _NTSC * 2,
        (960, 576): _PAL * _960H,
        (928, 576): _PAL * _960H,
        (960, 480): _NTSC * _960H,
        (928, 480): _NTSC * _960H,
        (480, 576): _PAL * _960H * 2,
        (480, 480): _NTSC * _960H * 2,
        (960, 288): _PAL * _960H / 2,
        (960, 240): _NTSC * _960H / 2,
        (640, 720): _HALVED,
        (960, 1080): _HALVED,
        (960, 1088): _HALVED,
        (1024, 1536): _HALVED,
        (1280, 1440): _HALVED,
        (1280, 1944): _HALVED,
        (1296, 1944): _HALVED,
        (1296, 1952): _HALVED,
        (1920, 2160): _HALVED,
    }
)
"""Stored sizes that only the broadcast standards have, those of single fields and of half the
columns (2CIF, half D1), and those of recorders: 960H (WD1), and the N formats of 720, 1080, 1536,
1440, 1944 and 2160 lines."""


def is_known(header: Header) -> bool:
    """Whether the picture itself or its size says how wide its pixels are."""
    return bool(header.pixel_aspect) or (header.width, header.height) in BY_SIZE


def pixel_aspect(header: Header, setting: float | Literal["auto"], shape: tuple[int, ...]) -> float:
    """Of the decoded picture of `shape` (height first), which its EXIF orientation may have turned.

    `auto` believes the picture's own word, then its size, else pixels are square.
    """
    stored = setting
    if stored == "auto":
        stored = header.pixel_aspect or BY_SIZE.get((header.width, header.height), 1.0)
    turned = shape[:2] != (header.height, header.width)
    return 1 / stored if turned else stored
