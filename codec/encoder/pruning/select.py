"""ExGS's selection: the best overall, and a share for voxels that would lose all (A.2.1)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

LEAST_IN_VOXEL = 4
VOXEL_TOLERANCE = 0.02


def select_with_voxels(
    means: NDArray, scores: NDArray, count: int, supplement: float = 0.3
) -> NDArray[np.intp]:
    """Exactly min(count, N) rows, rising: ExGS's budget (arXiv 2509.24758).

    means: [N, 3]; scores: [N]; supplement: share of the budget that goes to voxels. Passes: the
    best overall; one for each voxel left empty, by its best score; the deficits of the others
    below their quota, by score; the global ranking. Ties go to the lower row.
    """
    n = len(scores)
    if count >= n:
        return np.arange(n)
    if count < 1:
        return np.zeros(0, np.intp)
    order = np.argsort(-scores, kind="stable")
    voxel = voxel_numbers(means, count / 4)
    sizes = np.bincount(voxel)
    quota = np.where(sizes >= LEAST_IN_VOXEL, np.maximum(1, np.floor(count / n * sizes)), 0)
    rank = _rank_in_voxel(order, voxel)
    kept = np.zeros(n, np.bool_)
    kept[order[: math.ceil((1 - supplement) * count)]] = True
    survivors = np.bincount(voxel[kept], minlength=len(sizes))
    empty = (survivors == 0) & (quota > 0)
    firsts = empty[voxel] & (rank == 0)
    # A voxel's survivors are its best, so what it is owed comes next by rank.
    owed = rank < quota[voxel]
    for wanted in (firsts, owed, np.ones(n, np.bool_)):
        new = order[(wanted & ~kept)[order]]
        kept[new[: count - int(kept.sum())]] = True
    return np.flatnonzero(kept)


def _rank_in_voxel(order: NDArray, voxel: NDArray) -> NDArray[np.int64]:
    """[N] place of each row among the rows of its voxel, best first."""
    grouped = order[np.argsort(voxel[order], kind="stable")]
    sizes = np.bincount(voxel)
    starts = np.cumsum(sizes) - sizes
    rank = np.empty(len(order), np.int64)
    rank[grouped] = np.arange(len(order)) - starts[voxel[grouped]]
    return rank


def voxel_numbers(means: NDArray, wanted: float) -> NDArray[np.int64]:
    """[N] voxel of each point, 0.., the edge bisected until about `wanted` (2 %) are occupied."""
    offset = means.astype(np.float64) - means.min(axis=0)
    side = max(float(offset.max()), 1e-30)
    low, high = side * 2.0**-20, 2 * side
    numbers = np.zeros(len(means), np.int64)
    for _ in range(40):
        edge = math.sqrt(low * high)
        cells = (offset / edge).astype(np.int64)
        keys = (cells[:, 0] << 42) | (cells[:, 1] << 21) | cells[:, 2]
        unique, numbers = np.unique(keys, return_inverse=True)
        if abs(len(unique) - wanted) <= VOXEL_TOLERANCE * wanted:
            break
        low, high = (edge, high) if len(unique) > wanted else (low, edge)
    return numbers.reshape(-1)
