"""Brings an ordered model beside the one that runs: fetched, checked, tried; on its own thread.

SHELL. What has come is kept (`model_fetch`), so that after a break or a restart only the rest is
fetched. The folder gets its name when all are there and are what was signed. Then the model is
tried in a child process (`model_trial`): a model that crashes or hangs must not take the gateway
with it.
Driven by `edge.daemon.model_target`, on the control loop's thread.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contract.update import ModelFile, ModelOrder
from edge.config.schema import DetectConfig
from edge.storage.files import write_whole
from edge.update.model_fetch import clear, fetch
from edge.update.model_trial import MOST_TIMES_SLOWER
from edge.update.patches import model_folder
from edge.update.store import KeptUpdate
from imaging.manifest import CHECKOUT_MODELS, MANIFEST_FILE, Manifest, ModelError, read_manifest
from objectstore.store import ResumableStore, StoreError
from service.clock import Clock

MOST_BYTES = 256 * 1024 * 1024
"""Of all files of a model; the largest that we know has 30 MB."""
TRIAL_S = 120.0
"""A good model is done in seconds; one that hangs is no use."""

PICTURES = "self_test"
"""Folder beside the models, with the pictures of their self-tests."""


@dataclass(frozen=True, slots=True)
class ModelPlace:
    """Where models are kept, where they come from, and what they must keep to on trial."""

    outbox: Path
    open_store: Callable[[], ResumableStore]
    trial_s: float = TRIAL_S
    most_times_slower: float = MOST_TIMES_SLOWER


class ModelPreparation:
    """The model that is being prepared or was prepared last."""

    def __init__(self, place: ModelPlace, clock: Clock) -> None:
        self._place, self._clock = place, clock
        self._digest = ""
        self.thread: threading.Thread | None = None
        self._failure: str | None = None

    def ready(self, model: KeptUpdate, detect: DetectConfig) -> bool:
        """Whether preparing it has ended, well or not; the first call begins it. `detect` is in
        force: what the model is compared with."""
        if self._digest != model.digest:
            self._digest = model.digest
            self._failure = "preparing it ended unexpectedly, see stderr"
            self.thread = threading.Thread(
                target=self._run, args=(model, detect), name="model-preparation", daemon=True
            )
            self.thread.start()
        return self.thread is None or not self.thread.is_alive()

    def check(self, model: KeptUpdate) -> None:
        """Raises `ModelError` if this one was prepared just now and cannot be used."""
        if model.digest == self._digest and self._failure is not None:
            raise ModelError(self._failure)

    def _run(self, model: KeptUpdate, detect: DetectConfig) -> None:
        try:
            order = ModelOrder.model_validate_json(model.content)
            folder = model_folder(self._place.outbox, model)
            if not (folder / MANIFEST_FILE).is_file():
                self._bring(order, folder)
            check_pace(_tried(folder, detect, self._place.trial_s), self._place.most_times_slower)
        except (ModelError, OSError, StoreError) as error:
            self._failure = str(error)
            folder = model_folder(self._place.outbox, model)
            for one in (folder, _partial(folder)):
                shutil.rmtree(one, ignore_errors=True)
        else:
            self._failure = None

    def _bring(self, order: ModelOrder, folder: Path) -> None:
        """All files, then the name of the folder."""
        if sum(file.bytes for file in order.files) > MOST_BYTES:
            raise ModelError(f"model {order.name} has over {MOST_BYTES} bytes")
        store, partial = self._place.open_store(), _partial(folder)
        for file in order.files:
            if not _is_there(partial / file.name, file):
                fetch(store, file, partial, self._clock)
        clear(partial)
        write_whole(partial / MANIFEST_FILE, order.manifest)
        _place_picture(partial, _testable(partial))
        partial.rename(folder)


def forget_others(outbox: Path, model: KeptUpdate) -> None:
    """Removes the models that were ordered before `model`; what cannot go stays."""
    folder = model_folder(outbox, model)
    for one in folder.parent.iterdir():
        if one.name not in (folder.name, PICTURES):
            shutil.rmtree(one, ignore_errors=True)


def _partial(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.part")


def _is_there(path: Path, file: ModelFile) -> bool:
    try:
        with path.open("rb") as body:
            return hashlib.file_digest(body, "sha256").hexdigest() == file.sha256
    except OSError:
        return False


def _testable(folder: Path) -> Manifest:
    """Raises `ModelError` for one that finds nothing in its self-test: all zero would pass too."""
    manifest = read_manifest(folder)
    if manifest.self_test is None or not manifest.self_test.labels:
        raise ModelError(
            f"model {manifest.name} has no self-test with something to find: without one nobody "
            "knows here whether it works; see docs/howto/add-a-model.md"
        )
    return manifest


def _place_picture(folder: Path, manifest: Manifest) -> None:
    """The pictures of the shipped models lie beside their folders, and beside those of ours."""
    named = manifest.self_test.picture if manifest.self_test else ""
    shipped = CHECKOUT_MODELS / PICTURES / Path(named).name
    if named == f"../{PICTURES}/{shipped.name}" and shipped.is_file():
        target = folder.parent / PICTURES / shipped.name
        write_whole(target, shipped.read_bytes())


def _tried(folder: Path, detect: DetectConfig, most_s: float) -> Mapping[str, float]:
    """How long it and the model in force take for a picture; raises `ModelError` with what is wrong
    with the model."""
    arguments = [str(folder), detect.model, detect.runtime, str(detect.threads_per_worker)]
    arguments += [str(os.getpid())]
    command = [sys.executable, "-m", "edge.update.model_trial", *arguments]
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=most_s, check=False, errors="replace"
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"it was not done with its self-test in {most_s:g} s") from error
    if ended.returncode < 0:
        raise ModelError(f"it ends the process that tries it, by signal {-ended.returncode}")
    if ended.returncode:
        lines = ended.stderr.strip().splitlines() or ["no reason"]
        raise ModelError(lines[-1])
    found: dict[str, float] = json.loads(ended.stdout)
    return found


def check_pace(found: Mapping[str, float], most_times: float = MOST_TIMES_SLOWER) -> None:
    """Raises `ModelError` if the new model is too slow beside the old one."""
    new_s, old_s = found["new_s"], found.get("old_s", found["new_s"])
    if new_s > most_times * old_s:
        raise ModelError(
            f"it takes {1000 * new_s:.0f} ms for a picture, {new_s / old_s:.1f} times as long as "
            f"the one that runs; at most {most_times:g} times is let in"
        )
