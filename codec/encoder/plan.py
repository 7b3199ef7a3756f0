"""Steps from quality alone: the analytic plan of the low efforts.

An error of d in position or of d in log-scale of an axis changes the picture alike when d is
measured in units of that axis; opacity and colour errors reach it multiplied by opacity times
footprint. The ratios between fields below are the medians of what the rendering search of
`search.py` chooses on trained scenes; `delta` is one knob for all.
"""

from __future__ import annotations

import numpy as np

from codec.encoder.prepare import Prepared
from codec.encoder.steps import Steps


def delta_for(quality: float) -> float:
    """The common step: 0.125 at quality 70, halved every 12 points (6 dB)."""
    return 0.125 * 2.0 ** ((70 - quality) / 12)


def target_db(quality: float) -> float:
    """PSNR of renders against the input's renders that a quality stands for."""
    return 10 + quality / 2


def plan_steps(p: Prepared, quality: float) -> Steps:
    return steps_from(p, delta_for(quality))


def steps_from(p: Prepared, delta: float) -> Steps:
    """One common step spread over the fields of a scene."""
    return Steps(
        position=-np.log2(max(position_scale(p) * delta * 1.2, 1e-30)),
        scale=min(delta, 0.5),
        opacity_levels=int(np.clip(round(5.0 / delta), 6, 4096)),
        rotation=min(2.0 * delta, 0.7),
        dc=1.2 * delta,
        sh=delta,
        sh_rows=45,
    )


def position_scale(p: Prepared) -> float:
    """Size in world units whose relative error counts like a log-scale error.

    Weighted by alpha^2 times the projected area of each Gaussian at its distance.
    """
    if not p.n:
        return 1.0
    centre = np.median(p.means, axis=0)
    distance = np.sqrt(((p.means - centre) ** 2).sum(axis=1))
    near = max(float(np.percentile(distance, 60)), 1e-30)
    scales = np.clip(p.scales, -60, 60)  # squares of what follows must stay finite
    size = np.exp((scales[:, 1] + scales[:, 0]) / 2)
    small = np.exp((scales[:, 1] + np.maximum(scales[:, 2], scales[:, 1] - 3)) / 2)
    weight = (p.alpha * size / np.maximum(distance, near)) ** 2
    weight = np.minimum(weight, np.percentile(weight, 99))
    return float(np.sqrt(weight.sum() / (weight / small**2).sum()))
