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
_CANDIDATES = 24


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


def _content(splats: Splats) -> tuple[NDArray, NDArray, NDArray]:
    """Finite means [M, 3], their opacities [M] and longest axes [M], float64."""
    with np.errstate(over="ignore"):
        opacity = 1 / (1 + np.exp(-splats.opacity_logits.astype(np.float64)))
        size = np.exp(splats.log_scales.astype(np.float64).max(axis=1, initial=-np.inf))
    keep = np.isfinite(splats.means).all(axis=1) & np.isfinite(size) & (opacity > 0)
    return splats.means[keep].astype(np.float64), opacity[keep], size[keep]


def measure_extent(splats: Splats) -> Extent:
    """Opacity-weighted centre and radii; a unit ball at the origin for an empty scene."""
    means, opacity, size = _content(splats)
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

    Elevations of 10 and 30 degrees in turn; the 90 % radius fits the shorter side.
    """
    _check_size(n, width, height, fov_deg)
    extent = measure_extent(splats)
    distance = 1.1 * extent.r90 / np.sin(np.radians(fov_deg) / 2)
    cameras = []
    for i in range(n):
        direction = _around(2 * np.pi * i / n, np.radians((10.0, 30.0)[i % 2]))
        cameras.append(look_at(extent.centre + distance * direction, extent.centre, width, height,
                               fov_deg, f"orbit_{i:03d}"))
    return cameras


def _object_view(rng, extent: Extent, width: int, height: int, fov_deg: float, name: str):
    """A view from outside: any azimuth, elevations of -10 to 50 degrees, varied distance."""
    direction = _around(rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(-10, 50)))
    distance = rng.uniform(0.9, 1.3) * extent.r90 / np.sin(np.radians(fov_deg) / 2)
    target = extent.centre + rng.uniform(-0.15, 0.15, 3) * extent.r50
    return look_at(extent.centre + distance * direction, target, width, height, fov_deg, name)


def _view_score(camera: Camera, points: NDArray, extent: Extent) -> float:
    """Share of the content in view, less ten times the share right before the lens."""
    t = points @ camera.world_to_camera[:3, :3].T + camera.world_to_camera[:3, 3]
    z = np.maximum(t[:, 2], 1e-9)
    inside = ((t[:, 2] > 0) & (np.abs(t[:, 0]) * camera.fx < camera.cx * z)
              & (np.abs(t[:, 1]) * camera.fy < camera.cy * z))
    near = (inside & (z < 0.3 * extent.r50)) | (np.linalg.norm(t, axis=1) < 0.15 * extent.r50)
    return float(inside.mean() - 10 * near.mean())


def _place_view(rng, extent, points, width, height, fov_deg, name) -> Camera:
    """The best of some cameras in the dense region that look at dense content."""
    dense = points[np.linalg.norm(points - extent.centre, axis=1) <= 1.2 * extent.r50]
    dense = dense if len(dense) else points
    low, high = np.quantile(points, (0.1, 0.9), axis=0)
    best, best_score = None, -np.inf
    for _ in range(_CANDIDATES):
        position = rng.uniform(low, high)
        target = dense[rng.integers(len(dense))]
        camera = look_at(position, target, width, height, fov_deg, name)
        score = _view_score(camera, points, extent)
        if score > best_score:
            best, best_score = camera, score
    return best


def seeded_views(
    splats: Splats, n: int, width: int, height: int, seed: int, fov_deg: float = 60.0
) -> list[Camera]:
    """`n` views chosen by `seed` alone: the same scene and seed give the same cameras.

    Objects are seen from outside, places with a background from within (`has_background`):
    cameras in the 10 to 90 % box of the content, clear of Gaussians right before the lens.
    """
    _check_size(n, width, height, fov_deg)
    rng = np.random.Generator(np.random.PCG64(seed))
    extent = measure_extent(splats)
    means, opacity, _ = _content(splats)
    names = [f"seeded_{i:03d}" for i in range(n)]
    if len(means) == 0 or not has_background(extent):
        return [_object_view(rng, extent, width, height, fov_deg, name) for name in names]
    points = means[rng.choice(len(means), _SAMPLES, p=opacity / opacity.sum())]
    return [_place_view(rng, extent, points, width, height, fov_deg, name) for name in names]
