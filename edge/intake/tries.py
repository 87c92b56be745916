"""Pictures during which the daemon ended: one that does so again and again is given up.

SHELL. The broker delivers a held picture again after each start, so one that kills whatever judges
it would do so for ever. How often one was begun and not ended is kept in a file, which is written
for pictures that come again only. The number is high, because whoever pulls the plug at that moment
is no fault of the picture. Called by the analysis threads.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path

from edge.durable import write_whole

FILE = "judging.json"
MOST_TRIES = 8
MOST_KEPT = 64
"""More than there are analysis threads."""


class Tries:
    """Counts by a picture's key; without `folder`, or where it takes no file, of this run only."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = None if folder is None else folder / FILE
        self._lock = threading.Lock()
        self._begun = _read(self._file)

    def begin(self, key: str) -> bool:
        """Whether it may be judged once more."""
        with self._lock:
            self._begun[key] = times = self._begun.pop(key, 0) + 1
            while len(self._begun) > MOST_KEPT:
                del self._begun[next(iter(self._begun))]
            self._keep()
        return times <= MOST_TRIES

    def end(self, key: str) -> None:
        """It was judged, or given up."""
        with self._lock:
            if self._begun.pop(key, None) is not None:
                self._keep()

    def _keep(self) -> None:
        if self._file is not None:
            try:
                write_whole(self._file, json.dumps(self._begun))
            except OSError:  # a disk without room makes no picture worse
                return


def _read(file: Path | None) -> dict[str, int]:
    """What was kept; a damaged file counts for nothing."""
    try:
        document: object = {} if file is None else json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    kept = [(key, times) for key, times in document.items() if type(times) is int and times > 0]
    return dict(kept[:MOST_KEPT])
