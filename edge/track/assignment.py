"""Which track gets which detection: the assignment of greatest total similarity.

PURE. The Hungarian method with potentials and shortest augmenting paths (Kuhn 1955, Munkres 1957,
in the form of Jonker and Volgenant 1987), for each connected component apart, and only where
not everybody's first choice is free, which it is nearly always. Deterministic. Called by `tracker`.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Similarity = npt.NDArray[np.float64]
Costs = list[list[float]]


def assign(similarity: Similarity) -> dict[int, int]:
    """Column per row of `similarity` `(T, N)`, so that the sum of similarities is greatest.

    Similarities are finite; a pair of 0 or less is never assigned.
    """
    if not similarity.size:
        return {}
    favourite = similarity.argmax(axis=1).tolist()
    pairs: dict[int, int] = {}
    for rows, columns in _components(similarity > 0):
        wanted = [favourite[row] for row in rows]
        free = len(set(wanted)) == len(wanted)
        pairs |= dict(zip(rows, wanted, strict=True)) if free else _best(similarity, rows, columns)
    return pairs


def _components(possible: npt.NDArray[np.bool_]) -> list[tuple[list[int], list[int]]]:
    """The rows, with their columns, that compete with each other and with no other: those that
    are joined by `possible` `(T, N)` pairs."""
    groups: list[tuple[list[int], set[int]]] = []
    for row, pairs in enumerate(possible.tolist()):
        rows, columns = [row], {column for column, one in enumerate(pairs) if one}
        if not columns:
            continue
        separate = []
        for group in groups:
            if columns.isdisjoint(group[1]):
                separate.append(group)
            else:
                rows, columns = group[0] + rows, group[1] | columns
        groups = [*separate, (rows, columns)]
    return [(sorted(rows), sorted(columns)) for rows, columns in groups]


def _best(similarity: Similarity, rows: list[int], columns: list[int]) -> dict[int, int]:
    """The pairs of these rows and columns alone."""
    inner = np.maximum(similarity[np.ix_(rows, columns)], 0.0)
    turned = len(rows) > len(columns)
    chosen = _cheapest((-(inner.T if turned else inner)).tolist())
    pairs = (
        (rows[b], columns[a]) if turned else (rows[a], columns[b]) for a, b in enumerate(chosen)
    )
    return {row: column for row, column in pairs if similarity[row, column] > 0}


def _cheapest(cost: Costs) -> list[int]:
    """The column of every row of `cost` `(n, m)`, n <= m, each column once, at the least sum.

    Rows and columns count from 1: column 0 is where every search starts.
    """
    n, m = len(cost), len(cost[0])
    row_potential, column_potential = [0.0] * (n + 1), [0.0] * (m + 1)
    owner = [0] * (m + 1)  # row that holds the column
    for row in range(1, n + 1):
        owner[0] = row
        path = _augment(cost, row_potential, column_potential, owner)
        for column, previous in pairwise(path):
            owner[column] = owner[previous]
    chosen = [0] * n
    for column in range(1, m + 1):
        if owner[column]:
            chosen[owner[column] - 1] = column - 1
    return chosen


def _augment(
    cost: Costs, row_potential: list[float], column_potential: list[float], owner: list[int]
) -> list[int]:
    """The columns of a shortest path from a free one back to column 0; raises the potentials."""
    least = [math.inf] * len(owner)
    came_from = [0] * len(owner)
    visited: list[int] = []
    column = 0
    left = list(range(1, len(owner)))
    while owner[column]:
        visited.append(column)
        row = owner[column]
        for other in left:
            reduced = cost[row - 1][other - 1] - row_potential[row] - column_potential[other]
            if reduced < least[other]:
                least[other], came_from[other] = reduced, column
        following = min(left, key=least.__getitem__)
        delta = least[following]
        for one in visited:
            row_potential[owner[one]] += delta
            column_potential[one] -= delta
        for other in left:
            least[other] -= delta
        left.remove(following)
        column = following
    path = [column]
    while column:
        column = came_from[column]
        path.append(column)
    return path
