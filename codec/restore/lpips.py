"""LPIPS v0.1 (Zhang et al. 2018) on a feature network of the caller's.

The lpips package and torchmetrics' LPIPS both import torchvision, whose wheel breaks beside a CPU
torch; so the distance is written out here, once for the encoder's judge, for the metrics of the
reports and for the restorer's loss. Features and linear heads come from files.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

ALEX_TAPS = (1, 4, 7, 9, 11)
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


def alexnet() -> list[nn.Module]:
    """Layers of AlexNet's features in torchvision's numbering."""
    conv, relu = nn.Conv2d, nn.ReLU
    return [
        conv(3, 64, 11, 4, 2), relu(), nn.MaxPool2d(3, 2), conv(64, 192, 5, padding=2), relu(),
        nn.MaxPool2d(3, 2), conv(192, 384, 3, padding=1), relu(), conv(384, 256, 3, padding=1),
        relu(), conv(256, 256, 3, padding=1), relu(),
    ]


class LpipsNet(nn.Module):
    """Frozen features and heads; images [B, 3, H, W] in [-1, 1]; differentiable.

    layers: a feature network in torchvision's numbering, with its weights.   taps: the layers
    compared.   heads: tensors of the published file, `lin<i>.model.1.weight` for tap i.
    """

    def __init__(self, layers: nn.Sequential, taps: Sequence[int],
                 heads: dict[str, Tensor]) -> None:
        super().__init__()
        self.layers, self.taps = layers, tuple(taps)
        for name, values in (("shift", _SHIFT), ("scale", _SCALE)):
            self.register_buffer(name, torch.tensor(values)[None, :, None, None])
        for i in range(len(self.taps)):
            self.register_buffer(f"head{i}", heads[f"lin{i}.model.1.weight"].clone())
        self.requires_grad_(False).eval()

    def features(self, image: Tensor) -> list[Tensor]:
        """Features of unit length at every tap."""
        x, out = (image - self.shift) / self.scale, []
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i in self.taps:
                out.append(x / torch.sqrt(1e-8 + (x.float() ** 2).sum(1, keepdim=True)))
        return out

    def between(self, first: list[Tensor], second: list[Tensor]) -> Tensor:
        """[B] distances of two lists of `features`."""
        parts = [functional.conv2d((a.float() - b.float()) ** 2, getattr(self, f"head{i}"))
                 for i, (a, b) in enumerate(zip(first, second, strict=True))]
        return sum(part.mean((1, 2, 3)) for part in parts)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """[B] distances."""
        both = [x.chunk(2) for x in self.features(torch.cat([a, b]))]
        return self.between([x[0] for x in both], [x[1] for x in both])
