"""What happens to values no renderer can use: one documented rule, every change counted.

Dropped (each Gaussian counted once, under the first reason that holds):
  1. position NaN or infinite
  2. NaN in scale, rotation, opacity or colour
  3. scale +inf (covers everything), rotation or colour infinite (no meaning)
  4. opacity -inf (alpha is exactly 0: never visible)
Changed:
  opacity +inf -> MAX_OPACITY_LOGIT      (alpha is 1 in float32)
  scale -inf   -> MIN_LOG_SCALE          (an axis of no extent)
  rotation with every component below MIN_QUAT in magnitude -> identity
Finite values are never touched; quaternions are not normalized here. `extra` is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from codec.scene import Splats

MAX_OPACITY_LOGIT = 20.0  # 1 - sigmoid(20) = 2e-9, below float32's step at 1
MIN_LOG_SCALE = -30.0  # 1e-13 world units; trained scenes end near -20
MIN_QUAT = 1e-12  # where the training codes' own normalization gives up


@dataclass(frozen=True, slots=True)
class CleanReport:
    """n_in, n_out: Gaussians before and after. dropped, changed: rows by reason, no zeros."""

    n_in: int
    n_out: int
    dropped: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Was anything dropped or changed?"""
        return bool(self.dropped or self.changed)

    def lines(self) -> list[str]:
        """One human line a reason; empty when the scene was clean."""
        return [f"dropped {_rows(n)}: {why}" for why, n in self.dropped.items()] + [
            f"changed {_rows(n)}: {why}" for why, n in self.changed.items()
        ]


def _rows(n: int) -> str:
    return f"{n} Gaussian" + ("" if n == 1 else "s")


def clean(splats: Splats) -> tuple[Splats, CleanReport]:
    """Apply the rule of this module. A clean scene is returned as it is, without a copy."""
    kept, dropped = _drop(splats)
    kept, changed = _repair(kept)
    return kept, CleanReport(splats.n_gaussians, kept.n_gaussians, dropped, changed)


def _drop(splats: Splats) -> tuple[Splats, dict[str, int]]:
    suspects = {
        name: values
        for name in ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")
        if not np.isfinite(values := getattr(splats, name)).all()
    }
    if not suspects:
        return splats, {}
    n = splats.n_gaussians

    def rows(test: Callable[[NDArray], NDArray], *names: str) -> NDArray[np.bool_]:
        hit = np.zeros(n, bool)
        for name in names:
            if name in suspects:
                # Not reshape(n, -1), which cannot tell the width when n is 0.
                hit |= test(suspects[name]).any(axis=tuple(range(1, suspects[name].ndim)))
        return hit

    reasons = {
        "position is NaN or infinite": rows(lambda v: ~np.isfinite(v), "means"),
        "scale, rotation, opacity or colour is NaN": rows(
            np.isnan, "log_scales", "quats", "opacity_logits", "sh0", "shN"
        ),
        "scale is infinite": rows(np.isposinf, "log_scales"),
        "rotation is infinite": rows(np.isinf, "quats"),
        "colour is infinite": rows(np.isinf, "sh0", "shN"),
        "opacity is -inf (alpha 0, never visible)": rows(np.isneginf, "opacity_logits"),
    }
    bad = np.zeros(n, bool)
    dropped = {}
    for reason, hit in reasons.items():
        new = int((hit & ~bad).sum())
        if new:
            dropped[reason] = new
        bad |= hit
    return (splats.take(~bad) if bad.any() else splats), dropped


def _repair(splats: Splats) -> tuple[Splats, dict[str, int]]:
    changed: dict[str, int] = {}
    opaque = np.isposinf(splats.opacity_logits)
    if opaque.any():
        changed[f"opacity +inf set to {MAX_OPACITY_LOGIT:g} (alpha 1)"] = int(opaque.sum())
        logits = np.where(opaque, np.float32(MAX_OPACITY_LOGIT), splats.opacity_logits)
        splats = replace(splats, opacity_logits=logits)
    flat = np.isneginf(splats.log_scales)
    if flat.any():
        changed[f"scale -inf set to {MIN_LOG_SCALE:g}"] = int(flat.any(axis=1).sum())
        scales = np.where(flat, np.float32(MIN_LOG_SCALE), splats.log_scales)
        splats = replace(splats, log_scales=scales)
    null = (np.abs(splats.quats) < MIN_QUAT).all(axis=1)
    if null.any():
        changed["zero rotation set to the identity"] = int(null.sum())
        quats = splats.quats.copy()
        quats[null] = (1, 0, 0, 0)
        splats = replace(splats, quats=quats)
    return splats, changed
