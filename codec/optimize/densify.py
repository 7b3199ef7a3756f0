"""Surgery on a scene in training: where Gaussians are added, moved and removed, under a cap.

`Mcmc` follows "3D Gaussian Splatting as Markov Chain Monte Carlo" (Kheradmand et al. 2024):
spent Gaussians move onto others in proportion to opacity, the count grows by a share up to the
cap, and noise lets faint ones explore. `Classic` follows Kerbl et al. 2023: large gradients of
the projected centre clone small Gaussians and split large ones, faint ones are pruned.
`Split` joins them: parents are drawn in proportion to those gradients, divide along their longest
axis in a way that keeps mass and moments, and the count grows to the cap on a schedule.
Every new row starts with zero moments; the rows kept keep theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import comb

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from codec.optimize.adam import ATTRIBUTES, Adam
from codec.optimize.options import TrainOptions
from codec.rendering.reference import rotation_matrices
from codec.scene import Camera, Splats

_MOST_COPIES = 51
_APART = 0.6  # sigma between the centre of a divided Gaussian and its halves
_LARGEST_NOISY = 0.15  # opacity above which the noise is nil
F32 = NDArray[np.float32]


def sigmoid(x: F32) -> F32:
    """1 / (1 + exp(-x)) without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def logit(p: NDArray) -> NDArray:
    """Inverse of `sigmoid`, held inside 1e-7..1 - 1e-7."""
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return np.log(p / (1 - p))


def copy_terms() -> NDArray[np.float64]:
    """Coefficients [_MOST_COPIES + 1, _MOST_COPIES] of new_opacity**(k+1) in the sum of Eq. 9."""
    terms = np.zeros((_MOST_COPIES + 1, _MOST_COPIES))
    for count in range(1, _MOST_COPIES + 1):
        terms[count] = terms[count - 1]
        for k in range(count):
            terms[count, k] += comb(count - 1, k) * (-1) ** k / np.sqrt(k + 1)
    return terms


def shared_appearance(
    opacity: NDArray, log_scales: F32, copies: NDArray[np.integer]
) -> tuple[NDArray, F32]:
    """Opacity and log-scales with which `copies` coincident Gaussians look like the one before.

    Equation 9 of the MCMC paper. opacity [M] in 0..1, log_scales [M, 3], copies [M] at least 1.
    """
    copies = np.minimum(copies, _MOST_COPIES)
    opacity = np.clip(opacity.astype(np.float64), 1e-7, 1 - 1e-7)
    new = 1 - (1 - opacity) ** (1 / copies)
    powers = new[:, None] ** np.arange(1, _MOST_COPIES + 1)
    total = np.einsum("mk,mk->m", copy_terms()[copies], powers)
    # Beyond a dozen copies of a solid Gaussian the alternating sum loses its digits.
    factor = np.clip(opacity / np.maximum(total, 1e-12), 1e-2, 1.0)
    return new, log_scales + np.log(factor)[:, None].astype(np.float32)


@dataclass(slots=True)
class Mcmc:
    """Relocation and growth; holds no state of its own."""

    options: TrainOptions

    def observe(self, splats: Splats, gradients, camera: Camera) -> None:
        """Nothing is gathered."""

    def refine(self, splats: Splats, adam: Adam, rng: Generator, step: int) -> Splats:
        """Move the spent, add new ones; the arrays of `splats` may be changed in place."""
        opacity = sigmoid(splats.opacity_logits)
        dead = np.flatnonzero(opacity <= self.options.min_opacity)
        alive = np.flatnonzero(opacity > self.options.min_opacity)
        if not len(alive):
            return splats
        n_new = min(self.options.cap, int((1 + self.options.growth) * len(opacity))) - len(opacity)
        n_new = max(0, n_new)
        weights = opacity[alive].astype(np.float64)
        parents = rng.choice(alive, len(dead) + n_new, p=weights / weights.sum())
        return place_copies(splats, adam, parents, dead)

    def perturb(self, splats: Splats, means_rate: float, rng: Generator) -> None:
        """Noise on the means of faint Gaussians, shaped by their covariance, in place."""
        from codec.optimize.noise_kernels import shake_means

        size = self.options.noise * means_rate
        if size:
            shake_means(splats.means, splats.log_scales, splats.quats, splats.opacity_logits,
                        rng.integers(1 << 63, dtype=np.uint64), float(size),
                        float(self.options.min_opacity), _LARGEST_NOISY)

    def arrays(self) -> dict[str, NDArray]:
        """State to be checkpointed."""
        return {}

    def restore(self, arrays: dict[str, NDArray]) -> None:
        """Undo `arrays`."""


def place_copies(splats: Splats, adam: Adam, parents: NDArray, overwrite: NDArray) -> Splats:
    """Copies of `parents`: the first into the rows `overwrite`, the rest appended.

    Parents and copies share the parent's appearance; all of them start with zero moments.
    """
    if not len(parents):
        return splats
    n, moved = splats.n_gaussians, len(overwrite)
    source, counts = np.unique(parents, return_counts=True)
    opacity, log_scales = shared_appearance(
        sigmoid(splats.opacity_logits[source]), splats.log_scales[source], counts + 1)
    splats.opacity_logits[source] = logit(opacity)
    splats.log_scales[source] = log_scales
    for name in ATTRIBUTES:
        values = getattr(splats, name)
        values[overwrite] = values[parents[:moved]]
    fresh = np.zeros(n, np.bool_)
    fresh[source] = fresh[overwrite] = True
    index = np.concatenate([np.arange(n), parents[moved:]])
    adam.take(index, np.concatenate([fresh, np.ones(len(index) - n, np.bool_)]))
    return splats.take(index)


@dataclass(slots=True)
class Classic:
    """Clone, split and prune by the mean gradient of the projected centre.

    total, seen: [N] sum of gradient norms (normalized image coordinates) and times seen.
    """

    options: TrainOptions
    extent: float = 1.0
    total: F32 = field(default_factory=lambda: np.zeros(0, np.float32))
    seen: F32 = field(default_factory=lambda: np.zeros(0, np.float32))

    def observe(self, splats: Splats, gradients, camera: Camera) -> None:
        """Gather the gradients of one view."""
        if len(self.total) != splats.n_gaussians:
            self.total = np.zeros(splats.n_gaussians, np.float32)
            self.seen = np.zeros(splats.n_gaussians, np.float32)
        scale = np.array([camera.width / 2, camera.height / 2], np.float32)
        self.total += np.linalg.norm(gradients.mean2d * scale, axis=1)
        self.seen += gradients.visible

    def refine(self, splats: Splats, adam: Adam, rng: Generator, step: int) -> Splats:
        """Prune the faint, then clone and split the rows of largest gradient under the cap."""
        mean = self.total / np.maximum(self.seen, 1)
        keep = np.flatnonzero(sigmoid(splats.opacity_logits) > self.options.min_opacity)
        mean = mean[keep]
        splats = splats.take(keep)
        adam.take(keep)
        room = max(0, self.options.cap - len(keep))
        order = np.argsort(-mean, kind="stable")[:room]
        grown = np.sort(order[mean[order] > self.options.grow_gradient])
        large = np.exp(splats.log_scales[grown]).max(1) > 0.01 * self.extent
        splats = self._grow(splats, adam, grown[~large], grown[large], rng)
        self.total = self.seen = np.zeros(0, np.float32)
        return splats

    def _grow(self, splats: Splats, adam: Adam, clones: NDArray, splits: NDArray,
              rng: Generator) -> Splats:
        """Copies appended; the two halves of a split are drawn from it and 1.6 times smaller."""
        n = splats.n_gaussians
        index = np.concatenate([np.arange(n), clones, splits])
        fresh = np.zeros(len(index), np.bool_)
        fresh[n:] = fresh[splits] = True
        adam.take(index, fresh)
        splats = splats.take(index)
        halves = np.concatenate([splits, np.arange(n + len(clones), len(index))])
        drawn = rng.standard_normal((len(halves), 3)).astype(np.float32)
        spread = np.exp(splats.log_scales[halves]) * drawn
        frames = rotation_matrices(splats.quats[halves])
        splats.means[halves] += np.einsum("nij,nj->ni", frames, spread)
        splats.log_scales[halves] -= np.float32(np.log(1.6))
        return splats

    def perturb(self, splats: Splats, means_rate: float, rng: Generator) -> None:
        """No noise."""

    def arrays(self) -> dict[str, NDArray]:
        """State to be checkpointed."""
        return {"total": self.total, "seen": self.seen}

    def restore(self, arrays: dict[str, NDArray]) -> None:
        """Undo `arrays`."""
        self.total, self.seen = arrays["total"], arrays["seen"]


def divide(splats: Splats, parents: NDArray) -> tuple[Splats, Splats]:
    """Both halves of some Gaussians, side by side along their longest axis.

    The halves lie _APART sigma from the centre and are that much narrower along the axis, so
    that together they keep the parent's mean and covariance; the opacity is lowered so that a
    faint pair has the parent's mass and a solid one stays solid.
    """
    half = splats.take(parents)
    rows, axis = np.arange(len(parents)), half.log_scales.argmax(1)
    length = np.exp(half.log_scales[rows, axis])
    away = rotation_matrices(half.quats)[rows, :, axis] * (_APART * length)[:, None]
    half.log_scales[rows, axis] += np.float32(0.5 * np.log(1 - _APART**2))
    share = 0.5 / np.sqrt(1 - _APART**2)
    half.opacity_logits[:] = logit(1 - (1 - sigmoid(half.opacity_logits)) ** share)
    other = half.take(rows)
    half.means[:] += away
    other.means[:] -= away
    return half, other


@dataclass(slots=True)
class Split(Mcmc):
    """Relocation and growth by division where the gradients are large.

    total, seen: as of `Classic`.   first: how many Gaussians there were to start with.
    """

    total: F32 = field(default_factory=lambda: np.zeros(0, np.float32))
    seen: F32 = field(default_factory=lambda: np.zeros(0, np.float32))
    first: int = 0

    def observe(self, splats: Splats, gradients, camera: Camera) -> None:
        """Gather the gradients of one view."""
        if len(self.total) != splats.n_gaussians:
            self.total = np.zeros(splats.n_gaussians, np.float32)
            self.seen = np.zeros(splats.n_gaussians, np.float32)
        self.first = self.first or splats.n_gaussians
        scale = np.array([camera.width / 2, camera.height / 2], np.float32)
        self.total += np.linalg.norm(gradients.mean2d * scale, axis=1)
        self.seen += gradients.visible

    def refine(self, splats: Splats, adam: Adam, rng: Generator, step: int) -> Splats:
        """Dead rows and new ones become halves of Gaussians with large gradients."""
        weights = self.total / np.maximum(self.seen, 1)
        opacity = sigmoid(splats.opacity_logits)
        dead = np.flatnonzero(opacity <= self.options.min_opacity)
        weights[dead] = 0
        wanted = self.options.count_at(step, self.first) - splats.n_gaussians
        self.total = self.seen = np.zeros(0, np.float32)
        if self.options.groups:
            return self._refine_groups(splats, adam, rng, weights, dead)
        count = min(len(dead) + max(0, wanted), np.count_nonzero(weights))
        if not count:
            return splats
        parents = rng.choice(len(weights), count, replace=False, p=weights / weights.sum())
        return place_halves(splats, adam, parents, dead[:count])

    def _refine_groups(self, splats: Splats, adam: Adam, rng: Generator, weights: F32,
                       dead: NDArray) -> Splats:
        """Dead rows become halves of Gaussians of their own group; the count stays."""
        parents, children, start = [], [], 0
        for end in self.options.groups:
            mine, own = dead[(dead >= start) & (dead < end)], weights[start:end]
            count = min(len(mine), np.count_nonzero(own))
            if count:
                parents.append(start + rng.choice(len(own), count, replace=False,
                                                  p=own / own.sum()))
                children.append(mine[:count])
            start = end
        if not parents:
            return splats
        return place_halves(splats, adam, np.concatenate(parents), np.concatenate(children))

    def arrays(self) -> dict[str, NDArray]:
        """State to be checkpointed."""
        return {"total": self.total, "seen": self.seen, "first": np.array(self.first)}

    def restore(self, arrays: dict[str, NDArray]) -> None:
        """Undo `arrays`."""
        self.total, self.seen = arrays["total"], arrays["seen"]
        self.first = int(arrays["first"])


def place_halves(splats: Splats, adam: Adam, parents: NDArray, overwrite: NDArray) -> Splats:
    """Divide `parents`: one half stays, the others go into the rows `overwrite`, then appended."""
    n, moved = splats.n_gaussians, len(overwrite)
    half, other = divide(splats, parents)
    index = np.concatenate([np.arange(n), parents[moved:]])
    fresh = np.zeros(len(index), np.bool_)
    fresh[parents] = fresh[overwrite] = fresh[n:] = True
    adam.take(index, fresh)
    out = splats.take(index)
    children = np.concatenate([overwrite, np.arange(n, len(index))]).astype(np.int64)
    for name in ATTRIBUTES:
        getattr(out, name)[parents] = getattr(half, name)
        getattr(out, name)[children] = getattr(other, name)
    return out


def make_strategy(options: TrainOptions, extent: float) -> Mcmc | Classic:
    """The strategy that `options` names."""
    if options.strategy == "split":
        return Split(options)
    return Mcmc(options) if options.strategy == "mcmc" else Classic(options, extent)
