"""Cameras planned from the splats alone, where the training cameras plausibly were.

Evidence: a trained scene is familiar with the directions it was seen from (`seen_from`), and it is
detailed and sharp there. The effective number of Gaussians that make up an image (the exponential
of the entropy of their blending weights) is in the thousands at the real cameras of captured scenes
and in the tens to hundreds elsewhere: inside walls, behind the background, among floaters, or too
near a surface. Images from near the real cameras also have more curvature for their gradient. So
candidates are rendered small, and those are taken that together see every Gaussian about as well as
any candidate does, from several directions; poses near them are tried in turn, and at last other
directions from the same places.

What it takes was measured by encodes to 1/1000 from the real cameras moved at random: 0.3 of r50
costs 0.1 to 0.3 dB, 0.7 costs 0.8, but a narrower field of view at the very same places 5.5,
because what no view shows is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from codec.encoder.seen_from import SeenFrom
from codec.rendering.views import Extent, has_background, look_at, measure_extent
from codec.scene import Camera, Splats

FOV = 50.0
WIDE = 65.0  # degrees, of the views that look around
RASTER = 96  # pixels, the longer side of a candidate's render
FIRST, BRED, ROUNDS, AROUND = 160, 72, 5, 150  # candidates at first, per round, and at last
PARENTS = 48  # views that a round breeds on
STEP, STEP_DECAY = 0.4, 0.7  # of r50, how far children stray at first, and by round
ASTRAY = (50.0, 15.0)  # degrees, azimuth and elevation of looking around (standard deviations)
STEEPEST = 1.2  # radians up or down
SMALL = 30_000  # Gaussians; candidates of smaller scenes are rendered on one thread
LARGE = 100_000  # Gaussians; larger scenes get fewer candidates
REACH = 3.5  # positions within so many r50
DETAIL, FILLED, SHARP, FAMILIAR = 0.25, 1.5, 2.0, 12.0  # powers of what makes up a score
CHOOSY = 4.0  # power by which views worse than the best of the same Gaussian count less
TRUST = 8.0  # power by which Gaussians count less that only unfamiliar views show
FAMILIAR_ENOUGH = 0.95, 0.9  # so much of this quantile of the candidates' familiarity
OPENED = 1.25  # planned views show so many times the width that their candidates were judged by
WELL_SEEN = 0.25  # pixels of the raster at which a Gaussian counts as half seen
LEAST_SEEN = 0.02  # pixels of the raster; less is not seen
GOLDEN = 0.6180339887498949
FINE = 0.25  # pixels; what is projected smaller than this counts less


@dataclass(frozen=True, slots=True)
class Candidate:
    """A camera and what it sees.   fov: degrees, of the shorter side.

    rows: [K] Gaussians in the image.   pixels: [K] of the raster that each makes up.
    sector: [K] from which of 8 directions.   looks: how detailed and sharp it is.
    familiarity: see `SeenFrom`.
    """

    position: NDArray[np.float64]
    target: NDArray[np.float64]
    fov: float
    rows: NDArray[np.int32]
    pixels: NDArray[np.float32]
    sector: NDArray[np.int8]
    looks: float
    familiarity: float

    def score(self, enough: float) -> float:
        """How plausible a place and direction are.   enough: familiarity that no more improves."""
        return self.looks * min(self.familiarity / enough, 1.0) ** FAMILIAR


class _Judge:
    """Renders candidates of one scene."""

    def __init__(self, splats: Splats, width: int, height: int, threads: int) -> None:
        from codec.rendering.base import RenderOptions
        from codec.rendering.cpu import CpuRenderer

        scale = RASTER / max(width, height)
        self._size = max(8, round(width * scale)), max(8, round(height * scale))
        self._splats = splats.with_sh_degree(0)
        self._seen_from = SeenFrom(splats)
        # Handing out work costs more than so small a render of few Gaussians.
        threads = threads if splats.n_gaussians > SMALL else 1
        self._renderer = CpuRenderer(RenderOptions(threads=threads))
        scales = np.sort(splats.log_scales.astype(np.float64), axis=1)
        self._radius = np.exp(np.clip((scales[:, 1] + scales[:, 2]) / 2, -40, 40))

    def look(self, position: NDArray, target: NDArray, fov: float = FOV) -> Candidate:
        """Render and judge one pose."""
        camera = look_at(position, target, *self._size, fov, "candidate")
        view, weights = self._renderer.render_weighed(self._splats, camera)
        rows = np.flatnonzero(weights > LEAST_SEEN)
        weight = weights[rows].astype(np.float64)
        away = self._splats.means[rows] - position
        distance = np.maximum(np.linalg.norm(away, axis=1), 1e-9)
        fine = np.minimum(1.0, self._radius[rows] * camera.fx / distance / FINE)
        total = float(weights.sum()) + 1e-9
        share = weight / total
        entropy = -float((share * np.log(np.maximum(share, 1e-30))).sum())
        filled = min(1.0, total / (self._size[0] * self._size[1]))
        detail = float(np.exp(entropy)) * float((share * fine).sum())
        sector = ((away > 0) @ np.array([1, 2, 4])).astype(np.int8)
        familiarity = self._seen_from.familiarity(rows, weight, away)
        looks = detail**DETAIL * filled**FILLED * sharpness(np.clip(view.rgb, 0, 1)) ** SHARP
        return Candidate(position, target, fov, rows.astype(np.int32), weight.astype(np.float32),
                         sector, looks, familiarity)


def sharpness(image: NDArray) -> float:
    """Mean absolute Laplacian over mean absolute gradient of [H, W, 3] in 0..1; 0 of flat ones."""
    gradient = sum(float(np.abs(np.diff(image, axis=axis)).mean()) for axis in (0, 1))
    laplacian = (4 * image[1:-1, 1:-1] - image[:-2, 1:-1] - image[2:, 1:-1]
                 - image[1:-1, :-2] - image[1:-1, 2:])
    return float(np.abs(laplacian).mean()) / (gradient + 1e-4)


def plan_views(splats: Splats, count: int, width: int, height: int, seed: int = 0,
               threads: int = 0) -> list[Camera]:
    """`count` cameras that see the scene as its training cameras would have.

    width, height: pixels of the cameras; the field of view is FOV or WIDE degrees of the shorter
    side.
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
    return [look_at(c.position, c.target, width, height, opened(c.fov), f"planned_{i:03d}")
            for i, c in enumerate(chosen)]


def opened(fov: float) -> float:
    """Field of view in degrees of a planned view, of its candidate's.

    Familiarity is judged by a narrower field than is shown in the end: nobody knows the lens, and
    what no view shows is lost. A quarter more brings 0.2 to 0.4 dB on three of four scenes at
    1/1000 and costs 0.1 on the fourth.
    """
    return float(2 * np.degrees(np.arctan(OPENED * np.tan(np.radians(fov) / 2))))


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
    """Random poses, then rounds of poses near those that cover best, then looks around there."""
    rng = np.random.Generator(np.random.PCG64(seed))
    effort = min(1.0, LARGE / splats.n_gaussians)
    near = np.linalg.norm(splats.means - extent.centre, axis=1) <= 1.5 * extent.r50
    points = splats.means[near if near.any() else slice(None)].astype(np.float64)

    def draw():
        target = points[rng.integers(len(points))]
        direction = rng.normal(size=3)
        direction /= max(float(np.linalg.norm(direction)), 1e-9)
        return extent.centre + direction * extent.r50 * rng.uniform(0, REACH), target

    def parents(count: int) -> list[Candidate]:
        best = _cover(pool, splats.n_gaussians, min(PARENTS, count))
        return [best[i % len(best)] for i in range(count)]

    pool = [judge.look(*draw()) for _ in range(max(32, int(FIRST * effort)))]
    for number in range(ROUNDS):
        step = STEP * extent.r50 * STEP_DECAY**number
        pool += [judge.look(parent.position + step * rng.normal(size=3),
                            parent.target + step * rng.normal(size=3))
                 for parent in parents(max(8, int(BRED * effort)))]
    return pool + [_looking_around(parent, judge, rng)
                   for parent in parents(max(8, int(AROUND * effort)))]


def _looking_around(parent: Candidate, judge: _Judge, rng: np.random.Generator) -> Candidate:
    """A wide view from the parent's place in another direction.

    A plain wall says little of a place whose other views are rich, so half of its looks (in
    logarithms) are the parent's.
    """
    forward = parent.target - parent.position
    flat = np.hypot(forward[0], forward[2])
    azimuth = np.arctan2(forward[0], forward[2]) + np.radians(ASTRAY[0]) * rng.normal()
    elevation = np.arctan2(-forward[1], flat) + np.radians(ASTRAY[1]) * rng.normal()
    elevation = np.clip(elevation, -STEEPEST, STEEPEST)
    direction = np.array([np.cos(elevation) * np.sin(azimuth), -np.sin(elevation),
                          np.cos(elevation) * np.cos(azimuth)])
    target = parent.position + np.linalg.norm(forward) * direction
    found = judge.look(parent.position, target, WIDE)
    return replace(found, looks=float(np.sqrt(found.looks * parent.looks)))


def _cover(pool: list[Candidate], n: int, count: int) -> list[Candidate]:
    """Greedy choice: each time the candidate that adds most to what is seen.

    A Gaussian is worth the pixels it makes up in the best view that shows it, less where none of
    its views is familiar. It gives its share seen, less in views worse than that one, halved for
    each time it was seen before, and halved again for each time from the same octant.
    """
    worth, shares = _shares(pool, n)
    value = np.repeat(worth[:, None], 8, axis=1)
    chosen: list[Candidate] = []
    bounds = np.full(len(pool), np.inf)
    while len(chosen) < count:
        order = np.argsort(-bounds, kind="stable")
        best, gain = -1, -1.0
        for k in order:  # gains only fall, so old ones are bounds
            if bounds[k] <= gain:
                break
            c = pool[k]
            bounds[k] = float((value[c.rows, c.sector] * shares[k]).sum(dtype=np.float64))
            if bounds[k] > gain:
                best, gain = int(k), float(bounds[k])
        c = pool[best]
        chosen.append(c)
        left = np.exp2(-shares[best])
        value[c.rows] *= left[:, None]
        value[c.rows, c.sector] *= left
        if len(chosen) < count and gain <= 0:
            value[:] = worth[:, None]
            bounds[:] = np.inf
    return chosen


def _shares(pool: list[Candidate], n: int) -> tuple[NDArray[np.float32], list[NDArray]]:
    """([n] what Gaussians are worth, [K] for each candidate how well it shows those it sees)."""
    share, quantile = FAMILIAR_ENOUGH
    enough = max(share * float(np.quantile([c.familiarity for c in pool], quantile)), 1e-9)
    scores = [c.score(enough) for c in pool]
    best = np.full(n, 1e-9)
    worth, trust = np.full(n, WELL_SEEN, np.float32), np.zeros(n, np.float32)
    for k in np.argsort(scores, kind="stable"):
        c = pool[k]
        rows, pixels = c.rows[c.pixels > WELL_SEEN / 3], c.pixels[c.pixels > WELL_SEEN / 3]
        best[rows] = max(scores[k], 1e-9)
        worth[rows] = np.maximum(pixels, WELL_SEEN)
        trust[rows] = np.maximum(trust[rows], c.familiarity)
    worth *= np.minimum(trust / enough, 1.0) ** TRUST
    shares = []
    for c, score in zip(pool, scores, strict=True):
        seen = c.pixels / (c.pixels + WELL_SEEN)
        shares.append((seen * np.minimum(score / best[c.rows], 1.0) ** CHOOSY).astype(np.float32))
    return worth, shares
