"""Cameras planned from the splats alone, where the training cameras plausibly were.

Evidence: a trained scene is detailed where its cameras looked from. The effective number of
Gaussians that make up an image (the exponential of the entropy of their blending weights) is in
the thousands at the real cameras of captured scenes and in the tens to hundreds elsewhere:
inside walls, behind the background, among floaters, or too near a surface. So candidates are
rendered small, the most detailed bred on, and of all of them those are taken that together see
every Gaussian from several directions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.rendering.views import Extent, has_background, look_at, measure_extent
from codec.scene import Camera, Splats

FOV = 50.0
RASTER = 96  # pixels, the longer side of a candidate's render
FIRST, BRED, ROUNDS = 160, 72, 3  # candidates at first, and per round of breeding
SMALL = 30_000  # Gaussians; candidates of smaller scenes are rendered on one thread
LARGE = 100_000  # Gaussians; larger scenes get fewer candidates
REACH = 3.5  # positions within so many r50
PARENTS = 0.25  # share of the candidates so far that is bred on
LEAST_DETAIL = 0.3  # of the detail of the best tenth; less is not a place to stand
WELL_SEEN = 0.25  # pixels of the raster at which a Gaussian counts as half seen
GOLDEN = 0.6180339887498949
FINE = 0.25  # pixels; what is projected smaller than this counts less


@dataclass(frozen=True, slots=True)
class Candidate:
    """A camera and what it sees.

    rows: [K] Gaussians in the image.   seen: [K] how well, in 0..1.
    sector: [K] from which of 8 directions.   detail: effective number of Gaussians.
    """

    position: NDArray[np.float64]
    target: NDArray[np.float64]
    rows: NDArray[np.int32]
    seen: NDArray[np.float32]
    sector: NDArray[np.int8]
    detail: float


class _Judge:
    """Renders candidates of one scene."""

    def __init__(self, splats: Splats, width: int, height: int, threads: int) -> None:
        from codec.rendering.base import RenderOptions
        from codec.rendering.cpu import CpuRenderer

        scale = RASTER / max(width, height)
        self._size = max(8, round(width * scale)), max(8, round(height * scale))
        self._splats = splats.with_sh_degree(0)
        # Handing out work costs more than so small a render of few Gaussians.
        threads = threads if splats.n_gaussians > SMALL else 1
        self._renderer = CpuRenderer(RenderOptions(threads=threads))
        scales = np.sort(splats.log_scales.astype(np.float64), axis=1)
        self._radius = np.exp(np.clip((scales[:, 1] + scales[:, 2]) / 2, -40, 40))
        self._focal = 0.5 * min(width, height) / np.tan(np.radians(FOV) / 2)

    def look(self, position: NDArray, target: NDArray) -> Candidate:
        """Render and judge one pose."""
        camera = look_at(position, target, *self._size, FOV, "candidate")
        weights = self._renderer.contributions(self._splats, camera)
        rows = np.flatnonzero(weights > 0.02)
        weight = weights[rows].astype(np.float64)
        away = self._splats.means[rows] - position
        distance = np.maximum(np.linalg.norm(away, axis=1), 1e-9)
        pixels = self._radius[rows] * self._focal / distance
        fine = np.minimum(1.0, pixels / FINE)
        total = float(weights.sum()) + 1e-9
        share = weight / total
        entropy = -float((share * np.log(np.maximum(share, 1e-30))).sum())
        filled = min(1.0, total / (self._size[0] * self._size[1]))
        detail = float(np.exp(entropy)) * filled**2 * float((share * fine).sum())
        sector = ((away > 0) @ np.array([1, 2, 4])).astype(np.int8)
        return Candidate(position, target, rows.astype(np.int32),
                         (weight / (weight + WELL_SEEN)).astype(np.float32), sector, detail)


def plan_views(splats: Splats, count: int, width: int, height: int, seed: int = 0,
               threads: int = 0) -> list[Camera]:
    """`count` cameras that see the scene as its training cameras would have.

    width, height: pixels of the cameras; the field of view is 50 degrees of the shorter side.
    Deterministic for a seed, whatever the threads. Raises BackendError without a renderer.
    """
    extent = measure_extent(splats)
    if count < 1 or not splats.n_gaussians:
        return [look_at(extent.centre - (0, 0, 3 * extent.r50), extent.centre, width, height, FOV,
                        f"planned_{i:03d}") for i in range(count)]
    finite = np.isfinite(splats.means).all(axis=1) & np.isfinite(splats.log_scales).all(axis=1)
    splats = splats if finite.all() else splats.take(np.flatnonzero(finite))
    if not has_background(extent):
        return _round_views(extent, count, width, height, seed)
    pool = _candidates(splats, extent, _Judge(splats, width, height, threads), seed)
    chosen = _cover(pool, splats.n_gaussians, count)
    return [look_at(c.position, c.target, width, height, FOV, f"planned_{i:03d}")
            for i, c in enumerate(chosen)]


def _round_views(extent: Extent, count: int, width: int, height: int, seed: int) -> list[Camera]:
    """Views of an object from outside: azimuths by the golden angle, -10 to 50 degrees up.

    Detail tells little of an object alone in space, which looks sharp from everywhere.
    """
    cameras = []
    for i in range(count):
        azimuth = 2 * np.pi * ((i + 0.5 + 0.1 * seed) * GOLDEN % 1.0)
        elevation = np.radians(-10 + 60 * ((i + 0.5) / count))
        distance = (0.9 + 0.4 * (i * GOLDEN**2 % 1.0)) * extent.r90 / np.sin(np.radians(FOV) / 2)
        direction = np.array([np.cos(elevation) * np.sin(azimuth), -np.sin(elevation),
                              np.cos(elevation) * np.cos(azimuth)])
        cameras.append(look_at(extent.centre + distance * direction, extent.centre, width, height,
                               FOV, f"planned_{i:03d}"))
    return cameras


def _candidates(splats: Splats, extent: Extent, judge: _Judge, seed: int) -> list[Candidate]:
    """Random poses, then rounds of poses near the most detailed ones."""
    rng = np.random.Generator(np.random.PCG64(seed))
    effort = min(1.0, LARGE / splats.n_gaussians)
    near = np.linalg.norm(splats.means - extent.centre, axis=1) <= 1.5 * extent.r50
    points = splats.means[near if near.any() else slice(None)].astype(np.float64)

    def draw():
        target = points[rng.integers(len(points))]
        direction = rng.normal(size=3)
        direction /= max(float(np.linalg.norm(direction)), 1e-9)
        return extent.centre + direction * extent.r50 * rng.uniform(0, REACH), target

    pool = [judge.look(*draw()) for _ in range(max(32, int(FIRST * effort)))]
    for number in range(ROUNDS):
        step = 0.4 * extent.r50 * 0.6**number
        best = sorted(pool, key=lambda c: -c.detail)[: max(8, int(PARENTS * len(pool)))]
        for _ in range(max(8, int(BRED * effort))):
            parent = best[rng.integers(len(best))]
            pool.append(judge.look(parent.position + step * rng.normal(size=3),
                                   parent.target + step * rng.normal(size=3)))
    return pool


def _cover(pool: list[Candidate], n: int, count: int) -> list[Candidate]:
    """Greedy choice: each time the candidate that adds most to what is seen.

    A Gaussian gives its share seen, halved for each time it was seen before, and halved again
    for each time from the same octant. Candidates with little detail are out.
    """
    ranked = sorted(pool, key=lambda c: -c.detail)
    usual = ranked[len(ranked) // 10].detail
    able = [c for c in ranked if c.detail >= LEAST_DETAIL * usual] or ranked[:1]
    value = np.ones((n, 8), np.float32)
    chosen: list[Candidate] = []
    bounds = np.full(len(able), np.inf)
    while len(chosen) < count:
        order = np.argsort(-bounds, kind="stable")
        best, gain = -1, -1.0
        for k in order:  # gains only fall, so old ones are bounds
            if bounds[k] <= gain:
                break
            c = able[k]
            bounds[k] = float((value[c.rows, c.sector] * c.seen).sum(dtype=np.float64))
            if bounds[k] > gain:
                best, gain = int(k), float(bounds[k])
        c = able[best]
        chosen.append(c)
        value[c.rows] *= np.exp2(-c.seen)[:, None]
        value[c.rows, c.sector] *= np.exp2(-c.seen)
        if len(chosen) < count and gain <= 0:
            value[:] = 1.0
            bounds[:] = np.inf
    return chosen
