"""From splats to the gauge-fixed float arrays that quantization works on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.core import quantize
from codec.scene import Splats


@dataclass(frozen=True, slots=True)
class Prepared:
    """Arrays of one scene, float64, N Gaussians.

    means [N, 3]; scales [N, 3] ln, descending; quats [N, 4] folded; logits [N]; ycc [N, 3];
    rest [N, 3 * (K - 1)], coefficient-major as in Splats.shN.
    """

    means: NDArray[np.float64]
    scales: NDArray[np.float64]
    quats: NDArray[np.float64]
    logits: NDArray[np.float64]
    ycc: NDArray[np.float64]
    rest: NDArray[np.float32]
    sh_degree: int

    @property
    def n(self) -> int:
        return len(self.means)

    @property
    def alpha(self) -> NDArray[np.float64]:
        return 1.0 / (1.0 + np.exp(-np.clip(self.logits, -60, 60)))


def prepare(splats: Splats) -> Prepared:
    scales, quats = quantize.canonical_gauge(splats.log_scales, splats.quats)
    matrix = quantize.YCC / float(1 << quantize.YCC_BITS)
    rgb = splats.sh0.astype(np.float64)
    # elementwise, not matmul: the result must not depend on a BLAS
    ycc = np.stack(
        [rgb[:, 0] * m[0] + rgb[:, 1] * m[1] + rgb[:, 2] * m[2] for m in matrix], axis=1
    )
    return Prepared(
        splats.means.astype(np.float64), scales, quats, splats.opacity_logits.astype(np.float64),
        ycc, splats.shN.reshape(splats.n_gaussians, 3 * splats.shN.shape[1]), splats.sh_degree,
    )
