"""An audit: who is anywhere in the camera's whole frames and does not just stand there was missed.

The network here is a geometric one: a red upright shape is a person, a blue lying one a car, as
sure as its colour is strong. So a person of a squeezed picture is none until it is unsqueezed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import cv2
import numpy as np
import pytest

from cloud.confirm.audit import AuditFrame, evaluate_audit
from cloud.confirm.audit_views import AuditView, aspects, views_of
from cloud.confirm.decision import Stamp
from cloud.confirm.policy import Policy
from cloud.confirm.similarity import alike
from contract.report import RelativeBox, Sample
from contract.verdict import Verdict
from imaging.detections import Detections, Image
from tests.unit.cloud.reports import NOON, PixelBox, a_report, saw

STAMP = Stamp(model_sha256="a" * 64, decided_at=NOON)
SIZE = (640, 480)
PERSON: PixelBox = (200, 200, 240, 300)
AWAY: PixelBox = (440, 200, 480, 300)
CAR: PixelBox = (300, 350, 420, 410)
WHOLE: RelativeBox = (0.0, 0.0, 1.0, 1.0)
Thing = tuple[str, float, PixelBox]


def geometric(images: Sequence[Image]) -> list[Detections]:
    return [saw(*_shapes(image)) for image in images]


def _shapes(image: Image) -> list[Thing]:
    found: list[Thing] = []
    for label, channel, shape in (("person", 2, (1.6, 4.0)), ("car", 0, (0.3, 0.8))):
        others = np.delete(image, channel, axis=2).max(axis=2)
        mask = (image[..., channel].astype(int) - others > 40).astype(np.uint8)
        for outline in cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
            x, y, w, h = cv2.boundingRect(outline)
            if min(w, h) > 5 and shape[0] <= h / w <= shape[1]:
                strength = float(image[y + h // 2, x + w // 2, channel]) / 255
                found.append((label, round(strength, 2), (x, y, x + w, y + h)))
    return found


def picture(*things: Thing, size: tuple[int, int] = SIZE) -> Image:
    """A scene of grey noise, the same in each picture, with things in it."""
    grain = np.random.default_rng(3).integers(30, 160, (size[1], size[0]), np.uint8)
    image = np.repeat(cv2.blur(grain, (5, 5))[..., None], 3, axis=2).copy()
    for label, score, (x0, y0, x1, y1) in things:
        colour = [20, 20, 20]
        colour[2 if label == "person" else 0] = round(255 * score)
        image[int(y0) : int(y1), int(x0) : int(x1)] = colour
    return np.asarray(image, np.uint8)


def decided(*shots: tuple[float, Image], moved: RelativeBox = WHOLE) -> Verdict:
    report = a_report(label="motion", box=moved, audit=True, severity=0)
    taken = [
        AuditFrame(image=image, moment=NOON + timedelta(seconds=at_s)) for at_s, image in shots
    ]
    return evaluate_audit(report, taken, geometric, Policy(), STAMP)


EMPTY = picture()


def test_a_person_in_any_of_the_pictures_was_missed_wherever_the_edge_saw_motion() -> None:
    there = picture(("person", 0.8, PERSON))
    for shots in (
        [(0, EMPTY), (20, there), (40, EMPTY)],
        [(0, EMPTY), (20, EMPTY), (40, there)],
        [(40, EMPTY), (20, EMPTY), (0, there)],
    ):
        verdict = decided(*shots, moved=(0.9, 0.9, 1.0, 1.0))
        assert (verdict.decision, verdict.label, verdict.audit) == ("confirmed", "person", True)
        assert verdict.severity == 0
        (sighting,) = verdict.sightings
        expected = [x / side for x, side in zip(PERSON, SIZE * 2, strict=True)]
        assert sighting.box == pytest.approx(expected, abs=0.01)
    assert verdict.reasons == ("missed: person 0.80 in 3 pictures, limit 0.35",)


def test_what_stands_at_one_place_from_first_to_last_is_no_miss_and_is_named() -> None:
    parked = picture(("car", 0.9, CAR), ("person", 0.8, AWAY))
    verdict = decided((0, parked), (20, parked), (40, parked))
    assert verdict.decision == "refuted"
    assert verdict.reasons[0] == "no person or vehicle that does not just stand there in 3 pictures"
    assert verdict.reasons[1].count("car 0.90") == 3


def test_a_car_that_arrives_leaves_or_passes_was_missed() -> None:
    parked = picture(("car", 0.9, CAR))
    elsewhere = picture(("car", 0.9, (60, 350, 180, 410)))
    assert decided((0, EMPTY), (20, parked), (40, parked)).decision == "confirmed"
    assert decided((0, parked), (20, parked), (40, EMPTY)).decision == "confirmed"
    assert decided((0, EMPTY), (20, parked), (40, EMPTY)).decision == "confirmed"
    assert decided((0, parked), (40, elsewhere)).decision == "confirmed"


def test_a_standing_thing_that_is_seen_less_surely_at_another_time_still_stands() -> None:
    faint, sure = picture(("person", 0.25, AWAY)), picture(("person", 0.6, AWAY))
    assert decided((0, faint), (20, sure), (40, faint)).decision == "refuted"


def test_a_person_who_walks_in_front_of_standing_cars_was_missed() -> None:
    parked = picture(("car", 0.9, CAR))
    both = picture(("car", 0.9, CAR), ("person", 0.7, PERSON))
    verdict = decided((0, parked), (20, both), (40, parked))
    assert (verdict.decision, verdict.label, verdict.score) == ("confirmed", "person", 0.7)


def test_a_missed_person_is_named_before_a_car_that_is_seen_more_surely() -> None:
    both = decided((0, EMPTY), (10, picture(("car", 0.95, CAR), ("person", 0.6, PERSON))))
    assert both.label == "person"
    assert both.score == pytest.approx(0.6, abs=0.02)
    assert {one.label for one in both.sightings} == {"person", "car"}


def test_of_one_moment_a_person_was_missed_and_a_vehicle_only_where_something_moved() -> None:
    image = picture(("car", 0.9, CAR))
    at_car: RelativeBox = (0.4, 0.7, 0.7, 0.9)
    assert decided((0, picture(("person", 0.8, PERSON)))).decision == "confirmed"
    assert decided((0, image), moved=at_car).decision == "confirmed"
    assert decided((0, image), moved=(0.0, 0.0, 0.2, 0.2)).decision == "refuted"
    assert decided((0, image), moved=WHOLE).decision == "refuted"
    assert decided((0, image), (1, image), moved=WHOLE).decision == "refuted"


def test_what_is_under_the_limit_or_watched_by_nobody_was_not_missed() -> None:
    faint = picture(("person", 0.3, PERSON))
    assert decided((0, EMPTY), (20, faint), (40, EMPTY)).decision == "refuted"
    report = a_report(audit=True)
    shots = [AuditFrame(image=EMPTY, moment=NOON + timedelta(seconds=t)) for t in (0, 20)]
    dogs = evaluate_audit(
        report, shots, lambda images: [saw(("dog", 0.9, PERSON))] * len(images), Policy(), STAMP
    )
    assert dogs.decision == "refuted"


def test_what_is_of_a_group_that_was_told_was_not_missed() -> None:
    both = picture(("car", 0.9, CAR), ("person", 0.7, PERSON))
    report = a_report(label="motion", audit=True)
    shots = [
        AuditFrame(image=image, moment=NOON + timedelta(seconds=at_s))
        for at_s, image in ((0, EMPTY), (20, both), (40, EMPTY))
    ]
    for told, missed in (
        ((), {"car", "person"}),
        (("person",), {"car"}),
        (("vehicle",), {"person"}),
    ):
        partly = report.model_copy(
            update={"sample": Sample(kind="partly", share=1.0, reported=told)}
        )
        verdict = evaluate_audit(partly, shots, geometric, Policy(), STAMP)
        assert {one.label for one in verdict.sightings} == missed


@pytest.mark.parametrize("across", [0.5, 2.0])
def test_a_person_in_a_squeezed_picture_is_found_and_boxed_as_it_came(across: float) -> None:
    scene = picture(("person", 0.8, (300, 100, 360, 240)), size=(960, 540))
    width = round(960 * across)
    squeezed = np.asarray(cv2.resize(scene, (width, 540), interpolation=cv2.INTER_AREA), np.uint8)
    assert geometric([squeezed])[0].labels == ()
    still = np.asarray(cv2.resize(picture(size=(960, 540)), (width, 540)), np.uint8)
    verdict = decided((0, still), (20, squeezed), (40, still))
    assert verdict.decision == "confirmed"
    assert verdict.sightings[0].box == pytest.approx(
        (300 / 960, 100 / 540, 360 / 960, 240 / 540), abs=0.01
    )


@pytest.mark.parametrize(
    ("size", "first", "others"),
    [
        ((640, 360), 1.0, set()),
        ((640, 480), 1.0, {4 / 3}),
        ((960, 1088), 2.0, {1.0}),
        ((704, 240), 0.5, {1.0}),
        ((352, 288), 1.0, {4 / 3}),
        ((360, 640), 1.0, set()),
        ((2560, 720), 0.5, {1.0}),
    ],
)
def test_the_likeliest_shape_of_pixels_comes_first_and_square_ones_are_always_tried(
    size: tuple[int, int], first: float, others: set[float]
) -> None:
    shapes = aspects(*size)
    assert shapes[0] == first
    assert others <= set(shapes)
    assert 1.0 in shapes
    assert len(shapes) <= 4


def test_every_place_is_in_a_tile_with_what_is_around_it() -> None:
    looks = views_of(640, 480)
    tiles = [look.region for look in looks if look.region != (0, 0, 640, 480)]
    assert len(tiles) == 4
    for x0 in range(0, 640 - 100, 20):
        for y0 in range(0, 480 - 80, 20):
            assert any(
                left <= x0 and top <= y0 and x0 + 100 <= right and y0 + 80 <= bottom
                for left, top, right, bottom in tiles
            )


@pytest.mark.parametrize("aspect", [1.0, 2.0, 0.5, 4 / 3])
def test_what_a_look_finds_is_placed_in_the_picture(aspect: float) -> None:
    scene = picture(("person", 0.8, PERSON))
    look = AuditView((150, 120, 350, 320), aspect)
    shown = look.of(scene)
    mask = (shown[..., 2].astype(int) - shown[..., 0] > 40).astype(np.uint8)
    x, y, w, h = cv2.boundingRect(mask)
    found = saw(("person", 0.8, (x, y, x + w, y + h)))
    assert look.placed(found, scene).boxes[0] == pytest.approx(PERSON, abs=2.0)


def test_a_place_is_alike_under_other_light_and_not_with_somebody_in_it() -> None:
    darker = np.asarray(EMPTY * 0.7 + 10, np.uint8)
    assert alike(EMPTY, darker, PERSON)
    assert not alike(EMPTY, picture(("person", 0.8, PERSON)), PERSON)
    assert not alike(EMPTY, EMPTY, (700, 500, 720, 520))
    flat = np.full((480, 640, 3), 90, np.uint8)
    assert not alike(flat, flat, PERSON)
