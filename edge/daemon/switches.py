"""The switches that people turn from afar: `<root>/<gateway>/<camera>/armed/set`, ON or OFF.

SHELL. A message is checked on the network thread and taken up by the control loop, which puts it
into force, keeps it on disk and says the state. The positions survive a restart in a file beside
the outbox. A retained `set` is refused: the broker would repeat it after every reconnect, however
old it is, and disarm what has been armed since.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

from contract.ids import CameraId, is_name
from contract.topics import Setting, Topics
from edge.config.profiles import ProfileConfig
from edge.config.schema import EdgeConfig
from edge.config.switched import SETTINGS, Positions, position
from edge.storage.files import write_whole
from edge.storage.state_files import StateFile
from service.events import Event, log
from service.link import Publication, Subscription

FILE = StateFile.SWITCHES
MAX_BYTES = 1_048_576
"""Many times what the switches of `MOST_CAMERAS` take; a file beyond is not ours."""
MOST_CAMERAS = 1000
"""More names than this are somebody's invention; `intake.max_cameras` ends there too."""

_WORDS = {b"ON": True, b"OFF": False}

Positioned = dict[CameraId, dict[Setting, bool]]


class Switches:
    """Positions of all switches that were ever turned."""

    def __init__(
        self,
        folder: Path,
        topics: Topics,
        known: Callable[[CameraId], bool],
        strangers: Callable[[], int] = lambda: 0,
    ) -> None:
        """Positions are kept in `folder`. Cameras that are `known` may have a switch, and so many
        `strangers` beside them, who may yet appear."""
        self._file = folder / FILE
        self._topics = topics
        self._known = known
        self._strangers = strangers
        self._lock = threading.Lock()
        self._commands: dict[tuple[CameraId, Setting], bool] = {}
        self._unkept = False
        self._positions = _read(self._file)

    @property
    def positions(self) -> Positions:
        """As far as they have been taken up."""
        return self._positions

    def subscriptions(self) -> tuple[Subscription, ...]:
        """One filter per setting, for all cameras of the gateway; a broker that refuses one keeps
        nobody from watching."""
        filters = (self._topics.all_settings(setting) for setting in SETTINGS)
        return tuple(Subscription(filter=one, qos=1, optional=True) for one in filters)

    def on_message(self, topic: str, payload: bytes, retained: bool) -> bool:
        """Take what was published; False if the topic is no switch's."""
        found = self._topics.setting_of(topic)
        if found is None:
            return False
        refusal = self._refusal(found[0], payload, retained)
        if refusal is None:
            with self._lock:
                self._commands[found] = _WORDS[payload.strip().upper()]
        else:
            log(Event.MESSAGE_REFUSED, topic=topic, reason=refusal)
        return True

    def turn(self) -> tuple[tuple[CameraId, Setting], ...]:
        """Take up what was set since the last turn, and keep it; which switches that concerns."""
        with self._lock:
            set_since, self._commands = self._commands, {}
        if not set_since:
            return ()
        positions: Positioned = {c: dict(settings) for c, settings in self._positions.items()}
        for (camera, setting), on in set_since.items():
            positions.setdefault(camera, {})[setting] = on
            log(Event.SWITCH_TURNED, camera=camera, setting=setting, state=_word(on))
        self._positions = positions
        self._keep()
        return tuple(set_since)

    def release(self, profile: ProfileConfig) -> None:
        """Forget positions of which a profile that was just chosen says something else."""
        self._positions = {
            camera: {name: on for name, on in settings.items() if not profile.touches(camera, name)}
            for camera, settings in self._positions.items()
        }
        self._keep()

    def keep_again(self) -> None:
        """Tries once more what the disk did not take; call it every minute or so."""
        if self._unkept:
            self._keep()

    def states(self, config: EdgeConfig, camera: CameraId) -> tuple[Publication, ...]:
        """The retained ON or OFF of each of the camera's switches, as `config` has them."""
        return tuple(
            Publication(
                topic=self._topics.of_setting(camera, setting, "state"),
                payload=_word(position(config, camera, setting)).encode(),
            )
            for setting in SETTINGS
        )

    def _refusal(self, camera: CameraId, payload: bytes, retained: bool) -> str | None:
        if retained:
            return "a retained command: publish `set` without the retain flag"
        if payload.strip().upper() not in _WORDS:
            return "neither ON nor OFF"
        if self._known(camera) or camera in self._positions:
            return None
        with self._lock:
            named = {*self._positions, *(one for one, _ in self._commands)}
        strangers = sum(not self._known(one) for one in named - {camera})
        return f"camera {camera} is not known here" if strangers >= self._strangers() else None

    def _keep(self) -> None:
        """A disk that takes no file keeps nobody from disarming now."""
        try:
            write_whole(self._file, json.dumps(self._positions, sort_keys=True))
            self._unkept = False
        except OSError as error:
            self._unkept = True
            log(Event.SWITCHES_NOT_KEPT, reason=str(error))


def _word(on: bool) -> str:
    return "ON" if on else "OFF"


def _read(file: Path) -> Positioned:
    """What was kept; a damaged file is said and counts for nothing, so everything is as the
    configuration has it."""
    try:
        with file.open("rb") as opened:
            kept: object = json.loads(opened.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        log(Event.SWITCHES_LOST, file=str(file), reason=str(error))
        return {}
    if not isinstance(kept, dict) or not all(isinstance(one, dict) for one in kept.values()):
        log(Event.SWITCHES_LOST, file=str(file), reason="it is no table of switches")
        return {}
    return {
        CameraId(camera): {
            setting: one[setting] for setting in SETTINGS if isinstance(one.get(setting), bool)
        }
        for camera, one in sorted(kept.items())[:MOST_CAMERAS]
        if is_name(camera)
    }
