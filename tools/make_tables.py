"""Make the integer tables shipped with the specification (annex C).

Computed once with high precision and frozen; the codec loads the file and never recomputes it.
`python -m tools.make_tables` rewrites `codec/core/tables.bin`; a test checks its SHA-256.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

TARGET = Path(__file__).resolve().parent.parent / "codec" / "core" / "tables.bin"


def opacity_logits() -> np.ndarray:
    """[4096] float32: logit of alpha = sin^2(pi/2 * (j + 1/2) / 4096)."""
    angle = [math.pi / 2 * (j + 0.5) / 4096 for j in range(4096)]
    return np.array([2 * math.log(math.tan(a)) for a in angle], dtype="<f4")


def log2_alphas() -> np.ndarray:
    """[4096] int16: 256 * log2(alpha) on the same grid."""
    angle = [math.pi / 2 * (j + 0.5) / 4096 for j in range(4096)]
    return np.array([round(512 * math.log2(math.sin(a))) for a in angle], dtype="<i2")


def logistic_cdf() -> np.ndarray:
    """[4097] uint32: 2^20 / (1 + exp(-x)), x = (i - 2048) / 128."""
    x = [(i - 2048) / 128 for i in range(4097)]
    return np.array([round((1 << 20) / (1 + math.exp(-v))) for v in x], dtype="<u4")


def inverse_scales() -> np.ndarray:
    """[64] uint32: 2^20 / b_k, b_k = 2^(k/4 - 4) in units of one symbol."""
    return np.array([round(2.0 ** (20 - (k / 4 - 4))) for k in range(64)], dtype="<u4")


def rotation_bits() -> np.ndarray:
    """[128] int16: 256 * log2(max(r - 1/r, 1/2)), r = exp(u / 16)."""
    r = [math.exp(u / 16) for u in range(128)]
    return np.array([round(256 * math.log2(max(v - 1 / v, 0.5))) for v in r], dtype="<i2")


def log2_mantissas() -> np.ndarray:
    """[256] int16: 256 * log2(1 + i / 256)."""
    return np.array([round(256 * math.log2(1 + i / 256)) for i in range(256)], dtype="<i2")


def thresholds() -> np.ndarray:
    """[64] uint32: 2^(k/2), rounded."""
    return np.array([round(2 ** (k / 2)) for k in range(64)], dtype="<u4")


def make() -> bytes:
    parts = (opacity_logits, log2_alphas, logistic_cdf, inverse_scales, rotation_bits,
             log2_mantissas, thresholds)
    return b"".join(part().tobytes() for part in parts)


if __name__ == "__main__":
    TARGET.write_bytes(make())
    print(f"wrote {TARGET.name}, {TARGET.stat().st_size} bytes")
