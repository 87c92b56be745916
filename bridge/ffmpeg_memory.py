"""A bound for each piece of memory that FFmpeg takes, for the whole process.

SHELL. A camera says how long its answer is, and FFmpeg believes it: `Content-Length: 2000000000`
costs two gigabytes, as fast as they come. It has a limit of its own against that
(`av_max_alloc`), which PyAV does not reach. Called by `process` and `probe` before a camera is
asked.
"""

from __future__ import annotations

import ctypes

from av import _core

LEAST_BYTES = 64_000_000
BYTES_PER_PIXEL = 8
"""No format of ours has more: 4:4:4 with 16 bits takes 6, and a border."""


def bound_ffmpeg_memory(max_pixels: int) -> None:
    """Lets pictures of `max_pixels` through."""
    library = ctypes.CDLL(_core.__file__)  # finds what PyAV itself is linked with, not OpenCV's
    library.av_max_alloc.argtypes, library.av_max_alloc.restype = [ctypes.c_size_t], None
    library.av_max_alloc(max(LEAST_BYTES, BYTES_PER_PIXEL * max_pixels))
