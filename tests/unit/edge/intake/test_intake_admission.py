"""A message becomes a frame, or a reason."""

import base64
import json
from datetime import UTC, datetime

from contract.ids import CameraId
from edge.config.schema import JsonPathsConfig, PictureLimitsConfig
from edge.intake.admission import admit, picture_limits, stale
from edge.records import Frame, Message
from imaging.admission import Reason, Rejected
from tests.unit.imaging.pictures import claiming, encoded, scene

LIMITS = PictureLimitsConfig()
JPEG = encoded(scene())
RECEIVED = datetime(2024, 5, 1, 12, 0, 5, tzinfo=UTC)


def message(payload: bytes) -> Message:
    return Message(
        camera=CameraId("gate"),
        topic="cameras/gate/image",
        payload=payload,
        received_at=RECEIVED,
        received_mono_s=100.0,
    )


def admitted(payload: bytes) -> Frame:
    frame = admit(message(payload), LIMITS, JsonPathsConfig())
    assert isinstance(frame, Frame), frame
    return frame


def test_a_frame_carries_the_picture_its_header_and_our_times() -> None:
    frame = admitted(JPEG)
    assert (frame.camera, frame.picture, frame.header.width) == ("gate", JPEG, 320)
    assert (frame.received_at, frame.received_mono_s) == (RECEIVED, 100.0)
    assert frame.captured_at is None


def test_a_json_frame_carries_the_cameras_time_beside_ours() -> None:
    document = {"image": base64.b64encode(JPEG).decode(), "time": "2024-05-01T12:00:00Z"}
    frame = admitted(json.dumps(document).encode())
    assert frame.picture == JPEG
    assert frame.captured_at == datetime(2024, 5, 1, 12, tzinfo=UTC)


def test_the_picture_within_is_held_against_the_limits() -> None:
    huge = base64.b64encode(claiming(JPEG, 30_000, 30_000))
    refused = admit(message(huge), LIMITS, JsonPathsConfig())
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.TOO_MANY_PIXELS


def test_a_payload_that_is_no_picture_is_refused() -> None:
    refused = admit(message(b""), LIMITS, JsonPathsConfig())
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.EMPTY


def test_every_limit_reaches_the_header_check() -> None:
    limits = PictureLimitsConfig(
        max_bytes=2_000, max_pixels=20_000, min_side_px=2, max_side_px=100, max_scans=3
    )
    passed_on = picture_limits(limits)
    for name in ("max_bytes", "max_pixels", "min_side_px", "max_side_px", "max_scans"):
        assert getattr(passed_on, name) == getattr(limits, name)


def test_a_frame_that_waited_longer_than_its_age_limit_is_stale() -> None:
    frame = admitted(JPEG)
    assert stale(frame, 100.0 + LIMITS.max_age_s, LIMITS) is None
    refused = stale(frame, 100.1 + LIMITS.max_age_s, LIMITS)
    assert refused is not None
    assert refused.reason is Reason.STALE
