"""Pictures in the documents show what is there."""

from __future__ import annotations

import re
from typing import get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.deliver.outbox_records import State
from imaging.detections import Image
from service.documents import ROOT
from tools.build.references.picture import PICTURE, drawn, places

HOW_IT_WORKS = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")


def test_the_states_of_the_outbox_are_its_own() -> None:
    [diagram] = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", HOW_IT_WORKS, re.DOTALL)
    named = set(re.findall(r"\b[a-z]+(?= -->)|(?<=--> )[a-z]+", diagram))
    assert named == set(get_args(State))


def test_the_zones_are_drawn_over_the_shipped_footage() -> None:
    assert PICTURE.stat().st_size < 100_000
    shipped = np.asarray(cv2.imread(str(PICTURE)), np.uint8)
    fresh = drawn()
    assert shipped.shape == fresh.shape
    assert alike(shipped, fresh) > 0.8  # another processor scores otherwise, so marks differ
    outlines = places(shipped.shape)
    for picture in (shipped, fresh):
        assert resemblance(picture, outlines) > 0.5  # 0.38 where they lie 3 px aside


def alike(one: Image, other: Image) -> float:
    """Share of the pixels that differ by less than a fifth of the range."""
    return float((np.abs(one.astype(int) - other.astype(int)).max(axis=2) < 50).mean())


def resemblance(picture: Image, outlines: Image) -> float:
    """Correlation of the colours where `outlines` has lines, each against its surroundings."""
    lines = outlines.any(axis=2)
    one, other = (colour(image)[lines].ravel() for image in (picture, outlines))
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))


def colour(image: Image) -> NDArray[np.float32]:
    """(H, W, 2): the chroma less what surrounds it."""
    chroma = cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)[..., 1:].astype(np.float32)
    return np.asarray(chroma - cv2.GaussianBlur(chroma, (0, 0), 8), np.float32)
