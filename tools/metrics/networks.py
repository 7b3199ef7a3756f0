"""LPIPS and DISTS on backbones built here.

The lpips package and torchmetrics' LPIPS both import torchvision, whose wheel breaks beside a CPU
torch; so the backbones are written out in torchvision's layer numbering and load its
ImageNet weights. The trained heads are those of torchmetrics (LPIPS v0.1, DISTS).
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from codec.restore.lpips import ALEX_TAPS, LpipsNet, alexnet
from tools.metrics.image import to_tensor
from tools.metrics.weights import MissingWeights, WeightSource, load_tensors, short_hash

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_DISTS_STAGES = ((0, 4), (5, 9), (10, 16), (17, 23), (24, 30))
"""Layers of VGG16 between its poolings."""


class Fire(nn.Module):
    """SqueezeNet's block: 1x1 squeeze, then 1x1 and 3x3 expand side by side."""

    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.squeeze(x))
        return torch.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], 1))


def _squeezenet() -> list[nn.Module]:
    def pool() -> nn.Module:
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    return [
        nn.Conv2d(3, 64, 3, 2), nn.ReLU(), pool(), Fire(64, 16, 64), Fire(128, 16, 64), pool(),
        Fire(128, 32, 128), Fire(256, 32, 128), pool(), Fire(256, 48, 192), Fire(384, 48, 192),
        Fire(384, 64, 256), Fire(512, 64, 256),
    ]


def _vgg16() -> list[nn.Module]:
    layers: list[nn.Module] = []
    inputs = 3
    for width in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512):
        if not width:
            layers.append(nn.MaxPool2d(2, 2))
            continue
        layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
        inputs = width
    return layers


@dataclass(frozen=True, slots=True)
class Backbone:
    """A feature network: layers in torchvision's numbering, and after which LPIPS taps it."""

    stem: str
    build: object
    taps: tuple[int, ...]


BACKBONES = {
    "alex": Backbone("alexnet", alexnet, ALEX_TAPS),
    "squeeze": Backbone("squeezenet1_1", _squeezenet, (1, 4, 7, 9, 10, 11, 12)),
    "vgg": Backbone("vgg16", _vgg16, (3, 8, 15, 22, 29)),
}


def load_backbone(net: str, source: WeightSource) -> tuple[nn.Sequential, str]:
    """(Features with ImageNet weights, hash of the file). Raises MissingWeights."""
    backbone = BACKBONES[net]
    path = source.find(backbone.stem)
    features = nn.Sequential(*backbone.build())
    stored = load_tensors(path)
    wanted = features.state_dict().keys()
    try:
        features.load_state_dict({key: stored[f"features.{key}"] for key in wanted})
    except (KeyError, RuntimeError) as problem:
        raise MissingWeights(f"{path.name} does not hold torchvision's {net} features") from problem
    return features.eval().requires_grad_(False), short_hash(path)


def find_head(relative: str) -> Path:
    """A file of torchmetrics' functional/image folder, found without importing it."""
    spec = importlib.util.find_spec("torchmetrics")
    if spec is None or spec.origin is None:
        raise MissingWeights("torchmetrics is not installed: pip install 'nfx[eval]'")
    path = Path(spec.origin).parent / "functional" / "image" / relative
    if not path.exists():
        raise MissingWeights(f"this torchmetrics has no {relative}")
    return path


def _per_channel(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values)[None, :, None, None]


class Lpips:
    """LPIPS v0.1 of one backbone; images in 0..1 are moved to [-1, 1] first."""

    def __init__(self, net: str, source: WeightSource) -> None:
        layers, self.file_hash = load_backbone(net, source)
        heads = load_tensors(find_head(f"lpips_models/{net}.pth"))
        self.distance = LpipsNet(layers, BACKBONES[net].taps, heads)
        self.net = net

    @property
    def variant(self) -> str:
        """What the number is, exactly."""
        return (f"LPIPS v0.1 {self.net}, linear heads, RGB 8 bits moved to [-1, 1], full "
                f"resolution, torchvision ImageNet weights (sha256 {self.file_hash})")

    @torch.inference_mode()
    def __call__(self, reference: NDArray, image: NDArray) -> float:
        a, b = (to_tensor(x) * 2 - 1 for x in (reference, image))
        return float(self.distance(a, b))


class Dists:
    """DISTS (Ding et al. 2020) at full resolution; images in 0..1."""

    def __init__(self, source: WeightSource) -> None:
        self.features, self.file_hash = load_backbone("vgg", source)
        head = load_tensors(find_head("dists_models/weights.pt"))
        self.alpha, self.beta = head["alpha"].flatten(), head["beta"].flatten()
        window = torch.from_numpy(np.hanning(5)[1:-1].astype(np.float32))
        self.window = torch.outer(window, window) / window.sum() ** 2

    @property
    def variant(self) -> str:
        """What the number is, exactly."""
        return (f"DISTS, VGG16 (sha256 {self.file_hash}), RGB 8 bits in 0..1, full resolution "
                "(short side not resized to 256)")

    def _pool(self, x: Tensor) -> Tensor:
        """L2 pooling by a 3x3 Hann window, stride 2."""
        kernel = self.window.expand(x.shape[1], 1, 3, 3)
        energy = nn.functional.conv2d(x**2, kernel, stride=2, padding=1, groups=x.shape[1])
        return torch.sqrt(energy + 1e-12)

    def stages(self, x: Tensor) -> list[Tensor]:
        """The image and the five stages of VGG16, pooled in between."""
        out = [x]
        x = (x - _per_channel(_MEAN)) / _per_channel(_STD)
        for i, (first, end) in enumerate(_DISTS_STAGES):
            x = self.features[first:end](self._pool(x) if i else x)
            out.append(x)
        return out

    @torch.inference_mode()
    def __call__(self, reference: NDArray, image: NDArray) -> float:
        structure, texture = [], []
        pairs = zip(self.stages(to_tensor(reference)), self.stages(to_tensor(image)), strict=True)
        for a, b in pairs:
            mean_a, mean_b = a.mean((2, 3)), b.mean((2, 3))
            var_a, var_b = a.var((2, 3), unbiased=False), b.var((2, 3), unbiased=False)
            covariance = (a * b).mean((2, 3)) - mean_a * mean_b
            texture.append((2 * mean_a * mean_b + 1e-6) / (mean_a**2 + mean_b**2 + 1e-6))
            structure.append((2 * covariance + 1e-6) / (var_a + var_b + 1e-6))
        similarity = self.alpha @ torch.cat(texture, 1)[0] + self.beta @ torch.cat(structure, 1)[0]
        return float(1 - similarity / (self.alpha.sum() + self.beta.sum()))
