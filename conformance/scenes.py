"""Seeded small scenes for the valid streams."""

from __future__ import annotations

import numpy as np

from codec.scene import Splats


def scene(n: int, sh_degree: int = 1, seed: int = 0, **given) -> Splats:
    """n Gaussians around the origin; `given` replaces arrays."""
    rng = np.random.default_rng(seed)
    rest = (sh_degree + 1) ** 2 - 1
    arrays = {
        "means": rng.normal(size=(n, 3)),
        "log_scales": rng.normal(-4, 1, (n, 3)),
        "quats": rng.normal(size=(n, 4)),
        "opacity_logits": rng.normal(0, 2, n),
        "sh0": rng.normal(size=(n, 3)),
        "shN": 0.1 * rng.normal(size=(n, rest, 3)),
    }
    arrays |= {k: v for k, v in given.items() if k in arrays}
    others = {k: v for k, v in given.items() if k not in arrays}
    return Splats(**{k: np.asarray(v, np.float32) for k, v in arrays.items()}, **others)


def coincident(n: int) -> Splats:
    return scene(n, 0, means=np.full((n, 3), 1.25))


def huge(n: int) -> Splats:
    """Coordinates up to 1e5, far from the origin."""
    rng = np.random.default_rng(5)
    return scene(n, 0, means=rng.uniform(-1e5, 1e5, (n, 3)))


def wild(n: int) -> Splats:
    """A smooth scene with a few Gaussians far off in every attribute: escapes."""
    rng = np.random.default_rng(6)
    base = scene(n, 1, 6)
    odd = rng.random(n) < 0.02
    return scene(
        n, 1, 6,
        log_scales=np.where(odd[:, None], rng.uniform(-20, 5, (n, 3)), base.log_scales * 0.1 - 4),
        sh0=np.where(odd[:, None], rng.uniform(-50, 50, (n, 3)), base.sh0 * 0.05),
        shN=np.where(odd[:, None, None], rng.uniform(-20, 20, (n, 3, 3)), base.shN * 0.05),
    )
