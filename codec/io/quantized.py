"""Small inverses the 8-bit splat formats share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SH_C0 = 0.28209479177387814  # 1 / (2 sqrt(pi)), the constant spherical harmonic


def logit_of_bytes(alpha: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Opacity logit of alpha / 255; 0 gives -inf and 255 +inf (see `codec.io.clean`)."""
    with np.errstate(divide="ignore"):
        a = np.arange(256) / 255
        table = (np.log(a) - np.log1p(-a)).astype(np.float32)
    return table[alpha]


def place_largest(
    index: NDArray[np.integer], others: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Unit quaternions [N, 4] from "smallest three" coding.

    index: [N], which component was left out; others: [N, 3], the rest in ascending order.
    """
    n = len(index)
    left_out = np.sqrt(np.maximum(0.0, 1.0 - np.square(others).sum(axis=1)))
    order = np.array([[c for c in range(4) if c != i] for i in range(4)])
    out = np.empty((n, 4), np.float32)
    rows = np.arange(n)
    out[rows[:, None], order[index]] = others
    out[rows, index] = left_out
    return out
