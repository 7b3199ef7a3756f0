"""Which Gaussians matter: the pruning scores of the peers, by their papers.

All scores are computed over training views (never the held-out ones) with the CPU renderer and
belong to the encoder alone. Retraining after pruning, which the papers add, is not done here.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from codec.scene import Camera, Splats

SCORE_WIDTH = 320
EXGS_SUPPLEMENT = 0.3
"""Share of ExGS's budget that goes to voxels the global ranking leaves empty."""
EXGS_LEAST_POINTS = 4
GODE_SMALLEST = 4096


def small(camera: Camera) -> Camera:
    """The camera at most SCORE_WIDTH pixels wide."""
    return camera.resized(SCORE_WIDTH) if camera.width > SCORE_WIDTH else camera


def blending_weights(splats: Splats, cameras: list[Camera]) -> NDArray[np.float64]:
    """[N] sum over views and pixels of alpha * T (ExGS Eq. 7 read as standard compositing)."""
    from codec.rendering.base import RenderOptions
    from codec.rendering.cpu import CpuRenderer

    renderer = CpuRenderer(RenderOptions())
    total = np.zeros(splats.n_gaussians)
    for camera in cameras:
        total += renderer.contributions(splats, small(camera))
    return total


def lightgaussian_scores(splats: Splats, weights: NDArray) -> NDArray[np.float64]:
    """[N] LightGaussian's score: blending weight times (volume / V90)^0.1, not clamped.

    V90: the volume at 90 % of the descending order, as its code takes it.
    """
    log_volume = splats.log_scales.astype(np.float64).sum(1)
    reference = np.sort(log_volume)[::-1][min(int(0.9 * len(log_volume)), len(log_volume) - 1)]
    return weights * np.exp(0.1 * np.clip(log_volume - reference, -200, 200))


def gradient_scores(
    splats: Splats, cameras: list[Camera], photos: list[NDArray]
) -> NDArray[np.float64]:
    """[N] GoDe/NiFi's score: norm of the gradient of the training loss, attribute by attribute.

    Loss 0.8 L1 + 0.2 (1 - SSIM) against the photos; per-view norms are summed, each attribute's
    divided by its own mean norm (signed sums over views cancel in a converged scene).
    """
    from codec.rendering.autograd import SplatTensors, render_tensors

    totals: dict[str, NDArray] = {}
    for camera, photo in zip(cameras, photos, strict=True):
        tensors = SplatTensors.from_splats(splats)
        rgb, _, _ = render_tensors(tensors, camera)
        _training_loss(rgb, photo).backward()
        for name, values in tensors.parameters().items():
            if values.numel() and values.grad is not None:
                norm = values.grad.reshape(len(values), -1).norm(dim=1).numpy().astype(np.float64)
                totals[name] = totals.get(name, 0) + norm
    means = {name: max(float(total.mean()), 1e-300) for name, total in totals.items()}
    return sum(total / means[name] for name, total in totals.items())


def _training_loss(rgb, photo: NDArray):
    import torch
    from torchmetrics.functional.image import structural_similarity_index_measure

    target = torch.from_numpy(np.ascontiguousarray(photo, np.float32))
    image, wanted = (x.permute(2, 0, 1)[None] for x in (rgb, target))
    similarity = structural_similarity_index_measure(image, wanted, sigma=1.5, data_range=1.0)
    return 0.8 * (rgb - target).abs().mean() + 0.2 * (1 - similarity)


def keep_best(scores: NDArray, count: int) -> NDArray[np.int64]:
    """Rows of the `count` highest scores, ties by row, in rising order of row."""
    return np.sort(np.argsort(-scores, kind="stable")[:count])


def gode_shares(n: int, levels: int = 5) -> tuple[float, ...]:
    """Shares kept by GoDe's levels: geometric from 4096 Gaussians to 85 % of the scene."""
    top = 0.85 * n
    smallest = min(GODE_SMALLEST, top / 20)
    growth = math.log(top / smallest) / (levels - 1)
    return tuple(round(smallest * math.exp(level * growth) / n, 6) for level in range(levels))


# -- ExGS: global ranking plus a share for empty voxels ------------------------------------------


def exgs_select(means: NDArray, scores: NDArray, count: int) -> NDArray[np.int64]:
    """Exactly `count` rows by ExGS's UGC: the best overall, then voxels that would lose all.

    means: [N, 3]; scores: [N] blending weights. Deterministic; ties by row.
    """
    n = len(scores)
    if count >= n:
        return np.arange(n)
    order = np.argsort(-scores, kind="stable")
    voxel = voxel_ids(means, count / 4)
    kept = np.zeros(n, bool)
    kept[order[: math.ceil((1 - EXGS_SUPPLEMENT) * count)]] = True
    for rows in _supplements(order, voxel, kept, count / n):
        kept[rows[: count - int(kept.sum())]] = True
    rest = order[~kept[order]]
    kept[rest[: count - int(kept.sum())]] = True
    return np.flatnonzero(kept)


def _supplements(order: NDArray, voxel: NDArray, kept: NDArray, share: float):
    """Rows to add: first one for each voxel without any, then up to each voxel's quota."""
    sizes = np.bincount(voxel)
    quota = np.where(sizes >= EXGS_LEAST_POINTS, np.maximum(1, (share * sizes).astype(int)), 0)
    rank = _rank_in_voxel(order, voxel)
    survivors = np.bincount(voxel[kept], minlength=len(sizes))
    empty = (survivors == 0) & (quota > 0)
    first = order[empty[voxel[order]] & (rank[order] == 0)]
    yield first
    # The survivors of a voxel are its best, so its deficit are the next ones by rank.
    owed = (rank[order] < quota[voxel[order]]) & ~kept[order]
    yield order[owed]


def _rank_in_voxel(order: NDArray, voxel: NDArray) -> NDArray[np.int64]:
    """[N] place of each row among the rows of its voxel, by falling score."""
    by_voxel = order[np.argsort(voxel[order], kind="stable")]
    starts = np.flatnonzero(np.diff(voxel[by_voxel], prepend=-1))
    lengths = np.diff(np.append(starts, len(by_voxel)))
    rank = np.empty(len(order), np.int64)
    rank[by_voxel] = np.arange(len(by_voxel)) - np.repeat(starts, lengths)
    return rank


def voxel_ids(means: NDArray, wanted: float) -> NDArray[np.int64]:
    """[N] voxel numbers, the edge bisected until about `wanted` (2 %) voxels are occupied."""
    offset = means.astype(np.float64) - means.min(0)
    low, high = np.log(max(float(offset.max()), 1e-30)) - 14, np.log(float(offset.max()) + 1e-30)
    ids = np.zeros(len(means), np.int64)
    for _ in range(30):
        middle = (low + high) / 2
        cells = (offset / np.exp(middle)).astype(np.int64)
        key = (cells[:, 0] << 42) | (cells[:, 1] << 21) | cells[:, 2]
        ids = np.unique(key, return_inverse=True)[1]
        occupied = int(ids.max()) + 1
        if abs(occupied - wanted) <= 0.02 * wanted:
            break
        low, high = (middle, high) if occupied > wanted else (low, middle)
    return ids
