"""Multi-view consistency: does the coding error stay on the surface, or does it flicker?

Neighbouring frames of a camera path see the same surface. Where the original's depth says that
two pixels show the same point, the coding errors there should agree; what differs is flicker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.scene import Camera, RenderedView

CONSISTENCY_VARIANT = ("dB: coding error of a frame minus the error of the next frame, warped by "
                       "the original's depth (alpha >= 0.9, depths within 2 %), mean square over "
                       "all pairs of a camera path, data range 1")
_OPAQUE, _DEPTH_TOLERANCE = 0.9, 0.02


@dataclass(frozen=True, slots=True)
class Warp:
    """Where pixels of one frame lie in the next: flat indices, and positions there [M, 2]."""

    pixels: NDArray[np.int64]
    at: NDArray[np.float64]


def _slerp(a: NDArray, b: NDArray, t: float) -> NDArray:
    """Rotation matrix a fraction t of the way from a to b."""
    from scipy.spatial.transform import Rotation, Slerp

    return Slerp([0, 1], Rotation.from_matrix([a, b]))(t).as_matrix()


def between(a: Camera, b: Camera, t: float) -> Camera:
    """The camera a fraction t of the way from a to b, with a's lens."""
    from dataclasses import replace

    rotation = _slerp(a.world_to_camera[:3, :3], b.world_to_camera[:3, :3], t)
    centre = (1 - t) * a.position + t * b.position
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, -rotation @ centre
    return replace(a, world_to_camera=pose, name=f"{a.name}+{t:.2f}")


def camera_path(cameras: list[Camera], frames: int) -> list[Camera]:
    """`frames` cameras on a smooth way from the middle camera (in the given order) to the next.

    The step is small, as in a video: neighbours in the order given are one stride of the test
    views apart, so one segment is enough.
    """
    if len(cameras) < 2:
        return []
    middle = (len(cameras) - 1) // 2
    a, b = cameras[middle], cameras[middle + 1]
    return [between(a, b, i / max(1, frames - 1)) for i in range(frames)]


def find_warp(view: RenderedView, following: RenderedView) -> Warp:
    """The pixels of `view` that `following` sees too, by the depths of both."""
    camera, other = view.camera, following.camera
    height, width = view.alpha.shape
    rows, columns = np.divmod(np.flatnonzero(view.alpha.ravel() >= _OPAQUE), width)
    depth = view.depth[rows, columns].astype(np.float64)
    rays = np.stack([(columns + 0.5 - camera.cx) / camera.fx, (rows + 0.5 - camera.cy) / camera.fy,
                     np.ones(len(rows))], 1)
    world = (rays * depth[:, None] - camera.world_to_camera[:3, 3]) @ camera.world_to_camera[:3, :3]
    seen = world @ other.world_to_camera[:3, :3].T + other.world_to_camera[:3, 3]
    z = np.maximum(seen[:, 2], 1e-6)
    at = np.stack([seen[:, 0] / z * other.fx + other.cx, seen[:, 1] / z * other.fy + other.cy], 1)
    inside = (seen[:, 2] > 0) & (at >= 0.5).all(1) & (at <= [width - 0.5, height - 0.5]).all(1)
    cell = np.floor(np.where(inside[:, None], at, 0)).astype(int)
    cell = np.minimum(cell, [width - 1, height - 1])
    there = following.depth[cell[:, 1], cell[:, 0]]
    opaque = following.alpha[cell[:, 1], cell[:, 0]] >= _OPAQUE
    good = inside & opaque & (np.abs(there - z) <= _DEPTH_TOLERANCE * z)
    return Warp((rows * width + columns)[good], at[good])


def sample(image: NDArray, at: NDArray) -> NDArray[np.float64]:
    """Bilinear samples [M, 3] of [H, W, 3] at pixel positions [M, 2] (centres at +0.5)."""
    corner = at - 0.5
    base = np.clip(np.floor(corner).astype(int), 0, [image.shape[1] - 2, image.shape[0] - 2])
    fx, fy = (corner - base).T[:, :, None]
    x, y = base.T
    top = image[y, x] * (1 - fx) + image[y, x + 1] * fx
    bottom = image[y + 1, x] * (1 - fx) + image[y + 1, x + 1] * fx
    return top * (1 - fy) + bottom * fy


def consistency(warps: list[Warp], references: list[NDArray], images: list[NDArray]) -> float:
    """`CONSISTENCY_VARIANT` in dB, higher is steadier; infinite without any error."""
    errors = [np.clip(i, 0, 1).astype(np.float64) - np.clip(r, 0, 1)
              for r, i in zip(references, images, strict=True)]
    total, count = 0.0, 0
    for warp, here, following in zip(warps, errors, errors[1:], strict=False):
        flicker = here.reshape(-1, 3)[warp.pixels] - sample(following, warp.at)
        total, count = total + float((flicker**2).sum()), count + flicker.size
    if not count:
        return float("nan")
    return float(-10 * np.log10(total / count)) if total else float("inf")
