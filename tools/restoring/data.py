"""Crops of pair files (`tools.make_artifacts`) for training and validation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FIDELITY_JITTER = 0.75  # dB; the encoder measures on its own views, not on those restored
FIDELITY_DROP = 0.1


@dataclass(frozen=True, slots=True)
class PairFile:
    """The arrays of one pair file: clean, degraded [V, H, W, 3], alpha [V, H, W] uint8."""

    clean: NDArray[np.uint8]
    degraded: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    held: NDArray[np.bool_]
    fidelity: float

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


class PairPool:
    """Random crops out of a few pair files held in memory, one replaced every few batches.

    folder: looked at again now and then, so that files made meanwhile are used too.
    """

    def __init__(self, folder: Path, seed: int, size: int = 24, crops_a_file: int = 24) -> None:
        self.folder, self.size, self.crops_a_file = folder, size, crops_a_file
        self.rng = np.random.Generator(np.random.PCG64(seed))
        self.files: list[PairFile] = []
        self._drawn, self._waiting = 0, []

    def _next(self) -> PairFile:
        if not self._waiting:
            paths = [p for p in sorted(self.folder.glob("*.npz")) if ".part" not in p.name]
            if not paths:
                raise FileNotFoundError(f"no pair files in {self.folder}: run make_artifacts")
            self._waiting = [paths[i] for i in self.rng.permutation(len(paths))]
        return PairFile.read(self._waiting.pop())

    def batch(self, count: int, side: int) -> Batch:
        """`count` crops of side x side pixels."""
        if len(self.files) < self.size:
            self.files += [self._next() for _ in range(self.size - len(self.files))]
        elif self._drawn >= self.crops_a_file:
            self.files[self.rng.integers(self.size)] = self._next()
            self._drawn -= self.crops_a_file
        self._drawn += count
        crops = [self._crop(self.files[self.rng.integers(self.size)], side) for _ in range(count)]
        clean, degraded, hole = (torch.from_numpy(np.stack(x)) for x in zip(
            *(c[:3] for c in crops), strict=True))
        fidelity = torch.tensor([c[3] for c in crops], dtype=torch.float32)
        return Batch(2 * clean - 1, 2 * degraded - 1, hole, fidelity)

    def _crop(self, file: PairFile, side: int):
        rng = self.rng
        v = rng.integers(len(file.clean))
        if not file.held[v] and rng.random() < 0.5:  # held-out views are what restoring is for
            v = rng.integers(len(file.clean))
        h, w = file.clean.shape[1:3]
        y, x = rng.integers(h - side + 1), rng.integers(w - side + 1)
        place = np.s_[v, y : y + side, x : x + side]
        arrays = [file.clean[place], file.degraded[place], file.alpha[place][..., None]]
        turn, flip = rng.integers(4), rng.random() < 0.5
        gain, order = rng.uniform(0.7, 1.0), np.arange(3)
        if rng.random() < 0.2:
            order = rng.permutation(3)
        out = []
        for array in arrays:
            array = np.rot90(array[:, ::-1] if flip else array, turn).astype(np.float32) / 255
            if array.shape[2] == 3:
                array = array[..., order] * gain
            out.append(np.ascontiguousarray(array.transpose(2, 0, 1)))
        fidelity = file.fidelity + rng.normal(0, FIDELITY_JITTER)
        return out[0], out[1], 1 - out[2], 0.0 if rng.random() < FIDELITY_DROP else fidelity
