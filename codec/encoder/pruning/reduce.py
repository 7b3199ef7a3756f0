"""Reducing a scene to a number of Gaussians, with the views at hand."""

from __future__ import annotations

from codec.encoder.pruning.strategies import strategy
from codec.encoder.pruning.views import WIDTH, ScoreViews
from codec.scene import Camera, Splats

PLANNED = 32


def score_views(splats: Splats, cameras: list[Camera] | None, seed: int = 0,
                threads: int = 0) -> ScoreViews:
    """Views to prune by: the given cameras, or planned ones when there are none."""
    if not cameras:
        from codec.encoder.planned_views import plan_views

        cameras = plan_views(splats, PLANNED, WIDTH, WIDTH * 3 // 4, seed, threads, False)
    return ScoreViews.of(cameras, threads)


def reduce_scene(splats: Splats, count: int, name: str = "combined", *,
                 cameras: list[Camera] | None = None, seed: int = 0, threads: int = 0,
                 sh_degree: int | None = None) -> Splats:
    """The scene with min(count, N) Gaussians by the strategy `name`.

    sh_degree: at most, None = as it is.
    Deterministic. Raises BackendError without a renderer where the strategy needs views.
    """
    chosen = strategy(name)
    lower = sh_degree is not None and sh_degree < splats.sh_degree
    if count >= splats.n_gaussians and not lower:
        return splats
    views = ScoreViews(()) if not chosen.needs_views or count < 1 else score_views(
        splats, cameras, seed, threads)
    thin = chosen.reduce(splats, views, count)
    return chosen.lowered(thin.with_sh_degree(sh_degree), splats, views) if lower else thin
