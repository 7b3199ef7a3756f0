"""Losses of the restorer: LPIPS with a gradient, and distribution matching (METHODS A.1.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tools.metrics.networks import _SCALE, _SHIFT, Lpips
from tools.metrics.weights import WeightSource


class LpipsLoss:
    """LPIPS v0.1 between batches [B, 3, H, W] in -1..1, mean over the batch, differentiable."""

    def __init__(self, net: str, source: WeightSource, device="cpu") -> None:
        self.metric = Lpips(net, source)
        self.metric.features.to(device)
        self.heads = [head.clone().to(device) for head in self.metric.heads]
        self.shift = torch.tensor(_SHIFT, device=device)[None, :, None, None]
        self.scale = torch.tensor(_SCALE, device=device)[None, :, None, None]

    def features(self, image: Tensor) -> list[Tensor]:
        """Unit-length features at every tap."""
        x, out = (image - self.shift) / self.scale, []
        for i, layer in enumerate(self.metric.features):
            x = layer(x)
            if i in self.metric.taps:
                out.append(x / torch.sqrt(1e-8 + (x.float() ** 2).sum(1, keepdim=True)))
        return out

    def __call__(self, image: Tensor, target: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = self.features(target)
        total = torch.zeros((), device=image.device)
        for a, b, head in zip(self.features(image), wanted, self.heads, strict=True):
            weighted = nn.functional.conv2d((a.float() - b.float()) ** 2, head)
            total = total + weighted.mean((1, 2, 3)).mean()
        return total
