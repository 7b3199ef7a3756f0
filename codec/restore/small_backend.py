"""Kind "small": this project's restorer on 4 x 4 rearranged pixels (see `codec.restore.small`).

Inputs: the noised render, the render, 1 - coverage (or 0 throughout, without mask guidance), the
level and the fidelity in dB; the output is what is added to the render (spec 5.11.4).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from codec.core.mlra import MapGroup
from codec.restore.base import Restorer
from codec.restore.mlora import apply_maps
from codec.restore.weights import SMALL_STEM, WeightStore
from codec.wire.restorer import ONE, RestorerParams

FACTOR = 4
LEVEL_SCALE, FIDELITY_SCALE = 1000.0, 16.0
MASKED_PLANES = 7 * FACTOR * FACTOR
"""Inputs of a network that is shown the mask."""
DECIBELS = 4
"""Steps of `condition` in one decibel."""


class SmallBackend(Restorer):
    """A network called as net(planes [B, 112 or 96, h, w], times [B], fidelities [B])."""

    factor = FACTOR
    channels = 3 * FACTOR * FACTOR

    def __init__(self, params: RestorerParams, net: torch.nn.Module,
                 maps: tuple[MapGroup, ...] = (), **given) -> None:
        super().__init__(params, **given)
        self.net = net
        apply_maps(self.modules(), maps)
        net.to(self.device, self.dtype).eval()

    @classmethod
    def from_store(cls, params: RestorerParams, maps: tuple[MapGroup, ...], store: WeightStore,
                   **given) -> SmallBackend:
        found = store.find_model(params.backbone, stem=SMALL_STEM)
        return cls(params, load_net(found.files[0]), maps, **given)

    def modules(self) -> dict[str, torch.nn.Module]:
        return {"backbone": self.net}

    def encode(self, image: Tensor) -> tuple[Tensor, object]:
        return functional.pixel_unshuffle(image, FACTOR), None

    def predict(self, noised: Tensor, clean: Tensor, hole: Tensor) -> Tensor:
        planes = [noised, clean]
        if self.net.conv_in.in_channels == MASKED_PLANES:
            shown = hole if self.params.mask == 2 else torch.zeros_like(hole)
            planes.append(functional.pixel_unshuffle(shown, FACTOR))
        count = len(noised)
        level = LEVEL_SCALE * self.params.level / ONE
        fidelity = FIDELITY_SCALE * self.params.condition / DECIBELS
        times = torch.full((count,), level, device=noised.device)
        labels = torch.full((count,), fidelity, device=noised.device)
        return clean + self.net(torch.cat(planes, 1), times, labels)

    def decode(self, latent: Tensor, side: object) -> Tensor:
        return functional.pixel_shuffle(latent, FACTOR)


def load_net(path: Path) -> torch.nn.Module:
    """The network of a weight file, float32, without gradients. Raises BackendError."""
    from codec.restore.small import SmallRestorer

    return SmallRestorer.read(path).net


def fidelity_condition(psnr: float) -> int:
    """A PSNR in dB as REST carries it; at least 1, since 0 means unknown."""
    return min(max(round(DECIBELS * psnr), 1), 255)
