"""Colour fixes: the restored image gets the render's colours back (StableSR, as in TSD-SR's test).

0 none; 1 AdaIN: mean and deviation of each channel; 2 wavelet: the render's low frequencies under
the restored high ones.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_LEVELS = 5


def colour_fixed(restored: Tensor, render: Tensor, code: int) -> Tensor:
    """restored, render: [B, 3, H, W] in one range.   code: of annex B, colour_fix."""
    if code == 1:
        return _adain(restored, render)
    if code == 2:
        return restored - _low(restored) + _low(render)
    return restored


def _adain(restored: Tensor, render: Tensor) -> Tensor:
    dims = (2, 3)
    mean, target = restored.mean(dims, keepdim=True), render.mean(dims, keepdim=True)
    std, wanted = restored.std(dims, keepdim=True), render.std(dims, keepdim=True)
    return (restored - mean) / std.clamp_min(1e-5) * wanted + target


def _low(image: Tensor) -> Tensor:
    """The image after five blurs of doubling reach (a trous, binomial 3 x 3, edges repeated)."""
    taps = torch.tensor([0.25, 0.5, 0.25], device=image.device, dtype=image.dtype)
    kernel = torch.outer(taps, taps)[None, None].repeat(image.shape[1], 1, 1, 1)
    for level in range(_LEVELS):
        reach = 1 << level
        padded = functional.pad(image, (reach,) * 4, "replicate")
        image = functional.conv2d(padded, kernel, groups=image.shape[1], dilation=reach)
    return image
