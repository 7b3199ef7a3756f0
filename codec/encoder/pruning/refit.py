"""Colours of the survivors fitted to the views in closed-form steps: no training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codec.encoder.pruning.views import ScoreViews, render_options
from codec.scene import Splats

SH_C0 = 0.28209479177387814


def refit_colours(
    splats: Splats, views: ScoreViews, targets: tuple[NDArray[np.float32], ...], rounds: int = 2,
    damping: float = 1.0, step: float = 1.0,
) -> Splats:
    """DC colours moved by each Gaussian's mean residual under its blending weights.

    An image is linear in the colours: with weights w = alpha T a damped Jacobi step of its least
    squares is dc = sum w (target - image) / (sum w + damping). damping in pixels, so that what
    is hardly seen stays.
    """
    from codec.rendering.backward import GradRenderer

    renderer = GradRenderer(render_options(views))
    for _ in range(rounds):
        residual = np.zeros((splats.n_gaussians, 3))
        weight = np.zeros((splats.n_gaussians, 3))
        for camera, target in zip(views.cameras, targets, strict=True):
            frame = renderer.forward(splats, camera, depth=False)
            ones = np.ones_like(frame.rgb)
            residual += renderer.backward(frame, target - frame.rgb).sh0
            weight += renderer.backward(frame, ones).sh0
        change = step * residual / (weight + damping * SH_C0) / SH_C0
        splats = replace(splats, sh0=(splats.sh0 + change).astype(np.float32))
    return splats
