"""One evaluation: a corpus under one configuration of edge and cloud, by models opened once.

SHELL. Called by the command line, and by the ablation once per variant.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Never

from tqdm import tqdm

from cloud.judge import Judge
from cloud.model import FullModel, open_model
from cloud.settings import Settings
from edge.config.load import Loaded
from edge.config.schema import Detect
from edge.detect.detector import Detector, open_detector
from objectstore.open import open_store
from service.clock import SystemClock
from tools.evaluate.confirmation import Confirmation, origin_of
from tools.evaluate.corpus import Corpus
from tools.evaluate.evaluation import Evaluation, Subject
from tools.evaluate.observed import SequenceRun, StillRun
from tools.evaluate.run import Player
from tools.evaluate.score import SequenceScore, score
from tools.evaluate.totals import add_up


@dataclass(slots=True)
class Models:
    """The models, each opened when it is first needed and kept."""

    detectors: dict[str, Detector] = field(default_factory=dict)
    full: dict[str, FullModel] = field(default_factory=dict)

    def detector(self, detect: Detect) -> Detector:
        """The edge's detector; raises `ModelError`."""
        key = detect.model_dump_json()
        if key not in self.detectors:
            self.detectors[key] = open_detector(
                detect.model,
                detect.runtime,
                detect.threads_per_worker,
                detect.min_score,
                detect.vehicle_sum,
            )
        return self.detectors[key]

    def confirming(self, settings: Settings) -> FullModel:
        """The cloud's model; raises `ModelError`."""
        key = settings.model
        if key not in self.full:
            self.full[key] = open_model(settings.model)
        return self.full[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What to evaluate: `corpus` as it was cut by `only` and `limit`; `name` goes to the bar."""

    corpus: Corpus
    loaded: Loaded
    settings: Settings
    config_name: str
    only: tuple[str, ...] = ()
    limit: int | None = None
    name: str = ""


def evaluate(trial: Trial, models: Models) -> Evaluation:
    """Play, confirm and score the corpus; raises `ModelError`, `MaterialError`."""
    began_s = time.perf_counter()
    detector = models.detector(trial.loaded.config.detect)
    full = models.confirming(trial.settings)
    scores, stills = _run(trial, detector, full)
    return Evaluation(
        subject=Subject(
            corpus=str(trial.corpus.root),
            config=trial.config_name,
            edge_model=detector.name,
            edge_sha256=detector.sha256,
            edge_runtime=detector.runtime,
            cloud_model=full.name,
            cloud_sha256=full.sha256,
            only=trial.only,
            limit=trial.limit,
            wall_s=time.perf_counter() - began_s,
        ),
        scores=scores,
        totals=add_up(scores),
        stills=stills,
    )


def _run(
    trial: Trial, detector: Detector, full: FullModel
) -> tuple[tuple[SequenceScore, ...], tuple[StillRun, ...]]:
    corpus = trial.corpus
    with (
        tempfile.TemporaryDirectory(prefix="evaluate-") as folder,
        _bar(corpus.pictures()) as bar,
    ):
        player = Player(
            footage=corpus,
            config=trial.loaded.config,
            detector=detector,
            ask=_confirmation(Path(folder), trial, detector, full).ask,
            progress=lambda: _advance(bar),
        )
        scores = tuple(score(run) for run in _sequences(player, trial, bar))
        bar.set_description("stills", refresh=False)
        return scores, player.run_stills() if corpus.stills else ()


def _sequences(player: Player, trial: Trial, bar: tqdm[Never]) -> list[SequenceRun]:
    runs = []
    for sequence in trial.corpus.sequences:
        bar.set_description(f"{trial.name} {sequence.id}".strip(), refresh=False)
        runs.append(player.run_sequence(sequence))
    return runs


def _bar(pictures: int) -> tqdm[Never]:
    """Drawn often on a terminal, and now and then into a log."""
    pause_s = 0.1 if sys.stderr.isatty() else 15.0
    return tqdm(total=pictures, unit="frame", dynamic_ncols=True, mininterval=pause_s)


def _advance(bar: tqdm[Never]) -> None:
    bar.update()


def _confirmation(folder: Path, trial: Trial, detector: Detector, full: FullModel) -> Confirmation:
    store = open_store(f"dir:{folder}")
    settings = trial.settings
    return Confirmation(
        origin=origin_of(trial.loaded, detector.sha256),
        store=store,
        judge=Judge(
            store=store,
            model=full,
            policy=settings.policy,
            limits=settings.limits.of_picture(),
            clock=SystemClock(),
        ),
    )
