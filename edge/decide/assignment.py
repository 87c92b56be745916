"""Who gets whom: the pairing of greatest total worth.

PURE. The Hungarian method with potentials and shortest augmenting paths (Kuhn 1955, Munkres 1957,
in the form of Jonker and Volgenant 1987), for each group of rivals apart, and only where not
everybody's first choice is free, which it is nearly always. Deterministic. Called by `tracker`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Worth = npt.NDArray[np.float64]


def pair(worth: Worth) -> dict[int, int]:
    """Column per row of `worth` `(T, N)`, so that the sum of worths is greatest.

    Worths are finite; a pair of worth 0 or less is never made.
    """
    if not worth.size:
        return {}
    first = worth.argmax(axis=1).tolist()
    pairs: dict[int, int] = {}
    for rows, columns in _rivals(worth > 0):
        wanted = [first[row] for row in rows]
        free = len(set(wanted)) == len(wanted)
        pairs |= dict(zip(rows, wanted, strict=True)) if free else _best(worth, rows, columns)
    return pairs


def _rivals(possible: npt.NDArray[np.bool_]) -> list[tuple[list[int], list[int]]]:
    """The rows, with their columns, that compete with each other and with no other: those that
    are joined by `possible` `(T, N)` pairs."""
    groups: list[tuple[list[int], set[int]]] = []
    for row, pairs in enumerate(possible.tolist()):
        rows, columns = [row], {column for column, one in enumerate(pairs) if one}
        if not columns:
            continue
        apart = []
        for group in groups:
            if columns.isdisjoint(group[1]):
                apart.append(group)
            else:
                rows, columns = group[0] + rows, group[1] | columns
        groups = [*apart, (rows, columns)]
    return [(sorted(rows), sorted(columns)) for rows, columns in groups]


def _best(worth: Worth, rows: list[int], columns: list[int]) -> dict[int, int]:
    """The pairs of these rows and columns alone."""
    inner = np.maximum(worth[np.ix_(rows, columns)], 0.0)
    turned = len(rows) > len(columns)
    chosen = _cheapest(-(inner.T if turned else inner))
    pairs = (
        (rows[b], columns[a]) if turned else (rows[a], columns[b]) for a, b in enumerate(chosen)
    )
    return {row: column for row, column in pairs if worth[row, column] > 0}


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
