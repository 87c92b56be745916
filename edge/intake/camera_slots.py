"""Which cameras are followed, and by which analysis thread.

PURE. A listed camera has its slot whoever else sends. Those that are not listed share
`intake.max_cameras` slots: one is assigned with a camera's first admitted picture, and one that was
not used for `intake.idle_s` is given up when another camera needs it. Who has no slot leaves
nothing behind, so that anybody who invents names costs no memory. Times are monotonic seconds.
Called by `intake.mqtt`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from contract.ids import CameraId
from edge.config.schema import EdgeConfig
from imaging.admission import Reason, Rejected


@dataclass(slots=True)
class CameraSlot:
    """A followed camera: its analysis thread, its last picture, how many came in this burst."""

    thread: int
    used_at_s: float
    burst: int = 0

    def count_picture(self, now: float, apart_s: float) -> None:
        """A picture came; after a pause of `apart_s` a new burst begins."""
        self.burst = self.burst + 1 if now - self.used_at_s < apart_s or not self.burst else 1
        self.used_at_s = now


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedSlot:
    """A camera's slot for a picture; whether it is `new`, and who had to leave for it."""

    slot: CameraSlot
    new: bool = False
    left: CameraId | None = None


class CameraSlots:
    """The slots of all cameras, over so many analysis threads."""

    def __init__(self, threads: int) -> None:
        self._slots: dict[CameraId, CameraSlot] = {}
        self._loads = [0] * threads

    def __contains__(self, camera: CameraId) -> bool:
        return camera in self._slots

    @property
    def cameras(self) -> tuple[CameraId, ...]:
        """Those with a slot, in the order in which they got it; any thread may ask."""
        return tuple(self._slots)

    def get(self, camera: CameraId) -> CameraSlot | None:
        """The camera's slot, if it has one."""
        return self._slots.get(camera)

    def refusal(self, camera: CameraId, config: EdgeConfig, now: float) -> Rejected | None:
        """Why the camera may not have a slot, if so. Nothing is changed by asking."""
        if camera in config.cameras:
            return None
        if not config.intake.discovery:
            return Rejected(Reason.UNKNOWN_CAMERA, f"camera {camera} is not listed")
        if camera in self._slots:
            return None
        others = self._others(config.cameras)
        if len(others) < config.intake.max_cameras or self._idle(others, config, now):
            return None
        return Rejected(
            Reason.TOO_MANY_CAMERAS, f"{camera} is one over {len(others)} that are not listed"
        )

    def assign(
        self, camera: CameraId, config: EdgeConfig, now: float, apart_s: float
    ) -> AssignedSlot:
        """The slot of a camera whose picture was admitted at `now`, a new one if need be; after a
        pause of `apart_s` a new burst begins. `refusal` was asked before."""
        known = self._slots.get(camera)
        assigned = self._new(camera, config, now) if known is None else AssignedSlot(slot=known)
        assigned.slot.count_picture(now, apart_s)
        return assigned

    def _new(self, camera: CameraId, config: EdgeConfig, now: float) -> AssignedSlot:
        left = None
        others = self._others(config.cameras)
        if camera not in config.cameras and len(others) >= config.intake.max_cameras:
            left = self._idle(others, config, now)
            if left is not None:
                self._loads[self._slots.pop(left).thread] -= 1
        thread = self._loads.index(min(self._loads))
        self._loads[thread] += 1
        slot = self._slots[camera] = CameraSlot(thread, now)
        return AssignedSlot(slot=slot, new=True, left=left)

    def _others(self, listed: Collection[str]) -> list[CameraId]:
        return [camera for camera in self._slots if camera not in listed]

    def _idle(self, others: list[CameraId], config: EdgeConfig, now: float) -> CameraId | None:
        """Who was silent the longest, if that was long enough to lose the slot."""
        camera = min(others, key=lambda one: self._slots[one].used_at_s)
        return camera if now - self._slots[camera].used_at_s >= config.intake.idle_s else None
