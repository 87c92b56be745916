"""How long one run of a model takes: the network alone, without decoding or letterbox.

The fastest tenth of the runs counts, for what slows the others down is other work. Each figure
comes from a process of its own, for idle thread pools of other interpreters disturb.
"""

from __future__ import annotations

import multiprocessing
import statistics
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import perf_counter

import numpy as np
import tensorflow as tf

from edge.detect.runner import importable, open_runner
from edge.detect.runtimes import Runtime
from imaging.detections import Image
from imaging.manifest import read_manifest, weights_path
from tools.build.models.shipped import Shipped

WARM_UP, RUNS = 4, 60
THREADS = (1, 2)


def latencies_ms(model: Shipped, models: Path) -> dict[str, float]:
    """Milliseconds by runtime and threads; nothing for a fused model, whose members have theirs."""
    folder = models / model.name
    if model.fusion:
        return {}
    file = weights_path(folder, read_manifest(folder))
    if model.role == "cloud":
        measured = {("tensorflow", n): _alone(_savedmodel_ms, file, n) for n in THREADS}
    else:
        measured = {
            (runtime, n): _alone(_interpreter_ms, file, n, runtime)
            for runtime in importable()
            for n in THREADS
        }
    return {
        f"{runtime}, {n} thread{'s' * (n > 1)}": round(ms, 1)
        for (runtime, n), ms in measured.items()
    }


def _alone(measure: Callable[..., float], *arguments: object) -> float:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        return pool.submit(measure, *arguments).result()


def _interpreter_ms(file: Path, threads: int, runtime: Runtime) -> float:
    runner = open_runner(file, runtime, threads)
    _, height, width, _ = runner.signature.inputs[0].shape
    runner.run(_noise(height, width))
    return _fast_ms(runner.invoke)


def _savedmodel_ms(file: Path, threads: int) -> float:
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    serve = tf.saved_model.load(str(file)).signatures["serving_default"]
    _, height, width, _ = serve.structured_input_signature[1]["images"].shape
    images = tf.constant(_noise(height, width))
    return _fast_ms(lambda: [each.numpy() for each in serve(images).values()])


def _noise(height: int, width: int) -> Image:
    return np.random.default_rng(1).integers(0, 256, (1, height, width, 3), np.uint8)


def _fast_ms(run: Callable[[], object]) -> float:
    for _ in range(WARM_UP):
        run()
    return statistics.quantiles((_once_ms(run) for _ in range(RUNS)), n=10)[0]


def _once_ms(run: Callable[[], object]) -> float:
    start = perf_counter()
    run()
    return (perf_counter() - start) * 1000
