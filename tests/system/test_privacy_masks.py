"""Nothing under a privacy mask leaves the gateway: what the real daemon stores is black there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from contract.report import EvidenceRef
from imaging.detections import Image
from tests.servers import Broker
from tests.system.sites import CHECKOUT, Ear, edge, settings

STREET = CHECKOUT / "models" / "self_test" / "street-030.jpg"
"""768 x 576; a walker stands at 0.82 to 0.87 of its width."""

MASK_END = 0.78
"""Up to here the picture is masked: a border that runs through the crop around the walker."""

SECRET = b"12.3456N-photographer"

pytestmark = pytest.mark.slow


def with_metadata(jpeg: bytes) -> bytes:
    """The JPEG with a comment and an EXIF-like segment, as cameras write places and thumbnails."""
    segments = b"".join(
        b"\xff" + marker + (len(body) + 2).to_bytes(2, "big") + body
        for marker, body in ((b"\xe1", b"Exif\0\0" + SECRET), (b"\xfe", SECRET))
    )
    return jpeg[:2] + segments + jpeg[2:]


def bright(shares: int) -> Image:
    """The street with a white, textured area where the mask will lie; squeezed to `shares` %."""
    image = np.asarray(cv2.imread(str(STREET)), np.uint8)
    height, width = image.shape[:2]
    image[::7, : int(width * (MASK_END - 0.02))] = 255
    return np.asarray(cv2.resize(image, (width * shares // 100, height)), np.uint8)


def hidden_part(image: Image, ref: EvidenceRef) -> Image:
    """What of the stored picture lies under the mask, but for the last block at its border."""
    left, _, right, _ = ref.region or (0.0, 0.0, 1.0, 1.0)
    end = round((MASK_END - left) / (right - left) * image.shape[1])
    return image[:, : max(0, end - 16)]


@pytest.mark.parametrize("whole", ["full", "reduced"])
@pytest.mark.parametrize(("shares", "aspect"), [(100, "auto"), (75, 4 / 3)])
def test_what_lies_under_a_mask_is_black_in_all_that_is_stored(
    whole: str,
    shares: int,
    aspect: str | float,
    mosquitto: Broker,
    root: str,
    listening: Ear,
    tmp_path: Path,
) -> None:
    outline = [[0.0, 0.0], [MASK_END, 0.0], [MASK_END, 1.0], [0.0, 1.0]]
    config: dict[str, Any] = settings(
        mosquitto, root, tmp_path, evidence={"whole": whole, "context_frames": 2}
    )
    config["cameras"] = {
        "gate": {
            "kind": "snapshot",
            "pixel_aspect": aspect,
            "privacy_masks": [{"id": "neighbour", "polygon": outline}],
        }
    }
    jpeg = cv2.imencode(".jpg", bright(shares), [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
    with edge(tmp_path, config):
        listening.publish(f"{root}-cameras/gate/image", with_metadata(jpeg))
        assert listening.wait(lambda: len(listening.on("gw/gate/suspect")) > 0)
    evidence = listening.reports()[0].evidence
    assert {ref.role for ref in evidence} == {"best", "crop"}
    areas = []
    for ref in evidence:
        stored = (tmp_path / "store" / ref.key).read_bytes()
        assert SECRET not in stored
        assert ref.masked
        image = np.asarray(cv2.imread(str(tmp_path / "store" / ref.key)), np.uint8)
        part = hidden_part(image, ref)
        areas.append(part.size)
        assert part.size == 0 or int(part.max()) <= 8
        assert image[:, -image.shape[1] // 10 :].max() > 100  # the rest is to be seen
    assert max(areas) > 10_000
    assert min(areas) > 0, "the mask's border was meant to run through the crop"
    kept = [path.read_bytes() for path in (tmp_path / "outbox").rglob("*") if path.is_file()]
    assert not any(SECRET in body for body in kept)
