"""Kind "nifi" (arXiv 2602.04549): SD3's transformer with rank-64 adapters, one step from s0.

z = scale * encoder's mean, noised to the signalled level, one velocity step to the end level,
decoded. Adapters on the transformer and the autoencoder's encoder as in the paper; the checkpoint
of the authors needs latent_shift 0.
"""

from __future__ import annotations

import re

from torch import Tensor, nn

from codec.core.mlra import MapGroup
from codec.errors import BackendError
from codec.restore.diffusion import (
    LatentRestorer,
    add_lora,
    autoencoder_class,
    load_adapters,
    load_named,
    load_network,
    load_prompt,
    merge_lora,
)
from codec.restore.schedule import (
    RECTIFIED_FLOW,
    VELOCITY,
    nearest_level,
    time_to_fixed,
    to_fixed,
)
from codec.restore.weights import WeightStore
from codec.wire.restorer import ModelId, RestorerParams

RANK = ALPHA = 64
SD3_SCALE = 1.5305
TIME = 199.0
_TRANSFORMER = re.compile(
    r"(to_q|to_k|to_v|to_out\.0|add_q_proj|add_k_proj|add_v_proj|proj|linear|proj_out)$")
_CRITIC = re.compile(r"(to_q|to_k|to_v|to_out\.0|add_q_proj|add_k_proj|add_v_proj)$")


def transformer_layers(transformer: nn.Module, critic: bool = False) -> list[str]:
    """Names of the adapted layers: attention, added stream, every proj, linear, proj_out.

    critic: TSD-SR's seven attention projections only.
    """
    pattern = _CRITIC if critic else _TRANSFORMER
    return [name for name, part in transformer.named_modules()
            if isinstance(part, nn.Linear | nn.Conv2d) and pattern.search(name)]


def encoder_layers(autoencoder: nn.Module) -> list[str]:
    """Names of all convolutions and the middle attention of the autoencoder's encoder."""
    return [name for name, part in autoencoder.named_modules()
            if name.startswith("encoder.") and isinstance(part, nn.Linear | nn.Conv2d)]


def adapt(transformer: nn.Module, autoencoder: nn.Module) -> None:
    """Put NiFi's adapters on both networks, at rank 64; they change nothing until trained."""
    add_lora(transformer, transformer_layers(transformer), RANK, ALPHA)
    add_lora(autoencoder, encoder_layers(autoencoder), RANK, ALPHA)


class NiFi(LatentRestorer):
    """SD3 transformer on 16-channel latents."""

    def predict(self, noised: Tensor, clean: Tensor, hole: Tensor) -> Tensor:
        count = len(noised)

        def run(tokens: Tensor, pooled: Tensor) -> Tensor:
            return self.backbone(
                hidden_states=noised, timestep=self.times(count),
                encoder_hidden_states=self._expanded(tokens, count),
                pooled_projections=self._expanded(pooled, count)).sample

        if self.prompt is None or self.prompt.pooled is None:
            raise BackendError("this restorer needs a prompt with its pooled embedding")
        return self.guided(run(self.prompt.prompt, self.prompt.pooled),
                           lambda: run(self.prompt.null, self.prompt.null_pooled))

    @classmethod
    def from_store(cls, params: RestorerParams, maps: tuple[MapGroup, ...], store: WeightStore,
                   **given) -> NiFi:
        from diffusers import SD3Transformer2DModel

        found = store.find_model(params.backbone, "transformer")
        transformer = load_network(SD3Transformer2DModel, found)
        autoencoder = load_network(autoencoder_class(params.autoencoder),
                                   store.find_model(params.autoencoder))
        if params.adapters.id:
            tensors = load_adapters(params, store)
            adapt(transformer, autoencoder)
            count = load_named(transformer, tensors, "transformer.")
            count += load_named(autoencoder, tensors, "autoencoder.")
            if count != len(tensors):
                raise BackendError("the adapters hold tensors of another restorer")
            merge_lora(transformer)
            merge_lora(autoencoder)
        return cls(params, transformer, autoencoder, load_prompt(params, store), maps, **given)


def nifi_params(transformer: bytes, autoencoder: bytes, adapters: ModelId, prompt: bytes,
                seed: int = 0, released: bool = False) -> RestorerParams:
    """What an encoder signals.   released: end at s = 0.0029940 as the authors' code does (E8)."""
    end = to_fixed(nearest_level(0.0)) if released else 0
    return RestorerParams(
        kind=2, backbone=ModelId(3, "", "", transformer),
        autoencoder=ModelId(6, "", "", autoencoder), adapters=adapters,
        latent_scale=to_fixed(SD3_SCALE), schedule=RECTIFIED_FLOW, prediction=VELOCITY,
        level=to_fixed(nearest_level(TIME)), end_level=end, network_time=time_to_fixed(TIME),
        noise_mode=2, noise_scope=1, noise_seed=seed, prompt=255, prompt_sha256=prompt, pad=16,
        tile=64, overlap=16, untiled=12, dtype=2,
    )
