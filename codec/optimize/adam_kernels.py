"""Numba kernel of Adam over rows that were seen."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

_CHUNKS = 64


@njit(cache=True)
def _step_row(values, gradients, first, second, beta1, beta2, rate, scale2, eps):
    one = np.float32(1.0)
    for k in range(values.shape[0]):
        g = gradients[k]
        m = beta1 * first[k] + (one - beta1) * g
        v = beta2 * second[k] + (one - beta2) * g * g
        first[k] = m
        second[k] = v
        values[k] -= rate * m / (math.sqrt(v * scale2) + eps)


@njit(cache=True, parallel=True)
def step_rows(values, gradients, first, second, steps, seen, beta1, beta2, rate, eps):
    """One Adam step of the rows of values [N, K] with seen [N] true.

    steps: [N] int32, steps each row has made, this one included: its own bias correction.
    """
    n = values.shape[0]
    for chunk in prange(_CHUNKS):
        for i in range(n * chunk // _CHUNKS, n * (chunk + 1) // _CHUNKS):
            if seen[i]:
                t = steps[i]
                own_rate = rate / (1.0 - math.pow(float(beta1), t))
                scale2 = 1.0 / (1.0 - math.pow(float(beta2), t))
                _step_row(values[i], gradients[i], first[i], second[i], beta1, beta2,
                          np.float32(own_rate), np.float32(scale2), eps)
