"""One evaluation: a corpus under one configuration of edge and cloud, by models opened once.

SHELL. Called by the command line, and by the ablation once per variant, whose models remember what
they saw: variants look at the same pictures.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Never

from tqdm import tqdm

from cloud.confirm.evaluator import Model, ReportEvaluator
from cloud.model.full_model import FullModel, open_model
from cloud.settings import Settings, SettingsError
from edge.config.load import Loaded
from edge.config.schema import DetectConfig
from edge.detect.detect_frame import Detector
from edge.detect.detector import TfliteDetector, open_detector
from edge.errors import ConfigError
from imaging.detections import Detections, Image
from imaging.manifest import ModelError
from objectstore.open import open_store
from service.clock import SystemClock
from tools.evaluation.compose.materials import MaterialError
from tools.evaluation.evaluate.confirmation import Confirmation, audit_all, origin_of
from tools.evaluation.evaluate.corpus import Corpus, CorpusError
from tools.evaluation.evaluate.observed import StillRun
from tools.evaluation.evaluate.player import CorpusPlayer
from tools.evaluation.evaluate.score import SequenceScore, score, without_found
from tools.evaluation.evaluate.totals import Evaluation, Subject, add_up

UNUSABLE = (CorpusError, MaterialError, ConfigError, SettingsError, ModelError)
"""What a corpus, a configuration or a model that cannot be used raises."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to evaluate, and how it is configured."""
    add = parser.add_argument
    add("corpus", type=Path, help="folder with manifest.json")
    add("out", type=Path, help="folder for the reports")
    add("--config", type=Path, metavar="FILE", help="the edge's configuration")
    add("--cloud", type=Path, metavar="FILE", help="the cloud's settings")
    add("--limit", type=int, metavar="N", help="only the first N frames of each, and N stills")
    only = "these sequences; `stills` for the stills"
    add("--only", nargs="+", default=[], metavar="ID", help=only)


@dataclass(frozen=True, slots=True)
class OpenedDetector:
    """The detector, and what the pipeline asks."""

    detector: TfliteDetector
    asked: Detector


@dataclass(frozen=True, slots=True)
class OpenedCloudModel:
    """The full model, and what the evaluator asks."""

    full: FullModel
    asked: Model


@dataclass(slots=True)
class Models:
    """The models, each opened when it is first needed and kept; those that `remember` look at no
    picture twice."""

    remember: bool = False
    detectors: dict[tuple[object, ...], OpenedDetector] = field(default_factory=dict)
    full: dict[str, OpenedCloudModel] = field(default_factory=dict)

    def detector(self, detect: DetectConfig) -> OpenedDetector:
        """The edge's detector, as its settings make it; raises `ModelError`."""
        settings = detect.threads_per_worker, detect.min_score, detect.vehicle_sum
        key = (detect.model, detect.runtime, *settings)
        if key not in self.detectors:
            detector = open_detector(detect.model, detect.runtime, *settings)
            asked = RememberedDetector(detector) if self.remember else detector
            self.detectors[key] = OpenedDetector(detector, asked)
        return self.detectors[key]

    def confirming(self, settings: Settings) -> OpenedCloudModel:
        """The cloud's model; raises `ModelError`."""
        key = settings.model
        if key not in self.full:
            full = open_model(settings.model)
            self.full[key] = OpenedCloudModel(
                full, RememberedModel(full) if self.remember else full
            )
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
    trial: Trial, edge: OpenedDetector, cloud: OpenedCloudModel
) -> tuple[tuple[SequenceScore, ...], tuple[StillRun, ...]]:
    corpus = trial.corpus
    with (
        tempfile.TemporaryDirectory(prefix="evaluate-") as folder,
        _bar(corpus.pictures()) as bar,
    ):
        confirmation = _confirmation(Path(folder), trial, edge, cloud)
        player = CorpusPlayer(
            footage=corpus,
            config=audit_all(
                trial.loaded.config, sum(sequence.lasts_s() for sequence in corpus.sequences)
            ),
            detector=edge.asked,
            ask=confirmation.ask,
            audit=confirmation.audit,
            progress=lambda: _advance(bar),
        )
        scores = tuple(_sequences(player, trial, bar))
        bar.set_description("stills", refresh=False)
        return scores, player.run_stills() if corpus.stills else ()


def _sequences(player: CorpusPlayer, trial: Trial, bar: tqdm[Never]) -> Iterator[SequenceScore]:
    for sequence in trial.corpus.sequences:
        bar.set_description(f"{trial.name} {sequence.id}".strip(), refresh=False)
        yield without_found(score(player.run_sequence(sequence)))


def _bar(pictures: int) -> tqdm[Never]:
    """Drawn often on a terminal, and now and then into a log."""
    pause_s = 0.1 if sys.stderr.isatty() else 15.0
    return tqdm(total=pictures, unit="frame", dynamic_ncols=True, mininterval=pause_s)


def _advance(bar: tqdm[Never]) -> None:
    bar.update()


def _confirmation(
    folder: Path, trial: Trial, edge: OpenedDetector, cloud: OpenedCloudModel
) -> Confirmation:
    store = open_store(f"dir:{folder}")
    settings = trial.settings
    return Confirmation(
        origin=origin_of(trial.loaded, edge.detector.sha256),
        store=store,
        evaluator=ReportEvaluator(
            store=store,
            model=cloud.asked,
            policy=settings.policy,
            limits=settings.limits.of_picture(),
            clock=SystemClock(),
        ),
    )


class RememberedDetector:
    """The edge's detector; each picture goes through the network once."""

    def __init__(self, detector: TfliteDetector) -> None:
        self._detector = detector
        self._seen: dict[tuple[bytes, float], Detections] = {}

    @property
    def input_size(self) -> tuple[int, int]:
        return self._detector.input_size

    def detect(self, image: Image, aspect: float = 1.0) -> Detections:
        key = _digest(image), aspect
        if key not in self._seen:
            self._seen[key] = self._detector.detect(image, aspect)
        return self._seen[key]


class RememberedModel:
    """The cloud's model; each picture goes through its networks once."""

    def __init__(self, model: FullModel) -> None:
        self.sha256 = model.sha256
        self._model = model
        self._seen: dict[tuple[bytes, bool], Detections] = {}

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        return [self._one(image, close=False) for image in images]

    def close_ups(self, images: Sequence[Image]) -> list[Detections]:
        return [self._one(image, close=True) for image in images]

    def _one(self, image: Image, *, close: bool) -> Detections:
        key = _digest(image), close
        if key not in self._seen:
            look = self._model.close_ups if close else self._model.detect
            (self._seen[key],) = look([image])
        return self._seen[key]


def _digest(image: Image) -> bytes:
    shape = repr(image.shape).encode()
    return hashlib.blake2b(shape + image.tobytes(), digest_size=16).digest()
