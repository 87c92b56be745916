"""Average precision: one true box, one hit, and the order of the scores is all that counts."""

import numpy as np
import pytest

from imaging.detections import Detections, no_detections
from tools.build.models.accuracy import average_precision

PERSON = frozenset({"person"})
LEFT, RIGHT, NOWHERE = (0, 0, 10, 20), (50, 0, 60, 20), (200, 200, 210, 220)
Row = tuple[tuple[int, int, int, int], float]


def seen(*rows: Row, label: str = "person") -> Detections:
    return Detections(
        boxes=np.array([box for box, _ in rows], np.float32).reshape(-1, 4),
        scores=np.array([score for _, score in rows], np.float32),
        labels=(label,) * len(rows),
    )


def ap(found: Detections, true: Detections) -> float:
    return average_precision([(found, true)], PERSON).average


TRUE = seen((LEFT, 1.0), (RIGHT, 1.0))


def test_what_is_found_exactly_scores_one() -> None:
    assert ap(seen((LEFT, 0.9), (RIGHT, 0.3)), TRUE) == 1.0


def test_half_of_the_boxes_found_scores_a_half() -> None:
    assert ap(seen((LEFT, 0.9)), TRUE) == pytest.approx(51 / 101)


def test_a_false_box_hurts_only_what_is_scored_below_it() -> None:
    faint = seen((LEFT, 0.9), (RIGHT, 0.8), (NOWHERE, 0.1))
    loud = seen((NOWHERE, 0.95), (LEFT, 0.9), (RIGHT, 0.8))
    assert ap(faint, TRUE) == 1.0
    assert ap(loud, TRUE) == pytest.approx(2 / 3)


def test_a_second_box_on_the_same_person_is_false() -> None:
    assert ap(seen((LEFT, 0.9), (LEFT, 0.8), (RIGHT, 0.7)), TRUE) == pytest.approx(
        (51 + 50 * 2 / 3) / 101
    )


def test_another_label_is_another_thing() -> None:
    assert ap(seen((LEFT, 0.9), label="dog"), TRUE) == 0.0


def test_labels_of_a_group_are_taken_for_each_other() -> None:
    found, true = seen((LEFT, 0.9), label="car"), seen((LEFT, 1.0), label="truck")
    got = average_precision([(found, true)], frozenset({"car", "truck"}))
    assert (got.average, got.true) == (1.0, 1)


def test_nothing_found_or_nothing_there_scores_nothing() -> None:
    assert ap(no_detections(), TRUE) == 0.0
    assert ap(seen((LEFT, 0.9)), no_detections()) == 0.0
    assert average_precision([], PERSON).true == 0


def test_scores_are_ranked_over_all_pictures() -> None:
    good = (seen((LEFT, 0.5)), seen((LEFT, 1.0)))
    bad = (seen((NOWHERE, 0.9)), no_detections())
    assert average_precision([good, bad], PERSON).average == pytest.approx(0.5)
