"""The first Gaussians of a training: from sparse points, or from seeded random ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.errors import SceneError
from codec.scene import Camera, Splats

_SH_C0 = 0.28209479177387814
_WINDOW = 24
_MIN_CLEAR = 1e-7
F64 = NDArray[np.float64]


def splats_from_points(
    points: F64, colours: NDArray[np.uint8], *, sh_degree: int = 3, opacity: float = 0.1,
    scale: float = 1.0,
) -> Splats:
    """Round Gaussians of size `scale` times the distance to their three nearest neighbours.

    points: [N, 3], world units.  colours: [N, 3] sRGB.  opacity: of each, in 0..1.
    """
    n = len(points)
    sizes = np.log(np.maximum(scale * neighbour_distance(points), _MIN_CLEAR))
    quats = np.zeros((n, 4), np.float32)
    quats[:, 0] = 1
    return Splats(
        means=points.astype(np.float32),
        log_scales=np.repeat(sizes[:, None], 3, 1).astype(np.float32), quats=quats,
        opacity_logits=np.full(n, np.log(opacity / (1 - opacity)), np.float32),
        sh0=((colours / 255.0 - 0.5) / _SH_C0).astype(np.float32),
        shN=np.zeros((n, (sh_degree + 1) ** 2 - 1, 3), np.float32))


def neighbour_distance(points: F64) -> F64:
    """RMS distance [N] to about the three nearest other points (never below theirs).

    The neighbours are sought along two Morton curves, the second shifted against the first.
    """
    if len(points) < 2:
        return np.ones(len(points))
    low, high = np.quantile(points, [0.02, 0.98], axis=0)
    span = max(float((high - low).max()), 1e-9)
    unit = (points - low) / span
    best = np.full(len(points), np.inf)
    for shift in (0.0, 0.3137):
        order = np.argsort(_morton(unit + shift), kind="stable")
        best[order] = np.minimum(best[order], _along_curve(points[order]))
    return np.sqrt(best)


def _along_curve(points: F64) -> F64:
    """Mean of the three least squared distances to the next _WINDOW points either side."""
    nearest = np.full((len(points), 3), np.inf)
    for step in range(1, min(_WINDOW, len(points) - 1) + 1):
        squared = ((points[step:] - points[:-step]) ** 2).sum(1)
        for part in (slice(step, None), slice(None, -step)):
            ranked = np.concatenate([nearest[part], squared[:, None]], 1)
            nearest[part] = np.sort(ranked, axis=1)[:, :3]
    return np.where(np.isfinite(nearest), nearest, nearest[:, :1]).mean(1)


def _morton(unit: F64) -> NDArray[np.uint64]:
    cells = np.clip((unit * 0.4 + 0.3) * (1 << 20), 0, (1 << 20) - 1).astype(np.uint64)
    code = np.zeros(len(cells), np.uint64)
    for bit in range(20):
        for axis in range(3):
            code |= ((cells[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(
                3 * bit + axis)
    return code


def random_points(cameras: list[Camera], count: int, seed: int) -> F64:
    """`count` seeded points [count, 3] in the volume that (nearly) all cameras have in view."""
    centre, radius = view_focus(cameras)
    rng = np.random.Generator(np.random.PCG64(seed))
    cube = centre + radius * rng.uniform(-1, 1, (20_000, 3))
    enough = 0.9 * _views_of(cube, cameras).max()
    if enough < 1:
        raise SceneError("no common volume: the cameras look apart; give sparse points")
    kept: list[F64] = []
    for _ in range(1000):
        cube = centre + radius * rng.uniform(-1, 1, (4 * count, 3))
        kept.append(cube[_views_of(cube, cameras) >= enough])
        if sum(map(len, kept)) >= count:
            break
    return np.concatenate(kept)[:count]


def view_focus(cameras: list[Camera]) -> tuple[F64, float]:
    """The point nearest to all optical axes, and the median distance of the cameras from it."""
    centres = np.array([c.position for c in cameras])
    axes = np.array([c.world_to_camera[2, :3] for c in cameras])
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    # A little pull to the middle of the cameras keeps parallel axes from meeting at infinity.
    pull = 1e-3 * len(cameras) * np.eye(3)
    focus = np.linalg.solve(across.sum(0) + pull, (across @ centres[:, :, None]).sum(0)[:, 0]
                            + pull @ centres.mean(0))
    return focus, max(float(np.median(np.linalg.norm(centres - focus, axis=1))), 1e-3)


def _views_of(points: F64, cameras: list[Camera]) -> NDArray[np.int64]:
    """In how many images each point lies."""
    counts = np.zeros(len(points), np.int64)
    for c in cameras:
        t = points @ c.world_to_camera[:3, :3].T + c.world_to_camera[:3, 3]
        z = np.maximum(t[:, 2], 1e-9)
        u, v = c.fx * t[:, 0] / z + c.cx, c.fy * t[:, 1] / z + c.cy
        counts += (t[:, 2] > 0) & (u >= 0) & (u < c.width) & (v >= 0) & (v < c.height)
    return counts


def scene_extent(cameras: list[Camera]) -> float:
    """1.1 times the largest distance of a camera from their mean (graphdeco), world units."""
    centres = np.array([c.position for c in cameras])
    return max(1.1 * float(np.linalg.norm(centres - centres.mean(0), axis=1).max()), 1e-3)
