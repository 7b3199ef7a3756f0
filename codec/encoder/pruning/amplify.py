"""ExGS's adaptive amplification: survivors grow into the gaps left (arXiv 2509.24758).

Applied before quantization and stored, so a decoder needs none of this. The predictor's weights
(`amplifier.npy`) are made by tools/train_amplifier.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.encoder.pruning.neighbours import nearest_distances
from codec.encoder.pruning.select import voxel_numbers
from codec.scene import Splats

F64 = NDArray[np.float64]
MOST = 3.0
MOST_FALLBACK = 2.0
INPUTS, HIDDEN = 12, 64
SH_C0 = 0.28209479177387814


def gap_factors(splats: Splats, kept: NDArray[np.integer]) -> F64:
    """[K] training-free amplification: clip((d_kept / d_orig)^0.5, 1, 2).

    d: mean distance to three near neighbours, among the kept and in the whole scene.
    """
    before, after = _distances(splats, kept)
    return np.clip(np.sqrt(after / before), 1.0, MOST_FALLBACK)


def _distances(splats: Splats, kept: NDArray[np.integer]) -> tuple[F64, F64]:
    """[K] distance to near neighbours in the whole scene, and among the kept; positive."""
    means = splats.means.astype(np.float64)
    chosen = means[kept]
    before = nearest_distances(chosen, means, skip_self=True)
    after = nearest_distances(chosen, chosen, skip_self=True)
    least = max(1e-12 * float(after.max(initial=0.0)), 1e-30)
    return np.maximum(before, least), np.maximum(after, least)


def amplified(splats: Splats, factors: NDArray) -> Splats:
    """All three scales times `factors` [N]."""
    grown = splats.log_scales + np.log(factors)[:, None]
    return replace(splats, log_scales=grown.astype(np.float32))


def features(splats: Splats, kept: NDArray[np.integer], weights: F64) -> F64:
    """[K, 12] what the predictor looks at; weights: [N] global significance.

    Log-scales, largest first, less the log distance to near neighbours in the scene (so that
    units do not matter); logit opacity; log significance over its mean; log share of its voxel
    kept; log of the distances among the kept and in the scene over the largest scale; DC colour;
    log share kept.
    """
    before, after = (np.log(d) for d in _distances(splats, kept))
    scales = np.sort(splats.log_scales[kept].astype(np.float64), axis=1)[:, ::-1]
    voxel = voxel_numbers(splats.means, len(kept) / 4)
    in_voxel = np.bincount(voxel[kept], minlength=voxel.max() + 1) / np.bincount(voxel)
    significance = np.log(weights[kept] / max(float(weights.mean()), 1e-300) + 1e-6)
    columns = [scales - before[:, None], splats.opacity_logits[kept], significance,
               np.log(in_voxel[voxel[kept]]), after - scales[:, 0], before - scales[:, 0],
               SH_C0 * splats.sh0[kept] + 0.5,
               np.full(len(kept), np.log(len(kept) / splats.n_gaussians))]
    return np.clip(np.column_stack(columns).astype(np.float64), -12.0, 12.0)


@dataclass(frozen=True, slots=True)
class Predictor:
    """An MLP 12-64-64-1 with SiLU (5,057 weights) after standardizing its inputs.

    parameters: [5081] float32: means and deviations of the inputs, then weights and bias of each
    layer, weights [out, in].
    """

    parameters: NDArray[np.float32]

    def layers(self) -> list[F64]:
        """Mean, deviation, W1, b1, W2, b2, W3, b3."""
        shapes = [(INPUTS,), (INPUTS,), (HIDDEN, INPUTS), (HIDDEN,), (HIDDEN, HIDDEN), (HIDDEN,),
                  (1, HIDDEN), (1,)]
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
        parts = np.split(self.parameters.astype(np.float64), ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def factors(self, inputs: F64) -> F64:
        """[K] a = 1 + (a_max - 1) sigmoid(f(inputs)), a_max = 3."""
        mean, deviation, w1, b1, w2, b2, w3, b3 = self.layers()
        hidden = silu(((inputs - mean) / deviation) @ w1.T + b1)
        hidden = silu(hidden @ w2.T + b2)
        return 1 + (MOST - 1) / (1 + np.exp(-np.clip(hidden @ w3.T + b3, -40, 40)[:, 0]))


def silu(x: F64) -> F64:
    """x sigmoid(x)."""
    return x / (1 + np.exp(-np.clip(x, -40, 40)))


@cache
def shipped_predictor() -> Predictor | None:
    """The predictor that comes with the codec; None where its file is missing."""
    path = Path(__file__).with_name("amplifier.npy")
    return Predictor(np.load(path)) if path.is_file() else None
