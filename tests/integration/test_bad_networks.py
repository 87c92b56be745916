"""Real networks that give no numbers, or never end, are refused before they are used."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge.update.model_preparation import ModelPlace, ModelPreparation
from edge.update.patches import model_folder
from edge.update.store import KeptUpdate
from imaging.manifest import ModelError
from objectstore.store_dir import DirectoryStore
from service.clock import SystemClock
from tests.contract.orders import MODEL_ORDER
from tests.integration import bad_networks
from tests.unit.edge.update.test_model_preparation import prepared

pytestmark = pytest.mark.slow

SOON_S = 30.0
"""Many times what a good one takes on an idle machine."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("networks")


def kept(folder: Path, made: Path, fault: bad_networks.Fault) -> KeptUpdate:
    """An order for it, whose files are in the folder's store."""
    file, manifest = bad_networks.put(made, fault, DirectoryStore(folder / "store"))
    order = MODEL_ORDER.model_copy(update={"manifest": manifest, "files": (file,)})
    return KeptUpdate(version=1, digest="a" * 64, content=order.model_dump_json())


def place(folder: Path, trial_s: float = 120.0) -> ModelPlace:
    return ModelPlace(folder, lambda: DirectoryStore(folder / "store"), trial_s)


def test_the_good_twin_is_taken(tmp_path: Path, made: Path) -> None:
    preparation = ModelPreparation(place(tmp_path), SystemClock())
    model = kept(tmp_path, made, "none")
    prepared(preparation, model)
    preparation.check(model)


def test_one_that_gives_no_numbers_is_refused_for_that(tmp_path: Path, made: Path) -> None:
    preparation = ModelPreparation(place(tmp_path), SystemClock())
    model = kept(tmp_path, made, "nan")
    prepared(preparation, model)
    with pytest.raises(ModelError, match=r"numbers that are none \(NaN\)"):
        preparation.check(model)
    assert not model_folder(tmp_path, model).exists()


def test_one_that_never_ends_is_given_up(tmp_path: Path, made: Path) -> None:
    preparation = ModelPreparation(place(tmp_path, SOON_S), SystemClock())
    model = kept(tmp_path, made, "hang")
    prepared(preparation, model)
    with pytest.raises(ModelError, match="not done with its self-test in 30 s"):
        preparation.check(model)
    assert children() == []


CALLER = """
import sys
from pathlib import Path
from edge.config.schema import DetectConfig
from edge.update.model_preparation import ModelPlace, ModelPreparation
from edge.update.store import KeptUpdate
from objectstore.store_dir import DirectoryStore
from service.clock import SystemClock
folder = Path(sys.argv[1])
model = KeptUpdate.model_validate_json((folder / "kept").read_text())
place = ModelPlace(folder, lambda: DirectoryStore(folder / "store"))
preparation = ModelPreparation(place, SystemClock())
preparation.ready(model, DetectConfig())
preparation.thread.join()
"""


def test_its_trial_ends_with_the_gateway_that_began_it(tmp_path: Path, made: Path) -> None:
    """Else it would compute for ever, and beside it the trial of the next start."""
    (tmp_path / "kept").write_text(kept(tmp_path, made, "hang").model_dump_json())
    caller = subprocess.Popen([sys.executable, "-c", CALLER, str(tmp_path)])
    try:
        [trial] = until_some(caller.pid)
    finally:
        caller.send_signal(signal.SIGKILL)
        caller.wait(10)
    never = threading.Event()
    for _ in range(100):
        if not runs(trial):
            return
        never.wait(0.1)
    os.kill(trial, signal.SIGKILL)
    pytest.fail("it goes on without its gateway")


def children(of: int | None = None) -> list[int]:
    """Processes that a process has, by each of its threads."""
    found = Path(f"/proc/{of or os.getpid()}/task").glob("*/children")
    return [int(one) for file in found for one in file.read_text().split() if trying(int(one))]


def trying(process: int) -> bool:
    try:
        return b"model_trial" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def until_some(of: int) -> list[int]:
    never = threading.Event()
    for _ in range(600):
        if found := children(of):
            return found
        never.wait(0.1)
    pytest.fail("no trial was begun")


def runs(process: int) -> bool:
    """Whether it is more than an entry that nobody has asked for."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
