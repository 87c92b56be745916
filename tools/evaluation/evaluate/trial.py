"""One evaluation: a corpus under one configuration of edge and cloud, by models opened once.

SHELL. Called by the command line, and by the ablation once per variant.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Never

from tqdm import tqdm

from cloud.judge import Judge, Model
from cloud.model import FullModel, open_model
from cloud.settings import Settings
from edge.config.load import Loaded
from edge.config.schema import Detect
from edge.detect.detect_frame import Sees
from edge.detect.detector import Detector, open_detector
from objectstore.open import open_store
from service.clock import SystemClock
from tools.evaluation.evaluate.confirmation import Confirmation, audit_all, origin_of
from tools.evaluation.evaluate.corpus import Corpus
from tools.evaluation.evaluate.evaluation import Evaluation, Subject
from tools.evaluation.evaluate.misses import without_found
from tools.evaluation.evaluate.observed import StillRun
from tools.evaluation.evaluate.remembered import RememberedDetector, RememberedModel
from tools.evaluation.evaluate.run import Player
from tools.evaluation.evaluate.score import SequenceScore, score
from tools.evaluation.evaluate.totals import add_up


@dataclass(frozen=True, slots=True)
class EdgeModel:
    """The detector, and what the pipeline asks."""

    detector: Detector
    sees: Sees


@dataclass(frozen=True, slots=True)
class CloudModel:
    """The full model, and what the judge asks."""

    full: FullModel
    asked: Model


@dataclass(slots=True)
class Models:
    """The models, each opened when it is first needed and kept; those that `remember` look at no
    picture twice."""

    remember: bool = False
    detectors: dict[tuple[object, ...], EdgeModel] = field(default_factory=dict)
    full: dict[str, CloudModel] = field(default_factory=dict)

    def detector(self, detect: Detect) -> EdgeModel:
        """The edge's detector, as its settings make it; raises `ModelError`."""
        settings = detect.threads_per_worker, detect.min_score, detect.vehicle_sum
        key = (detect.model, detect.runtime, *settings)
        if key not in self.detectors:
            detector = open_detector(detect.model, detect.runtime, *settings)
            sees = RememberedDetector(detector) if self.remember else detector
            self.detectors[key] = EdgeModel(detector, sees)
        return self.detectors[key]

    def confirming(self, settings: Settings) -> CloudModel:
        """The cloud's model; raises `ModelError`."""
        key = settings.model
        if key not in self.full:
            full = open_model(settings.model)
            self.full[key] = CloudModel(full, RememberedModel(full) if self.remember else full)
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
    edge, cloud = models.detector(trial.loaded.config.detect), models.confirming(trial.settings)
    detector, full = edge.detector, cloud.full
    scores, stills = _run(trial, edge, cloud)
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
    trial: Trial, edge: EdgeModel, cloud: CloudModel
) -> tuple[tuple[SequenceScore, ...], tuple[StillRun, ...]]:
    corpus = trial.corpus
    with (
        tempfile.TemporaryDirectory(prefix="evaluate-") as folder,
        _bar(corpus.pictures()) as bar,
    ):
        confirmation = _confirmation(Path(folder), trial, edge, cloud)
        player = Player(
            footage=corpus,
            config=audit_all(
                trial.loaded.config, sum(sequence.lasts_s() for sequence in corpus.sequences)
            ),
            detector=edge.sees,
            ask=confirmation.ask,
            audit=confirmation.audit,
            progress=lambda: _advance(bar),
        )
        scores = tuple(_sequences(player, trial, bar))
        bar.set_description("stills", refresh=False)
        return scores, player.run_stills() if corpus.stills else ()


def _sequences(player: Player, trial: Trial, bar: tqdm[Never]) -> Iterator[SequenceScore]:
    for sequence in trial.corpus.sequences:
        bar.set_description(f"{trial.name} {sequence.id}".strip(), refresh=False)
        yield without_found(score(player.run_sequence(sequence)))


def _bar(pictures: int) -> tqdm[Never]:
    """Drawn often on a terminal, and now and then into a log."""
    pause_s = 0.1 if sys.stderr.isatty() else 15.0
    return tqdm(total=pictures, unit="frame", dynamic_ncols=True, mininterval=pause_s)


def _advance(bar: tqdm[Never]) -> None:
    bar.update()


def _confirmation(folder: Path, trial: Trial, edge: EdgeModel, cloud: CloudModel) -> Confirmation:
    store = open_store(f"dir:{folder}")
    settings = trial.settings
    return Confirmation(
        origin=origin_of(trial.loaded, edge.detector.sha256),
        store=store,
        judge=Judge(
            store=store,
            model=cloud.asked,
            policy=settings.policy,
            limits=settings.limits.of_picture(),
            clock=SystemClock(),
        ),
    )
