"""The image loss of 3DGS training, 0.8 L1 + 0.2 (1 - SSIM), or with squares in the place of L1;
its gradient by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
_SIGMA = 1.5


def ssim_window() -> F32:
    """The 11 taps of the Gaussian window, sigma 1.5 pixels, of sum 1."""
    from codec.optimize.loss_kernels import HALF

    taps = np.exp(-np.arange(-HALF, HALF + 1) ** 2 / (2 * _SIGMA**2))
    return (taps / taps.sum()).astype(np.float32)


def photo_loss(image: F32, target: F32, ssim_weight: float = 0.2,
               squared_weight: float = 0.0) -> tuple[float, F32]:
    """(1 - w) mean |image - target| + w (1 - mean SSIM), and its gradient [H, W, 3] by `image`.

    squared_weight: if not 0, of the mean of (image - target)^2 in the place of the first term.

    image, target: [H, W, 3] float32, 1 = white. SSIM of Wang et al. 2004 per channel: 11 x 11
    Gaussian window, zeros outside the image, as in the graphdeco code.
    """
    from codec.optimize import loss_kernels as kernels

    height, width, _ = image.shape
    x = np.ascontiguousarray(image, np.float32).reshape(height, -1)
    y = np.ascontiguousarray(target, np.float32).reshape(height, -1)
    planes, terms = np.empty((5, *x.shape), np.float32), np.empty((3, *x.shape), np.float32)
    ssim_rows, error_rows = np.empty(height), np.empty((height, 2))
    gradient, window = np.empty_like(x), ssim_window()
    kernels.moment_planes(x, y, planes)
    kernels.ssim_terms(planes, window, terms, ssim_rows)
    weights = np.array([0.0 if squared_weight else 1 - ssim_weight, squared_weight, ssim_weight])
    shares = weights / x.size
    kernels.loss_gradient(x, y, terms, window, shares.astype(np.float32), gradient, error_rows)
    loss = error_rows.sum(axis=0) @ shares[:2] + ssim_weight - shares[2] * ssim_rows.sum()
    return float(loss), gradient.reshape(image.shape)


def ssim(image: F32, target: F32) -> float:
    """Mean SSIM of two [H, W, 3] float32 images, window and borders as in `photo_loss`."""
    return 1.0 - photo_loss(image, target, 1.0)[0]


def psnr(image: F32, target: F32) -> float:
    """PSNR in dB over all pixels and channels, both clipped to 0..1; inf when equal."""
    difference = np.clip(image, 0, 1).astype(np.float64) - np.clip(target, 0, 1)
    mse = float(np.mean(difference**2))
    return float(-10 * np.log10(mse)) if mse > 0 else float("inf")
