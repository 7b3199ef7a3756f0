"""Made-up cameras for scenes that come without any; deterministic, NumPy only.

World axes follow the cameras of COLMAP scenes: y points down, so "up" is -y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.errors import UsageError
from codec.scene import Camera, Splats

_UP = np.array([0.0, -1.0, 0.0])
_BACKGROUND_TEST = 0.4
_SAMPLES = 4096
_SURFACE_POINTS = 16384
_CANDIDATES = 32
_FOG_GAUSSIANS = 8192
_FOG_STEPS = (0.0, 0.15, 0.3)  # before the lens, in r50
_GRID = 16  # cells a side of the raster that tells hidden content
_FAR_OUT = 1.5  # times the 90 % radius of an object's ball: beyond are floaters
_FEW = 20_000  # Gaussians looked at first, to tell whether a camera sees any


def sees(camera: Camera, means: NDArray) -> bool:
    """Whether a Gaussian's centre lies before a camera, in its image or as much again beside it.

    means: [N, 3], finite. Centres only: a view that passes may still be empty.
    """
    for part in (means[:: max(1, len(means) // _FEW)], means):
        x, y, z = camera.world_to_camera[:3, :3] @ part.T + camera.world_to_camera[:3, 3:]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            u, v = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
        w, h = camera.width, camera.height
        if ((z > 0) & (u > -w) & (u < 2 * w) & (v > -h) & (v < 2 * h)).any():
            return True
    return False


@dataclass(frozen=True, slots=True)
class Extent:
    """Robust size of a scene, weighted by opacity; world units.

    centre: [3] weighted median.  r50, r90, r99: weighted quantiles of the distance from it.
    coarse: 99 % quantile of the Gaussians' longest axis.
    """

    centre: NDArray[np.float64]
    r50: float
    r90: float
    r99: float
    coarse: float


def _weighted_quantiles(values: NDArray, weights: NDArray, at: tuple[float, ...]) -> NDArray:
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weights[order])
    return np.interp(np.array(at) * mass[-1], mass, values[order])


def _content(splats: Splats) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Finite means [M, 3], opacities [M], longest axes [M] (float64), and which they are [N]."""
    with np.errstate(over="ignore"):
        opacity = 1 / (1 + np.exp(-splats.opacity_logits.astype(np.float64)))
        size = np.exp(splats.log_scales.astype(np.float64).max(axis=1, initial=-np.inf))
    keep = np.isfinite(splats.means).all(axis=1) & np.isfinite(size) & (opacity > 0)
    return splats.means[keep].astype(np.float64), opacity[keep], size[keep], keep


def measure_extent(splats: Splats) -> Extent:
    """Opacity-weighted centre and radii; a unit ball at the origin for an empty scene."""
    means, opacity, size, _ = _content(splats)
    if len(means) == 0:
        return Extent(np.zeros(3), 1.0, 1.0, 1.0, 0.0)
    centre = np.array([_weighted_quantiles(means[:, k], opacity, (0.5,))[0] for k in range(3)])
    distance = np.linalg.norm(means - centre, axis=1)
    radii = _weighted_quantiles(distance, opacity, (0.5, 0.9, 0.99))
    coarse = _weighted_quantiles(size, opacity, (0.99,))[0]
    # A single point, or repeats of one, has no radius but its own Gaussian's.
    floor = max(2.0 * coarse if radii[2] < 1e-9 else 0.0, 1e-6)
    return Extent(centre, *(float(max(r, floor)) for r in radii), float(coarse))


def has_background(extent: Extent) -> bool:
    """Whether the scene surrounds its cameras (inside-out) rather than being one object.

    A captured place has a background, far (r99 / r50) and coarse (coarse / r50). The product is
    0.10 to 0.32 on three scanned objects and 0.51 to 3.0 on five captured places; limit 0.4.
    """
    return (extent.r99 / extent.r50) * (extent.coarse / extent.r50) > _BACKGROUND_TEST


def look_at(position: NDArray, target: NDArray, width: int, height: int, fov_deg: float,
            name: str) -> Camera:
    """Camera at `position` facing `target`, -y up; fov_deg is that of the shorter side."""
    forward = np.asarray(target, float) - position
    norm = np.linalg.norm(forward)
    forward = forward / norm if norm > 1e-12 else np.array([0.0, 0.0, 1.0])
    up = _UP if abs(forward @ _UP) < 0.999 else np.array([0.0, 0.0, 1.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, -rotation @ position
    focal = 0.5 * min(width, height) / np.tan(np.radians(fov_deg) / 2)
    return Camera(pose, focal, focal, width / 2, height / 2, width, height, name)


def _check_size(n: int, width: int, height: int, fov_deg: float) -> None:
    if n < 0 or width < 1 or height < 1 or not 1 <= fov_deg <= 170:
        raise UsageError("views need n >= 0, a positive size and a field of view in 1..170")


def _around(azimuth: float, elevation: float) -> NDArray[np.float64]:
    """Unit vector; angles in radians, elevation towards -y."""
    flat = np.cos(elevation)
    return np.array([flat * np.sin(azimuth), -np.sin(elevation), flat * np.cos(azimuth)])


def orbit_cameras(
    splats: Splats, n: int, width: int, height: int, fov_deg: float = 50.0
) -> list[Camera]:
    """`n` cameras on a circle around the scene looking at its centre (outside-in).

    Elevations of 10 and 30 degrees in turn. An object, but for outliers, fits the shorter side; of
    a place with a background the 90 % radius.
    """
    _check_size(n, width, height, fov_deg)
    extent = measure_extent(splats)
    centre, radius = extent.centre, extent.r90
    if not has_background(extent):
        centre, radius = _ball_around(splats, extent)
    distance = 1.1 * radius / np.sin(np.radians(fov_deg) / 2)
    cameras = []
    for i in range(n):
        direction = _around(2 * np.pi * i / n, np.radians((10.0, 30.0)[i % 2]))
        cameras.append(look_at(centre + distance * direction, centre, width, height, fov_deg,
                               f"orbit_{i:03d}"))
    return cameras


def _ball_around(splats: Splats, extent: Extent) -> tuple[NDArray[np.float64], float]:
    """Centre [3] and radius of a ball about all but outliers; most Gaussians may be on one side."""
    means, opacity, _, _ = _content(splats)
    if len(means) < 2:
        return extent.centre, extent.r90
    sides = [_weighted_quantiles(means[:, k], opacity, (0.02, 0.98)) for k in range(3)]
    centre = np.mean(sides, axis=1)
    distance = np.linalg.norm(means - centre, axis=1)
    r90, r99 = _weighted_quantiles(distance, opacity, (0.9, 0.99))
    # Floaters may be more than 1 %.   A single place has the radius of its own Gaussians.
    return centre, float(min(r99, _FAR_OUT * r90)) or extent.r90


def _object_view(rng, extent: Extent, width: int, height: int, fov_deg: float, name: str):
    """A view from outside: any azimuth, elevations of -10 to 50 degrees, varied distance."""
    direction = _around(rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(-10, 50)))
    distance = rng.uniform(0.9, 1.3) * extent.r90 / np.sin(np.radians(fov_deg) / 2)
    target = extent.centre + rng.uniform(-0.15, 0.15, 3) * extent.r50
    return look_at(extent.centre + distance * direction, target, width, height, fov_deg, name)


def _surface_points(rng, splats: Splats, extent: Extent) -> NDArray[np.float64]:
    """Points [M, 3] drawn from the Gaussians by opacity and area: what may hide content.

    Areas are held below that of a disc of 0.3 r50, so that the background does not take all.
    """
    means, opacity, _, spread = _ellipsoids(splats)
    sizes = np.sort(np.linalg.norm(spread, axis=1), axis=1)
    area = np.minimum(sizes[:, 2] * sizes[:, 1], (0.3 * extent.r50) ** 2) + 1e-30
    weights = opacity * area
    pick = rng.choice(len(means), _SURFACE_POINTS, p=weights / weights.sum())
    noise = rng.normal(size=(_SURFACE_POINTS, 3))
    return means[pick] + np.einsum("nij,nj->ni", spread[pick], noise)


def _ellipsoids(splats: Splats):
    """Finite means, opacities, longest axes, and axes [M, 3, 3] (columns, world units)."""
    from codec.rendering.reference import rotation_matrices

    means, opacity, size, keep = _content(splats)
    quats = splats.quats[keep].astype(np.float64)
    quats[np.linalg.norm(quats, axis=1) < 1e-12] = (1, 0, 0, 0)
    axes = rotation_matrices(quats) * np.exp(splats.log_scales[keep].astype(np.float64))[:, None]
    return means, opacity, size, axes


@dataclass(frozen=True, slots=True)
class _Fog:
    """The coarsest Gaussians: what blurs everything when a camera stands in it."""

    means: NDArray[np.float64]
    whitening: NDArray[np.float64]
    opacity: NDArray[np.float64]

    @classmethod
    def of(cls, splats: Splats) -> _Fog:
        means, opacity, size, axes = _ellipsoids(splats)
        pick = np.argsort(-opacity * size, kind="stable")[:_FOG_GAUSSIANS]
        lengths = np.maximum(np.linalg.norm(axes[pick], axis=1), 1e-9 * (1 + size[pick, None]))
        whitening = (axes[pick] / lengths[:, None] ** 2).transpose(0, 2, 1)
        return cls(means[pick], whitening, opacity[pick])

    def at(self, point: NDArray) -> float:
        """Sum of opacity * density (1 at a Gaussian's centre) at a point [3]."""
        d = np.einsum("nij,nj->ni", self.whitening, point - self.means)
        return float((self.opacity * np.exp(-0.5 * (d * d).sum(axis=1))).sum())


def _to_grid(camera: Camera, points: NDArray) -> tuple[NDArray, NDArray]:
    """Cell of a _GRID x _GRID raster over the image (-1 outside) and depth of each point."""
    t = points @ camera.world_to_camera[:3, :3].T + camera.world_to_camera[:3, 3]
    z = np.maximum(t[:, 2], 1e-9)
    x = np.floor((t[:, 0] / z * camera.fx + camera.cx) / camera.width * _GRID)
    y = np.floor((t[:, 1] / z * camera.fy + camera.cy) / camera.height * _GRID)
    inside = (t[:, 2] > 1e-9) & (x >= 0) & (y >= 0) & (x < _GRID) & (y < _GRID)
    return np.where(inside, y * _GRID + x, -1).astype(np.int64), t[:, 2]


def _view_score(camera: Camera, points: NDArray, surface: NDArray, extent: Extent) -> float:
    """Share of the content in view and not hidden, less what hangs right before the lens.

    Content is hidden when five surface points of its cell lie at less than 0.8 of its depth.
    """
    cell, z = _to_grid(camera, points)
    blocker_cell, blocker_z = _to_grid(camera, surface)
    order = np.lexsort((blocker_z, blocker_cell))
    blocker_cell, blocker_z = blocker_cell[order], blocker_z[order]
    first = np.searchsorted(blocker_cell, np.arange(_GRID * _GRID))
    fifth = np.minimum(first + 4, len(order) - 1)
    full = blocker_cell[fifth] == np.arange(_GRID * _GRID)
    wall = np.where(full, blocker_z[fifth], np.inf)
    seen = (cell >= 0) & (0.8 * z <= wall[np.maximum(cell, 0)])
    near = (cell >= 0) & (z < 0.3 * extent.r50)
    close_wall = (wall < 0.3 * extent.r50).mean()
    return float(seen.mean() - 5 * near.mean() - 0.5 * close_wall)


@dataclass(frozen=True, slots=True)
class _Place:
    """What choosing views within a scene looks at: sampled content, surfaces and fog."""

    extent: Extent
    points: NDArray[np.float64]
    surface: NDArray[np.float64]
    fog: _Fog

    def score(self, camera: Camera) -> float:
        """Unhidden content in view, less the fog the camera stands in."""
        forward, step = camera.world_to_camera[2, :3], self.extent.r50
        mist = sum(self.fog.at(camera.position + s * step * forward) for s in _FOG_STEPS)
        return _view_score(camera, self.points, self.surface, self.extent) - min(1.0, mist)


def _place_view(rng, place: _Place, width, height, fov_deg, name) -> Camera:
    """The best of some cameras in the dense region that look at dense content."""
    points, extent = place.points, place.extent
    dense = points[np.linalg.norm(points - extent.centre, axis=1) <= 1.2 * extent.r50]
    dense = dense if len(dense) else points
    low, high = np.quantile(points, (0.1, 0.9), axis=0)
    best, best_score = None, -np.inf
    for _ in range(_CANDIDATES):
        position = rng.uniform(low, high)
        target = dense[rng.integers(len(dense))]
        camera = look_at(position, target, width, height, fov_deg, name)
        score = place.score(camera)
        if score > best_score:
            best, best_score = camera, score
    return best


def seeded_views(
    splats: Splats, n: int, width: int, height: int, seed: int, fov_deg: float = 60.0
) -> list[Camera]:
    """`n` views chosen by `seed` alone: the same scene and seed give the same cameras.

    Objects are seen from outside, places with a background from within (`has_background`):
    cameras in the 10 to 90 % box of the content, the best of 32 by the content they see unhidden.
    """
    _check_size(n, width, height, fov_deg)
    rng = np.random.Generator(np.random.PCG64(seed))
    extent = measure_extent(splats)
    means, opacity, _, _ = _content(splats)
    names = [f"seeded_{i:03d}" for i in range(n)]
    if len(means) == 0 or not has_background(extent):
        return [_object_view(rng, extent, width, height, fov_deg, name) for name in names]
    points = means[rng.choice(len(means), _SAMPLES, p=opacity / opacity.sum())]
    place = _Place(extent, points, _surface_points(rng, splats, extent), _Fog.of(splats))
    return [_place_view(rng, place, width, height, fov_deg, name) for name in names]
