"""Memory that one frame leaves is kept for the next.

SHELL. A frame takes some megabytes for a few milliseconds. By default glibc hands them back to the
system after each, which then has to find and clear them page by page again: a millisecond a frame.
Called where a detector is opened; holds for the process and may be called again.
"""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt(3), as in malloc.h."""

KEPT_BYTES = 64 << 20
"""So much freed memory stays; more than one frame of the largest size takes."""

_LARGEST_BYTES = 32 << 20
"""Larger arrays are mapped and unmapped one by one; glibc takes no higher value."""


def keep_freed_memory() -> None:
    """Let malloc keep what is freed; does nothing with another C library."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(_MMAP_THRESHOLD, _LARGEST_BYTES)
