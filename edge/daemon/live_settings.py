"""Thresholds of cameras, the site's profile, and tests of alarms, set from afar and kept.

SHELL. As with switches a message is checked on the network thread and taken up by the control loop;
who wanted what and when is kept beside the outbox, over a restart, and said in `info`. A test of
alarms ends by itself, by the monotonic clock; over a restart by what is left of its time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

from contract.ids import CameraId
from contract.report import NO_PROFILE
from contract.topics import SITE, LiveSetting, Topics
from edge.config.overridden import thresholds
from edge.config.profiles import LiveValues, ProfileConfig
from edge.config.schema import EdgeConfig
from edge.daemon.kept_settings import KeptSetting, KeptSettings
from edge.daemon.live_command import (
    LEAST,
    LONGEST_TEST_MIN,
    MOST,
    Command,
    read_command,
)
from service.clock import Clock
from service.events import Event, log
from service.link import Publication, Subscription

SETTINGS: tuple[LiveSetting, ...] = get_args(LiveSetting)


class LiveSettings:
    """What holds now. `known` says which cameras there are, `profiles` which profiles."""

    def __init__(
        self,
        folder: Path,
        topics: Topics,
        clock: Clock,
        known: Callable[[CameraId], bool],
        profiles: Callable[[], Mapping[str, ProfileConfig]],
    ) -> None:
        self._topics = topics
        self._clock = clock
        self._known = known
        self._profiles = profiles
        self._lock = threading.Lock()
        self._commands: dict[tuple[CameraId, LiveSetting], Command] = {}
        self._kept = KeptSettings(folder)
        self._tests = {
            camera: clock.mono() + self._left_s(kept)
            for (camera, setting), kept in self._kept.all.items()
            if setting == "on_test"
        }

    @property
    def values(self) -> LiveValues:
        """For the configuration."""
        profile, wanted = None, dict[CameraId, dict[str, float]]()
        for (camera, setting), kept in self._kept.all.items():
            if setting == "profile" and isinstance(kept.value, str):
                profile = kept.value
            elif setting in {"min_score", "threshold"} and isinstance(kept.value, float):
                if not LEAST <= kept.value <= MOST:
                    continue  # somebody wrote into the file
                wanted.setdefault(camera, {})[setting] = kept.value
        return LiveValues(profile=profile, thresholds=wanted)  # type: ignore[arg-type]  # of names

    def on_test(self, camera: CameraId) -> bool:
        """Whether alarms of the camera are a test now. Any thread may ask."""
        now, tests = self._clock.mono(), self._tests
        return any(tests.get(one, now) > now for one in (camera, SITE))

    @property
    def profile(self) -> ProfileConfig | None:
        """The profile that holds, as the configuration has it now."""
        return self._profiles().get(self.values.profile or "")

    @property
    def profile_name(self) -> str | None:
        """Its name, for reports; None also where the configuration has it no more."""
        return None if self.profile is None else self.values.profile

    def subscriptions(self) -> tuple[Subscription, ...]:
        """One filter per setting; a broker that refuses one keeps nobody from watching."""
        filters = (self._topics.all_settings(setting) for setting in SETTINGS)
        return tuple(Subscription(filter=one, qos=1, optional=True) for one in filters)

    def on_message(self, topic: str, payload: bytes, retained: bool) -> bool:
        """Take what was published; False if the topic is of none of these."""
        found = self._topics.live_setting_of(topic)
        if found is None:
            return False
        command = self._read(*found, payload, retained)
        if isinstance(command, str):
            log(Event.MESSAGE_REFUSED, topic=topic, reason=command)
        else:
            with self._lock:
                self._commands[found] = command
        return True

    def turn(self) -> tuple[CameraId, ...]:
        """Take up what was set since the last turn, and end tests that are over; whom it concerns,
        `SITE` for all."""
        with self._lock:
            since, self._commands = self._commands, {}
        now = self._clock.mono()
        over = [one for one, until_s in self._tests.items() if until_s <= now]
        for camera in over:
            since.setdefault((camera, "on_test"), Command(0.0, "its time is over"))
        for (camera, setting), command in since.items():
            self._take(camera, setting, command)
        if since:
            self._kept.write()
        return tuple(dict.fromkeys(camera for camera, _ in since))

    def keep_again(self) -> None:
        """Tries once more what the disk did not take."""
        self._kept.write_again()

    def states(self, config: EdgeConfig, cameras: Iterable[CameraId]) -> tuple[Publication, ...]:
        """What holds in `config`, retained: of each camera, and of the site for `SITE`."""
        said = []
        for camera in cameras:
            on_test = "ON" if self._tests.get(camera, 0.0) > self._clock.mono() else "OFF"
            words: dict[LiveSetting, str] = {"on_test": on_test}
            if camera == SITE:
                words["profile"] = self.values.profile or NO_PROFILE
            else:
                words |= {name: f"{value:g}" for name, value in thresholds(config, camera).items()}
            said += [
                Publication(
                    topic=self._topics.of_setting(camera, setting, "state"), payload=word.encode()
                )
                for setting, word in words.items()
            ]
        return tuple(said)

    def facts(self) -> dict[str, object]:
        """For `info`: the profile, and every setting with who wanted it and when."""
        return {"profile": self.values.profile, "live": self._kept.as_facts()}

    def _read(
        self, camera: CameraId, setting: LiveSetting, payload: bytes, retained: bool
    ) -> Command | str:
        if retained:
            return "a retained command: publish `set` without the retain flag"
        if setting == "profile" and camera != SITE:
            return f"a profile is of the whole site: {SITE}"
        if camera == SITE and setting not in {"profile", "on_test"}:
            return f"{setting} is of one camera"
        if camera != SITE and not self._known(camera):
            return f"camera {camera} is not known here"
        return read_command(setting, payload, self._profiles())

    def _take(self, camera: CameraId, setting: LiveSetting, command: Command) -> None:
        now = self._clock.now()
        until: datetime | None = None
        value = command.value
        if setting == "on_test":
            minutes = value if isinstance(value, float) else 0.0
            value, until = minutes or None, now + timedelta(minutes=minutes)
            tests = {one: end for one, end in self._tests.items() if one != camera}
            if minutes:
                tests[camera] = self._clock.mono() + minutes * 60
            self._tests = tests
        kept = None
        if value is not None:
            kept = KeptSetting(value=value, by=command.by, at=now, until=until)
        self._kept.put(camera, setting, kept)
        if setting == "profile" and self.profile is not None:
            self._release(self.profile)
        log(
            Event.SETTING_CHANGED,
            camera=camera,
            setting=setting,
            state="none" if value is None else value,
            by=command.by,
        )

    def _release(self, profile: ProfileConfig) -> None:
        """What was set of a camera before gives way to a profile that says something else."""
        for camera, setting in list(self._kept.all):
            if setting in {"min_score", "threshold"} and profile.touches(camera, setting):
                self._kept.put(camera, setting, None)

    def _left_s(self, kept: KeptSetting) -> float:
        """Of a test that was under way at the last end; a clock that jumped makes it no longer."""
        until = kept.until or kept.at
        return min(max((until - self._clock.now()).total_seconds(), 0.0), LONGEST_TEST_MIN * 60)
