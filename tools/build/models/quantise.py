"""Post-training quantisation to full int8: uint8 pixels in, int8 out, a weight scale per channel.

The ranges of the activations come from calibration pictures, half of them letterboxed as in use
and half stretched, so that both paddings and filled frames are seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from imaging.detections import FloatArray
from tools.build.models.nhwc import Tensor

Forward = Callable[[Tensor], Sequence[Tensor]]


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
