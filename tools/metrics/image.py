"""PSNR, SSIM and MS-SSIM of two RGB images, [H, W, 3] float in 0..1 (sRGB as stored).

PSNR is the 3DGS form: 8-bit images, data range 1, one number per image. SSIM and MS-SSIM are
torchmetrics' (Gaussian window 11x11, sigma 1.5, K 0.01 and 0.03, RGB, borders mirrored); the
3DGS scripts pad with zeros instead.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PSNR_VARIANT = "RGB clipped and rounded to 8 bits, data range 1, mean over views of each view's dB"
PSNR_FLOAT_VARIANT = "RGB clipped, not rounded, data range 1, mean over views of each view's dB"
SSIM_VARIANT = ("torchmetrics, Gaussian 11x11, sigma 1.5, K 0.01/0.03, RGB 8 bits, data range 1, "
                "borders mirrored")
MS_SSIM_VARIANT = SSIM_VARIANT + ", 5 scales, Wang's weights"
SMALLEST_MS_SSIM = 11 * 16 - 15
"""Pixels of the shorter side below which five scales of an 11x11 window do not fit."""


def to_8_bits(image: NDArray) -> NDArray[np.float32]:
    """Clipped to 0..1 and rounded to steps of 1/255, as a PNG would keep it."""
    return np.round(np.clip(image, 0, 1) * 255).astype(np.float32) / np.float32(255)


def psnr(reference: NDArray, image: NDArray) -> float:
    """PSNR in dB of two images in 0..1; infinite for identical ones."""
    difference = reference.astype(np.float64) - image
    mse = float(np.mean(difference**2))
    return float(-10 * np.log10(mse)) if mse > 0 else float("inf")


def psnr_float(reference: NDArray, image: NDArray) -> float:
    """PSNR in dB of two images clipped to 0..1 but not rounded; infinite for identical ones."""
    return psnr(np.clip(reference, 0, 1), np.clip(image, 0, 1))


def to_tensor(image: NDArray):
    """[H, W, 3] to a float32 torch tensor [1, 3, H, W]."""
    import torch

    channels_first = np.ascontiguousarray(np.moveaxis(image, -1, 0), dtype=np.float32)
    return torch.from_numpy(channels_first)[None]


def ssim(reference: NDArray, image: NDArray) -> float:
    """Mean SSIM of two images (`SSIM_VARIANT`)."""
    from torchmetrics.functional.image import structural_similarity_index_measure

    value = structural_similarity_index_measure(
        to_tensor(image), to_tensor(reference), gaussian_kernel=True, sigma=1.5, kernel_size=11,
        data_range=1.0, k1=0.01, k2=0.03)
    return float(value)


def ms_ssim(reference: NDArray, image: NDArray) -> float:
    """Multi-scale SSIM of two images (`MS_SSIM_VARIANT`); NaN when the image is too small."""
    from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

    if min(reference.shape[:2]) < SMALLEST_MS_SSIM:
        return float("nan")
    value = multiscale_structural_similarity_index_measure(
        to_tensor(image), to_tensor(reference), gaussian_kernel=True, sigma=1.5, kernel_size=11,
        data_range=1.0, k1=0.01, k2=0.03, normalize="relu")
    return float(value)
