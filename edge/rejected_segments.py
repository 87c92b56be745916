"""What of a camera's motion events and quiet minutes was rejected, and what goes up to be audited.

PURE, though it changes the camera's state. Called by `pipeline`.
"""

from __future__ import annotations

from contract.ids import CameraId, GatewayId, report_id
from edge.audit import events
from edge.audit.events import AuditSample, AuditSegment, RejectedSegment
from edge.camera_state import CameraState
from edge.config.schema import EdgeConfig


def take_rejected(
    state: CameraState, camera: CameraId, epoch: int, config: EdgeConfig, now: float
) -> tuple[RejectedSegment, ...]:
    """Segments that are over by `now` and had nothing suspected, or not of every group; each is
    taken once. `epoch` keeps report ids apart."""
    gap_s = max(events.GAP_S, config.of_camera(camera).snapshot_after_s + 1.0)
    state.audit, over = events.take(state.audit, now, gap_s)
    gateway = GatewayId(config.gateway.id)
    return tuple(
        RejectedSegment(
            camera=camera,
            kind="partly" if segment.groups else segment.kind,
            began_at_s=segment.began_at_s,
            lasted_s=segment.lasted_s,
            share=segment.share,
            audited=_sample(state, segment, gateway, camera, epoch),
            reported=segment.groups,
        )
        for segment in over
        if segment.leaves_open
    )


def _sample(
    state: CameraState, segment: AuditSegment, gateway: GatewayId, camera: CameraId, epoch: int
) -> AuditSample | None:
    frames, box = events.shown(segment)
    if not segment.drawn or not frames:
        return None
    id_ = report_id(gateway, camera, epoch, state.number_next(), 0)
    return AuditSample(report_id=id_, frames=frames, box=box)
