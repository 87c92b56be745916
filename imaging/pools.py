"""Classes that share one object's score between them: cars seen from above are also bus and truck.

PURE. A network that was taught to tell kinds of vehicles apart splits its score where it cannot; no
part then reaches a threshold that the whole would. A pool adds up what one box scores in each of
its classes (as probabilities of classes that exclude each other add), at most 1, and names the
largest. Pools are `(classes,) int64`: per class the number of its pool, which is the least class in
it. Called by the decoders, before thresholds and NMS.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contract.labels import SUMMED
from imaging.boxes import Candidates, no_candidates
from imaging.decoders.tensor import Raw, Tensor
from imaging.detections import FloatArray, IntArray


def vehicle_pools(labels: Sequence[str]) -> IntArray | None:
    """The pools of a network with these `labels`; None where nothing is to be summed."""
    members = [number for number, label in enumerate(labels) if label in SUMMED]
    if len(members) < 2:
        return None
    pools = np.arange(len(labels))
    pools[members] = members[0]
    return pools


def shared(pools: IntArray) -> IntArray:
    """The classes of the pools that have more than one."""
    sizes = np.bincount(pools, minlength=len(pools))
    return np.flatnonzero(sizes[pools] > 1)


def pooled(tensor: Tensor, table: Raw, pools: IntArray) -> tuple[IntArray, FloatArray]:
    """`(N, classes)` stored scores > per row the class and the sum of its strongest pool of many.

    Meant for one such pool, as `vehicle_pools` gives.
    """
    members = shared(pools)
    parts = table[:, members]
    # in stored numbers: a million conversions to floats would cost more than the network's tail
    total = parts.sum(axis=1, dtype=np.float32 if not tensor.scale else np.int32)
    offset = tensor.zero_point * len(members) if tensor.scale else 0
    real = (total - offset) * np.float32(tensor.scale or 1.0)
    sums: FloatArray = np.clip(real, 0, 1).astype(np.float32)
    return members[parts.argmax(axis=1)], sums


def pool_same_boxes(found: Candidates, pools: IntArray) -> Candidates:
    """Rows of one box and one pool as one row: for networks that say each class of a box apart."""
    if not len(found):
        return no_candidates()
    keys = np.column_stack([found.boxes, pools[found.classes]])
    _, same_box = np.unique(keys, axis=0, return_inverse=True)
    same_box = same_box.reshape(-1)
    sums = np.minimum(np.bincount(same_box, weights=found.scores), 1).astype(np.float32)
    order = np.lexsort((-found.scores, same_box))
    strongest = order[np.r_[True, np.diff(same_box[order]) > 0]]
    return Candidates(
        boxes=found.boxes[strongest],
        scores=sums[same_box[strongest]],
        classes=found.classes[strongest],
    )
