"""What a replayed frame shows: boxes in the colour of their state, black where nobody may look."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contract.ids import CameraId
from edge.config.schema import CameraConfig, EdgeConfig
from edge.records import Quiet
from edge.replay import drawing
from edge.replay.annotations import AMBER, GREY, RED, marks
from edge.replay.drawing import DrawnBox, Scale
from edge.replay.overlay import BANNER_S, Overlay
from edge.replay.player import ReplayStep, play
from imaging.detections import Image
from tests.unit.edge.rolls import Roll
from tests.unit.edge.scenes import FindsDarkThings, picture

CAMERA = CameraId("yard")
WALK = Roll(
    *[picture(seed=n) for n in range(20)],
    *[picture(20 + 6 * n, seed=n) for n in range(20)],
    *[picture(seed=n) for n in range(3)],
)
FPS = 5.0
SIZE = (320, 240)


def steps(
    rule: dict[str, object] | None = None, **camera: object
) -> tuple[list[ReplayStep], CameraConfig]:
    rules = [{"id": "person", "labels": ["person"]} | (rule or {})]
    config = EdgeConfig.model_validate(
        {"decide": {"rules": rules}, "cameras": {CAMERA: {"kind": "stream"} | camera}}
    )
    return list(play(WALK, config, CAMERA, FPS, FindsDarkThings())), config.cameras[CAMERA]


def drawn(played: list[ReplayStep], settings: CameraConfig) -> list[Image]:
    overlay = Overlay(settings)
    images = []
    for step in played:
        overlay.add(step)
        image = overlay.frame(step)
        assert image is not None
        images.append(image)
    return images


def test_who_is_held_back_is_amber_with_the_check_and_its_limit_and_then_red() -> None:
    played, _ = steps()
    raised = next(n for n, step in enumerate(played) if step.candidates)
    (before,) = (one for one in marks(played[raised - 1], {}, SIZE) if one.colour == AMBER)
    assert before.words[0].startswith("#1 person 0.80")
    assert before.words[1] == "min_travel 0.10 < 0.20"
    (alarmed,) = (one for one in marks(played[raised], {}, SIZE) if one.colour == RED)
    assert alarmed.words[1] == "person ALARM"
    assert alarmed.box == played[raised].candidates[0].suspicion.box
    later = [one for one in marks(played[raised + 2], {}, SIZE) if one.colour == RED]
    assert later[0].words[1].startswith("cooldown_s 0.40 < 10.00")


def test_the_box_is_drawn_where_the_thing_is_and_the_banner_stays_three_seconds() -> None:
    played, settings = steps()
    images = drawn(played, settings)
    raised = next(n for n, step in enumerate(played) if step.candidates)
    x0, y0, _, y1 = played[raised].candidates[0].suspicion.box
    assert images[raised].shape[1] == 960  # of 320
    across = 3.0
    side = images[raised][int(y0 * across) : int(y1 * across), round(x0 * across)]
    assert (side == RED).all(axis=1).mean() > 0.8
    banners = [bool((image[2, 900] == RED).all()) for image in images]
    assert banners.index(True) == raised
    assert sum(banners) == min(BANNER_S * FPS, len(played) - raised)


def test_a_thing_that_was_not_looked_for_is_grey() -> None:
    played, _ = steps()
    gone = [step for step in played if step.tracks and step.tracks[0].seen_at_s < step.t]
    assert gone
    for step in gone:
        assert GREY in [one.colour for one in marks(step, {}, SIZE)]


def test_no_pixel_under_a_privacy_mask_is_shown_in_a_quiet_frame_either() -> None:
    hidden = {"id": "window", "polygon": [[0.5, 0.2], [0.8, 0.2], [0.8, 0.6], [0.5, 0.6]]}
    played, settings = steps(privacy_masks=[hidden])
    images = drawn(played, settings)
    quiet = [
        image[int(0.25 * 720) : int(0.55 * 720), int(0.55 * 960) : int(0.75 * 960)]
        for step, image in zip(played, images, strict=True)
        if isinstance(step.outcome, Quiet) and not step.tracks
    ]
    assert quiet
    assert all(inside.max() == 0 for inside in quiet)


def test_drawing_leaves_the_pixels_that_are_evaluated_alone() -> None:
    played, settings = steps()
    before = [step.outcome.image.copy() for step in played if hasattr(step.outcome, "image")]
    drawn(played, settings)
    after = [step.outcome.image for step in played if hasattr(step.outcome, "image")]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_picture_that_is_an_alarm_by_itself_has_a_red_box() -> None:
    played, _ = steps(kind="snapshot")
    shown = [step for step in played if step.candidates]
    assert shown
    for step in shown:
        (alarmed,) = (one for one in marks(step, {}, SIZE) if one.colour == RED)
        assert alarmed.box == step.candidates[0].suspicion.box
        assert alarmed.words == ("person person",)


@given(
    width=st.integers(1, 5000),
    height=st.integers(1, 5000),
    aspect=st.sampled_from([0.5, 1.0, 12 / 11, 2.0]),
)
def test_a_picture_is_shown_in_an_even_size_that_fits(
    width: int, height: int, aspect: float
) -> None:
    wide, high = drawing.shown_size(width, height, aspect, (960, 1280))
    assert wide % 2 == high % 2 == 0
    assert 2 <= wide <= 1280
    assert 2 <= high <= 1280


corner = st.floats(-500, 1500)


@given(
    boxes=st.lists(st.tuples(corner, corner, corner, corner), max_size=12),
    style=st.sampled_from(["full", "thin", "corners"]),
)
def test_wherever_a_box_lies_it_can_be_drawn(
    boxes: list[tuple[float, float, float, float]], style: str
) -> None:
    image = np.zeros((90, 160, 3), np.uint8)
    words = ("#1 person 0.80", "min_travel 0.10 < 0.20")
    some = [DrawnBox(box, RED, words, style) for box in boxes]  # type: ignore[arg-type] # sampled
    drawing.draw(image, some, Scale(0.5, 0.5))
    assert image.shape == (90, 160, 3)
    assert image.any() or not boxes
