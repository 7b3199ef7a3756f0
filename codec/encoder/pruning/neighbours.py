"""Near neighbours along shifted Morton curves: approximate, NumPy only, deterministic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
_BITS = 16
_SHIFTS = ((0.0, 0.0, 0.0), (0.137, 0.311, 0.071), (0.293, 0.089, 0.217))


def morton_codes(unit: F64) -> NDArray[np.uint64]:
    """[M] codes of 16 bits an axis of points [M, 3] in 0..1; clipped outside."""
    cells = np.clip(unit * (1 << _BITS), 0, (1 << _BITS) - 1).astype(np.uint64)
    for shift, mask in ((16, 0x0000FF0000FF), (8, 0x00F00F00F00F), (4, 0x0C30C30C30C3),
                        (2, 0x249249249249)):
        cells = (cells | (cells << np.uint64(shift))) & np.uint64(mask)
    return cells[:, 0] << np.uint64(2) | cells[:, 1] << np.uint64(1) | cells[:, 2]


def candidates(points: F64, anchors: F64, width: int = 4) -> NDArray[np.int64]:
    """[M, 6 width] rows of `anchors` [K, 3] near each of `points` [M, 3]; rows may repeat.

    The 2 `width` next to it along three shifted Morton curves, linear in the middle of the
    scene and logarithmic far out. K must be at least 1.
    """
    low, middle, high = np.quantile(anchors, (0.05, 0.5, 0.95), axis=0)
    scale = max(float((high - low).max()) / 2, 1e-12)
    bent = [np.arcsinh((values - middle) / scale) for values in (points, anchors)]
    reach = max(float(np.abs(bent[1]).max(initial=0.0)), 1e-9)
    points, anchors = ((values / reach + 1) / 2.5 for values in bent)
    steps = np.arange(-width, width + 1)
    found: list[NDArray[np.int64]] = []
    for shift in _SHIFTS:
        codes = morton_codes(anchors + np.array(shift) * 0.5)
        order = np.argsort(codes, kind="stable")
        place = np.searchsorted(codes[order], morton_codes(points + np.array(shift) * 0.5))
        if len(points) == len(anchors) and np.array_equal(points, anchors):
            place[order] = np.arange(len(order))  # spreads points of equal code
        around = steps[steps != 0] if len(found) else steps[:-1]
        found.append(order[np.clip(place[:, None] + around, 0, len(order) - 1)])
    return np.concatenate(found, axis=1)


def nearest_distances(points: F64, anchors: F64, count: int = 3, skip_self: bool = False) -> F64:
    """[M] mean distance of each point to about its `count` nearest anchors.

    skip_self: distances of zero rows (the point itself) do not count once each.
    """
    if len(anchors) <= int(skip_self):
        return np.ones(len(points))
    rows = np.sort(candidates(points, anchors, 5), axis=1)
    distance = np.sqrt(((anchors[rows] - points[:, None]) ** 2).sum(2))
    distance[:, 1:][rows[:, 1:] == rows[:, :-1]] = np.inf
    distance = np.sort(distance, axis=1)[:, int(skip_self): int(skip_self) + count]
    known = np.isfinite(distance)
    return np.where(known, distance, 0).sum(1) / np.maximum(known.sum(1), 1)
