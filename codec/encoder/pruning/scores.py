"""Scores of single Gaussians: volume-weighted significance, removal error, loss gradient."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.encoder.pruning.views import ScoreViews, render_options
from codec.scene import Splats

_ATTRIBUTES = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")
_PROBES = 1


def volume_weighted(splats: Splats, weights: NDArray, power: float = 0.1) -> NDArray[np.float64]:
    """[N] weights times min(V / V_ref, 1)^power (LightGaussian, Fan et al. 2024, Eq. 4 and 5).

    V_ref: the volume that 10 % of the Gaussians exceed.
    """
    log_volume = splats.log_scales.astype(np.float64).sum(axis=1)
    reference = np.quantile(log_volume, 0.9) if len(log_volume) else 0.0
    return weights * np.exp(power * np.clip(log_volume - reference, -200.0, 0.0))


def removal_error(splats: Splats, views: ScoreViews, seed: int = 0) -> NDArray[np.float64]:
    """[N] estimated squared error of the views when this Gaussian alone is left out.

    Leaving out i changes a pixel by alpha_i T_i (colour behind - colour of i), which is its
    opacity times the derivative of the pixel by it; the sum of squares over the pixels is the
    expected square of the gradient under random signs (Hutchinson), one draw per view.
    """
    from codec.rendering.backward import GradRenderer

    renderer = GradRenderer(render_options(views))
    rng = np.random.Generator(np.random.PCG64(seed))
    opacity = 1 / (1 + np.exp(-np.clip(splats.opacity_logits.astype(np.float64), -30, 30)))
    total = np.zeros(splats.n_gaussians)
    for camera in views.cameras:
        frame = renderer.forward(splats, camera, depth=False)
        for _ in range(_PROBES):
            signs = rng.integers(0, 2, frame.rgb.shape).astype(np.float32) * 2 - 1
            by_logit = renderer.backward(frame, signs).opacity_logits.astype(np.float64)
            total += (by_logit / np.maximum(1 - opacity, 1e-4)) ** 2
    return total / _PROBES


def loss_gradients(
    splats: Splats, views: ScoreViews, targets: tuple[NDArray[np.float32], ...], seed: int = 0
) -> NDArray[np.float64]:
    """[N] norm of the gradient of 0.8 L1 + 0.2 (1 - SSIM), attribute by attribute (A.1.1, 3).

    Norms are summed over the views, then each attribute's divided by their mean. Where an image
    equals its target there is no gradient: seeded random signs stand for the loss's.
    """
    from codec.optimize.losses import photo_loss
    from codec.rendering.backward import GradRenderer

    renderer = GradRenderer(render_options(views))
    rng = np.random.Generator(np.random.PCG64(seed))
    totals = {name: np.zeros(splats.n_gaussians) for name in _ATTRIBUTES}
    for camera, target in zip(views.cameras, targets, strict=True):
        frame = renderer.forward(splats, camera, depth=False)
        loss, d_rgb = photo_loss(frame.rgb, target)
        if loss < 1e-6:
            d_rgb = (rng.integers(0, 2, d_rgb.shape).astype(np.float32) * 2 - 1) / d_rgb.size
        gradients = renderer.backward(frame, d_rgb)
        for name, total in totals.items():
            values = getattr(gradients, name).reshape(splats.n_gaussians, -1)
            total += np.sqrt(np.einsum("nk,nk->n", values, values, dtype=np.float64))
    shares = [total / max(float(total.mean()), 1e-300) for total in totals.values()]
    return np.sum(shares, axis=0)
