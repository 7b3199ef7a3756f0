"""Losses of the restorer: LPIPS with a gradient, and distribution matching (NiFi)."""

from __future__ import annotations

import torch
from torch import Tensor

from tools.metrics.networks import Lpips
from tools.metrics.weights import WeightSource


class LpipsLoss:
    """LPIPS v0.1 between batches [B, 3, H, W] in -1..1, mean over the batch, differentiable."""

    def __init__(self, net: str, source: WeightSource, device="cpu") -> None:
        self.net = Lpips(net, source).distance.to(device)

    def __call__(self, image: Tensor, target: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = self.net.features(target)
        return self.net.between(self.net.features(image), wanted).mean()
