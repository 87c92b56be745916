"""The cheap check of a frame before the detector: motion, and the health of the camera.

PURE. Both are found in a small grey picture. Of a camera that is not gated none is made, but for
its health once a second.
Called by `pipeline` for every admitted frame.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.config.schema import CameraConfig, EdgeConfig
from edge.gate import motion
from edge.gate.motion import GateState
from edge.gate.motion_masks import Unwatched
from edge.health import camera_health
from edge.health.camera_health import CameraHealth
from edge.records import Frame, FrameSize, Motion
from imaging.admission import Rejected
from imaging.decode import decode_grey
from imaging.detections import GreyImage


@dataclass(frozen=True, slots=True, kw_only=True)
class Precheck:
    """What was seen, and what the gate and the camera's health remember of it; `grey` is the small
    picture, where one was made for the gate."""

    motion: Motion | Rejected
    gate: GateState
    health: CameraHealth
    grey: GreyImage | None = None


def precheck(
    gate: GateState,
    health: CameraHealth,
    frame: Frame,
    config: EdgeConfig,
    settings: CameraConfig,
    now: float,
    *,
    followed: bool,
) -> Precheck:
    """The frame as the gate sees it; `settings` are its camera's, `now` is monotonic seconds;
    `followed` as in `motion.detect_motion`."""
    gating = config.gate_of(settings)
    watching = config.health_of(settings)
    ungated = settings.kind == "snapshot" or not gating.enabled
    if ungated and not camera_health.due(health, now, watching):
        return Precheck(motion=motion.off(), gate=gate, health=health)
    grey = decode_grey(frame.picture, frame.header, motion.WIDTH_PX)
    if isinstance(grey, Rejected):
        return Precheck(motion=motion.off() if ungated else grey, gate=gate, health=health)
    health = camera_health.step(health, grey, now, watching, frame.claim_behind_s)
    if ungated:
        return Precheck(motion=motion.off(), gate=gate, health=health)
    size = _upright(frame, (int(grey.shape[1]), int(grey.shape[0])))
    masks: tuple[Unwatched, ...] = (*settings.motion_masks, *settings.privacy_masks)
    gate, seen = motion.detect_motion(gate, grey, size, now, gating, masks, followed=followed)
    return Precheck(motion=seen, gate=gate, health=health, grey=grey)


def _upright(frame: Frame, shown: FrameSize) -> FrameSize:
    """The frame's size as it is shown: decoding turns it by its EXIF orientation."""
    width, height = frame.header.width, frame.header.height
    lying, shown_lying = width > height, shown[0] > shown[1]
    return (width, height) if lying == shown_lying else (height, width)
