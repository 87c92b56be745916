"""Copies of gateways' configuration files, from which zones and rules are drawn.

SHELL (reads files). A file that is missing or cannot be read draws nothing; it is read again when
it changed. Called by `alarm_access` and `camera`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from cloud.console.camera_places import NO_PLACES, CameraPlaces, places_of
from service.yaml_file import YamlError, read_yaml


class Configurations:
    """`files` by gateway."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._lock = threading.Lock()
        self._read: dict[str, tuple[int, object]] = {}

    def places(self, gateway: str, camera: str) -> CameraPlaces:
        """What is drawn over this camera's pictures."""
        document = self.document(gateway)
        return NO_PLACES if document is None else places_of(document, camera)

    def document(self, gateway: str) -> object | None:
        """The whole file; None where there is none, or none that can be read."""
        file = self._files.get(gateway)
        if file is None:
            return None
        try:
            changed_at = file.stat().st_mtime_ns
            with self._lock:
                known = self._read.get(gateway)
                if known is None or known[0] != changed_at:
                    known = self._read[gateway] = changed_at, read_yaml(file)
                return known[1]
        except (OSError, YamlError):
            return None
