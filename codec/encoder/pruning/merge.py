"""Moment-preserving merging of Gaussians: the mixture's mass, mean and covariance survive."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from codec.encoder.pruning.neighbours import candidates
from codec.scene import Splats

F64 = NDArray[np.float64]
_MOST_OPAQUE = 0.99
SHAPE_SHARE = 0.05
FLATTEST = 0.05
SH_C0 = 0.28209479177387814


@dataclass(frozen=True, slots=True)
class Moments:
    """Gaussians in a form that adds up.

    weight: [M] visible mass.   mean: [M, 3].   cov: [M, 3, 3].   mass: [M] opacity times area.
    sh: [M, 3 K] all SH coefficients, DC first.   row: [M] the heaviest member's row in the scene.
    """

    weight: F64
    mean: F64
    cov: F64
    mass: F64
    sh: F64
    row: NDArray[np.integer]

    @classmethod
    def of(cls, splats: Splats, weight: F64) -> Moments:
        """From a scene; weight [N] not negative (zeros count a little)."""
        from codec.rendering.reference import rotation_matrices

        weight = np.maximum(weight, 1e-9 * max(float(weight.mean()), 1e-30))
        axes = rotation_matrices(_proper(splats.quats)) * np.exp(
            np.clip(splats.log_scales.astype(np.float64), -40, 40))[:, None]
        cov = np.einsum("nik,njk->nij", axes, axes)
        sh = np.concatenate([splats.sh0[:, None], splats.shN], axis=1).astype(np.float64)
        opacity = 1 / (1 + np.exp(-np.clip(splats.opacity_logits.astype(np.float64), -30, 30)))
        return cls(weight, splats.means.astype(np.float64), cov, opacity * area(cov),
                   sh.reshape(len(weight), -1), np.arange(len(weight)))

    def take(self, rows: NDArray[np.integer]) -> Moments:
        """The given rows."""
        return Moments(*(getattr(self, name)[rows] for name in self.__slots__))

    def grouped(self, group: NDArray[np.integer], count: int) -> Moments:
        """Moments of the mixtures: rows with the same number in 0..count-1 become one.

        The covariance is that within the members plus that of their means. Opacity is such that
        the visible mass stays: members hidden behind others count by what is seen of them.
        """
        weight = np.bincount(group, self.weight, count)

        def mean_of(values: F64) -> F64:
            flat = values.reshape(len(values), -1)
            columns = [np.bincount(group, self.weight * column, count) for column in flat.T]
            return (np.stack(columns, axis=1) / weight[:, None]).reshape(count, *values.shape[1:])

        mean = mean_of(self.mean)
        away = self.mean - mean[group]
        cov = mean_of(self.cov + away[:, :, None] * away[:, None, :])
        heaviest = np.lexsort((-self.weight, group))
        first = np.searchsorted(group[heaviest], np.arange(count))
        visibility = mean_of(self.weight / np.maximum(self.mass, 1e-300))
        return Moments(weight, mean, cov, weight / visibility, mean_of(self.sh),
                       self.row[heaviest[first]])

    def to_splats(self, like: Splats) -> Splats:
        """A scene of M Gaussians; opacity is mass over area, at most 0.99.

        like: the scene they come from; further properties are the heaviest member's.
        """
        values, vectors = np.linalg.eigh(self.cov)
        vectors[:, :, 0] *= np.sign(np.linalg.det(vectors))[:, None]
        opacity = np.clip(self.mass / np.maximum(area(self.cov), 1e-300), 1e-4, _MOST_OPAQUE)
        sh = self.sh.reshape(len(self.weight), -1, 3).astype(np.float32)
        return replace(
            like.take(self.row), means=self.mean.astype(np.float32),
            log_scales=(0.5 * np.log(np.maximum(values, 1e-30))).astype(np.float32),
            quats=quaternions(vectors).astype(np.float32),
            opacity_logits=np.log(opacity / (1 - opacity)).astype(np.float32),
            sh0=np.ascontiguousarray(sh[:, 0]), shN=np.ascontiguousarray(sh[:, 1:]))


def area(cov: F64) -> F64:
    """[M] mean projected area of covariances [M, 3, 3], up to a constant: rms over three axes."""
    minors = [cov[:, i, i] * cov[:, j, j] - cov[:, i, j] ** 2 for i, j in ((0, 1), (0, 2), (1, 2))]
    return np.sqrt(np.maximum(sum(minors), 1e-300))


def _proper(quats: NDArray) -> F64:
    quats = quats.astype(np.float64)
    return np.where(np.linalg.norm(quats, axis=1, keepdims=True) < 1e-12, (1.0, 0, 0, 0), quats)


def quaternions(matrices: F64) -> F64:
    """Unit quaternions [M, 4] wxyz of rotation matrices [M, 3, 3]."""
    m = matrices
    trace = m[:, 0, 0] + m[:, 1, 1] + m[:, 2, 2]
    squares = np.stack([1 + trace, *(1 + 2 * m[:, i, i] - trace for i in range(3))], axis=1)
    best = squares.argmax(axis=1)
    x, y, z = m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1]
    xy, xz, yz = (m[:, i, j] + m[:, j, i] for i, j in ((0, 1), (0, 2), (1, 2)))
    rows = np.stack([
        np.stack([squares[:, 0], x, y, z], 1), np.stack([x, squares[:, 1], xy, xz], 1),
        np.stack([y, xy, squares[:, 2], yz], 1), np.stack([z, xz, yz, squares[:, 3]], 1)], axis=1)
    chosen = rows[np.arange(len(m)), best]
    return chosen / np.linalg.norm(chosen, axis=1, keepdims=True)


def merge_pairs(moments: Moments, count: int, colour_share: float = 1.0) -> Moments:
    """Merge mutual best pairs, cheapest first, until `count` remain."""
    while len(moments.weight) > max(count, 1):
        n = len(moments.weight)
        first, second, cost = _mutual_pairs(moments, colour_share)
        # A quarter of the pairs a round, so that costs stay fresh.
        most = min(n - count, max(1, len(first) // 2), n // 8 + 1)
        cheap = np.argsort(cost, kind="stable")[:most]
        group = np.arange(n)
        group[second[cheap]] = first[cheap]
        unique, group = np.unique(group, return_inverse=True)
        moments = moments.grouped(group.reshape(-1), len(unique))
    return moments


def _mutual_pairs(moments: Moments, colour_share: float):
    """(first, second, cost) of pairs that are each other's cheapest, first < second."""
    n = len(moments.weight)
    near = candidates(moments.mean, moments.mean, 2)
    own = np.arange(n)[:, None]
    cost = np.where(near == own, np.inf, _pair_costs(moments, np.broadcast_to(own, near.shape),
                                                     near, colour_share))
    place = cost.argmin(axis=1)
    best, price = near[np.arange(n), place], cost[np.arange(n), place]
    mutual = np.flatnonzero((best[best] == np.arange(n)) & (np.arange(n) < best))
    if not len(mutual):
        # Neighbourhoods need not be symmetric: the single cheapest pair always may go.
        i = int(price.argmin())
        return np.array([min(i, best[i])]), np.array([max(i, best[i])]), price[i: i + 1]
    return mutual, best[mutual], price[mutual]


def _pair_costs(moments: Moments, i: NDArray, j: NDArray, colour_share: float) -> F64:
    """Runnalls' bound on the divergence that merging i and j costs (Eq. 4), and Ward's in colour.

    Shape: (w_i + w_j) log|S| - w_i log|S_i| - w_j log|S_j|, S the merged covariance; flatness
    beyond 20:1 does not count. Colour: reduced weight times squared distance.
    """
    flat = FLATTEST**2 * np.einsum("nii->n", moments.cov)
    cov = moments.cov + flat[:, None, None] * np.eye(3)
    total = moments.weight[i] + moments.weight[j]
    share = moments.weight[i] / total
    away, both = moments.mean[i] - moments.mean[j], share * (1 - share)
    logs = _log_determinant(*_upper(cov))
    merged = [share * a[i] + (1 - share) * a[j] + both * away[..., x] * away[..., y]
              for a, (x, y) in zip(_upper(cov), _PLACES, strict=True)]
    growth = _log_determinant(*merged) - share * logs[i] - (1 - share) * logs[j]
    colour = SH_C0**2 * ((moments.sh[i, :3] - moments.sh[j, :3]) ** 2).sum(-1)
    return total * (SHAPE_SHARE * growth + colour_share * both * colour)


_PLACES = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def _upper(cov: F64) -> list[F64]:
    return [np.ascontiguousarray(cov[:, x, y]) for x, y in _PLACES]


def _log_determinant(xx: F64, xy: F64, xz: F64, yy: F64, yz: F64, zz: F64) -> F64:
    det = xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz)
    return np.log(np.maximum(det, 1e-200))


def absorb(moments: Moments, kept: NDArray[np.integer], reach: float = 2.0,
           colour_share: float = 1.0) -> Moments:
    """Each Gaussian left out joins its best survivor near it, or is dropped where none is.

    kept: [K] rows. reach: largest distance in standard deviations of the two together.
    """
    n = len(moments.weight)
    mask = np.zeros(n, np.bool_)
    mask[kept] = True
    lost = np.flatnonzero(~mask)
    near = kept[candidates(moments.mean[lost], moments.mean[kept], 4)]
    own = np.broadcast_to(lost[:, None], near.shape)
    away = moments.mean[own] - moments.mean[near]
    spread = np.einsum("nii->n", moments.cov)
    distance = (away**2).sum(-1) / (spread[own] + spread[near])
    colour = ((moments.sh[own, :3] - moments.sh[near, :3]) ** 2).sum(-1) * SH_C0**2
    cost = colour_share * colour + distance * 0.05
    place = cost.argmin(axis=1)
    best = near[np.arange(len(lost)), place]
    close = distance[np.arange(len(lost)), place] <= reach**2
    number = np.full(n, -1)
    number[kept] = np.arange(len(kept))
    rows = np.concatenate([kept, lost[close]])
    group = np.concatenate([np.arange(len(kept)), number[best[close]]])
    return moments.take(rows).grouped(group, len(kept))
