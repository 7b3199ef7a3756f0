"""Kind "img2img": noise a render to a level and take one step of an untrained-for-this model.

The control of NiFi's table, where it makes LPIPS worse in nine of nine cells.
"""

from __future__ import annotations

from dataclasses import replace

from codec.core.mlra import MapGroup
from codec.restore.diffusion import UNetRestorer, load_unet
from codec.restore.gfix import gfix_params
from codec.restore.weights import WeightStore
from codec.wire.restorer import RestorerParams


class Img2Img(UNetRestorer):
    """SD-Turbo's own step from full forward noise."""

    @classmethod
    def from_store(cls, params: RestorerParams, maps: tuple[MapGroup, ...], store: WeightStore,
                   **given) -> Img2Img:
        unet, autoencoder, prompt = load_unet(params, store)
        return cls(params, unet, autoencoder, prompt, maps, **given)


def img2img_params(unet: bytes, autoencoder: bytes, prompt: bytes, step: float = 199.0,
                   seed: int = 0) -> RestorerParams:
    """What an encoder signals.   step: real timestep of SD-Turbo's schedule."""
    base = gfix_params(unet, autoencoder, prompt, step)
    return replace(base, kind=5, noise_mode=2, noise_scope=1, noise_seed=seed, prompt=1)
