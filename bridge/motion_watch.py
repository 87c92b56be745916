"""Listens to a camera's ONVIF events, by a pull-point subscription, for what they say of motion.

SHELL, a thread for each camera with `events`. It subscribes only while pictures come, so a wrong
password is not tried twice and a camera that is away not asked twice. A subscription that is lost
is said with its reason, and tried again with jitter; until then the configured rate holds
(`motion_hints`). Called by `process`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from bridge.address import Url
from bridge.attempts import Retries, fault_of
from bridge.config import SourceConfig
from bridge.fault import FaultReason, SourceFault
from bridge.motion_hints import MotionHints
from bridge.onvif import SUBSCRIPTION_S, OnvifDevice, onvif_device
from contract.ids import CameraId
from service.clock import Clock
from service.events import Event, log

POLL_S = 1.0
"""Between looks at whether pictures come."""
REST_S = 0.2
"""Between questions."""
LONG_REST_S = 1.0
"""Where a camera does not wait, but answers at once that there is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionSource:
    """The camera that is listened to: `url` is its ONVIF address, out of its settings."""

    camera: CameraId
    settings: SourceConfig
    url: Url


class MotionWatch:
    """The loop of one camera."""

    def __init__(
        self,
        source: MotionSource,
        hints: MotionHints,
        online: Callable[[], bool],
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._camera, self._settings, self._url = source.camera, source.settings, source.url
        self._hints, self._online, self._clock, self._rng = hints, online, clock, rng
        self._retries = Retries(source.settings.reconnect_max_s, rng)

    def run(self, stopping: threading.Event) -> None:
        """Until `stopping`."""
        while not self._clock.wait(stopping, POLL_S):
            if not self._online():
                continue
            began_s = self._clock.mono()
            fault = fault_of(partial(self._listen, stopping), f"motion-{self._camera}")
            if fault is None:
                continue
            self._hints.lost(fault.reason, fault.detail)
            log(
                Event.MOTION_EVENTS_LOST,
                camera=self._camera,
                reason=fault.reason,
                detail=fault.detail,
            )
            lasted_s = self._clock.mono() - began_s
            self._clock.wait(stopping, self._retries.wait_s(fault, lasted_s))

    def _listen(self, stopping: threading.Event) -> None:
        """Until `stopping`; raises `SourceFault`."""
        with onvif_device(self._settings, self._url) as device:
            renew_s = self._renew_at_s()
            point = device.subscribe()
            self._hints.subscribed(self._clock.mono())
            log(Event.MOTION_EVENTS_SUBSCRIBED, camera=self._camera)
            try:
                point = self._pull(device, point, renew_s, stopping)
            except SourceFault as fault:
                if fault.reason not in (FaultReason.UNREACHABLE, FaultReason.STALLED):
                    _leave(device, point)
                raise
            _leave(device, point)

    def _pull(
        self, device: OnvifDevice, point: str, renew_s: float, stopping: threading.Event
    ) -> str:
        """Until `stopping`; the subscription that is open then, renewed from `renew_s` on."""
        rest_s = REST_S
        while not self._clock.wait(stopping, rest_s):
            asked_s = self._clock.mono()
            events = device.pull(point)
            self._hints.heard(events, self._clock.mono())
            waited = self._clock.mono() - asked_s >= LONG_REST_S
            rest_s = REST_S if events or waited else LONG_REST_S
            if self._clock.mono() >= renew_s:
                renew_s = self._renew_at_s()
                point = self._renewed(device, point)
        return point

    def _renewed(self, device: OnvifDevice, point: str) -> str:
        """The same subscription, or another of a camera that cannot renew."""
        try:
            device.renew(point)
        except SourceFault as fault:
            if fault.reason is not FaultReason.UNUSABLE:
                raise
            _leave(device, point)
            return device.subscribe()
        return point

    def _renew_at_s(self) -> float:
        """Some time about the middle of its life."""
        return self._clock.mono() + SUBSCRIPTION_S * self._rng.uniform(0.35, 0.6)


def _leave(device: OnvifDevice, point: str) -> None:
    """Frees the camera's place; where that fails, it ends by itself soon."""
    with suppress(SourceFault):
        device.unsubscribe(point)
