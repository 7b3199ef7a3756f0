"""What a pruning strategy is, and the register of them by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from codec.encoder.pruning.views import ScoreViews
from codec.errors import UsageError
from codec.scene import Splats


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to keep `count` of N Gaussians. Deterministic; ties go to the lower row.

    A strategy defines `scores`, or `choose` where rows do not rank one by one, or `reduce` where
    what remains is changed or new. needs_views: whether it renders.
    """

    name: ClassVar[str] = ""
    needs_views: ClassVar[bool] = True

    def scores(self, splats: Splats, views: ScoreViews) -> NDArray[np.float64]:
        """[N] how much each Gaussian matters, not negative, any scale."""
        raise UsageError(f"the pruning strategy {self.name} does not score single Gaussians")

    def choose(self, splats: Splats, views: ScoreViews, count: int) -> NDArray[np.intp]:
        """Rows to keep, exactly min(count, N) of them, rising."""
        return best_rows(self.scores(splats, views), count)

    def reduce(self, splats: Splats, views: ScoreViews, count: int) -> Splats:
        """The scene with exactly min(count, N) Gaussians."""
        if count >= splats.n_gaussians:
            return splats
        return splats.take(self.choose(splats, views, count))

    def lowered(self, thin: Splats, splats: Splats, views: ScoreViews) -> Splats:
        """`thin`, just stripped of SH of high degree, made to look like `splats` again."""
        return thin


def best_rows(scores: NDArray, count: int) -> NDArray[np.intp]:
    """Rows of the `count` highest scores, rising."""
    return np.sort(np.argsort(-scores, kind="stable")[: max(count, 0)])


def find_strategy(name: str, register: dict[str, type[Strategy]]) -> Strategy:
    """The strategy of that name with its default settings; UsageError names the others."""
    if name not in register:
        raise UsageError(f"no pruning strategy {name!r}: use one of {', '.join(sorted(register))}")
    return register[name]()
