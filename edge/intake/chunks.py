"""Pictures that arrive in parts: `<image topic>/start`, then `/data` repeatedly, then `/end`.

PURE: a state machine per camera, stepped by the broker's callback, with the time given. Parts are
raw bytes in order. `start` may announce the size: empty (unknown), a decimal, or JSON
`{"size": N}`. A picture is complete when the announced size is reached or at `/end`; without an
announced size also when a part ends with `FF D9` and the whole began with `FF D8`, since small
sketches send no `/end`. A broken picture is refused once, and its remaining parts are passed over
until the next `start` or `end`. `now` is always seconds of the monotonic clock.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from edge.intake.texts import too_large
from imaging.admission import Reason, Rejected

MAX_PARTS = 4096
"""Parts of one picture; more is an attack on our time."""


class ChunkTopic(StrEnum):
    """Which of the three topics a message came on; the value is the topic's last level."""

    START = "start"
    DATA = "data"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkLimits:
    """`timeout_s`: patience for the next part."""

    max_bytes: int
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A picture on its way. `last_part_at_s`: when its last part came.

    `refused`: it was refused already, and what else comes of it is passed over.
    """

    last_part_at_s: float
    expected: int | None = None
    parts: tuple[bytes, ...] = ()
    received: int = 0
    refused: bool = False


AssemblyState = Assembly | None
ChunkStep = tuple[AssemblyState, bytes | Rejected | None]


def split_topic(topic: str) -> tuple[str, ChunkTopic | None]:
    """The image topic and which part of a picture `topic` carries, None for a whole one."""
    base, _, last = topic.rpartition("/")
    return (base, ChunkTopic(last)) if base and last in tuple(ChunkTopic) else (topic, None)


def step(
    state: AssemblyState, part: ChunkTopic, payload: bytes, now: float, limits: ChunkLimits
) -> ChunkStep:
    """What follows on `payload`: the new state, and a whole picture, a refusal or neither.

    On `start` and after a pause the refusal may be about the picture before; if the new one is
    refused as well, that is the reason.
    """
    state, late = expire(state, now, limits)
    match part:
        case ChunkTopic.START:
            begun, refusal = _start(state, payload, now, limits)
            return begun, refusal or late
        case ChunkTopic.DATA if late is not None:
            return _refused(now), late
        case ChunkTopic.DATA:
            return _data(state, payload, now, limits)
        case ChunkTopic.END:
            return None, late or _end(state)
        case _:
            assert_never(part)


def expire(
    state: AssemblyState, now: float, limits: ChunkLimits
) -> tuple[AssemblyState, Rejected | None]:
    """Give up a picture whose next part did not come in time; to be called now and then."""
    if state is None or now - state.last_part_at_s <= limits.timeout_s:
        return state, None
    if state.refused:
        return None, None
    detail = f"no part for {now - state.last_part_at_s:.1f} s, {_progress(state)}"
    return None, Rejected(Reason.CHUNK_TIMEOUT, detail)


def _start(
    state: AssemblyState, payload: bytes, now: float, limits: ChunkLimits
) -> tuple[AssemblyState, Rejected | None]:
    expected = _announced(payload)
    if expected is not None and expected > limits.max_bytes:
        announced = f"{expected} bytes announced, limit {limits.max_bytes}"
        return _refused(now), Rejected(Reason.TOO_LARGE, announced)
    begun = Assembly(last_part_at_s=now, expected=expected)
    if state is None or state.refused:
        return begun, None
    return begun, Rejected(Reason.CHUNK_ORDER, f"begun anew after {_progress(state)}")


def _data(state: AssemblyState, payload: bytes, now: float, limits: ChunkLimits) -> ChunkStep:
    if state is None:
        return _refused(now), Rejected(Reason.CHUNK_ORDER, "data without a start")
    if state.refused:
        return replace(state, last_part_at_s=now), None
    grown = replace(
        state,
        last_part_at_s=now,
        parts=(*state.parts, payload),
        received=state.received + len(payload),
    )
    refusal = _overflow(grown, limits)
    if refusal is not None:
        return _refused(now), refusal
    return (None, b"".join(grown.parts)) if _is_complete(grown) else (grown, None)


def _end(state: AssemblyState) -> bytes | Rejected | None:
    """An `end` behind a picture that was complete or refused already says nothing new."""
    if state is None or state.refused:
        return None
    if state.received == 0:
        return Rejected(Reason.EMPTY, "ended without data")
    if state.expected is not None:
        return Rejected(Reason.TRUNCATED, f"ended after {_progress(state)}")
    return b"".join(state.parts)


def _overflow(state: Assembly, limits: ChunkLimits) -> Rejected | None:
    if state.received > limits.max_bytes:
        return too_large(state.received, limits.max_bytes)
    if len(state.parts) > MAX_PARTS:
        return Rejected(Reason.TOO_LARGE, f"more than {MAX_PARTS} parts")
    if state.expected is not None and state.received > state.expected:
        return Rejected(Reason.CHUNK_ORDER, f"{_progress(state)}: more than announced")
    return None


def _is_complete(state: Assembly) -> bool:
    if state.expected is not None:
        return state.received == state.expected
    return state.parts[0].startswith(b"\xff\xd8") and state.parts[-1].endswith(b"\xff\xd9")


def _announced(payload: bytes) -> int | None:
    """The size that a `start` announces; None for anything that is no size."""
    try:
        document: object = json.loads(payload[:256])
    except (ValueError, RecursionError):
        return None
    size = document.get("size") if isinstance(document, dict) else document
    return size if isinstance(size, int) and not isinstance(size, bool) and size > 0 else None


def _refused(now: float) -> Assembly:
    return Assembly(last_part_at_s=now, refused=True)


def _progress(state: Assembly) -> str:
    of = "" if state.expected is None else f" of {state.expected}"
    return f"{state.received}{of} bytes in {len(state.parts)} parts"
