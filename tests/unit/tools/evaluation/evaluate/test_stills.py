"""Stills: recall and false confirmations per picture."""

from tests.evaluations import PICTURES, decided, still
from tools.evaluation.evaluate.breakdown import score_stills, stills_traffic
from tools.evaluation.evaluate.score import Traffic


def test_pictures_are_counted_by_what_is_in_them_and_what_was_confirmed() -> None:
    result = score_stills(PICTURES, "person")
    assert (result.present, result.found, result.absent, result.false) == (3, 1, 2, 1)
    assert result.files_missed == ("missed.jpg", "refuted.jpg")
    assert result.files_false == ("phantom.jpg",)


def test_a_confirmed_person_is_no_vehicle_and_neither_is_a_bicycle() -> None:
    ridden = still("ridden.jpg", True, decided(0.0, label="bicycle"))
    assert score_stills((*PICTURES, ridden), "vehicle").false == 0


def test_a_class_in_no_picture_has_no_recall_interval() -> None:
    result = score_stills(PICTURES, "vehicle")
    assert result.recall().interval() is None
    assert result.false_share().interval() is not None


def test_traffic_counts_every_suspicion() -> None:
    assert stills_traffic(PICTURES) == Traffic(
        frames=6, bytes_in=6000, suspicions=4, bytes_out=1200
    )
