"""Pictures in the documents show what is there."""

from __future__ import annotations

import re
from typing import get_args

import cv2
import numpy as np

from edge.deliver.outbox_records import State
from service.documents import ROOT
from tools.build.references.picture import PICTURE, drawn

HOW_IT_WORKS = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")


def test_the_states_of_the_outbox_are_its_own() -> None:
    [diagram] = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", HOW_IT_WORKS, re.DOTALL)
    named = set(re.findall(r"\b[a-z]+(?= -->)|(?<=--> )[a-z]+", diagram))
    assert named == set(get_args(State))


def test_the_zones_are_drawn_over_the_shipped_footage() -> None:
    assert PICTURE.stat().st_size < 100_000
    shipped = cv2.imread(str(PICTURE))
    assert shipped is not None
    fresh = drawn()
    assert shipped.shape == fresh.shape
    difference = np.abs(shipped.astype(int) - fresh.astype(int))
    assert float(difference.mean()) < 6.0
