"""From a message to a frame: the payload is unpacked and the picture's header checked.

PURE. Runs in the broker's callback, so it takes microseconds and decodes no pixel. Whether the
camera is known, enabled or retained is the caller's to ask before.
"""

from __future__ import annotations

from edge.config.schema import JsonPathsConfig, PictureLimitsConfig
from edge.intake.payload import sniff
from edge.records import Frame, Message
from imaging.admission import PictureLimits, Reason, Rejected, inspect


def admit(
    message: Message, limits: PictureLimitsConfig, paths: JsonPathsConfig
) -> Frame | Rejected:
    """The frame in `message`, or why there is none."""
    picture = sniff(message.payload, paths, limits.max_bytes)
    if isinstance(picture, Rejected):
        return picture
    header = inspect(picture.data, picture_limits(limits))
    if isinstance(header, Rejected):
        return header
    return Frame(
        camera=message.camera,
        picture=picture.data,
        header=header,
        received_at=message.received_at,
        received_mono_s=message.received_mono_s,
        captured_at=picture.captured_at,
    )


def stale(frame: Frame, now: float, limits: PictureLimitsConfig) -> Rejected | None:
    """A refusal if `frame` waited too long; `now` in seconds of the monotonic clock.

    By our own receipt: a camera's clock proves nothing.
    """
    age_s = now - frame.received_mono_s
    if age_s <= limits.max_age_s:
        return None
    return Rejected(Reason.STALE, f"waited {age_s:.1f} s, limit {limits.max_age_s:g} s")


def picture_limits(limits: PictureLimitsConfig) -> PictureLimits:
    """The part of `limits` that a picture's header is held against."""
    return PictureLimits(
        max_bytes=limits.max_bytes,
        max_pixels=limits.max_pixels,
        min_side_px=limits.min_side_px,
        max_side_px=limits.max_side_px,
        max_scans=limits.max_scans,
    )
