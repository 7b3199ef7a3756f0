"""What every restorer is: exact inputs, one network pass at a signalled level, one picture out.

The inputs (8-bit image, coverage, noise, level) follow part 5.11 of the specification and are the
same on every machine; what the network makes of them is held to a tolerance.
One step as in NiFi (arXiv 2602.04549, Eq. 2 and 7, read as part 7 of the specification says).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from codec.errors import BackendError, UsageError
from codec.restore.colour import colour_fixed
from codec.restore.noise import noise
from codec.restore.schedule import clean_estimate
from codec.restore.tiling import blended
from codec.wire.restorer import ONE, RestorerParams

__all__ = ["Inputs", "Restorer", "RestorerParams", "coverage_hole", "eight_bits", "pick_device"]

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
RAW, SCALED, FULL = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the network is given, on the CPU, padded.

    image: [B, 3, H, W] in [-1, 1].   hole: [B, 1, H, W], 1 - coverage.
    noise: [B, C, h, w], or None for noise modes without.
    """

    image: Tensor
    hole: Tensor
    noise: Tensor | None


def eight_bits(values: NDArray) -> NDArray[np.uint8]:
    """Values clipped to 0..1, as integers 0..255, halves upward (spec 5.11.4)."""
    return np.floor(255.0 * np.clip(values.astype(np.float64), 0.0, 1.0) + 0.5).astype(np.uint8)


def coverage_hole(alpha: NDArray) -> NDArray[np.float32]:
    """1 - coverage, from 8 bits."""
    return (1.0 - eight_bits(alpha) / 255.0).astype(np.float32)


def pick_device(name: str) -> torch.device:
    """"auto": CUDA where there is one. Raises BackendError for a device that is not there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise BackendError("no CUDA device here; use --device cpu")
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"unknown device {name!r}: use auto, cpu or cuda") from error


class Restorer(ABC):
    """A network that turns rendered images into restored ones.

    Subclasses say how images become latents, what the network gives at a noised latent, and how
    latents become images; level, noise, tiles, strength and padding are common.
    """

    factor = 8
    """Pixels a side of one latent position."""
    channels = 4
    """Channels of a latent."""

    def __init__(self, params: RestorerParams, device: str = "cpu",
                 dtype: torch.dtype | None = None, batch: int = 4) -> None:
        """dtype: of the networks; None = the signalled hint on CUDA, float32 elsewhere."""
        self.params, self.batch = params, batch
        self.device = pick_device(device)
        hint = DTYPES[params.dtype] if self.device.type == "cuda" else torch.float32
        self.dtype = dtype or hint
        self.learned: tuple[Tensor, Tensor] | None = None
        """(a, b) while a step is being learned, instead of the signalled level."""

    @abstractmethod
    def encode(self, image: Tensor) -> tuple[Tensor, object]:
        """[B, 3, H, W] in [-1, 1] -> (clean-scaled latent [B, C, h, w], whatever decode needs)."""

    @abstractmethod
    def predict(self, noised: Tensor, clean: Tensor, hole: Tensor) -> Tensor:
        """The network's output at noised latents (a tile or all).

        clean: the same part of the render's latent.   hole: the same part [b, 1, H, W] in pixels.
        """

    @abstractmethod
    def decode(self, latent: Tensor, side: object) -> Tensor:
        """Latent -> image [B, 3, H, W] about [-1, 1].   side: from `encode`."""

    @abstractmethod
    def modules(self) -> dict[str, torch.nn.Module]:
        """The networks by role: "backbone", "autoencoder"; what mLoRA's lists refer to."""

    def condition_on(self, hole: Tensor) -> None:
        """Called once a batch with the whole mask, for conditions that see all of it."""
        return

    # --- the common path ----------------------------------------------------------------------

    def restore(self, rgb: NDArray[np.float32], alpha: NDArray[np.float32],
                views: Sequence[int]) -> NDArray[np.float32]:
        """Restore images.

        rgb: [B, H, W, 3] in 0..1.   alpha: [B, H, W] in 0..1.   views: index of each image in the
        job, the noise's key. Returns [B, H, W, 3] float32 in 0..1; in what batches the images
        pass changes no input of the network.
        """
        _check(rgb, alpha, views)
        out = np.empty(rgb.shape, np.float32)
        for start in range(0, len(rgb), self.batch):
            part = slice(start, start + self.batch)
            restored = self._run_safely(self.inputs(rgb[part], alpha[part], views[part]))
            height, width = rgb.shape[1:3]
            found = restored[:, :, :height, :width].permute(0, 2, 3, 1).cpu().double().numpy()
            if not np.isfinite(found).all():
                raise BackendError("the restorer gave values that are no numbers; "
                                   "use --device cpu or another precision")
            plain = eight_bits(rgb[part]) / 255.0
            found = np.clip(found, 0.0, 1.0)
            out[part] = plain + self.params.strength / 255.0 * (found - plain)
        return out

    def _run_safely(self, given: Inputs) -> Tensor:
        """`run`, with what torch raises (no memory, most often) as a BackendError."""
        try:
            with torch.inference_mode():
                return self.run(given)
        except RuntimeError as error:
            line = str(error).strip().splitlines()[0] if str(error).strip() else "RuntimeError"
            raise BackendError(f"the restorer failed: {line}; try a smaller --width or another "
                               "--device") from error

    def inputs(self, rgb: NDArray, alpha: NDArray, views: Sequence[int]) -> Inputs:
        """The exact inputs of some images (spec 5.11.3 and 5.11.4)."""
        image = (eight_bits(rgb) * (2.0 / 255.0) - 1.0).astype(np.float32)
        planes = torch.from_numpy(np.ascontiguousarray(image.transpose(0, 3, 1, 2)))
        image = self._padded(planes)
        hole = self._padded(torch.from_numpy(coverage_hole(alpha))[:, None])
        drawn = None
        if self.params.noise_mode == FULL:
            size = [side // self.factor for side in image.shape[2:]]
            keys = [0 if self.params.noise_scope == 0 else int(view) for view in views]
            drawn = torch.from_numpy(np.stack([
                noise(self.params.noise_seed, key, (self.channels, *size)) for key in keys]))
        return Inputs(image, hole, drawn)

    def _padded(self, planes: Tensor) -> Tensor:
        pad = self.params.pad
        bottom, right = (-side % pad for side in planes.shape[2:])
        if not bottom and not right:
            return planes
        reflect = self.params.pad_mode == 0
        if reflect and (bottom >= planes.shape[2] or right >= planes.shape[3]):
            reflect = False  # an image smaller than its padding has nothing to mirror
        return functional.pad(planes, (0, right, 0, bottom), "reflect" if reflect else "replicate")

    def run(self, given: Inputs) -> Tensor:
        """Inputs -> restored image [B, 3, H, W] in about 0..1, padded; differentiable."""
        image = given.image.to(self.device, self.dtype)
        hole = given.hole.to(self.device, self.dtype)
        clean, side = self.encode(image)
        noised = self.noised(clean, given.noise)
        self.condition_on(hole)
        a, b = self.signal_and_noise()
        end = self.params.end_level / ONE

        def estimate(rows: slice, columns: slice) -> Tensor:
            f = self.factor
            cut = hole[:, :, f * rows.start : f * rows.stop, f * columns.start : f * columns.stop]
            y, x = noised[:, :, rows, columns], clean[:, :, rows, columns]
            output = self.predict(y, x, cut)
            return clean_estimate(y, output, self.params.prediction, a, b, end)

        latent = blended(estimate, tuple(clean.shape[2:]), self._tile())
        restored = colour_fixed(self.decode(latent, side), image, self.params.colour_fix)
        return restored.float() / 2 + 0.5

    def signal_and_noise(self):
        """(a, b) of the level in use."""
        return self.learned or self.params.signal_and_noise

    def _tile(self) -> tuple[int, int, int]:
        """(tile, overlap, largest untiled side) in latent positions; tile 0: never tiled."""
        p, f = self.params, self.factor
        return 8 * p.tile // f, 8 * p.overlap // f, 64 * p.untiled // f

    def noised(self, clean: Tensor, drawn: Tensor | None) -> Tensor:
        """The network's input of the signalled noise mode.

        Computed in binary64 and rounded once, so that on pixels it is the same everywhere.
        """
        if self.params.noise_mode == RAW:
            return clean
        a, b = self.signal_and_noise()
        scaled = a * clean.double()
        if self.params.noise_mode == FULL:
            scaled = scaled + b * drawn.to(clean.device).double()
        return scaled.to(clean.dtype)


def _check(rgb: NDArray, alpha: NDArray, views: Sequence[int]) -> None:
    good = rgb.ndim == 4 and rgb.shape[3] == 3 and alpha.shape == rgb.shape[:3]
    if not good or len(views) != len(rgb) or 0 in rgb.shape:
        raise UsageError(f"images {rgb.shape}, coverage {alpha.shape} and {len(views)} view "
                         "indices do not fit together: give [B, H, W, 3], [B, H, W] and B")
