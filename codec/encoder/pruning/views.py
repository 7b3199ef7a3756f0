"""The views that pruning looks at, and what the renderer tells of each Gaussian there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.scene import Camera, Splats

MOST_VIEWS, WIDTH = 48, 320


@dataclass(frozen=True, slots=True)
class ScoreViews:
    """Small cameras to score with, and how to render.

    cameras: at least one.   photos: [H, W, 3] float32 for each camera, or None: where a score
    needs a target, renders of the scene itself stand in.   threads: 0 = all cores.
    """

    cameras: tuple[Camera, ...]
    photos: tuple[NDArray[np.float32], ...] | None = None
    threads: int = 0

    @classmethod
    def of(cls, cameras: list[Camera], threads: int = 0, most: int = MOST_VIEWS) -> ScoreViews:
        """At most `most` of the cameras, evenly spread by name, at most WIDTH pixels wide."""
        return cls(tuple(small(camera) for camera in spread(cameras, most)), None, threads)


def spread(cameras: list[Camera], count: int) -> list[Camera]:
    """At most `count` cameras, evenly spaced in the order of their names."""
    stride = -(-len(cameras) // count)
    return sorted(cameras, key=lambda camera: camera.name)[::stride]


def small(camera: Camera) -> Camera:
    """The camera at most WIDTH pixels wide."""
    return camera.resized(WIDTH) if camera.width > WIDTH else camera


def render_options(views: ScoreViews):
    """How pruning renders: black background, the CPU."""
    from codec.rendering.base import RenderOptions

    return RenderOptions(threads=views.threads)


def blending_weights(splats: Splats, views: ScoreViews) -> NDArray[np.float64]:
    """[N] sum over views and pixels of alpha T (ExGS, arXiv 2509.24758, Eq. 7).

    Raises BackendError without a renderer.
    """
    from codec.rendering.cpu import CpuRenderer

    renderer = CpuRenderer(render_options(views))
    total = np.zeros(splats.n_gaussians)
    for camera in views.cameras:
        total += renderer.contributions(splats, camera)
    return total


def targets(splats: Splats, views: ScoreViews) -> tuple[NDArray[np.float32], ...]:
    """The photos, or the scene's own renders clipped to 0..1, each [H, W, 3] float32."""
    if views.photos is not None:
        return views.photos
    from codec.rendering.cpu import CpuRenderer

    renderer = CpuRenderer(render_options(views))
    return tuple(np.clip(renderer.render_rgb(splats, camera), 0, 1) for camera in views.cameras)
