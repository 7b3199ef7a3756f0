"""How far an image looks from another: LPIPS where its weights are at hand, else a stand-in.

LPIPS v0.1 (Zhang et al. 2018) on AlexNet needs two files that this package does not ship:
AlexNet's features (`alexnet*.safetensors` in a weight folder) and the linear heads (of
torchmetrics or lpips).
The stand-in compares the energy of gradients in small windows on three scales: it sees blur and
noise, and is blind to what a texture depicts. It is never called LPIPS.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from codec.restore.lpips import ALEX_TAPS, LpipsNet, alexnet
from codec.restore.weights import WeightStore

_HEADS = (("torchmetrics", "functional/image/lpips_models/alex.pth"),
          ("lpips", "weights/v0.1/alex.pth"))
_FLOOR = 1e-4
"""Squared gradients below this count as none (about 2.5 levels of 8 bits)."""
LPIPS_NAME, TEXTURE_NAME = "LPIPS v0.1 alex", "gradient energy (no LPIPS weights here)"


@dataclass(frozen=True)
class Judge:
    """A distance of images.   name: what it is, honestly.   net: None for the stand-in."""

    name: str
    net: LpipsNet | None = None

    def distances(self, images: Tensor, references: Tensor) -> Tensor:
        """[B] distances of [B, 3, H, W] in 0..1; differentiable, lower is nearer."""
        if self.net is not None:
            return self.net(2 * images - 1, 2 * references - 1)
        return gradient_energy_distance(images, references)

    def score(self, image: NDArray, reference: NDArray) -> float:
        """Distance of two [H, W, 3] images in 0..1."""
        with torch.inference_mode():
            pair = [torch.from_numpy(np.ascontiguousarray(x, np.float32)).permute(2, 0, 1)[None]
                    for x in (image, reference)]
            return float(self.distances(*pair)[0])


def find_judge(store: WeightStore) -> Judge:
    """LPIPS when both its files are found, else the stand-in."""
    features = [p for place in store.places for p in sorted(place.glob("alexnet*.safetensors"))]
    heads = _find_heads()
    if not features or heads is None:
        return Judge(TEXTURE_NAME)
    return Judge(LPIPS_NAME, _load(features[0], heads))


def _find_heads() -> Path | None:
    for package, inside in _HEADS:
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin and (Path(spec.origin).parent / inside).exists():
            return Path(spec.origin).parent / inside
    return None


@lru_cache(maxsize=2)
def _load(features: Path, heads: Path) -> LpipsNet:
    from safetensors.torch import load_file

    layers, stored = nn.Sequential(*alexnet()), load_file(features)
    layers.load_state_dict({key: stored[f"features.{key}"] for key in layers.state_dict()})
    return LpipsNet(layers, ALEX_TAPS, torch.load(heads, map_location="cpu", weights_only=True))


def gradient_energy_distance(images: Tensor, references: Tensor) -> Tensor:
    """[B]: mean over three scales of |log ratio| of windowed gradient energies, plus 4 RMS errors.

    The error term keeps colours and places in the count.
    """
    total = 4 * ((images - references) ** 2).mean((1, 2, 3)).add(1e-8).sqrt()
    for scale in range(3):
        a, b = (functional.avg_pool2d(x, 1 << scale) if scale else x
                for x in (images, references))
        if min(a.shape[2:]) < 9:
            break
        total = total + (_log_energy(a) - _log_energy(b)).abs().mean((1, 2, 3)) / 3
    return total


def _log_energy(image: Tensor) -> Tensor:
    right = image[:, :, :-1, 1:] - image[:, :, :-1, :-1]
    down = image[:, :, 1:, :-1] - image[:, :, :-1, :-1]
    energy = functional.avg_pool2d((right**2 + down**2).mean(1, keepdim=True), 8, 4)
    return torch.log(energy + _FLOOR)
