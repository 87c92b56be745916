"""Boxes as arrays: overlap, and the choice of the best among overlapping ones.

PURE. Boxes are `(N, 4) float32 xyxy`; the coordinate frame is the caller's. The decoders work in
pixels of the network's input, everything after them in pixels of the original frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imaging.detections import FloatArray, IntArray

PROPOSALS = 600
"""How many proposals, best first, are looked at for overlap; the rest cannot matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What a network proposes: N boxes, their scores 0..1 and their class numbers."""

    boxes: FloatArray
    scores: FloatArray
    classes: IntArray

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, rows: IntArray) -> Candidates:
        """The candidates at `rows`, in that order."""
        return Candidates(
            boxes=self.boxes[rows], scores=self.scores[rows], classes=self.classes[rows]
        )


def no_candidates() -> Candidates:
    """A network that proposes nothing."""
    return Candidates(
        boxes=np.zeros((0, 4), np.float32),
        scores=np.zeros(0, np.float32),
        classes=np.zeros(0, np.int64),
    )


def join(parts: list[Candidates]) -> Candidates:
    """All candidates of several heads in one record."""
    if not parts:
        return no_candidates()
    return Candidates(
        boxes=np.concatenate([part.boxes for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        classes=np.concatenate([part.classes for part in parts]),
    )


def areas(boxes: FloatArray) -> FloatArray:
    """`(N,)` square pixels; a box turned inside out has none."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    product: FloatArray = sides[:, 0] * sides[:, 1]
    return product


def intersections(a: FloatArray, b: FloatArray) -> FloatArray:
    """`(N, M)` square pixels that every box of `a` (N, 4) has in common with every one of `b`."""
    wide = np.minimum(a[:, None, 2], b[None, :, 2])
    wide -= np.maximum(a[:, None, 0], b[None, :, 0])
    high = np.minimum(a[:, None, 3], b[None, :, 3])
    high -= np.maximum(a[:, None, 1], b[None, :, 1])
    np.maximum(wide, 0, out=wide)
    wide *= np.maximum(high, 0, out=high)
    shared: FloatArray = wide
    return shared


def iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """`(N, M)` intersection over union of every box of `a` (N, 4) with every box of `b` (M, 4).

    Boxes without area overlap nothing, not even themselves.
    """
    shared = intersections(a, b)
    union = areas(a)[:, None] + areas(b)[None, :] - shared
    overlap: FloatArray = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlap


def nms(
    boxes: FloatArray, scores: FloatArray, classes: IntArray, limit: float, keep: int
) -> IntArray:
    """Rows to keep, best score first, at most `keep`.

    Greedy and per class: a box goes if a better one of its class overlaps it by more than `limit`.
    Equal scores keep the order in which they came.
    """
    order = (-scores).argsort(kind="stable")
    ranked, kinds = boxes[order], classes[order]
    # shared / (a + b - shared) > limit, without a division per pair
    shares = areas(ranked) * np.float32(limit / (1 + limit))
    overlapping = intersections(ranked, ranked) > shares[:, None] + shares[None, :]
    overlapping &= kinds[:, None] == kinds[None, :]
    return order[_survivors(overlapping, keep)]


def best(
    candidates: Candidates, limit: float, keep: int, pools: IntArray | None = None
) -> Candidates:
    """What remains of `candidates` after `nms` among its best `PROPOSALS`.

    With `pools` (see `imaging.pools`) boxes of one pool compete, whatever their class.
    """
    if len(candidates) > PROPOSALS:
        top = np.argpartition(-candidates.scores, PROPOSALS)[:PROPOSALS]
        candidates = candidates.take(np.sort(top))
    kinds = candidates.classes if pools is None else pools[candidates.classes]
    rows = nms(candidates.boxes, candidates.scores, kinds, limit, keep)
    return candidates.take(rows)


def _survivors(overlapping: npt.NDArray[np.bool_], keep: int) -> IntArray:
    alive = np.ones(len(overlapping), np.bool_)
    kept: list[int] = []
    for row in range(len(overlapping)):
        if alive[row]:
            kept.append(row)
            if len(kept) == keep:
                break
            alive[overlapping[row]] = False
    return np.array(kept, np.int64)
