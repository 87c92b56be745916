"""Scenes that are composed from the real recording and evaluated from edge to cloud, never stored;
and pictures of the shipped clips as a labelled corpus."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from edge.replay.player import Video
from imaging.manifest import CHECKOUT_MODELS
from tests.models import shipped
from tools.evaluation.compose.__main__ import main as compose
from tools.evaluation.compose.materials import EXAMPLES, RECORDING
from tools.evaluation.evaluate.__main__ import main as evaluate

FOOTAGE = CHECKOUT_MODELS.parent / "footage"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Where the corpus and its reports lie, and the report for machines."""

    corpus: Path
    out: Path
    report: Json

    @property
    def sequence(self) -> Json:
        """The first sequence, of a night the only one."""
        first: Json = self.report["sequences"][0]
        return first


def need_models() -> None:
    """Skips the test where the two models of an evaluation were not built."""
    for name in ("nanodet-g-416-int8", "confirm-fused"):
        shipped(name)


def composed(made: pytest.TempPathFactory, *arguments: str) -> Evaluated:
    """The scenes that `arguments` ask of `compose`; skips without the recording or the models."""
    if not (EXAMPLES / RECORDING).is_file():
        pytest.skip(f"{EXAMPLES / RECORDING} is missing: apt-get install opencv-doc")
    need_models()
    corpus, out = made.mktemp("composed"), made.mktemp("out")
    assert compose([str(corpus), *arguments]) == 0
    return evaluated(corpus, out)


def evaluated(corpus: Path, out: Path, *arguments: str) -> Evaluated:
    """The corpus evaluated with the default configuration or as `arguments` say."""
    assert evaluate([str(corpus), str(out), *arguments]) == 0
    return Evaluated(corpus, out, json.loads((out / "report.json").read_text()))


def cut(root: Path, clip: str, begin: int, count: int, person: bool = True) -> Json:
    """Writes `count` frames of a shipped clip from frame `begin` on below `root`; the sequence as
    it stands in a manifest, each frame labelled `person`."""
    video = Video(FOOTAGE / f"{clip}.mp4")
    (root / clip).mkdir(parents=True)
    labels = {"person": person, "vehicle": False, "bicycle": False}
    frames: list[Json] = []
    for name, payload in islice(video, begin, begin + count):
        (root / clip / f"{name}.jpg").write_bytes(payload)
        frames.append({"file": f"{name}.jpg", **labels})
    return {"id": clip, "dir": clip, "fps": video.fps, "frames": frames}


def write_corpus(root: Path, sequences: list[Json], **more: object) -> Path:
    """The folder with its manifest."""
    (root / "manifest.json").write_text(json.dumps({"sequences": sequences, **more}))
    return root
