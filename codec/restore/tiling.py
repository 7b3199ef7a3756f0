"""Tiles with blended seams, on the predicted latent (spec 7.2).

Attention and group norm see a whole tile, so its geometry changes the picture and is signalled.
Windows are separable raised cosines over the overlap; the last tile is flush with the border.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def tile_origins(length: int, tile: int, overlap: int) -> list[int]:
    """First positions of the tiles along one side."""
    if length <= tile:
        return [0]
    starts = list(range(0, length - tile, tile - overlap))
    return [*starts, length - tile]


def window(tile: int, overlap: int) -> Tensor:
    """[tile] weights: raised-cosine ramps of `overlap` positions at both ends, 1 between."""
    weights = torch.ones(tile, dtype=torch.float64)
    if overlap:
        ramp = torch.sin(torch.pi / 2 * (torch.arange(overlap) + 0.5) / overlap) ** 2
        weights[:overlap] *= ramp
        weights[tile - overlap :] *= ramp.flip(0)
    return weights


def blended(estimate: Callable[[slice, slice], Tensor], size: tuple[int, int],
            tiles: tuple[int, int, int]) -> Tensor:
    """The estimate of a whole latent, tile by tile.

    estimate: rows, columns -> [B, C, tile, tile].   size: (h, w).   tiles: (tile, overlap, largest
    side that is not tiled), latent positions; tile 0 = never tiled.
    """
    tile, overlap, untiled = tiles
    if not tile or max(size) <= max(untiled, tile):
        return estimate(slice(0, size[0]), slice(0, size[1]))
    total, weight_sum = None, torch.zeros(size, dtype=torch.float64)
    for top in tile_origins(size[0], tile, overlap):
        for left in tile_origins(size[1], tile, overlap):
            rows = slice(top, min(top + tile, size[0]))
            columns = slice(left, min(left + tile, size[1]))
            part = estimate(rows, columns)
            weights = torch.outer(window(tile, overlap)[: part.shape[2]],
                                  window(tile, overlap)[: part.shape[3]])
            if total is None:
                total = part.new_zeros((*part.shape[:2], *size), dtype=torch.float32)
            total[:, :, rows, columns] += part.float() * weights.to(part.device, torch.float32)
            weight_sum[rows, columns] += weights
    return (total / weight_sum.to(total.device, torch.float32)).to(part.dtype)
