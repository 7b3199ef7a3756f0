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
CHUNK = 1 << 16
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
    """Merge pairs that suit each other best, cheapest first, until `count` remain."""
    while len(moments.weight) > max(count, 1):
        n = len(moments.weight)
        first, second, cost = _best_pairs(moments, colour_share)
        # Half of the pairs a round, so that costs stay fresh.
        most = min(n - count, max(1, len(first) // 2), n // 8 + 1)
        cheap = np.argsort(cost, kind="stable")[:most]
        group = np.arange(n)
        group[second[cheap]] = first[cheap]
        unique, group = np.unique(group, return_inverse=True)
        moments = moments.grouped(group.reshape(-1), len(unique))
    return moments


def _best_pairs(moments: Moments, colour_share: float):
    """(first, second, cost) of pairs of near Gaussians, none in two pairs, cheap ones."""
    n = len(moments.weight)
    near = candidates(moments.mean, moments.mean, 2)
    best, price = np.empty(n, np.int64), np.empty(n)
    terms = _Terms.of(moments)
    for start in range(0, n, CHUNK):  # bounds the memory
        part = near[start: start + CHUNK]
        own = np.arange(start, start + len(part))[:, None]
        cost = terms.costs(np.broadcast_to(own, part.shape), part, colour_share)
        cost[part == own] = np.inf
        place = cost.argmin(axis=1)
        rows = np.arange(len(part))
        best[start: start + CHUNK], price[start: start + CHUNK] = part[rows, place], cost[
            rows, place]
    return _matching(best, price)


def _matching(best: NDArray, price: F64) -> tuple[NDArray, NDArray, F64]:
    """(first, second, cost) of pairs (i, best[i]), each the cheapest at both of its ends."""
    n = len(best)
    # Equal prices in mixed order, or chains of repeated points would give one pair a round.
    mixed = (np.arange(n, dtype=np.uint64) * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
    order = np.lexsort((mixed, price))
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    least = rank.copy()
    np.minimum.at(least, best, rank)
    pairs = np.flatnonzero((rank == least) & (rank == least[best]) & np.isfinite(price))
    return pairs, best[pairs], price[pairs]


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the cost of a pair is made of, by Gaussian; cov: the 6 upper entries."""

    weight: F64
    mean: F64
    cov: list[F64]
    log_det: F64
    colour: F64

    @classmethod
    def of(cls, moments: Moments) -> _Terms:
        flat = FLATTEST**2 * np.einsum("nii->n", moments.cov)
        cov = _upper(moments.cov + flat[:, None, None] * np.eye(3))
        return cls(moments.weight, moments.mean, cov, _log_determinant(*cov),
                   SH_C0 * moments.sh[:, :3])

    def costs(self, i: NDArray, j: NDArray, colour_share: float) -> F64:
        """Runnalls' bound on the divergence that merging i and j costs, and Ward's in colour.

        Shape: (w_i + w_j) log|S| - w_i log|S_i| - w_j log|S_j|, S the merged covariance;
        flatness beyond 20:1 does not count. Colour: reduced weight times squared distance.
        """
        total = self.weight[i] + self.weight[j]
        share = self.weight[i] / total
        away, both = self.mean[i] - self.mean[j], share * (1 - share)
        merged = [share * a[i] + (1 - share) * a[j] + both * away[..., x] * away[..., y]
                  for a, (x, y) in zip(self.cov, _PLACES, strict=True)]
        logs = share * self.log_det[i] + (1 - share) * self.log_det[j]
        colour = ((self.colour[i] - self.colour[j]) ** 2).sum(-1)
        growth = _log_determinant(*merged) - logs
        return total * (SHAPE_SHARE * growth + colour_share * both * colour)


_PLACES = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def _upper(cov: F64) -> list[F64]:
    return [np.ascontiguousarray(cov[:, x, y]) for x, y in _PLACES]


def _log_determinant(xx: F64, xy: F64, xz: F64, yy: F64, yz: F64, zz: F64) -> F64:
    det = xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz)
    return np.log(np.maximum(det, 1e-200))
