"""Crops of pair files (`tools.make_artifacts`) for training and validation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FIDELITY_JITTER = 1.5  # dB; the encoder measures on its own views, not on those restored
FIDELITY_DROP = 0.1
MILD = 0.35
"""Share of crops blended towards the truth, so that mild inputs of any fidelity are seen."""
LEAST_MILD = 0.25
SHRINK = {1.0: 0.3, 1.4: 0.3, 2.0: 0.4}
"""Shares of crops by how many times they are shrunk: magnified pictures are soft, photos crisp."""
FIDELITY_VIEWS = 3


@dataclass(frozen=True, slots=True)
class PairFile:
    """The arrays of one pair file: clean, degraded [V, H, W, 3], alpha [V, H, W] uint8."""

    clean: NDArray[np.uint8]
    degraded: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    held: NDArray[np.bool_]
    fidelity: float

    def fidelity_at(self, shrink: float) -> float:
        """Mean PSNR in dB of a few views that are so many times smaller."""
        if shrink == 1:
            return self.fidelity
        some = np.linspace(0, len(self.clean) - 1, FIDELITY_VIEWS).astype(int)
        error = [shrunk(self.clean[v] / np.float32(255), shrink)
                 - shrunk(self.degraded[v] / np.float32(255), shrink) for v in some]
        return float(np.mean([-10 * np.log10((e**2).mean() + 1e-10) for e in error]))

    @classmethod
    def read(cls, path: Path) -> PairFile:
        with np.load(path, allow_pickle=False) as data:
            held = data["held"]
            seen = data["psnr"][~held] if (~held).any() else data["psnr"]
            return cls(data["clean"], data["degraded"], data["alpha"], held,
                       float(np.mean(seen)))


@dataclass(frozen=True, slots=True)
class Batch:
    """clean, degraded: [B, 3, H, W] in -1..1.  hole: [B, 1, H, W], 1 - alpha.  fidelity: [B] dB."""

    clean: Tensor
    degraded: Tensor
    hole: Tensor
    fidelity: Tensor

    def to(self, device) -> Batch:
        return Batch(*(getattr(self, name).to(device) for name in self.__slots__))


def shrunk(image: NDArray, factor: float) -> NDArray[np.float32]:
    """[H, W, C] in 0..1, `factor` times smaller by a bicubic filter that does not alias."""
    if factor == 1:
        return image
    size = [max(1, round(side / factor)) for side in image.shape[:2]]
    planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]
    small = torch.nn.functional.interpolate(planes, size, mode="bicubic", antialias=True)
    return small[0].clamp(0, 1).numpy().transpose(1, 2, 0)


class PairPool:
    """Random crops out of a few pair files held in memory, one replaced every few batches.

    folder: looked at again now and then, so that files made meanwhile are used too.
    """

    def __init__(self, folder: Path, seed: int, size: int = 24, crops_a_file: int = 24) -> None:
        self.folder, self.size, self.crops_a_file = folder, size, crops_a_file
        self.rng = np.random.Generator(np.random.PCG64(seed))
        self.files: list[tuple[PairFile, dict[float, float]]] = []
        self._drawn, self._waiting = 0, []

    def _next(self) -> tuple[PairFile, dict[float, float]]:
        """The next file, with its fidelity by how much it is shrunk."""
        if not self._waiting:
            paths = [p for p in sorted(self.folder.glob("*.npz")) if ".part" not in p.name]
            if not paths:
                raise FileNotFoundError(f"no pair files in {self.folder}: run make_artifacts")
            self._waiting = [paths[i] for i in self.rng.permutation(len(paths))]
        file = PairFile.read(self._waiting.pop())
        return file, {shrink: file.fidelity_at(shrink) for shrink in SHRINK}

    def batch(self, count: int, side: int) -> Batch:
        """`count` crops of side x side pixels."""
        if len(self.files) < self.size:
            self.files += [self._next() for _ in range(self.size - len(self.files))]
        elif self._drawn >= self.crops_a_file:
            self.files[self.rng.integers(self.size)] = self._next()
            self._drawn -= self.crops_a_file
        self._drawn += count
        crops = [self._crop(*self.files[self.rng.integers(self.size)], side)
                 for _ in range(count)]
        clean, degraded, hole = (torch.from_numpy(np.stack(x)) for x in zip(
            *(c[:3] for c in crops), strict=True))
        fidelity = torch.tensor([c[3] for c in crops], dtype=torch.float32)
        return Batch(2 * clean - 1, 2 * degraded - 1, hole, fidelity)

    def _crop(self, file: PairFile, fidelities: dict[float, float], side: int):
        rng = self.rng
        shrink = float(rng.choice(list(SHRINK), p=list(SHRINK.values())))
        if shrink * side > min(file.clean.shape[1:3]):
            shrink = 1.0
        wide = round(shrink * side)
        v = rng.integers(len(file.clean))
        if not file.held[v] and rng.random() < 0.5:  # held-out views are what restoring is for
            v = rng.integers(len(file.clean))
        h, w = file.clean.shape[1:3]
        y, x = rng.integers(h - wide + 1), rng.integers(w - wide + 1)
        place = np.s_[v, y : y + wide, x : x + wide]
        arrays = [file.clean[place], file.degraded[place], file.alpha[place][..., None]]
        turn, flip = rng.integers(4), rng.random() < 0.5
        gain, order = rng.uniform(0.7, 1.0), np.arange(3)
        if rng.random() < 0.2:
            order = rng.permutation(3)
        out = []
        for array in arrays:
            array = np.rot90(array[:, ::-1] if flip else array, turn).astype(np.float32) / 255
            array = shrunk(array, shrink)
            if array.shape[2] == 3:
                array = array[..., order] * gain
            out.append(np.ascontiguousarray(array.transpose(2, 0, 1)))
        clean, degraded, alpha = out
        share = rng.uniform(LEAST_MILD, 1) if rng.random() < MILD else 1.0
        degraded = clean + np.float32(share) * (degraded - clean)
        alpha = 1 - np.float32(share) * (1 - alpha)
        fidelity = fidelities[shrink] - 20 * np.log10(share) + rng.normal(0, FIDELITY_JITTER)
        return clean, degraded, 1 - alpha, 0.0 if rng.random() < FIDELITY_DROP else fidelity
