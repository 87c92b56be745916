"""Weighted box fusion: several networks' views of one picture become one.

PURE. Source: Solovyev et al. 2021, "Weighted boxes fusion", with one box per network in a cluster.
The fused score is the mean of the networks' scores, so an object that only one of two sees keeps
half its score: that is what removes false alarms. Of three and more the mean of the best two may be
taken: what two agree on is not refuted by one that is blind to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imaging.boxes import iou
from imaging.detections import Detections, FloatArray, IntArray
from imaging.manifest import Fusion, Thresholds


@dataclass(frozen=True, slots=True)
class _Cluster:
    """Boxes of different networks that are taken for one object."""

    box: FloatArray
    members: tuple[int, ...]
    networks: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _BoxesOfLabel:
    """All boxes of one label, by falling score, with the network each came from."""

    boxes: FloatArray
    scores: FloatArray
    networks: IntArray


def fuse(views: Sequence[Detections], fusion: Fusion, thresholds: Thresholds) -> Detections:
    """One view of the picture, by falling score, as many and as clear as `thresholds` say.

    `views` holds one `Detections` per member of `fusion`, all in the same pixels. Per label, a box
    joins the best cluster that it overlaps by more than `fusion.iou` and that has none of its
    network yet. The scores of a cluster's members become its `votes`.
    """
    counted = fusion.best_of or len(views)
    labels = sorted({label for view in views for label in view.labels})
    fused = [
        (label, *_fused(pool, cluster, counted))
        for label in labels
        for pool in [_pool(views, label)]
        for cluster in _clusters(pool, fusion.iou)
    ]
    clear = (row for row in fused if row[2] >= thresholds.score)
    ranked = sorted(clear, key=lambda row: -row[2])[: thresholds.max_detections]
    return Detections(
        boxes=np.array([box for _, box, _, _ in ranked], np.float32).reshape(-1, 4),
        scores=np.array([score for _, _, score, _ in ranked], np.float32),
        labels=tuple(label for label, _, _, _ in ranked),
        votes={
            name: np.array([votes.get(network, 0.0) for _, _, _, votes in ranked], np.float32)
            for network, name in enumerate(fusion.members)
        },
    )


def _pool(views: Sequence[Detections], label: str) -> _BoxesOfLabel:
    rows = [np.flatnonzero(np.array(view.labels, object) == label) for view in views]
    scores = np.concatenate([view.scores[r] for view, r in zip(views, rows, strict=True)])
    boxes = np.concatenate([view.boxes[r] for view, r in zip(views, rows, strict=True)])
    networks = np.concatenate([np.full(len(r), index) for index, r in enumerate(rows)])
    order = np.argsort(-scores, kind="stable")
    return _BoxesOfLabel(boxes=boxes[order], scores=scores[order], networks=networks[order])


def _clusters(pool: _BoxesOfLabel, limit: float) -> list[_Cluster]:
    clusters: list[_Cluster] = []
    for row in range(len(pool.scores)):
        network = int(pool.networks[row])
        home = _home(pool.boxes[row], network, clusters, limit)
        if home is None:
            clusters.append(_Cluster(pool.boxes[row], (row,), frozenset({network})))
        else:
            clusters[home] = _joined(clusters[home], row, pool)
    return clusters


def _home(box: FloatArray, network: int, clusters: list[_Cluster], limit: float) -> int | None:
    if not clusters:
        return None
    overlap = iou(box[None], np.stack([cluster.box for cluster in clusters]))[0]
    overlap[[network in cluster.networks for cluster in clusters]] = 0
    closest = int(overlap.argmax())
    return closest if overlap[closest] > limit else None


def _joined(cluster: _Cluster, row: int, pool: _BoxesOfLabel) -> _Cluster:
    members = (*cluster.members, row)
    weights = pool.scores[list(members)] + 1e-9  # scores may all be 0
    box = np.average(pool.boxes[list(members)], axis=0, weights=weights).astype(np.float32)
    return _Cluster(box, members, cluster.networks | {int(pool.networks[row])})


def _fused(
    pool: _BoxesOfLabel, cluster: _Cluster, counted: int
) -> tuple[FloatArray, float, dict[int, float]]:
    """The box, the mean of its `counted` best scores, and each network's own; members come by
    falling score."""
    scores = pool.scores[list(cluster.members)]
    networks = pool.networks[list(cluster.members)].tolist()
    votes = dict(zip(networks, scores.tolist(), strict=True))
    return cluster.box, float(scores[:counted].sum()) / counted, votes
