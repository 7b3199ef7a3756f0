"""GoDe's ladder of nested levels, as NiFi (arXiv 2602.04549) prunes with it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codec.encoder.pruning.base import Strategy
from codec.encoder.pruning.views import ScoreViews, targets
from codec.scene import Splats

SMALLEST, TOP_SHARE = 4096, 0.85


def level_sizes(
    n: int, levels: int = 4, smallest: int = SMALLEST, top: float = TOP_SHARE
) -> tuple[int, ...]:
    """Sizes of nested levels, rising strictly, in geometric progression up to `top` of `n`.

    |G_l| = floor(c_min exp(l (log N_top - log c_min) / (L - 1))), l = 0..L-1; c_min is `smallest`,
    or N_top / 2^(levels - 1) in scenes too small for it. Fewer levels when sizes would repeat.
    """
    largest = max(1, math.floor(top * n))
    if levels < 2 or n < 2:
        return (largest,)
    least = smallest if smallest < largest else max(1, largest >> (levels - 1))
    growth = math.log(largest / least) / (levels - 1)
    # The small term keeps floor() from undoing exp(log(x)).
    sizes = (math.floor(least * math.exp(level * growth) + 1e-6) for level in range(levels))
    return tuple(sorted(set(sizes)))


def steps_down(n: int, count: int, steps: int) -> tuple[int, ...]:
    """Falling sizes from `n` (left out) to `count`, evenly spaced in log scale."""
    sizes = (round(n * (count / n) ** ((i + 1) / steps)) for i in range(steps - 1))
    return (*(size for size in sizes if count < size < n), count)


def level_of_rows(ranked: NDArray[np.intp], sizes: tuple[int, ...]) -> NDArray[np.int64]:
    """[N] lowest level each row belongs to; len(sizes) for rows in none.

    ranked: [N] rows, the most significant first.
    """
    level = np.full(len(ranked), len(sizes), np.int64)
    for number in reversed(range(len(sizes))):
        level[ranked[: sizes[number]]] = number
    return level


def nested_rows(
    chosen: Strategy, splats: Splats, views: ScoreViews, sizes: tuple[int, ...]
) -> list[NDArray[np.intp]]:
    """Rows of each level, smallest first, each a subset of the next; `sizes` rise.

    From the top down, each level chosen within the one above; gradients are against the views of
    the whole scene.
    """
    if chosen.needs_views:
        views = replace(views, photos=targets(splats, views))
    rows, found = np.arange(splats.n_gaussians), []
    for size in reversed(sizes):
        rows = rows[chosen.choose(splats.take(rows), views, size)]
        found.append(rows)
    return found[::-1]
