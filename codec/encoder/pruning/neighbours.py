"""Near neighbours along shifted Morton curves: approximate, NumPy only, deterministic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
_BITS = 16
_SHIFTS = ((0.0, 0.0, 0.0), (0.137, 0.311, 0.071), (0.293, 0.089, 0.217))


def morton_codes(points: F64, low: F64, span: float) -> NDArray[np.uint64]:
    """[M] codes of 16 bits an axis in the cube at `low` of side `span`; clipped outside."""
    cells = np.clip((points - low) / span * (1 << _BITS), 0, (1 << _BITS) - 1).astype(np.uint64)
    for shift, mask in ((16, 0x0000FF0000FF), (8, 0x00F00F00F00F), (4, 0x0C30C30C30C3),
                        (2, 0x249249249249)):
        cells = (cells | (cells << np.uint64(shift))) & np.uint64(mask)
    return cells[:, 0] << np.uint64(2) | cells[:, 1] << np.uint64(1) | cells[:, 2]


def candidates(points: F64, anchors: F64, width: int = 4) -> NDArray[np.int64]:
    """[M, 6 width] rows of `anchors` [K, 3] near each of `points` [M, 3]; rows may repeat.

    The 2 `width` next to it along three shifted Morton curves. K must be at least 1.
    """
    low, high = np.quantile(anchors, (0.02, 0.98), axis=0)
    span = max(float((high - low).max()), 1e-12) * 2.0
    low = low - 0.25 * span
    reach = np.arange(-width, width)
    found = []
    for shift in _SHIFTS:
        origin = low - span * np.array(shift) * 0.5
        codes = morton_codes(anchors, origin, span * 1.2)
        order = np.argsort(codes, kind="stable")
        place = np.searchsorted(codes[order], morton_codes(points, origin, span * 1.2))
        found.append(order[np.clip(place[:, None] + reach, 0, len(order) - 1)])
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
