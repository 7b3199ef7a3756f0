"""The integer tables of the specification (annex C), loaded once, read only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_LAYOUT = (
    ("opacity_logits", "<f4", 4096),
    ("log2_alphas", "<i2", 4096),
    ("logistic_cdf", "<u4", 4097),
    ("inverse_scales", "<u4", 64),
    ("rotation_bits", "<i2", 128),
    ("log2_mantissas", "<i2", 256),
    ("thresholds", "<u4", 64),
)


@dataclass(frozen=True, slots=True)
class CodingTables:
    """Arrays as in annex C; integers widened to int64."""

    opacity_logits: NDArray[np.float32]
    log2_alphas: NDArray[np.int64]
    logistic_cdf: NDArray[np.int64]
    inverse_scales: NDArray[np.int64]
    rotation_bits: NDArray[np.int64]
    log2_mantissas: NDArray[np.int64]
    thresholds: NDArray[np.int64]


@lru_cache(maxsize=1)
def coding_tables() -> CodingTables:
    raw = Path(__file__).with_name("tables.bin").read_bytes()
    arrays, offset = {}, 0
    for name, dtype, count in _LAYOUT:
        values = np.frombuffer(raw, dtype, count, offset)
        offset += values.nbytes
        arrays[name] = values.astype(np.float32 if dtype == "<f4" else np.int64)
        arrays[name].flags.writeable = False
    return CodingTables(**arrays)


def log2_q8(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """256 * log2(v) of integers 1 <= v < 2^53, by table (spec 02, "log2_q8")."""
    exponent = np.frexp(values.astype(np.float64))[1].astype(np.int64) - 1  # exact below 2^53
    up, down = np.maximum(8 - exponent, 0), np.maximum(exponent - 8, 0)
    mantissa = ((values << up) >> down) - 256
    return (exponent << 8) + coding_tables().log2_mantissas[mantissa]
