"""Kind "gfix" (arXiv 2511.06953): SD-Turbo, one step, weights changed by per-scene maps only.

No noise; x^ = (z - b e) / a at a learned step, a learned prompt, mLoRA on decoder and attention
layers. The maps arrive in MLRA and are merged when the restorer is made.
"""

from __future__ import annotations

from codec.core.mlra import MapGroup
from codec.restore.diffusion import UNetRestorer, load_unet
from codec.restore.schedule import EPSILON, SD_TURBO, VARIANCE_PRESERVING, time_to_fixed, to_fixed
from codec.restore.weights import WeightStore
from codec.wire.restorer import ModelId, RestorerParams

KL_SCALE = 0.18215
LEARNED_STEP = 199.0
"""Where the learned step starts; Difix3D's and ExGS's fixed one."""


class GFix(UNetRestorer):
    """The network as signalled; with no maps it is the universal SD-Turbo step."""

    @classmethod
    def from_store(cls, params: RestorerParams, maps: tuple[MapGroup, ...], store: WeightStore,
                   **given) -> GFix:
        unet, autoencoder, prompt = load_unet(params, store)
        return cls(params, unet, autoencoder, prompt, maps, **given)


def gfix_params(unet: bytes, autoencoder: bytes, prompt: bytes,
                step: float = LEARNED_STEP) -> RestorerParams:
    """What an encoder signals.   unet, autoencoder, prompt: SHA-256.   step: real timestep."""
    return RestorerParams(
        kind=4, backbone=ModelId(2, "", "", unet), autoencoder=ModelId(5, "", "", autoencoder),
        latent_scale=to_fixed(KL_SCALE), schedule=VARIANCE_PRESERVING, prediction=EPSILON,
        level=to_fixed(SD_TURBO.level(step)), network_time=time_to_fixed(step), noise_mode=0,
        prompt=3, prompt_sha256=prompt, pad=64, tile=64, overlap=16, untiled=12, dtype=1,
    )
