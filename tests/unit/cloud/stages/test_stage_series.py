"""Counting threats over time, and the drawing of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cloud.stages.drawing import MOST_DEVICES, draw
from cloud.stages.series import ConfirmedKinds, as_csv, bin_width_s, count
from contract.labels import Group
from tests.unit.cloud.stages.archives import NOON

NOBODY: frozenset[Group] = frozenset()
PERSON: frozenset[Group] = frozenset({"person"})
BOTH: frozenset[Group] = frozenset({"person", "vehicle"})


def test_a_picture_counts_once_as_a_threat_and_once_per_kind() -> None:
    shown = [
        ConfirmedKinds("gate", NOON, BOTH),
        ConfirmedKinds("gate", NOON + 60, PERSON),
        ConfirmedKinds("gate", NOON + 61, NOBODY),
        ConfirmedKinds("yard", NOON + 300, NOBODY),
    ]
    assert as_csv(count(shown, 300)).splitlines() == [
        "device,starts_at,pictures,threats,person,vehicle,animal",
        "gate,2024-05-01T12:00:00Z,3,2,2,1,0",
        "yard,2024-05-01T12:05:00Z,1,0,0,0,0",
    ]


@pytest.mark.parametrize(
    ("span_s", "step_s"),
    [(0, 300), (3 * 3600, 300), (3 * 3600 + 1, 3600), (86_400 * 3, 3600), (86_400 * 4, 86_400)],
)
def test_the_step_follows_the_span(span_s: int, step_s: int) -> None:
    assert (
        bin_width_s(
            [ConfirmedKinds("gate", NOON, NOBODY), ConfirmedKinds("a", NOON + span_s, NOBODY)]
        )
        == step_s
    )


def test_a_drawing_shows_its_colours_and_is_the_same_each_time() -> None:
    steps = count(
        [ConfirmedKinds("gate", NOON, PERSON), ConfirmedKinds("gate", NOON + 900, NOBODY)], 300
    )
    png = draw(steps, 300)
    assert png == draw(steps, 300)
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR).reshape(-1, 3)
    red = np.array((0x28, 0x28, 0xC6), np.uint8)
    assert (pixels == red).all(axis=1).sum() > 500


def test_many_devices_and_none_can_be_drawn() -> None:
    many = [
        ConfirmedKinds(f"d{number}", NOON + number, PERSON) for number in range(MOST_DEVICES + 3)
    ]
    for shown in (many, []):
        assert draw(count(shown, 300), 300).startswith(b"\x89PNG")
