"""The cameras of which something retained was said, and until when their threat was turned on.

SHELL, under the outbox's lock; any thread may call. A threat is turned on in one transaction with
the decision (`Outbox.close_with`). Made by the outbox, for `threats`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime

from contract.ids import CameraId
from edge.deliver.decision_rows import DecisionRows

MOST_CAMERAS = 256
"""Cameras that are remembered for the next run; each costs a few messages after every connect."""


class KeptThreats:
    """What the next process must know to end what this one could not."""

    def __init__(
        self, rows: DecisionRows, locked: Callable[[str], AbstractContextManager[None]]
    ) -> None:
        """`locked(what)` holds the outbox's lock and translates errors."""
        self._rows, self._locked = rows, locked

    def cameras(self) -> Mapping[CameraId, datetime | None]:
        """Every camera that was remembered, and until when its threat was turned on."""
        with self._locked("list cameras"):
            known = self._rows.cameras()
        return {camera: _moment(until) for camera, until in known.items()}

    def remember(self, cameras: Iterable[CameraId]) -> None:
        """Something retained is said about these, so it must be said again after a restart."""
        with self._locked("remember cameras"):
            self._rows.remember(cameras, MOST_CAMERAS)

    def end(self, cameras: Iterable[CameraId]) -> None:
        """Their threat is no longer on."""
        with self._locked("end threats"):
            self._rows.end_threats(cameras)


def _moment(text: str | None) -> datetime | None:
    """None as well for what cannot be read."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
