"""Kind "gausspainter" (ExGS, arXiv 2509.24758): SD-Turbo at t = 199 with TAESD, masks and skips.

x^ = (z - b e) / a with z = TAESD's latent of the render, no noise; 1 - coverage, pooled to g x g,
is mapped onto all text tokens; encoder features come back in the decoder through four 1x1
convolutions, and its convolutions carry rank-4 adapters (the paper's TAESD variant).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from codec.core.mlra import MapGroup
from codec.errors import BackendError
from codec.restore.diffusion import (
    LatentRestorer,
    Prompt,
    add_lora,
    load_adapters,
    load_named,
    load_unet,
    merge_lora,
)
from codec.restore.schedule import EPSILON, SD_TURBO, VARIANCE_PRESERVING, time_to_fixed, to_fixed
from codec.restore.weights import WeightStore
from codec.wire.restorer import ONE, ModelId, RestorerParams

STEP = 199.0
RANK = 4
SKIP_START = 1e-5
GRID = 8


class Skips(nn.Module):
    """1x1 convolutions from the encoder's four resolutions to the decoder's, coarsest first."""

    def __init__(self, channels: int = 64, stages: int = 4) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(channels, channels, 1, bias=False) for _ in range(stages))
        for conv in self.convs:
            nn.init.constant_(conv.weight, SKIP_START)


class MaskEmbedding(nn.Module):
    """1 - coverage, pooled to grid x grid, as an offset of all text tokens; zero at the start."""

    def __init__(self, grid: int = GRID, width: int = 1024) -> None:
        super().__init__()
        self.grid = grid
        self.linear = nn.Linear(grid * grid, width, bias=False)
        nn.init.zeros_(self.linear.weight)

    def forward(self, hole: Tensor) -> Tensor:
        """[B, 1, H, W] -> [B, width]."""
        return self.linear(functional.adaptive_avg_pool2d(hole, self.grid).flatten(1))


def encoder_taps(autoencoder: nn.Module) -> list[int]:
    """Indices of the encoder layers whose outputs feed the skips: the last of each resolution."""
    from diffusers.models.autoencoders.vae import AutoencoderTinyBlock

    layers = autoencoder.encoder.layers
    return [i for i in range(len(layers) - 1) if isinstance(layers[i], AutoencoderTinyBlock)
            and not isinstance(layers[i + 1], AutoencoderTinyBlock)]


def decoder_taps(autoencoder: nn.Module) -> list[int]:
    """Indices of the decoder layers before which skips are added: first block, after upsamples."""
    layers = autoencoder.decoder.layers
    after = [i + 1 for i, layer in enumerate(layers) if isinstance(layer, nn.Upsample)]
    return [2, *after]


def adapted_layers(autoencoder: nn.Module) -> list[str]:
    """Names of the decoder's convolutions, all adapted at rank 4."""
    return [name for name, part in autoencoder.named_modules()
            if name.startswith("decoder.") and isinstance(part, nn.Conv2d)]


class GaussPainter(LatentRestorer):
    """SD-Turbo's U-Net between TAESD's encoder and a decoder with skips."""

    def __init__(self, params: RestorerParams, backbone: nn.Module, autoencoder: nn.Module,
                 skips: Skips, mask: MaskEmbedding, prompt: Prompt | None = None,
                 maps: tuple[MapGroup, ...] = (), **given) -> None:
        super().__init__(params, backbone, autoencoder, prompt, maps, **given)
        self.skips = skips.to(self.device, self.dtype)
        self.mask = mask.to(self.device, self.dtype)
        self._offset: Tensor | None = None

    def encode(self, image: Tensor) -> tuple[Tensor, object]:
        x, taps, features = (image + 1) / 2, encoder_taps(self.autoencoder), []
        for i, layer in enumerate(self.autoencoder.encoder.layers):
            x = layer(x)
            if i in taps:
                features.append(x)
        return self.scale * (x - self.shift), features[::-1]

    def decode(self, latent: Tensor, side: object) -> Tensor:
        x = torch.tanh((latent / self.scale + self.shift) / 3) * 3
        places = dict(zip(decoder_taps(self.autoencoder), range(len(side)), strict=True))
        for i, layer in enumerate(self.autoencoder.decoder.layers):
            if i in places:
                x = x + self.skips.convs[places[i]](side[places[i]])
            x = layer(x)
        return 2 * x - 1

    def condition_on(self, hole: Tensor) -> None:
        self._offset = self.mask(hole) if self.params.mask == 1 else None

    def predict(self, noised: Tensor, clean: Tensor, hole: Tensor) -> Tensor:
        count = len(noised)

        def run(tokens: Tensor) -> Tensor:
            if self._offset is not None:
                tokens = tokens + self._offset[:, None]
            return self.backbone(noised, self.times(count), encoder_hidden_states=tokens).sample

        return self.guided(run(self.text(count)),
                           lambda: run(self._expanded(self.prompt.null, count)))

    @classmethod
    def from_store(cls, params: RestorerParams, maps: tuple[MapGroup, ...], store: WeightStore,
                   **given) -> GaussPainter:
        unet, autoencoder, prompt = load_unet(params, store)
        skips = Skips(autoencoder.config.encoder_block_out_channels[0])
        mask = MaskEmbedding(params.mask_grid or GRID, unet.config.cross_attention_dim)
        tensors = load_adapters(params, store)
        add_lora(autoencoder, adapted_layers(autoencoder), RANK, RANK)
        parts = {"unet.": unet, "autoencoder.": autoencoder, "skips.": skips, "mask.": mask}
        if sum(load_named(part, tensors, name) for name, part in parts.items()) != len(tensors):
            raise BackendError("the adapters hold tensors of another restorer")
        merge_lora(autoencoder)
        return cls(params, unet, autoencoder, skips, mask, prompt, maps, **given)


def gausspainter_params(unet: bytes, autoencoder: bytes, adapters: ModelId, prompt: bytes,
                        scaled: bool = False) -> RestorerParams:
    """What an encoder signals.   scaled: noise mode 1, where a zero output is the identity."""
    return RestorerParams(
        kind=3, backbone=ModelId(2, "", "", unet), autoencoder=ModelId(4, "", "", autoencoder),
        adapters=adapters, latent_scale=ONE, schedule=VARIANCE_PRESERVING, prediction=EPSILON,
        level=to_fixed(SD_TURBO.level(STEP)), network_time=time_to_fixed(STEP),
        noise_mode=1 if scaled else 0, prompt=2, prompt_sha256=prompt, mask=1, mask_grid=GRID,
        pad=64, tile=64, overlap=16, untiled=12, dtype=1,
    )
