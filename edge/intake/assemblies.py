"""The pictures in parts that are under way, of all cameras.

PURE, though it changes in place. Parts come on topics of their own (`chunks`) or as pieces within
JSON (`pieces`). Cameras that are neither followed nor listed may have few under way, so that names
that somebody invents cost no memory. Called by `mqtt`, one message at a time.
"""

from __future__ import annotations

from collections.abc import Callable

from contract.ids import CameraId
from edge.config.schema import IntakeConfig
from edge.intake import chunks, pieces
from edge.intake.chunks import AssemblyState, ChunkLimits, ChunkTopic
from edge.intake.pieces import PieceOrder
from imaging.admission import Reason, Rejected

MOST_UNKNOWN = 4
"""So many cameras that have no slot yet may send a picture in parts at once."""

Assembled = tuple[bytes | Rejected, ...]
"""What came to its end with a message: whole pictures and refusals, in their order."""


class Assemblies:
    """At most one picture per camera; `is_known` says who is followed or listed."""

    def __init__(self) -> None:
        self._states: dict[CameraId, AssemblyState] = {}
        self._orders: dict[CameraId, PieceOrder] = {}

    def add_part(
        self,
        camera: CameraId,
        part: ChunkTopic,
        payload: bytes,
        now: float,
        intake: IntakeConfig,
        is_known: Callable[[CameraId], bool],
    ) -> Assembled:
        """What a part on its own topic ends."""
        state = self._states.get(camera)
        if state is None and not is_known(camera):
            unknown = sum(not is_known(one) for one in self._states)
            if part is not ChunkTopic.START:
                return ()
            if unknown >= MOST_UNKNOWN:
                detail = f"{camera}: {unknown} that are not followed send in parts already"
                return (Rejected(Reason.TOO_MANY_CAMERAS, detail),)
        state, result = chunks.step(state, part, payload, now, _limits(intake))
        self._keep(camera, state)
        return () if result is None else (result,)

    def add_piece(
        self,
        camera: CameraId,
        payload: bytes,
        now: float,
        intake: IntakeConfig,
        is_known: Callable[[CameraId], bool],
    ) -> Assembled | None:
        """What a piece within JSON ends; None if the payload is no piece."""
        order = self._orders.pop(camera, None)
        found = pieces.steps_of(payload, order, intake.json_paths, intake.limits.max_bytes)
        if found is None:
            return None
        steps, left = found
        if isinstance(steps, Rejected):
            self._states.pop(camera, None)
            return (steps,)
        ended: Assembled = ()
        for part, data in steps:
            ended += self.add_part(camera, part, data, now, intake, is_known)
        if left is not None and camera in self._states:
            self._orders[camera] = left
        return ended

    def expire(self, now: float, intake: IntakeConfig) -> tuple[tuple[CameraId, Rejected], ...]:
        """Gives up pictures whose parts stopped coming; whose, and the refusal."""
        given_up: list[tuple[CameraId, Rejected]] = []
        for camera, state in tuple(self._states.items()):
            left, refusal = chunks.expire(state, now, _limits(intake))
            self._keep(camera, left)
            if refusal is not None:
                given_up.append((camera, refusal))
        return tuple(given_up)

    def _keep(self, camera: CameraId, state: AssemblyState) -> None:
        if state is None:
            self._states.pop(camera, None)
            self._orders.pop(camera, None)
        else:
            self._states[camera] = state


def _limits(intake: IntakeConfig) -> ChunkLimits:
    return ChunkLimits(max_bytes=intake.limits.max_bytes, timeout_s=intake.chunk_timeout_s)
