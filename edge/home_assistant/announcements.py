"""What may be retained at the broker for Home Assistant's sake, over restarts.

SHELL. A topic is in the file before anything is published there and leaves it when its removal has
been acknowledged: whatever is killed when, nothing stays announced that is gone. Called by
`announcer`, on one thread at a time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from contract.ids import CameraId, is_name
from edge.storage.files import write_whole
from edge.storage.state_files import StateFile
from service.events import Event, log

FILE = StateFile.HOME_ASSISTANT
MAX_BYTES = 4_194_304
"""Many times what the cameras of `intake.max_cameras` take; a file beyond is not ours."""
MOST_TOPICS = 10_000


class Announcements:
    """`cameras` that were announced, with whether the configuration listed them; all `topics`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self.cameras: dict[CameraId, bool] = {}
        self.topics: frozenset[str] = frozenset()
        self._read()

    def keep(self, cameras: Mapping[CameraId, bool], topics: frozenset[str]) -> None:
        """From now on these; a disk that takes no file keeps nobody from being announced."""
        if (dict(cameras), topics) == (self.cameras, self.topics):
            return
        self.cameras, self.topics = dict(cameras), topics
        facts = {"cameras": self.cameras, "topics": sorted(topics)}
        try:
            write_whole(self._file, json.dumps(facts, sort_keys=True))
        except OSError as error:
            log(Event.ANNOUNCEMENTS_NOT_KEPT, reason=str(error))

    def _read(self) -> None:
        """A damaged file is said and counts for nothing."""
        try:
            with self._file.open("rb") as opened:
                kept: object = json.loads(opened.read(MAX_BYTES + 1))
        except FileNotFoundError:
            return
        except (OSError, ValueError, RecursionError) as error:
            log(Event.ANNOUNCEMENTS_LOST, file=str(self._file), reason=str(error))
            return
        cameras, topics = _parts(kept)
        if cameras is None or topics is None:
            log(Event.ANNOUNCEMENTS_LOST, file=str(self._file), reason="it is no such table")
            return
        self.cameras = {CameraId(n): on is True for n, on in cameras.items() if is_name(n)}
        self.topics = frozenset(_topics(topics))


def _parts(kept: object) -> tuple[dict[str, object] | None, list[object] | None]:
    if not isinstance(kept, dict):
        return None, None
    cameras, topics = kept.get("cameras"), kept.get("topics")
    return cameras if isinstance(cameras, dict) else None, (
        topics if isinstance(topics, list) else None
    )


def _topics(found: list[object]) -> list[str]:
    """Those one may publish on."""
    texts = [one for one in found if isinstance(one, str) and 0 < len(one) < 1000]
    return [one for one in texts if one.isprintable() and not {"+", "#"} & set(one)][:MOST_TOPICS]
