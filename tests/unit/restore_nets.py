"""Tiny random networks of the real classes, for tests of the restorers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from codec.restore.diffusion import Prompt
from codec.wire.restorer import ModelId


@pytest.fixture(autouse=True)
def one_thread():
    """For modules that import it: tiny operations lose time to waiting threads on a busy machine.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


SHA = bytes(32)
MODEL = ModelId(255, "a tiny network", "", SHA)
WIDTH = 16


def tiny_unet(seed: int = 0, channels: int = 4):
    from diffusers import UNet2DConditionModel

    torch.manual_seed(seed)
    return UNet2DConditionModel(
        sample_size=8, in_channels=channels, out_channels=channels, block_out_channels=(16, 32),
        attention_head_dim=8, cross_attention_dim=WIDTH, use_linear_projection=True,
        layers_per_block=1, norm_num_groups=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D")).eval().requires_grad_(False)


def tiny_kl(seed: int = 1, latent: int = 4):
    from diffusers import AutoencoderKL

    torch.manual_seed(seed)
    return AutoencoderKL(
        latent_channels=latent, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2).eval().requires_grad_(False)


def tiny_taesd(seed: int = 2):
    from diffusers import AutoencoderTiny

    torch.manual_seed(seed)
    return AutoencoderTiny(
        encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4,
    ).eval().requires_grad_(False)


def tiny_sd3(seed: int = 3):
    from diffusers import SD3Transformer2DModel

    torch.manual_seed(seed)
    return SD3Transformer2DModel(
        sample_size=16, patch_size=2, in_channels=4, num_layers=1, attention_head_dim=8,
        num_attention_heads=2, joint_attention_dim=WIDTH, caption_projection_dim=16,
        pooled_projection_dim=8, out_channels=4, pos_embed_max_size=16,
    ).eval().requires_grad_(False)


def tiny_prompt(seed: int = 4) -> Prompt:
    generator = torch.Generator().manual_seed(seed)
    return Prompt(*(torch.randn(shape, generator=generator)
                    for shape in ((5, WIDTH), (8,), (5, WIDTH), (8,))))


class TinyPixels(torch.nn.Module):
    """Stands in for the small network: convolutions on 4 x 4 rearranged pixels."""

    def __init__(self, inputs: int = 112, seed: int = 5) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.conv_in = torch.nn.Conv2d(inputs, 16, 3, padding=1)
        self.conv_out = torch.nn.Conv2d(16, 48, 3, padding=1)
        self.seen: list[tuple] = []

    def forward(self, planes, times, labels):
        self.seen.append((planes.detach().clone(), times.clone(), labels.clone()))
        return 0.1 * self.conv_out(torch.tanh(self.conv_in(planes)))


def pictures(count: int = 3, height: int = 40, width: int = 52, seed: int = 6):
    """(rgb [B, H, W, 3], alpha [B, H, W]) with coverage below 1 in places."""
    rng = np.random.default_rng(seed)
    rgb = rng.random((count, height, width, 3)).astype(np.float32)
    return rgb, np.clip(rng.random((count, height, width)) + 0.5, 0, 1).astype(np.float32)
