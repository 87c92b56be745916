"""What libraries write to stderr by themselves: counted, and said as events of a bounded rate.

SHELL. libjpeg writes a line for each damaged picture, straight to file descriptor 2, past our log.
That descriptor becomes a pipe, which a thread reads; `sys.stderr`, and so the log and the traces of
`faulthandler`, keep the stream that was there. Nobody who writes is ever held up: what the pipe
cannot take is lost. Called by the command lines that start a service.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from service.events import Event, log

LONGEST = 4096
"""Bytes of a line; what is longer comes in pieces."""

SAID = 200
"""Characters of a line that are logged."""

_JPEG = ("JPEG", "JFIF", "Huffman", "marker", "SOS", "DCT", "quantization")


class LibraryLines(Collector):
    """How many lines were caught, by kind: `jpeg` of the JPEG decoder, `other`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter(jpeg=0, other=0)

    def take(self, text: str) -> None:
        """Count one line and say it."""
        kind = "jpeg" if any(word in text for word in _JPEG) else "other"
        with self._lock:
            self._counts[kind] += 1
        log(Event.LIBRARY_SPOKE, library=kind, text=text[:SAID])

    def collect(self) -> Iterator[Metric]:
        lines = CounterMetricFamily(
            "stillwatch_library_lines",
            "Lines that libraries wrote to stderr by themselves.",
            labels=["kind"],
        )
        with self._lock:
            counts = dict(self._counts)
        for kind, count in counts.items():
            lines.add_metric([kind], count)
        yield lines


CAUGHT = LibraryLines()


def catch() -> None:
    """From now on; before the log is configured."""
    ours = os.dup(2)
    sys.stderr = os.fdopen(ours, "w", buffering=1, errors="backslashreplace")
    faulthandler.enable(sys.stderr)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    os.dup2(writing, 2)
    os.close(writing)
    threading.Thread(target=_read, args=(reading,), name="library-lines", daemon=True).start()


def _read(reading: int) -> None:
    with os.fdopen(reading, "rb") as stream:
        while raw := stream.readline(LONGEST):
            text = raw.decode(errors="replace").strip()
            if text:
                CAUGHT.take(text)
