"""Dropping Gaussians that no view can see, or that matter least, without rendering."""

from __future__ import annotations

import numpy as np

from codec.scene import Splats

# Renderers skip contributions below 1/255 (graphdeco, gsplat); the peak of a Gaussian's
# contribution is its opacity, so one below that limit is never drawn anywhere.
INVISIBLE_LOGIT = float(np.log((1 / 255) / (1 - 1 / 255)))


def drop_invisible(splats: Splats) -> Splats:
    """Gaussians whose opacity is below the 1/255 that every renderer cuts at."""
    visible = splats.opacity_logits >= INVISIBLE_LOGIT
    return splats if visible.all() else splats.take(np.flatnonzero(visible))


def keep_most_visible(splats: Splats, count: int) -> Splats:
    """The `count` Gaussians with the largest opacity times footprint, in input order."""
    logits = np.clip(splats.opacity_logits.astype(np.float64), -60, 60)
    alpha = 1 / (1 + np.exp(-logits))
    two_largest = np.sort(splats.log_scales.astype(np.float64), axis=1)[:, 1:].sum(axis=1)
    distance = np.sqrt(((splats.means - np.median(splats.means, axis=0)) ** 2).sum(axis=1))
    near = np.percentile(distance, 60) if len(distance) else 1.0
    score = np.log(alpha) + two_largest - 2 * np.log(np.maximum(distance, max(near, 1e-30)))
    order = np.argsort(-score, kind="stable")[:count]
    return splats.take(np.sort(order))
