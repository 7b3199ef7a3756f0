"""Numba kernel of Adam over rows that were seen."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

_CHUNKS = 64


@njit(cache=True, error_model="numpy")
def _step_row(values, gradients, first, second, beta1, beta2, rate, scale2, eps):
    # error_model: a check for division by zero would keep the loop from being vector code.
    one = np.float32(1.0)
    for k in range(values.shape[0]):
        g = gradients[k]
        m = beta1 * first[k] + (one - beta1) * g
        v = beta2 * second[k] + (one - beta2) * g * g
        first[k] = m
        second[k] = v
        values[k] -= rate * m / (math.sqrt(v * scale2) + eps)


@njit(cache=True, parallel=True)
def step_rows(values, gradients, first, second, steps, seen, correction, beta1, beta2, rate, sizes,
              eps):
    """One Adam step of the rows of values [N, K] with seen [N] true.

    steps: [N] int32, steps each row has made, this one included: its own bias correction.
    correction: [T, 2] float32, 1 / (1 - beta**t) for both betas; the last row for all later t.
    sizes: [N] float32, factors on the rate.
    """
    n, last = values.shape[0], correction.shape[0] - 1
    for chunk in prange(_CHUNKS):
        for i in range(n * chunk // _CHUNKS, n * (chunk + 1) // _CHUNKS):
            if seen[i]:
                t = min(steps[i], last)
                _step_row(values[i], gradients[i], first[i], second[i], beta1, beta2,
                          rate * sizes[i] * correction[t, 0], correction[t, 1], eps)
