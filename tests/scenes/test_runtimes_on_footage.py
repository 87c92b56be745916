"""Which runtime computes changes no alarm by chance: on real footage, `auto` raises what LiteRT
raises, and what sets the runtimes apart is XNNPACK alone.

Needs labelled footage: STILLWATCH_DATA names its folder.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

from contract.ids import CameraId
from edge.config.load import load
from edge.config.schema import EdgeConfig
from edge.detect.detect_frame import Detector
from edge.detect.detector import TfliteDetector, load_model, open_detector
from edge.detect.runner import Runner, importable
from edge.detect.runtimes import MODULES, configured
from edge.replay.player import Files, play

CLIP = Path(os.environ.get("STILLWATCH_DATA", "/nowhere")) / "field" / "bazaar_night"
FRAMES = 12
"""Enough for a few suspicions, among them those in which the runtimes differ."""
FPS = 3.0

pytestmark = [
    pytest.mark.skipif(not CLIP.is_dir(), reason="STILLWATCH_DATA names no folder with field/"),
    pytest.mark.skipif(len(importable()) < 2, reason="only one runtime is installed"),
]

Suspected = list[tuple[str, str, float, tuple[float, ...]]]


def suspicions(detector: Detector, config: EdgeConfig) -> Suspected:
    """Frame, label, score and box of each."""
    pictures = Files(sorted(CLIP.glob("*.jpg"))[:FRAMES])
    return [
        (step.name, candidate.suspicion.label, candidate.suspicion.score, candidate.suspicion.box)
        for step in play(pictures, config, CameraId("bazaar"), FPS, detector)
        for candidate in step.candidates
    ]


def without_xnnpack(config: EdgeConfig) -> TfliteDetector:
    """LiteRT with TensorFlow Lite's own kernels."""
    module = importlib.import_module(MODULES["litert"])
    model = load_model(config.detect.model)
    interpreter = module.Interpreter(
        model_path=str(model.file),
        num_threads=1,
        experimental_op_resolver_type=module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    return TfliteDetector(
        model=model,
        runner=Runner(interpreter, "litert"),
        min_score=config.detect.min_score,
        choice=configured("litert"),
    )


def test_both_runtimes_raise_the_same_suspicions_by_the_same_kernels_and_auto_does_not_waver() -> (
    None
):
    config = load(None, {}).config
    detect = config.detect
    named = {
        runtime: suspicions(open_detector(detect.model, runtime, 1, detect.min_score), config)
        for runtime in ("auto", "litert", "tflite")
    }
    assert named["litert"]
    assert named["auto"] == named["litert"]
    assert suspicions(without_xnnpack(config), config) == named["tflite"]
