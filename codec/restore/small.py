"""The restorer that ships: a one-step diffusion U-Net on pixel-unshuffled renders.

The network is diffusers' `UNet2DModel` of convolutions only (DownBlock2D, UpBlock2D, no
attention), written out here in plain torch with the same parameter names, so that inference needs
no diffusers and either class loads the other's weights. One step of the rectified flow of NiFi
(arXiv 2602.04549): the render z, unshuffled by 4 and scaled to [-1, 1], is brought
to the noise level s0, y = (1 - s0) z + s0 n; the network sees y, z and 1 - alpha (ExGS's mask
guidance, arXiv 2509.24758, as an input plane) and gives x^ = z + F(y, z, 1 - alpha; s0, fidelity),
which is y - s0 v for the velocity v = (y - z - F) / s0.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from codec.errors import BackendError, UsageError

FACTOR = 4
"""Pixels a side that one position of the unshuffled image gathers."""
LEVEL_SCALE = 1000.0
"""Network time of noise level 1, as SD3 counts it."""
FIDELITY_SCALE = 16.0
"""Network time of one decibel of fidelity."""
FILE_NAME = "nfx-small.safetensors"


@dataclass(frozen=True, slots=True)
class SmallConfig:
    """Shape of the network and the noise level it was trained for.

    channels: by level, each half the size of the one before.   layers: residual blocks a level.
    noise_level: s0 of the rectified flow, in 0..1; 0 = no noise.   mask: 1 - alpha is an input.
    detail: levels of the low pass taken off the output, so that it adds detail and leaves light
    and colour to the render (the wavelet fix of StableSR, inside the network); 0 = none.
    """

    channels: tuple[int, ...] = (64, 96, 160)
    layers: int = 2
    groups: int = 8
    noise_level: float = 0.3
    mask: bool = True
    detail: int = 0

    @property
    def in_channels(self) -> int:
        return FACTOR * FACTOR * (7 if self.mask else 6)

    @property
    def out_channels(self) -> int:
        return FACTOR * FACTOR * 3

    @property
    def multiple(self) -> int:
        """Sides of the image must be multiples of this many pixels (`SmallRestorer` pads)."""
        return FACTOR << (len(self.channels) - 1)

    def diffusers(self) -> dict:
        """Arguments of the same network as diffusers' `UNet2DModel`."""
        n = len(self.channels)
        return dict(
            in_channels=self.in_channels, out_channels=self.out_channels,
            block_out_channels=self.channels, layers_per_block=self.layers,
            down_block_types=("DownBlock2D",) * n, up_block_types=("UpBlock2D",) * n,
            norm_num_groups=self.groups, add_attention=False, class_embed_type="timestep")

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> SmallConfig:
        return cls(**{**values, "channels": tuple(values["channels"])})


def sinusoids(values: Tensor, width: int) -> Tensor:
    """[B] -> [B, width]: cosines then sines, as diffusers' `Timesteps(width, True, 0)`."""
    half = width // 2
    rates = torch.exp(-math.log(10000) * torch.arange(half, device=values.device) / half)
    angles = values.float()[:, None] * rates[None]
    return torch.cat([angles.cos(), angles.sin()], 1)


class _Embedding(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(width, 4 * width)
        self.linear_2 = nn.Linear(4 * width, 4 * width)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_2(functional.silu(self.linear_1(x)))


class _Resnet(nn.Module):
    def __init__(self, inputs: int, outputs: int, time: int, groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inputs, eps=1e-5)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time_emb_proj = nn.Linear(time, outputs)
        self.norm2 = nn.GroupNorm(groups, outputs, eps=1e-5)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        if inputs != outputs:
            self.conv_shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.conv1(functional.silu(self.norm1(x)))
        h = h + self.time_emb_proj(functional.silu(time))[:, :, None, None]
        h = self.conv2(functional.silu(self.norm2(h)))
        return (self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x) + h


class _Conv(nn.Module):
    def __init__(self, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=stride, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class _Down(nn.Module):
    def __init__(self, inputs: int, outputs: int, config: SmallConfig, time: int, last: bool):
        super().__init__()
        self.resnets = nn.ModuleList(
            _Resnet(inputs if i == 0 else outputs, outputs, time, config.groups)
            for i in range(config.layers))
        if not last:
            self.downsamplers = nn.ModuleList([_Conv(outputs, stride=2)])

    def forward(self, x: Tensor, time: Tensor, skips: list[Tensor]) -> Tensor:
        for resnet in self.resnets:
            x = resnet(x, time)
            skips.append(x)
        if hasattr(self, "downsamplers"):
            x = self.downsamplers[0](x)
            skips.append(x)
        return x


class _Middle(nn.Module):
    def __init__(self, channels: int, time: int, groups: int) -> None:
        super().__init__()
        self.resnets = nn.ModuleList(_Resnet(channels, channels, time, groups) for _ in range(2))

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return self.resnets[1](self.resnets[0](x, time), time)


class _Up(nn.Module):
    def __init__(self, inputs: list[int], outputs: int, time: int, groups: int, last: bool):
        super().__init__()
        self.resnets = nn.ModuleList(_Resnet(n, outputs, time, groups) for n in inputs)
        if not last:
            self.upsamplers = nn.ModuleList([_Conv(outputs)])

    def forward(self, x: Tensor, time: Tensor, skips: list[Tensor]) -> Tensor:
        for resnet in self.resnets:
            x = resnet(torch.cat([x, skips.pop()], 1), time)
        if hasattr(self, "upsamplers"):
            x = self.upsamplers[0](functional.interpolate(x, scale_factor=2.0, mode="nearest"))
        return x


class SmallUNet(nn.Module):
    """The network F. Parameters are named as in diffusers' `UNet2DModel(**config.diffusers())`,
    which it is but for the fixed high pass of `config.detail` behind it."""

    def __init__(self, config: SmallConfig) -> None:
        super().__init__()
        self.config, widths = config, config.channels
        time, n = 4 * widths[0], len(widths)
        self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.time_embedding, self.class_embedding = _Embedding(widths[0]), _Embedding(widths[0])
        before = (widths[0], *widths[:-1])
        self.down_blocks = nn.ModuleList(
            _Down(before[i], widths[i], config, time, i == n - 1) for i in range(n))
        self.mid_block = _Middle(widths[-1], time, config.groups)
        ups = []
        for i in reversed(range(n)):
            above = widths[min(i + 1, n - 1)]
            skip = [widths[i]] * config.layers + [before[i]]
            inputs = [(above if j == 0 else widths[i]) + s for j, s in enumerate(skip)]
            ups.append(_Up(inputs, widths[i], time, config.groups, i == 0))
        self.up_blocks = nn.ModuleList(ups)
        self.conv_norm_out = nn.GroupNorm(config.groups, widths[0], eps=1e-5)
        self.conv_out = nn.Conv2d(widths[0], config.out_channels, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)

    def forward(self, x: Tensor, time: Tensor, label: Tensor) -> Tensor:
        """x: [B, in_channels, h, w]; time, label: [B] network times -> [B, out_channels, h, w]."""
        width = self.config.channels[0]
        emb = self.time_embedding(sinusoids(time, width).to(x.dtype))
        emb = emb + self.class_embedding(sinusoids(label, width).to(x.dtype))
        x = self.conv_in(x)
        skips = [x]
        for block in self.down_blocks:
            x = block(x, emb, skips)
        x = self.mid_block(x, emb)
        for block in self.up_blocks:
            x = block(x, emb, skips)
        out = self.conv_out(functional.silu(self.conv_norm_out(x)))
        return high_pass(out, self.config.detail) if self.config.detail else out


def high_pass(latent: Tensor, levels: int) -> Tensor:
    """An unshuffled image less its low frequencies: `levels` binomial blurs of doubling reach.

    Three levels are a blur of sigma 3.2 pixels. Edges are repeated.
    """
    image = functional.pixel_shuffle(latent, FACTOR)
    low, channels = image, image.shape[1]
    taps = torch.tensor([0.25, 0.5, 0.25], device=image.device, dtype=image.dtype)
    across = taps[None, None, None].repeat(channels, 1, 1, 1)
    for level in range(levels):
        reach = 1 << level
        low = functional.pad(low, (reach,) * 4, "replicate")
        low = functional.conv2d(low, across, groups=channels, dilation=(1, reach))
        low = functional.conv2d(low, across.transpose(2, 3), groups=channels, dilation=(reach, 1))
    return functional.pixel_unshuffle(image - low, FACTOR)


def unshuffle(image: Tensor) -> Tensor:
    """[B, C, H, W] -> [B, 16 C, H/4, W/4]; channel c, row i, column j at place 16 c + 4 i + j."""
    return functional.pixel_unshuffle(image, FACTOR)


def one_step(net: nn.Module, z: Tensor, hole: Tensor, noise: Tensor, level: Tensor,
             fidelity: Tensor, base: Tensor | None = None) -> Tensor:
    """x^ [B, 48, h, w] of the unshuffled render z, its mask 1 - alpha [B, 16, h, w] and noise.

    level: [B] noise level of y.   fidelity: [B] dB, 0 = unknown.   base: the latent that noise is
    added to, z itself when left out (prior and critic look at other latents beside the render).
    """
    s = level[:, None, None, None].to(z.dtype)
    y = (1 - s) * (z if base is None else base) + s * noise
    config = getattr(net, "module", net).config  # wrapped while trained on several devices
    planes = [y, z, hole] if config.mask else [y, z]
    return z + net(torch.cat(planes, 1), LEVEL_SCALE * level, FIDELITY_SCALE * fidelity)


def write_small(path: Path, weights: dict[str, Tensor], config: SmallConfig) -> None:
    """A weight file: the tensors in float16, the shape of the network as metadata."""
    from safetensors.torch import save_file

    half = {name: tensor.half().contiguous() for name, tensor in weights.items()}
    save_file(half, path, {"config": json.dumps(config.to_dict())})


class SmallRestorer:
    """Restores rendered views with a `SmallUNet`; holds no state between calls.

    device: where the network runs.   source: the weight file, for messages.
    """

    def __init__(self, net: SmallUNet, device: str = "cpu", source: str = "") -> None:
        self.net, self.device, self.source = net.eval().requires_grad_(False), device, source
        self.net.to(device)

    @classmethod
    def packaged(cls, device: str = "cpu") -> SmallRestorer:
        """The restorer that ships with the package."""
        return cls.read(Path(__file__).parent / "weights" / FILE_NAME, device)

    @classmethod
    def read(cls, path: Path, device: str = "cpu") -> SmallRestorer:
        """A restorer from a file of `write_small`. Raises BackendError when it is none."""
        try:
            from safetensors import SafetensorError, safe_open
        except ImportError as error:
            raise BackendError("restoring needs safetensors: pip install 'nfx[restore]'") from error
        try:
            with safe_open(path, "pt") as file:
                net = SmallUNet(SmallConfig.from_dict(json.loads(file.metadata()["config"])))
                tensors = {name: file.get_tensor(name).float() for name in file.keys()}
            net.load_state_dict(tensors)
        except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
            raise BackendError(f"{path.name} holds no small restorer: {error}") from error
        return cls(net, device, path.name)

    @property
    def config(self) -> SmallConfig:
        return self.net.config

    def noise_shape(self, height: int, width: int) -> tuple[int, int, int]:
        """(channels, rows, columns) of the noise of an image, its sides padded up."""
        m = self.config.multiple
        return self.config.out_channels, -(-height // m) * m // FACTOR, -(-width // m) * m // FACTOR

    def restore(self, rgb: NDArray[np.float32], alpha: NDArray[np.float32],
                noise: NDArray[np.float32], fidelity: float = 0.0, strength: float = 1.0,
                level: float | None = None) -> NDArray[np.float32]:
        """One step for a batch of views of one size.

        rgb: [B, H, W, 3] in 0..1 (clipped here).   alpha: [B, H, W] accumulated opacity.
        noise: [B, *noise_shape(H, W)], standard normal.   fidelity: dB of the renders against
        what they should show, 0 = unknown.   strength: 0 = the render, 1 = the network's image.
        level: noise level, the network's own when None.   Returns [B, H, W, 3] in 0..1.
        Raises UsageError when shapes disagree.
        """
        batch, height, width = rgb.shape[:3]
        self._check(rgb, alpha, noise)
        shape = noise.shape[2] * FACTOR - height, noise.shape[3] * FACTOR - width
        pad = ((0, 0), (0, shape[0]), (0, shape[1]))
        clipped = np.clip(rgb, 0, 1).astype(np.float32)
        planes = np.concatenate([2 * clipped - 1, 1 - alpha[..., None].astype(np.float32)], -1)
        padded = np.pad(planes, (*pad, (0, 0)), mode="edge").transpose(0, 3, 1, 2)
        x = torch.from_numpy(np.ascontiguousarray(padded)).to(self.device)
        n = torch.from_numpy(np.ascontiguousarray(noise, np.float32)).to(self.device)
        s = torch.full((batch,), self.config.noise_level if level is None else level,
                       device=self.device)
        with torch.inference_mode():
            out = one_step(self.net, unshuffle(x[:, :3]), unshuffle(x[:, 3:]), n, s,
                           torch.full_like(s, fidelity))
            image = functional.pixel_shuffle(out, FACTOR).permute(0, 2, 3, 1).cpu().numpy()
        restored = np.clip(0.5 + 0.5 * image[:, :height, :width], 0, 1)
        return clipped + np.float32(strength) * (restored - clipped)

    def _check(self, rgb, alpha, noise) -> None:
        batch, height, width = rgb.shape[:3]
        wanted = (batch, *self.noise_shape(height, width))
        if rgb.shape != (batch, height, width, 3) or alpha.shape != (batch, height, width):
            raise UsageError(f"views are [B, H, W, 3] with alpha [B, H, W], not {rgb.shape} with "
                             f"{alpha.shape}")
        if noise.shape != wanted:
            raise UsageError(f"noise of shape {noise.shape}, but these views need {wanted}")
