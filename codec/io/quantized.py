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


def normalized(quats: NDArray[np.floating]) -> NDArray[np.float64]:
    """[N, 4] float64 of unit length; zero or not finite becomes the identity."""
    q = quats.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        q = q / np.linalg.norm(q, axis=1, keepdims=True)
    q[~np.isfinite(q).all(axis=1)] = (1.0, 0.0, 0.0, 0.0)
    return q


def split_largest(quats: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """"Smallest three" coding of unit quaternions [N, 4]: the inverse of `place_largest`.

    Returns the index [N] of the component left out, and the others [N, 3] in ascending order,
    signed so that the one left out is positive.
    """
    index = np.abs(quats).argmax(axis=1)
    rows = np.arange(len(quats))
    sign = np.where(quats[rows, index] < 0, -1.0, 1.0)
    order = np.array([[c for c in range(4) if c != i] for i in range(4)])
    return index, quats[rows[:, None], order[index]] * sign[:, None]


def alphas(opacity_logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """[N] opacities in 0..1."""
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-opacity_logits.astype(np.float64)))


def to_bytes(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Rounded and clipped to 0..255."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
