"""The same Gaussian noise on every machine: counter-based integers through a table (spec 5.11.3).

Philox4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") gives 64-bit
numbers; each 16-bit part looks up a quantile of the normal distribution in 1/4096.
"""

from __future__ import annotations

from functools import lru_cache
from math import floor
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

UNIT = 4096
"""Noise is an integer over this."""


@lru_cache(maxsize=1)
def noise_table() -> NDArray[np.int16]:
    """[65536] quantiles of the middle of each cell, in 1/UNIT."""
    quantile = NormalDist().inv_cdf
    half = [floor(UNIT * quantile((i + 0.5) / 65536) + 0.5) for i in range(32768, 65536)]
    upper = np.array(half, np.int16)
    return np.concatenate([-upper[::-1], upper])


def noise_integers(seed: int, view: int, count: int) -> NDArray[np.int16]:
    """[count] integers in 1/UNIT of image `view`.   seed, view: 0 .. 2^64 - 1."""
    words = np.random.Philox(key=np.array([seed, view], np.uint64)).random_raw(-(-count // 4))
    return noise_table()[words.astype("<u8", copy=False).view("<u2")[:count]]


def noise(seed: int, view: int, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Noise [C, h, w] of an image, filled channel by channel, row by row; exact in float32."""
    count = shape[0] * shape[1] * shape[2]
    return noise_integers(seed, view, count).reshape(shape).astype(np.float32) / np.float32(UNIT)
