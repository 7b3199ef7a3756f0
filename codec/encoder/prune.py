"""Dropping Gaussians that no view can see, or that matter least."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.encoder.plan import target_db
from codec.scene import Camera, Splats

# Renderers skip contributions below 1/255 (graphdeco, gsplat); the peak of a Gaussian's
# contribution is its opacity, so one below that limit is never drawn anywhere.
INVISIBLE_LOGIT = float(np.log((1 / 255) / (1 - 1 / 255)))
# Share of the error budget of a quality that pruning may take.
ERROR_SHARE = 0.12
CHECK_VIEWS = 12
# Without rendering nothing proves that a Gaussian is hidden: never drop more than this.
MAX_UNSEEN_SHARE = 0.08
# Real cameras are proof; planned ones overlook what some real view shows (south-building).
MAX_SHARE, MAX_PLANNED_SHARE = 0.6, 0.3


def drop_invisible(splats: Splats) -> Splats:
    """Gaussians whose opacity is below the 1/255 that every renderer cuts at."""
    visible = splats.opacity_logits >= INVISIBLE_LOGIT
    return splats if visible.all() else splats.take(np.flatnonzero(visible))


def footprint_score(splats: Splats) -> NDArray[np.float64]:
    """[N] opacity times projected area at the distance from the scene's centre, mean 1."""
    n = splats.n_gaussians
    alpha = 1 / (1 + np.exp(-np.clip(splats.opacity_logits.astype(np.float64), -60, 60)))
    scales = splats.log_scales.astype(np.float64)
    area = np.exp(np.minimum(scales.sum(axis=1) - scales.min(axis=1), 80.0))
    offset = splats.means.astype(np.float64) - np.median(splats.means, axis=0) if n else np.zeros(0)
    distance = np.sqrt((offset**2).sum(axis=1)) if n else np.zeros(0)
    near = max(float(np.percentile(distance, 60)), 1e-30) if n else 1.0
    score = alpha * area / np.maximum(distance, near) ** 2
    return score / max(float(score.mean()), 1e-300) if n else score


def plain_share(quality: float) -> float:
    """Share that may go without real cameras: 5 % at quality 60, halved every 10 points."""
    return min(0.05 * 2 ** ((60 - quality) / 10), MAX_UNSEEN_SHARE)


def planned_share(quality: float) -> float:
    """Share that may go by planned views: 10 % at quality 60, halved every 10 points."""
    return min(0.1 * 2 ** ((60 - quality) / 10), MAX_PLANNED_SHARE)


def prune_plain(splats: Splats, quality: float) -> Splats:
    """Without rendering: a small share by footprint score, less the higher the quality."""
    count = int(plain_share(quality) * splats.n_gaussians)
    return splats.take(_kept(footprint_score(splats), count)) if count else splats


def prune_by_views(splats: Splats, cameras: list[Camera], given: bool, quality: float,
                   threads: int) -> Splats:
    """Drop the least visible while the renders' error stays a small share of the budget.

    given: the cameras are the scene's own; planned ones are used beside the footprint, and let
    less go. The budget holds in the mean of the views looked at, and four times the budget in
    each of them.
    """
    from codec.encoder.probe import ViewError
    from codec.encoder.pruning.views import ScoreViews, blending_weights, spread

    views = ScoreViews.of(cameras, threads)
    score, limit = blending_weights(splats, views), MAX_SHARE
    if not given:
        score = score / max(float(score.mean()), 1e-300)  # as the footprint's: of mean 1
        score, limit = np.maximum(score, footprint_score(splats)), planned_share(quality)
    error = ViewError(splats, spread(list(views.cameras), CHECK_VIEWS), threads)
    budget = ERROR_SHARE * 10 ** (-target_db(quality) / 10)
    low, high = 0.0, limit
    for _ in range(7):
        share = (low + high) / 2
        errors = error.per_view(splats.take(_kept(score, int(share * splats.n_gaussians))))
        fits = np.mean(errors) <= budget and max(errors) <= 4 * budget
        low, high = (share, high) if fits else (low, share)
    count = int(low * splats.n_gaussians)
    return splats.take(_kept(score, count)) if count else splats


def _kept(score, count: int):
    order = np.argsort(score, kind="stable")
    return np.sort(order[count:])
