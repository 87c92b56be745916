"""Writes a network as edge and cloud load it: a SavedModel, or quantised as a `.tflite`.

SavedModel: uint8 RGB in, float maps out. Weights that were published as float16 are stored so and
widened in the graph, which halves the files and changes no value; those published as float32 are
rounded to it. TensorFlow folds the widening away when it loads the model. `.tflite`: post-training
quantisation to full int8, uint8 pixels in, int8 out, a weight scale per channel; the ranges of the
activations come from calibration pictures, half of them letterboxed as in use and half stretched,
so that both paddings and filled frames are seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from imaging.detections import FloatArray
from tools.build.models.nhwc import GraphTensor, GraphWeight
from tools.build.models.tfjs import Array

FromPixels = Callable[[GraphTensor, GraphWeight], Sequence[GraphTensor]]


def stored_as_float16(array: Array) -> GraphTensor:
    """A constant that takes half the bytes where float16 holds its values exactly."""
    narrow = array.astype(np.float16)
    if array.dtype != np.float32 or not np.array_equal(narrow.astype(np.float32), array):
        return tf.constant(array)
    return tf.cast(tf.constant(narrow), tf.float32)


def rounded_to_float16(array: Array) -> GraphTensor:
    """A constant of half the bytes, for weights that were published as float32."""
    return tf.cast(tf.constant(array.astype(np.float16)), tf.float32)


def write_savedmodel(
    folder: Path, forward: FromPixels, names: Sequence[str], side_px: int, weight: GraphWeight
) -> None:
    """The SavedModel of `forward` in `folder`; its outputs are called `names`."""

    def serve(images: GraphTensor) -> dict[str, GraphTensor]:
        return dict(zip(names, forward(images, weight), strict=True))

    spec = tf.TensorSpec([None, side_px, side_px, 3], tf.uint8, name="images")
    module = tf.Module()
    module.serve = tf.function(serve, input_signature=[spec], autograph=False)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})
    # Only a random identifier and hashes of the rest: without it, equal models are equal files.
    (folder / "fingerprint.pb").unlink(missing_ok=True)


Forward = Callable[[GraphTensor], Sequence[GraphTensor]]


def to_int8(forward: Forward, side_px: int, samples: Iterable[FloatArray]) -> bytes:
    """A `.tflite` of `forward`, calibrated with `samples`, each (S, S, 3) as `forward` takes it."""
    shape = tf.TensorSpec([1, side_px, side_px, 3], tf.float32, name="images")
    # Traced by hand: autograph has nothing to convert here, and slows down the tracing.
    function = tf.function(forward, autograph=False)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function(shape)], function
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _batches(samples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def _batches(samples: Iterable[FloatArray]) -> Iterator[list[FloatArray]]:
    for sample in tqdm(list(samples), desc="calibrating", unit="picture", leave=False):
        yield [sample[np.newaxis]]
