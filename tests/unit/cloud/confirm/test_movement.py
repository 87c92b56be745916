"""A vehicle that drives has left its place in later pictures; one that stands has not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import cv2
import numpy as np
import pytest

from cloud.confirm.decision import Stamp, confirm
from cloud.confirm.matching import EvidenceView, PictureDetections
from cloud.confirm.movement import movement_in
from cloud.confirm.policy import Policy
from contract.report import RelativeBox, ThreatReport
from contract.verdict import Verdict
from imaging.detections import Image
from tests.unit.cloud.reports import NOON, a_ref, a_report, saw

POLICY = Policy()
STAMP = Stamp(model_sha256="a" * 64, decided_at=NOON)
WIDTH, HEIGHT = 400, 300
CAR, PERSON = (80, 50), (24, 70)
Place = tuple[int, int]
PARKED: Place = (120, 100)
NEIGHBOUR: Place = (210, 100)


def cloth(seed: int, size: tuple[int, int]) -> Image:
    """Something with a pattern of its own, as cars, people and tarmac have."""
    width, height = size
    drawn = np.random.default_rng(seed).integers(0, 256, (height // 5, width // 5, 3))
    return np.asarray(cv2.resize(drawn.astype(np.uint8), size), np.uint8)


def scene(*cars: Place, person: Place | None = None) -> Image:
    """A yard with these cars, each of a pattern of its own, and perhaps somebody before them."""
    image = cloth(1, (WIDTH, HEIGHT))
    things = [(place, CAR, 10 + n) for n, place in enumerate(cars)]
    for (x, y), size, seed in [*things, *([(person, PERSON, 2)] if person else [])]:
        image[y : y + size[1], x : x + size[0]] = cloth(seed, size)
    return image


@dataclass(frozen=True)
class Seen:
    """A picture `seconds` after the report, in which the track's box is at `at`."""

    seconds: float
    image: Image
    at: Place | None = PARKED
    label: str = "car"
    score: float = 0.6


def view(one: Seen) -> EvidenceView:
    x, y = one.at or PARKED
    box = (x, y, x + CAR[0], y + CAR[1])
    found = saw((one.label, one.score, box)) if one.at else saw()
    place: RelativeBox = (box[0] / WIDTH, box[1] / HEIGHT, box[2] / WIDTH, box[3] / HEIGHT)
    return EvidenceView(
        seen=PictureDetections(detections=found, width=WIDTH, height=HEIGHT),
        moment=NOON + timedelta(seconds=one.seconds),
        close=True,
        place=place,
        image=one.image,
    )


def report(displacement: float = 0.2, label: str = "car") -> ThreatReport:
    evidence = (a_ref(size=(WIDTH, HEIGHT)),)
    return a_report(label=label, displacement=displacement, evidence=evidence)


def decided(*seen: Seen, displacement: float = 0.2, label: str = "car") -> Verdict:
    views = [view(one) for one in seen]
    return confirm(report(displacement, label), views, (), POLICY, STAMP)


def asked(*seen: Seen) -> bool:
    return movement_in(report(), [view(one) for one in seen], POLICY.min_iou).open


STANDING = scene(PARKED, NEIGHBOUR)
BEFORE, ALSO_BEFORE = Seen(-2.0, STANDING), Seen(-1.5, STANDING)


def test_one_that_stands_where_it_stood_is_refuted_however_well_it_is_seen() -> None:
    verdict = decided(BEFORE, ALSO_BEFORE, Seen(1.5, STANDING), displacement=2.8)
    assert verdict.decision == "refuted"
    assert verdict.reasons[0] == (
        "car 0.60 stands: its place looks the same in pictures 3.5 s apart"
    )


@pytest.mark.parametrize("person", [(115, 90), (145, 90), (180, 95)])
def test_somebody_who_walks_past_does_not_make_it_drive(person: Place) -> None:
    walked_past = scene(PARKED, NEIGHBOUR, person=person)
    assert decided(Seen(-2.0, walked_past), Seen(1.5, STANDING)).decision == "refuted"
    assert decided(BEFORE, Seen(1.5, walked_past)).decision == "refuted"


def test_a_box_that_hops_to_a_neighbour_is_no_way_of_the_first() -> None:
    hop = Seen(1.5, STANDING, NEIGHBOUR)
    assert movement_in(report(), [view(BEFORE), view(hop)], POLICY.min_iou).way == 0.0
    assert decided(BEFORE, hop, displacement=1.1).decision == "refuted"


def test_a_box_that_hops_while_somebody_hides_the_first_is_no_way_either() -> None:
    hidden = scene(PARKED, NEIGHBOUR, person=None)
    hidden[95:165, 115:205] = cloth(3, (90, 70))
    hop = Seen(-1.0, hidden, NEIGHBOUR)
    said = movement_in(report(), [view(BEFORE), view(hop)], POLICY.min_iou)
    assert (said.way, said.stood_for) == (0.0, timedelta(seconds=1))


def test_one_that_has_left_its_place_drives_and_takes_the_limit_of_what_drives() -> None:
    first = Seen(-0.5, scene(PARKED), score=0.4)
    left = Seen(1.5, scene((200, 100)), (200, 100), score=0.4)
    assert decided(first, left).decision == "confirmed"
    assert decided(first).decision == "refuted"


def test_one_that_is_gone_is_confirmed_by_what_was_seen_of_it() -> None:
    assert decided(BEFORE, ALSO_BEFORE).decision == "confirmed"
    gone = Seen(1.5, scene(), None)
    assert not movement_in(report(), [view(BEFORE), view(gone)], POLICY.min_iou).stands


def test_a_track_that_drifts_off_onto_the_tarmac_does_not_make_it_stand() -> None:
    passed = Seen(-0.5, scene((200, 100)), (200, 100))
    x, y = 300, 220
    place: RelativeBox = (x / WIDTH, y / HEIGHT, (x + CAR[0]) / WIDTH, (y + CAR[1]) / HEIGHT)
    drifted = replace(view(Seen(1.5, scene(), None)), place=place)
    said = movement_in(report(), [view(BEFORE), view(passed), drifted], POLICY.min_iou)
    assert not said.stands
    assert not movement_in(report(), [view(BEFORE), drifted], POLICY.min_iou).stands


def test_one_that_came_and_stopped_is_not_where_the_first_picture_shows_it() -> None:
    arriving = Seen(-2.0, scene((40, 200)), (40, 200))
    assert decided(arriving, Seen(0.5, STANDING), Seen(2.0, STANDING)).decision == "confirmed"


def test_one_more_picture_is_needed_where_all_are_from_before_the_report() -> None:
    assert asked(BEFORE, ALSO_BEFORE)
    assert not asked(BEFORE, ALSO_BEFORE, Seen(1.5, STANDING))
    assert not asked(Seen(-2.0, scene((40, 200)), (40, 200)), ALSO_BEFORE)
    assert not asked(BEFORE)


def test_pictures_less_than_a_second_apart_tell_nothing() -> None:
    soon = (Seen(-0.3, STANDING), Seen(0.4, STANDING))
    assert decided(*soon).decision == "confirmed"
    assert asked(*soon)


def test_a_picture_that_does_not_show_its_place_tells_nothing() -> None:
    cut = view(Seen(1.5, cloth(9, (200, HEIGHT)), None))
    away = EvidenceView(
        seen=PictureDetections(detections=saw(), width=200, height=HEIGHT),
        moment=cut.moment,
        close=True,
        region=(0.5, 0.0, 1.0, 1.0),
        place=(0.6, 0.3, 0.8, 0.5),
        image=cut.image,
    )
    said = movement_in(report(), [view(BEFORE), away], POLICY.min_iou)
    assert (said.way, said.stood_for) == (0.0, None)


def test_people_may_stand_still() -> None:
    still = (Seen(-2.0, STANDING, label="person"), Seen(1.5, STANDING, label="person"))
    assert decided(*still, label="person").decision == "confirmed"
