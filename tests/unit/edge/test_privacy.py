"""Privacy masks: what lies under one changes nothing of what leaves, whatever it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract.ids import CameraId, ReportId
from contract.report import EvidenceRef
from edge.audit.events import AuditSample, RejectedSegment
from edge.config.audit import AuditConfig
from edge.config.schema import CameraConfig, EdgeConfig, EvidenceConfig, PrivacyMaskConfig
from edge.deliver.audit_bundle import pack_audit
from edge.deliver.evidence import ReportBundle, ReportOrigin, extended, pack
from edge.privacy import Privacy, blackened, privacy_of
from edge.records import AlertCandidate, BestFrame, DecodedFrame
from edge.replay.player import play
from imaging.detections import Image
from imaging.polygons import Box, contains
from tests.unit.edge.deliver.candidates import (
    ORIGIN,
    body,
    candidate,
    decoded_frame,
    encoded,
    scene,
)
from tests.unit.edge.rolls import Roll
from tests.unit.edge.scenes import FindsDarkThings, picture

CAMERA = CameraId("gate")
CORNER = PrivacyMaskConfig(id="corner", polygon=((0.0, 0.0), (0.36, 0.0), (0.36, 0.5), (0.0, 1.0)))
WALKED = PrivacyMaskConfig(id="path", polygon=((0.0, 0.3), (1.0, 0.3), (1.0, 0.8), (0.0, 0.8)))
share = st.floats(0.0, 1.0)


def origin(mask: PrivacyMaskConfig, whole: Literal["full", "reduced", "none"]) -> ReportOrigin:
    evidence = EvidenceConfig(whole=whole, context_frames=2, crop_margin=0.3, whole_px=160)
    return replace(ORIGIN, evidence=evidence, privacy=Privacy(listed={CAMERA: (mask,)}))


def with_other_things_under(image: Image, mask: PrivacyMaskConfig, seed: int) -> Image:
    """The same scene, but for what the mask hides."""
    hidden = blackened(np.full_like(image, 255), (mask,)).max(axis=2) == 0
    noise = np.random.default_rng(seed).integers(0, 255, image.shape, np.uint8)
    return np.where(hidden[:, :, None], noise, image).astype(np.uint8)


def everything(
    mask: PrivacyMaskConfig, seed: int, origin_: ReportOrigin, box: Box
) -> list[ReportBundle]:
    """All that can leave of one scene: suspicion, an answer to a request, an audit."""
    decoded_frames = [
        replace(
            decoded_frame(encoded(with_other_things_under(scene(n), mask, seed + n), ".png"), n),
            aspect=a,
        )
        for n, a in ((0, 1.0), (1, 4 / 3), (2, 0.5), (3, 1.0))
    ]
    raised: AlertCandidate = replace(
        candidate(decoded_frames[0], *decoded_frames[2:], box=box),
        others=(BestFrame(decoded_frames[1], box, 0.5),),
    )
    viewed = replace(raised, view=decoded_frames[3])
    report = pack(raised, origin_).report.model_copy(update={"requests_left": 1})
    frames = tuple(one.frame for one in decoded_frames[1:])
    audited = AuditSample(report_id=ReportId("gw.gate.1.9.0"), frames=frames, box=box)
    rejected = RejectedSegment(
        camera=frames[0].camera, kind="motion", began_at_s=0, lasted_s=1, share=0.1
    )
    audit = pack_audit(rejected, audited, origin_, AuditConfig(), 400_000)
    assert audit is not None
    assert len(audit.pictures) == 3
    answer = extended(report, BestFrame(decoded_frames[2], box, 0.5), origin_)
    return [pack(raised, origin_), pack(viewed, origin_), answer, audit]


@pytest.mark.parametrize("whole", ["full", "reduced", "none"])
@pytest.mark.parametrize("box", [(100, 60, 140, 160), (0, 0, 12, 30), (300, 220, 320, 240)])
@pytest.mark.parametrize("mask", [CORNER, WALKED])
def test_what_is_hidden_changes_no_byte_of_what_leaves(
    mask: PrivacyMaskConfig, box: Box, whole: Literal["full", "reduced", "none"]
) -> None:
    chosen = origin(mask, whole)
    assert everything(mask, 1, chosen, box) == everything(mask, 50, chosen, box)


def test_without_the_mask_it_would() -> None:
    open_ = replace(origin(CORNER, "reduced"), privacy=Privacy())
    box = (100.0, 60.0, 140.0, 160.0)
    one, other = (everything(CORNER, seed, open_, box) for seed in (1, 50))
    assert all(a.pictures != b.pictures for a, b in zip(one, other, strict=True))


def references(bundles: list[ReportBundle]) -> list[EvidenceRef]:
    return [ref for bundle in bundles for ref in bundle.report.evidence]


def test_the_report_says_that_it_is_masked_and_only_then() -> None:
    box = (100.0, 60.0, 140.0, 160.0)
    assert all(ref.masked for ref in references(everything(CORNER, 1, origin(CORNER, "full"), box)))
    elsewhere = replace(
        origin(CORNER, "full"), privacy=Privacy(listed={CameraId("other"): (CORNER,)})
    )
    assert not any(ref.masked for ref in references(everything(CORNER, 1, elsewhere, box)))


def test_a_cameras_own_bytes_never_travel_where_something_is_masked() -> None:
    thumbnail = b"Exif\0\0" + b"a thumbnail of all of it"
    jpeg = encoded(scene())
    told = jpeg[:2] + b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail + jpeg[2:]
    packed = pack(candidate(decoded_frame(told)), origin(CORNER, "full"))
    best, _crop = packed.report.evidence
    assert body(packed, best) != told
    assert all(thumbnail not in one.jpeg for one in packed.pictures)
    assert pack(candidate(decoded_frame(told)), ORIGIN).pictures[0].jpeg == told


def turned(picture_: bytes, orientation: int) -> DecodedFrame:
    """The JPEG with an EXIF orientation, which decoding applies."""
    entry = b"\x12\x01\x03\x00\x01\x00\x00\x00" + bytes([orientation, 0, 0, 0])
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry + b"\0\0\0\0"
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    return decoded_frame(picture_[:2] + segment + picture_[2:])


def test_a_mask_is_laid_on_the_picture_as_it_is_shown() -> None:
    top = PrivacyMaskConfig(id="top", polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5)))
    white = encoded(np.full((240, 320, 3), 255, np.uint8))
    lying = turned(white, 6)
    assert (lying.width, lying.height) == (240, 320)
    packed = pack(candidate(lying, box=(100, 200, 140, 300)), origin(top, "full"))
    best = cv2.imdecode(np.frombuffer(packed.pictures[0].jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert best is not None
    assert best.shape[:2] == (320, 240)
    assert int(best[:150].max()) <= 4
    assert int(best[170:].min()) > 200


@settings(max_examples=60, deadline=None)
@example([(0.0, 0.0), (0.0, 0.0), (0.0, 0.0)], (33, 32))
@example([(1.0, 1.0), (0.999, 1.0), (1.0, 0.999)], (32, 48))
@given(
    st.lists(st.tuples(share, share), min_size=3, max_size=3),
    st.tuples(st.integers(32, 80), st.integers(32, 80)),
)
def test_every_pixel_that_a_mask_covers_or_touches_with_a_corner_is_black(
    corners: list[tuple[float, float]], size: tuple[int, int]
) -> None:
    mask = PrivacyMaskConfig.model_construct(id="m", polygon=tuple(corners))
    width, height = size
    image = blackened(np.full((height, width, 3), 255, np.uint8), (mask,))
    for y in range(height):
        for x in range(width):
            points = [
                ((x + dx) / width, (y + dy) / height) for dx in (0, 0.5, 1) for dy in (0, 0.5, 1)
            ]
            if any(contains(mask.polygon, point) for point in points):
                assert not image[y, x].any(), (x, y)
    for x_share, y_share in corners:
        x, y = min(int(x_share * width), width - 1), min(int(y_share * height), height - 1)
        assert not image[y, x].any()


def walk(**camera: object) -> tuple[list[str], int]:
    """What became of somebody who walks through, and how many candidates it raised."""
    pictures = [picture(seed=n) for n in range(20)]
    pictures += [picture(20 + 6 * n, seed=n) for n in range(20)]
    config = EdgeConfig.model_validate({"cameras": {CAMERA: {"kind": "stream"} | camera}})
    steps = list(play(Roll(*pictures), config, CAMERA, 5.0, FindsDarkThings()))
    return [type(step.outcome).__name__ for step in steps], sum(len(s.candidates) for s in steps)


def test_what_moves_under_a_mask_wakes_nothing_and_raises_nothing() -> None:
    without, raised = walk()
    assert raised == 1
    outcomes, none = walk(privacy_masks=[WALKED.model_dump()])
    assert none == 0
    assert outcomes.count("Analysed") < without.count("Analysed") / 2


def test_unlisted_cameras_have_the_general_masks_and_listed_ones_their_own() -> None:
    general = CameraConfig(privacy_masks=(CORNER,))
    config = EdgeConfig(
        camera_defaults=general, cameras={"gate": CameraConfig(privacy_masks=(WALKED,))}
    )
    privacy = privacy_of(config)
    assert privacy.of(CAMERA) == (WALKED,)
    assert privacy.of(CameraId("found")) == (CORNER,)


def test_the_same_name_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="privacy_masks: ids repeat"):
        CameraConfig(privacy_masks=(CORNER, CORNER))
