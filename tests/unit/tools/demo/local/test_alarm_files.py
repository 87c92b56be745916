"""Pictures of decisions: the right evidence, boxes where they belong, and a bounded folder."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from contract.verdict import Sighting
from objectstore.open import open_store
from objectstore.store import ObjectStore
from tests.unit.cloud.reports import a_ref, a_report
from tests.verdicts import verdict_on
from tools.demo.local import alarm_files
from tools.demo.local.alarm_files import AlarmFiles, draw, evidence_of
from tools.demo.local.collector import Decided
from tools.demo.local.console import notification

SEEN = Sighting(label="person", score=0.81, box=(0.4, 0.4, 0.58, 0.7))
ELSEWHERE = Sighting(label="dog", score=0.5, box=(0.1, 0.5, 0.3, 0.9))


def jpeg() -> bytes:
    return cv2.imencode(".jpg", np.full((480, 640, 3), 90, np.uint8))[1].tobytes()


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    store = open_store(f"dir:{tmp_path / 'store'}")
    store.put_if_absent(a_ref(jpeg()).key, jpeg(), "image/jpeg")
    return store


@pytest.fixture
def decision() -> Decided:
    report = a_report(evidence=(a_ref(jpeg()),))
    return Decided(report, verdict_on(report).model_copy(update={"sightings": (SEEN, ELSEWHERE)}))


def test_suspicion_and_sightings_are_drawn_where_they_were_seen(decision: Decided) -> None:
    plain = np.full((480, 640, 3), 90, np.uint8)
    drawn = draw(plain, decision)
    assert (plain == 90).all()
    assert tuple(drawn[250, 371]) == alarm_files.SIGHTED["confirmed"]
    assert tuple(drawn[300, 384]) == alarm_files.SUSPECTED
    assert tuple(drawn[300, 64]) == alarm_files.ELSEWHERE


def test_the_picture_lies_in_the_folder_under_a_telling_name(
    tmp_path: Path, store: ObjectStore, decision: Decided
) -> None:
    path = AlarmFiles(tmp_path, store).add(decision)
    assert path is not None
    assert path.name == "120000-gate-person-1-1-0-confirmed.jpg"
    assert cv2.imread(str(path)).shape == (480, 640, 3)


def test_missing_evidence_gives_no_picture(tmp_path: Path, store: ObjectStore) -> None:
    report = a_report(evidence=(a_ref(b"never stored"),))
    assert AlarmFiles(tmp_path, store).add(Decided(report, verdict_on(report))) is None


def test_the_oldest_picture_gives_way(
    tmp_path: Path, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarm_files, "MAX_PICTURES", 2)
    folder = tmp_path / "alarms"
    folder.mkdir()
    files = AlarmFiles(folder, store)
    for track in range(3):
        report = a_report(track=track, evidence=(a_ref(jpeg()),))
        files.add(Decided(report, verdict_on(report)))
    assert [path.name[19:24] for path in sorted(folder.iterdir())] == ["1-1-0", "1-2-0"]


def test_the_frame_that_the_verdict_names_is_shown() -> None:
    refs = (a_ref(b"crop", "crop"), a_ref(b"best", "best"), a_ref(b"later", "context"))
    report = a_report(evidence=refs)
    verdict = verdict_on(report)
    assert evidence_of(report, verdict) == refs[1]
    named = verdict.model_copy(update={"evidence_key": refs[2].key})
    assert evidence_of(report, named) == refs[2]


def test_alarms_stand_out_in_their_line(decision: Decided) -> None:
    assert notification(decision, "where.jpg").startswith("ALARM")
    refuted = Decided(decision.report, verdict_on(decision.report, "refuted"))
    assert "ALARM" not in notification(refuted, "where.jpg")
