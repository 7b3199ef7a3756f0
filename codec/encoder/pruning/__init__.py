"""Fewer Gaussians: strategies of pruning and merging behind one interface.

>>> kept = reduce_scene(splats, 10_000, "combined", cameras=cameras)
>>> kept = strategy("exgs").reduce(splats, ScoreViews.of(cameras), 10_000)

`strategies` lists them with their papers; `base` holds the interface.
"""

from __future__ import annotations

from codec.encoder.pruning.base import Strategy
from codec.encoder.pruning.levels import level_sizes, nested_rows
from codec.encoder.pruning.reduce import reduce_scene, score_views
from codec.encoder.pruning.strategies import REGISTER, strategy
from codec.encoder.pruning.views import ScoreViews

STRATEGIES = tuple(REGISTER)

__all__ = ["STRATEGIES", "ScoreViews", "Strategy", "level_sizes", "nested_rows",
           "reduce_scene", "score_views", "strategy"]
