"""Finite values that the lossy modes cannot carry beside a normal scene.

Dropped: positions more than REACH times the scene's extent (5 to 95 % of all positions, largest
axis) from its median; one of them would take the precision of all others.
Changed: log-scales above MAX_LOG_SCALE, colour coefficients beyond MAX_COLOUR. Quaternions of
extreme norm are normalized (not reported: only their direction has a meaning).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from codec.io.clean import CleanReport
from codec.scene import Splats

REACH = 1e6
MAX_LOG_SCALE = 30.0
MAX_COLOUR = 1e4


def bound_values(splats: Splats) -> tuple[Splats, CleanReport]:
    """Apply the rule of this module; every change but normalization is counted."""
    n_in = splats.n_gaussians
    if not n_in:
        return splats, CleanReport(0, 0)
    near = _within_reach(splats)
    dropped = {}
    if not near.all():
        dropped["position over a million scene extents away"] = int((~near).sum())
        splats = splats.take(np.flatnonzero(near))
    splats, changed = _bound(splats)
    return splats, CleanReport(n_in, splats.n_gaussians, dropped, changed)


def _within_reach(splats: Splats):
    low, middle, high = np.percentile(splats.means.astype(np.float64), (5, 50, 95), axis=0)
    extent = float((high - low).max())
    if extent == 0:  # (nearly) all in one place: any distance is as good as another
        return np.ones(splats.n_gaussians, bool)
    return (np.abs(splats.means - middle) <= REACH * extent).all(axis=1)


def _bound(splats: Splats):
    changed = {}
    large = (splats.log_scales > MAX_LOG_SCALE).any(axis=1)
    if large.any():
        changed[f"log-scale above {MAX_LOG_SCALE:g}"] = int(large.sum())
        limit = np.float32(MAX_LOG_SCALE)
        splats = replace(splats, log_scales=np.minimum(splats.log_scales, limit))
    bright = (np.abs(splats.sh0) > MAX_COLOUR).any(axis=1)
    if splats.shN.size:
        bright |= (np.abs(splats.shN) > MAX_COLOUR).any(axis=(1, 2))
    if bright.any():
        changed[f"colour coefficient beyond {MAX_COLOUR:g}"] = int(bright.sum())
        limit = np.float32(MAX_COLOUR)
        splats = replace(splats, sh0=np.clip(splats.sh0, -limit, limit),
                         shN=np.clip(splats.shN, -limit, limit))
    norm = np.sqrt((splats.quats.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
    if ((norm < 1e-6) | (norm > 1e6)).any():
        safe = np.where(norm > 0, norm, 1.0)
        splats = replace(splats, quats=(splats.quats / safe).astype(np.float32))
    return splats, changed
