"""What the gateway tells the process that replays: the two configurations, then clips.

PURE. A line of JSON, then for each clip a line of JSON and its pictures as they are. The streams
are the caller's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict

from contract.ids import CameraId
from edge.config.schema import EdgeConfig
from edge.records import Frame
from edge.shadow.judging import Clip


class ShadowOrder(BaseModel):
    """What is to be compared, and how long it may take."""

    model_config = ConfigDict(frozen=True)

    before: EdgeConfig
    after: EdgeConfig
    max_run_s: float


class _ClipHead(BaseModel):
    model_config = ConfigDict(frozen=True)

    camera: str
    start: datetime
    times_s: tuple[float, ...]
    sizes: tuple[int, ...]


class CutShort(Exception):
    """The other end is gone."""


def order_line(before: EdgeConfig, after: EdgeConfig, max_run_s: float) -> bytes:
    """The first line."""
    said = {
        "before": before.model_dump(mode="json"),
        "after": after.model_dump(mode="json"),
        "max_run_s": max_run_s,
    }
    return json.dumps(said).encode() + b"\n"


def clip_parts(camera: CameraId, frames: tuple[Frame, ...]) -> Iterator[bytes]:
    """A clip, without copying its pictures."""
    first = frames[0]
    head = _ClipHead(
        camera=camera,
        start=first.received_at,
        times_s=tuple(round(one.received_mono_s - first.received_mono_s, 4) for one in frames),
        sizes=tuple(len(one.picture) for one in frames),
    )
    yield head.model_dump_json().encode() + b"\n"
    yield from (one.picture for one in frames)


def read_order(stream: BinaryIO) -> ShadowOrder:
    """Raises `CutShort`."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise CutShort
    return ShadowOrder.model_validate_json(line)


def read_clips(stream: BinaryIO) -> Iterator[Clip]:
    """Until the end; raises `CutShort` if that is within a clip."""
    while line := stream.readline():
        if not line.endswith(b"\n"):
            raise CutShort
        head = _ClipHead.model_validate_json(line)
        pictures = tuple(stream.read(size) for size in head.sizes)
        if sum(map(len, pictures)) != sum(head.sizes):
            raise CutShort
        yield Clip(
            camera=CameraId(head.camera),
            start=head.start,
            times_s=head.times_s,
            pictures=pictures,
        )
