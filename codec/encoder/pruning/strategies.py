"""The pruning strategies by name; each class tells its paper and equation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from codec.encoder.prune import footprint_score
from codec.encoder.pruning import amplify, levels, merge, scores
from codec.encoder.pruning.base import Strategy, best_rows, find_strategy
from codec.encoder.pruning.refit import refit_colours
from codec.encoder.pruning.select import select_with_voxels
from codec.encoder.pruning.views import ScoreViews, blending_weights, targets
from codec.scene import Splats


@dataclass(frozen=True, slots=True)
class Footprint(Strategy):
    """Opacity times projected area at the distance from the scene's centre; renders nothing."""

    name: ClassVar[str] = "footprint"
    needs_views: ClassVar[bool] = False

    def scores(self, splats: Splats, views: ScoreViews) -> NDArray[np.float64]:
        return footprint_score(splats)


@dataclass(frozen=True, slots=True)
class LightGaussian(Strategy):
    """LightGaussian (Fan et al., NeurIPS 2024), Eq. 4 and 5: volume-weighted global significance.

    Hits are weighted by alpha T of the compositing, as in ExGS, rather than by opacity T.
    """

    name: ClassVar[str] = "lightgaussian"
    power: float = 0.1

    def scores(self, splats: Splats, views: ScoreViews) -> NDArray[np.float64]:
        return scores.volume_weighted(splats, blending_weights(splats, views), self.power)


@dataclass(frozen=True, slots=True)
class ExGS(Strategy):
    """ExGS (arXiv 2509.24758), universal Gaussian compression with its adaptive amplification.

    Global significance (Eq. 7), a share `supplement` of the exact budget for voxels that would
    lose all, and survivors amplified: "predictor" (trained, shipped; "gap" where its file is
    missing), "gap" (training-free) or "none".
    """

    name: ClassVar[str] = "exgs"
    supplement: float = 0.3
    amplifier: str = "predictor"

    def scores(self, splats: Splats, views: ScoreViews) -> NDArray[np.float64]:
        return blending_weights(splats, views)

    def choose(self, splats: Splats, views: ScoreViews, count: int) -> NDArray[np.intp]:
        weights = self.scores(splats, views)
        return select_with_voxels(splats.means, weights, count, self.supplement)

    def reduce(self, splats: Splats, views: ScoreViews, count: int) -> Splats:
        if count >= splats.n_gaussians:
            return splats
        weights = self.scores(splats, views)
        kept = select_with_voxels(splats.means, weights, count, self.supplement)
        if self.amplifier == "none" or not len(kept):
            return splats.take(kept)
        network = amplify.shipped_predictor() if self.amplifier == "predictor" else None
        if network is None:
            factors = amplify.gap_factors(splats, kept)
        else:
            factors = network.factors(amplify.features(splats, kept, weights))
        return amplify.amplified(splats.take(kept), factors)


@dataclass(frozen=True, slots=True)
class GoDe(Strategy):
    """GoDe's gradient criterion as in RAVE and NiFi (arXiv 2602.04549): levels nested.

    From the top down: gradients of 3DGS's loss (L1 and SSIM) over the views with what is left, the
    lowest go; `steps` rounds in geometric progression to the count.
    """

    name: ClassVar[str] = "gode"
    steps: int = 3
    seed: int = 0

    def scores(self, splats: Splats, views: ScoreViews) -> NDArray[np.float64]:
        return scores.loss_gradients(splats, views, targets(splats, views), self.seed)

    def choose(self, splats: Splats, views: ScoreViews, count: int) -> NDArray[np.intp]:
        wanted, rows = targets(splats, views), np.arange(splats.n_gaussians)
        if count >= len(rows) or count < 1:
            return rows[: max(count, 0)]
        for size in levels.steps_down(len(rows), count, self.steps):
            found = scores.loss_gradients(splats.take(rows), views, wanted, self.seed)
            rows = rows[best_rows(found, size)]
        return rows


@dataclass(frozen=True, slots=True)
class Merge(Strategy):
    """Merging of near-duplicates, cheapest pairs first, instead of dropping.

    Moment-preserving reduction of a Gaussian mixture (West 1993; Runnalls 2007, Eq. 2 to 4) with
    Ward's cost in colour; a Gaussian's weight is its blending weight to `power` (0.7 measured
    best before and after training).
    """

    name: ClassVar[str] = "merge"
    colour_share: float = 1.0
    power: float = 0.7

    def scores(self, splats: Splats, views: ScoreViews) -> NDArray[np.float64]:
        return blending_weights(splats, views)

    def reduce(self, splats: Splats, views: ScoreViews, count: int) -> Splats:
        if count >= splats.n_gaussians:
            return splats
        if count < 1:
            return splats.take(np.zeros(0, np.intp))
        weights = self.scores(splats, views) ** self.power
        moments = merge.Moments.of(splats, weights)
        return merge.merge_pairs(moments, count, self.colour_share).to_splats(splats)


@dataclass(frozen=True, slots=True)
class Combined(Strategy):
    """What measures best (tools/prune_table.py): merging, then colours fitted to the views."""

    name: ClassVar[str] = "combined"
    colour_share: float = 1.0
    rounds: int = 2

    def scores(self, splats: Splats, views: ScoreViews) -> NDArray[np.float64]:
        return blending_weights(splats, views)

    def reduce(self, splats: Splats, views: ScoreViews, count: int) -> Splats:
        if count >= splats.n_gaussians or count < 1:
            return splats.take(np.arange(max(count, 0))) if count < 1 else splats
        merged = Merge(self.colour_share).reduce(splats, views, count)
        return refit_colours(merged, views, targets(splats, views), self.rounds)

    def lowered(self, thin: Splats, splats: Splats, views: ScoreViews) -> Splats:
        return refit_colours(thin, views, targets(splats, views), self.rounds)


REGISTER: dict[str, type[Strategy]] = {
    kind.name: kind for kind in (Footprint, LightGaussian, ExGS, GoDe, Merge, Combined)}


def strategy(name: str) -> Strategy:
    """The strategy of that name with its default settings; UsageError names the others."""
    return find_strategy(name, REGISTER)
