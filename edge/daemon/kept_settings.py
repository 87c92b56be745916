"""Live settings on disk: what was set, by whom and when, in a file beside the outbox.

SHELL. Written whole or not at all; what a disk does not take holds until the next restart, and is
tried again. A damaged file is said and counts for nothing. Called by `live_settings`.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from contract.ids import CameraId
from contract.report import CameraName
from contract.topics import LiveSetting
from contract.validation_errors import first_error
from edge.storage.files import write_whole
from edge.storage.state_files import StateFile
from service.events import Event, log

FILE = StateFile.LIVE_SETTINGS
MAX_BYTES = 1_048_576


class KeptSetting(BaseModel):
    """One setting as it was wanted."""

    model_config = ConfigDict(frozen=True)

    value: float | str
    by: str = Field("", max_length=200)
    at: AwareDatetime
    until: AwareDatetime | None = None


SettingsTable = dict[tuple[CameraId, LiveSetting], KeptSetting]
_FILE = TypeAdapter(dict[CameraName, dict[LiveSetting, KeptSetting]])


class KeptSettings:
    """All that hold, by camera and name."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._unkept = False
        self.all: SettingsTable = _read(self._file)

    def put(self, camera: CameraId, setting: LiveSetting, kept: KeptSetting | None) -> None:
        """None: it holds no longer. Readers of `all` see the old table or the new one."""
        table = {name: one for name, one in self.all.items() if name != (camera, setting)}
        self.all = table if kept is None else {**table, (camera, setting): kept}

    def write(self) -> None:
        """Onto the disk."""
        try:
            write_whole(self._file, json.dumps(self.as_facts(), sort_keys=True))
            self._unkept = False
        except OSError as error:
            self._unkept = True
            log(Event.SWITCHES_NOT_KEPT, reason=str(error))

    def write_again(self) -> None:
        """If the disk did not take it before."""
        if self._unkept:
            self.write()

    def as_facts(self) -> dict[str, dict[str, object]]:
        """As it is written, by camera and setting."""
        facts: dict[str, dict[str, object]] = {}
        for (camera, setting), kept in self.all.items():
            said = kept.model_dump(mode="json", exclude_none=True)
            facts.setdefault(camera, {})[setting] = said
        return facts


def _read(file: Path) -> SettingsTable:
    try:
        with file.open("rb") as opened:
            found = _FILE.validate_json(opened.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError, RecursionError) as error:
        why = first_error(error) if isinstance(error, ValidationError) else str(error)
        log(Event.SWITCHES_LOST, file=str(file), reason=why)
        return {}
    return {
        (camera, setting): kept
        for camera, settings in found.items()
        for setting, kept in settings.items()
    }
