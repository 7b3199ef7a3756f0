"""Adam (Kingma and Ba 2015) over the attributes of a scene, with rows that come and go.

Moments and step counts belong to rows: a Gaussian that a view does not see keeps them as they
are ("selective" Adam of Taming 3DGS, 2024), a new one starts from zero with its own bias
correction, and surgery on the scene moves them along (`take`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from codec.scene import Splats

ATTRIBUTES = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")


@dataclass(slots=True)
class Adam:
    """State of the optimizer for a scene of N Gaussians.

    first, second: moments by attribute, shapes as in `Splats`, float32.
    steps: [N] int32, steps each row has made.
    """

    first: dict[str, NDArray[np.float32]]
    second: dict[str, NDArray[np.float32]]
    steps: NDArray[np.int32]
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-15
    _correction: NDArray[np.float32] | None = field(default=None, repr=False)

    @classmethod
    def for_splats(cls, splats: Splats, **settings: float) -> Adam:
        """Zero moments for `splats`."""
        shapes = {name: getattr(splats, name).shape for name in ATTRIBUTES}
        return cls({name: np.zeros(s, np.float32) for name, s in shapes.items()},
                   {name: np.zeros(s, np.float32) for name, s in shapes.items()},
                   np.zeros(splats.n_gaussians, np.int32), **settings)

    def step(self, splats: Splats, gradients, rates: dict[str, float],
             seen: NDArray[np.bool_] | None = None,
             sizes: dict[str, NDArray[np.float32]] | None = None) -> None:
        """Change the arrays of `splats` in place.

        gradients: an object with arrays named as in `Splats`.   rates: step size by attribute;
        an attribute left out, or of rate 0, stays.   seen: [N] bool, rows to step; None = all.
        sizes: [N] factors on the rates of rows, by attribute; 1 where none are given.
        """
        from codec.optimize.adam_kernels import step_rows

        n = splats.n_gaussians
        seen = np.ones(n, np.bool_) if seen is None else seen
        self.steps += seen
        sizes, ones = sizes or {}, np.ones(n, np.float32)
        for name, rate in rates.items():
            values = getattr(splats, name)
            if rate and values.size:
                step_rows(*(a.reshape(n, -1) for a in (
                    values, getattr(gradients, name), self.first[name], self.second[name])),
                    self.steps, seen, self._corrections(), np.float32(self.beta1),
                    np.float32(self.beta2), np.float32(rate), sizes.get(name, ones),
                    np.float32(self.eps))

    def _corrections(self) -> NDArray[np.float32]:
        """1 / (1 - beta**t) by t, until it is 1 in float32 (a power per row would cost more)."""
        if self._correction is None:
            steps = np.arange(1, int(-18 / np.log(max(self.beta1, self.beta2))) + 2.0)
            betas = np.array([self.beta1, self.beta2])
            table = 1 / (1 - betas ** steps[:, None])
            self._correction = np.concatenate([np.ones((1, 2)), table]).astype(np.float32)
        return self._correction

    def take(self, index: NDArray[np.integer], fresh: NDArray[np.bool_] | None = None) -> None:
        """Follow surgery: row j becomes the former row index[j], or zero where fresh[j]."""
        self.steps = self.steps[index]
        if fresh is not None:
            self.steps[fresh] = 0
        for moments in (self.first, self.second):
            for name in ATTRIBUTES:
                moments[name] = moments[name][index]
                if fresh is not None:
                    moments[name][fresh] = 0

    def forget(self, rows: NDArray, names: tuple[str, ...] = ATTRIBUTES) -> None:
        """Zero the moments of some rows (index or mask), e.g. after they were overwritten."""
        for moments in (self.first, self.second):
            for name in names:
                moments[name][rows] = 0
        if names == ATTRIBUTES:
            self.steps[rows] = 0
