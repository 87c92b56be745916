"""Who gets whom: the pairing of greatest total worth.

PURE. The Hungarian method with potentials and shortest augmenting paths (Kuhn 1955, Munkres 1957,
in the form of Jonker and Volgenant 1987), after a look whether everybody's first choice is free,
which it is in nearly every frame. Deterministic. Called by `tracker`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Worth = npt.NDArray[np.float64]


def pair(worth: Worth) -> dict[int, int]:
    """Column per row of `worth` `(T, N)`, so that the sum of worths is greatest.

    Worths are finite; a pair of worth 0 or less is never made.
    """
    worth = np.maximum(worth, 0.0)
    rows = np.flatnonzero(worth.any(axis=1)) if worth.size else np.zeros(0, np.int64)
    if not len(rows):
        return {}
    first = worth[rows].argmax(axis=1)
    if len(np.unique(first)) == len(first):
        return dict(zip(rows.tolist(), first.tolist(), strict=True))
    columns = np.flatnonzero(worth.any(axis=0))
    inner = worth[np.ix_(rows, columns)]
    turned = len(rows) > len(columns)
    chosen = _cheapest(-(inner.T if turned else inner))
    pairs = (
        (rows[b], columns[a]) if turned else (rows[a], columns[b]) for a, b in enumerate(chosen)
    )
    return dict(sorted((int(row), int(col)) for row, col in pairs if worth[row, col] > 0))


def _cheapest(cost: Worth) -> list[int]:
    """The column of every row of `cost` `(n, m)`, n <= m, each column once, at the least sum."""
    n, m = cost.shape
    padded = np.zeros((n + 1, m + 1))
    padded[1:, 1:] = cost
    row_potential, column_potential = np.zeros(n + 1), np.zeros(m + 1)
    owner = np.zeros(m + 1, np.int64)  # row that holds the column; column 0 is the start
    for row in range(1, n + 1):
        owner[0] = row
        back = _augment(padded, row_potential, column_potential, owner)
        column = back.pop()
        for previous in reversed(back):
            owner[column] = owner[previous]
            column = previous
    chosen = [0] * n
    for column in range(1, m + 1):
        if owner[column]:
            chosen[owner[column] - 1] = column - 1
    return chosen


def _augment(
    cost: Worth, row_potential: Worth, column_potential: Worth, owner: npt.NDArray[np.int64]
) -> list[int]:
    """The columns of a shortest path from column 0 to a free one; the potentials are raised."""
    m = cost.shape[1]
    least = np.full(m, np.inf)
    came_from = np.zeros(m, np.int64)
    visited = np.zeros(m, np.bool_)
    column = 0
    while owner[column]:
        visited[column] = True
        row = owner[column]
        reduced = cost[row] - row_potential[row] - column_potential
        better = ~visited & (reduced < least)
        least[better] = reduced[better]
        came_from[better] = column
        following = int(np.where(visited, np.inf, least).argmin())
        delta = least[following]
        row_potential[owner[visited]] += delta
        column_potential[visited] -= delta
        least[~visited] -= delta
        column = following
    path = [column]
    while column:
        column = int(came_from[column])
        path.append(column)
    return path[::-1]
