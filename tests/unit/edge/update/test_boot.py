"""What a start comes up with, whatever it finds of an update."""

from pathlib import Path

import pytest

from edge.config.live import keep
from edge.config.load import load
from edge.update.boot import begin_updated, begin_without
from edge.update.machine import MOST_STARTS, UpdateStage
from edge.update.patches import model_folder
from edge.update.store import Attempt, KeptUpdate, UpdateRecord, UpdateStore
from imaging.manifest import CHECKOUT_MODELS
from tests.contract.orders import AT

OLD, NEW = "detect: {min_score: 0.3}", "detect: {min_score: 0.4}"
BAD = "detect: {min_score: 7}"
APPLIED = KeptUpdate(version=1, digest="a" * 64, content=OLD)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "edge.yaml"
    path.write_text(f"deliver: {{outbox: {{path: {tmp_path / 'outbox'}}}}}")
    return path


def store(file: Path) -> UpdateStore:
    return UpdateStore(file.parent / "outbox", "config")


def leave(file: Path, state: UpdateStage, content: str = NEW, starts: int = 0) -> None:
    """What a daemon left that was killed in that state."""
    attempt = Attempt(
        version=2, digest="b" * 64, content=content, state=state, at=AT, starts=starts
    )
    store(file).write(UpdateRecord(applied=APPLIED, attempt=attempt))


def score(file: Path) -> float:
    return begin_updated(file, {}).loaded.config.detect.min_score


def state(file: Path) -> UpdateStage:
    attempt = store(file).read().attempt
    assert attempt is not None
    return attempt.state


def test_without_updates_the_file_is_in_force(file: Path) -> None:
    assert begin_updated(file, {}).loaded == load(file, {})
    assert not (file.parent / "outbox").exists()


@pytest.mark.parametrize(
    "stage", [UpdateStage.VERIFIED, UpdateStage.VALIDATED, UpdateStage.PLANNED, UpdateStage.BUILT]
)
def test_killed_before_the_swap_the_old_one_comes_up_and_the_update_begins_anew(
    file: Path, stage: UpdateStage
) -> None:
    leave(file, stage)
    assert score(file) == pytest.approx(0.3)
    assert state(file) is UpdateStage.VERIFIED


@pytest.mark.parametrize("stage", [UpdateStage.SWAPPED, UpdateStage.IN_WINDOW])
def test_killed_after_the_swap_the_new_one_comes_up_and_is_watched_anew(
    file: Path, stage: UpdateStage
) -> None:
    leave(file, stage)
    assert score(file) == pytest.approx(0.4)
    assert state(file) is UpdateStage.SWAPPED


@pytest.mark.parametrize(
    ("stage", "end"),
    [
        (UpdateStage.IN_WINDOW, UpdateStage.ROLLED_BACK),
        (UpdateStage.BUILT, UpdateStage.REJECTED),
    ],
)
def test_an_update_that_ends_the_daemon_again_and_again_goes(
    file: Path, stage: UpdateStage, end: UpdateStage
) -> None:
    leave(file, stage)
    for _ in range(MOST_STARTS - 1):
        score(file)
        assert state(file) is not end
    assert score(file) == pytest.approx(0.3)
    assert state(file) is end
    attempt = store(file).read().attempt
    assert attempt is not None
    assert attempt.refusal == "crashes"
    assert score(file) == pytest.approx(0.3)


def test_one_that_no_longer_fits_the_file_is_rolled_back_at_once(file: Path) -> None:
    leave(file, UpdateStage.IN_WINDOW, BAD)
    assert score(file) == pytest.approx(0.3)
    assert state(file) is UpdateStage.ROLLED_BACK


def test_one_whose_parts_cannot_be_built_at_a_start_is_rolled_back(file: Path) -> None:
    leave(file, UpdateStage.IN_WINDOW)
    begin_updated(file, {})
    before = begin_without(file, {}, "no such model")
    assert before is not None
    assert before.loaded.config.detect.min_score == pytest.approx(0.3)
    assert state(file) is UpdateStage.ROLLED_BACK
    assert begin_without(file, {}, "no such model") is None


def test_with_a_file_that_is_broken_too_the_last_good_one_comes_up(file: Path) -> None:
    keep(load(file, {}, [OLD]))
    leave(file, UpdateStage.APPLIED)
    file.write_text(f"{file.read_text()}\nnonsense: 1")
    start = begin_updated(file, {})
    assert start.loaded.config.detect.min_score == pytest.approx(0.3)
    assert "nonsense" in str(start.refused[0])


def test_a_damaged_record_is_set_aside_and_the_last_good_one_comes_up(file: Path) -> None:
    keep(load(file, {}, [OLD]))
    leave(file, UpdateStage.APPLIED)
    record = file.parent / "outbox/updates/config.json"
    record.write_bytes(record.read_bytes().replace(b"0.4", b"0.9"))
    start = begin_updated(file, {})
    assert start.loaded.config.detect.min_score == pytest.approx(0.3)
    assert "damaged" in str(start.refused[0])
    assert record.with_name("config.json.corrupt-1").exists()
    assert begin_updated(file, {}).loaded == load(file, {})


def leave_model(file: Path, stage: UpdateStage, *, applied: bool = False) -> KeptUpdate:
    """An ordered model, the shipped one of the smaller size, in that state."""
    model = KeptUpdate(version=3, digest="c" * 64, content="{}")
    folder = model_folder(file.parent / "outbox", model)
    folder.parent.mkdir(parents=True)
    folder.symlink_to(CHECKOUT_MODELS / "nanodet-g-320-int8")
    attempt = Attempt(**model.model_dump(), state=stage, at=AT)
    record = UpdateRecord(applied=model if applied else None, attempt=attempt)
    UpdateStore(file.parent / "outbox", "model").write(record)
    return model


def model_in_force(file: Path) -> str:
    return begin_updated(file, {}).loaded.config.detect.model


def test_a_model_comes_into_force_beside_a_configuration(file: Path) -> None:
    leave(file, UpdateStage.APPLIED)
    model = leave_model(file, UpdateStage.IN_WINDOW)
    assert model_in_force(file) == str(model_folder(file.parent / "outbox", model))
    assert score(file) == pytest.approx(0.3)
    assert model_in_force(file) == "nanodet-g-416-int8"  # the third start


def test_a_model_that_no_longer_opens_is_withdrawn_and_the_configuration_stays(file: Path) -> None:
    leave(file, UpdateStage.APPLIED)
    leave_model(file, UpdateStage.APPLIED, applied=True)
    assert "updates/models/" in model_in_force(file)
    before = begin_without(file, {}, "its file is damaged")
    assert before is not None
    assert before.loaded.config.detect.model == "nanodet-g-416-int8"
    assert before.loaded.config.detect.min_score == pytest.approx(0.3)
    assert model_in_force(file) == "nanodet-g-416-int8"
    record = UpdateStore(file.parent / "outbox", "model").read()
    assert record.applied is None
    assert record.attempt is not None
    assert record.attempt.reasons == ("its file is damaged",)


def test_what_is_rolled_back_is_the_model_that_no_longer_opens_and_no_order_after_it(
    file: Path,
) -> None:
    model = leave_model(file, UpdateStage.APPLIED, applied=True)
    models = UpdateStore(file.parent / "outbox", "model")
    later = Attempt(version=4, digest="d" * 64, content="{}", state=UpdateStage.REJECTED, at=AT)
    models.write(UpdateRecord(applied=model, attempt=later))
    assert begin_without(file, {}, "its file is damaged") is not None
    attempt = models.read().attempt
    assert attempt is not None
    assert (attempt.version, attempt.state) == (3, UpdateStage.ROLLED_BACK)
    assert attempt.at > AT, "when that was"
