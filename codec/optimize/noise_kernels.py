"""Numba kernel of the exploring noise, with its own counter-based random numbers."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

_CHUNKS = 16


@njit(cache=True, inline="always")
def _uniform(key, counter):
    """Uniform in (0, 1) from (key, counter): the finalizer of SplitMix64 (Steele et al. 2014)."""
    z = np.uint64(key) + np.uint64(counter) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (float(z >> np.uint64(11)) + 0.5) / 9007199254740992.0


@njit(cache=True, inline="always")
def _normal(key, counter):
    """Standard normal by Box and Muller."""
    radius = math.sqrt(-2.0 * math.log(_uniform(key, 2 * counter)))
    return radius * math.cos(2.0 * math.pi * _uniform(key, 2 * counter + 1))


@njit(cache=True, parallel=True, error_model="numpy")
def shake_means(means, log_scales, quats, logits, key, size, threshold, highest):
    """Add to the means of faint Gaussians covariance @ normal * size / (1 + e^(100 (o - t))).

    threshold: t above.   highest: opacity above which nothing happens.   means change in place.
    """
    n = means.shape[0]
    top = math.log(highest / (1.0 - highest))
    for chunk in prange(_CHUNKS):
        for i in range(n * chunk // _CHUNKS, n * (chunk + 1) // _CHUNKS):
            if logits[i] >= top:
                continue
            opacity = 1.0 / (1.0 + math.exp(-float(logits[i])))
            gate = size / (1.0 + math.exp(100.0 * (opacity - threshold)))
            w, x, y, z = quats[i, 0], quats[i, 1], quats[i, 2], quats[i, 3]
            short = 2.0 / (float(w) * w + float(x) * x + float(y) * y + float(z) * z)
            nx, ny = _normal(key, 3 * i) * gate, _normal(key, 3 * i + 1) * gate
            nz = _normal(key, 3 * i + 2) * gate
            for axis in range(3):
                if axis == 0:
                    a, b, c = 1 - short * (y * y + z * z), short * (x * y + w * z), \
                        short * (x * z - w * y)
                elif axis == 1:
                    a, b, c = short * (x * y - w * z), 1 - short * (x * x + z * z), \
                        short * (y * z + w * x)
                else:
                    a, b, c = short * (x * z + w * y), short * (y * z - w * x), \
                        1 - short * (x * x + y * y)
                along = (a * nx + b * ny + c * nz) * math.exp(2.0 * log_scales[i, axis])
                means[i, 0] += a * along
                means[i, 1] += b * along
                means[i, 2] += c * along
