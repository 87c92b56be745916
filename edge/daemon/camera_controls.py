"""What people set over MQTT, put together: switches, thresholds, profiles, tests of alarms.

SHELL. The network thread notes commands, the control loop carries them out (`turn`), and what holds
is laid over the configuration (`in_force`). Made by `gateway`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from contract.ids import CameraId
from contract.topics import SITE, Topics
from edge.config.live import Live
from edge.config.overridden import overridden, replayed
from edge.config.schema import EdgeConfig
from edge.config.switched import switched
from edge.daemon.live_settings import LiveSettings
from edge.daemon.switches import Switches
from service.clock import Clock
from service.link import Publication, Subscription


@dataclass(frozen=True, slots=True)
class ChangedControls:
    """The cameras that were switched, and whether anything else was set."""

    switched: tuple[CameraId, ...]
    settings: bool


class CameraControls:
    """The controls of all cameras of a gateway, and of its site."""

    def __init__(
        self,
        folder: Path,
        topics: Topics,
        clock: Clock,
        live: Live,
        followed: Callable[[], Collection[CameraId]],
    ) -> None:
        """`folder` keeps them over a restart; `followed`: cameras beside the listed ones."""
        self._live, self._followed = live, followed
        self._switches = Switches(folder, topics, self._is_known, self._strangers)
        self._settings = LiveSettings(
            folder, topics, clock, self._is_known, lambda: live.current.config.profiles
        )
        self.facts = self._settings.facts
        self.on_test = self._settings.on_test

    def in_force(self) -> EdgeConfig:
        """The configuration under the profile, thresholds and switches that hold."""
        config = overridden(self._live.current.config, self._settings.values)
        return switched(config, self._switches.positions)

    def profile_name(self) -> str | None:
        """The profile that is in force; None: none is."""
        return self._settings.profile_name

    def replayed(self, config: EdgeConfig) -> EdgeConfig:
        """`config` under profile and thresholds, for frames that are judged once more."""
        return replayed(config, self._settings.values)

    def subscriptions(self) -> tuple[Subscription, ...]:
        return (*self._switches.subscriptions(), *self._settings.subscriptions())

    def on_message(self, topic: str, payload: bytes, retained: bool) -> bool:
        """Whether it was a command; it is carried out later."""
        takers = (self._switches, self._settings)
        return any(one.on_message(topic, payload, retained) for one in takers)

    def turn(self) -> ChangedControls | None:
        """Carries out what was commanded; None if that changed nothing."""
        set_ = self._settings.turn()
        if SITE in set_ and self._settings.profile is not None:
            self._switches.release(self._settings.profile)
        turned = tuple(dict.fromkeys(camera for camera, _ in self._switches.turn()))
        return ChangedControls(turned, bool(set_)) if set_ or turned else None

    def changed_states(self, config: EdgeConfig, changed: ChangedControls) -> Iterator[Publication]:
        """How it stands of what was changed."""
        if changed.settings:
            yield from self.states(config)
            return
        for camera in changed.switched:
            yield from self._switches.states(config, camera)

    def states(self, config: EdgeConfig) -> Iterator[Publication]:
        """How it stands of every camera, and of the site."""
        for camera in sorted({*map(CameraId, config.cameras), *self._followed()}):
            yield from self.states_of(config, camera)
        yield from self._settings.states(config, (SITE,))

    def states_of(self, config: EdgeConfig, camera: CameraId) -> tuple[Publication, ...]:
        """How it stands of one camera."""
        return (
            *self._switches.states(config, camera),
            *self._settings.states(config, (camera,)),
        )

    def keep_again(self) -> None:
        """What a disk did not take before."""
        self._switches.keep_again()
        self._settings.keep_again()

    def _is_known(self, camera: CameraId) -> bool:
        return camera in self._live.current.config.cameras or camera in self._followed()

    def _strangers(self) -> int:
        """How many cameras may have switches before anything is known of them."""
        intake = self._live.current.config.intake
        return intake.max_cameras if intake.discovery else 0
