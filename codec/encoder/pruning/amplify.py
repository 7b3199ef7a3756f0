"""ExGS's adaptive amplification: survivors grow into the gaps left (METHODS A.2.2).

Applied before quantization and stored, so a decoder needs none of this.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codec.encoder.pruning.neighbours import nearest_distances
from codec.scene import Splats

MOST_FALLBACK = 2.0


def gap_factors(splats: Splats, kept: NDArray[np.integer]) -> NDArray[np.float64]:
    """[K] training-free amplification: clip((d_kept / d_orig)^0.5, 1, 2).

    d: mean distance to three near neighbours, among the kept and in the whole scene.
    """
    means = splats.means.astype(np.float64)
    chosen = means[kept]
    before = nearest_distances(chosen, means, skip_self=True)
    after = nearest_distances(chosen, chosen, skip_self=True)
    ratio = after / np.maximum(before, 1e-12 * max(float(after.max(initial=0.0)), 1e-30))
    return np.clip(np.sqrt(ratio), 1.0, MOST_FALLBACK)


def amplified(splats: Splats, factors: NDArray) -> Splats:
    """All three scales times `factors` [N]."""
    grown = splats.log_scales + np.log(factors)[:, None]
    return replace(splats, log_scales=grown.astype(np.float32))
