"""The definition of the renderer in plain NumPy float64: slow, for small images and tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.rendering.base import (
    FOV_MARGIN,
    SH_C0,
    SH_C1,
    SH_C2,
    SH_C3,
    T_MIN,
    RenderOptions,
    sh_degree_used,
    wants_antialiasing,
)
from codec.scene import Camera, RenderedView, Splats

Array = NDArray[np.float64]


def sh_basis(directions: Array, degree: int) -> Array:
    """Real SH basis [N, (degree+1)**2] at unit `directions` [N, 3], graphdeco signs."""
    x, y, z = directions.T
    basis = [np.full_like(x, SH_C0)]
    if degree > 0:
        basis += [-SH_C1 * y, SH_C1 * z, -SH_C1 * x]
    if degree > 1:
        a, b, c = SH_C2
        basis += [a * x * y, -a * y * z, b * (2 * z * z - x * x - y * y), -a * x * z,
                  c * (x * x - y * y)]
    if degree > 2:
        a, b, c, d, e = SH_C3
        basis += [-a * y * (3 * x * x - y * y), b * x * y * z,
                  -c * y * (4 * z * z - x * x - y * y),
                  d * z * (2 * z * z - 3 * x * x - 3 * y * y),
                  -c * x * (4 * z * z - x * x - y * y), e * z * (x * x - y * y),
                  -a * x * (x * x - 3 * y * y)]
    return np.stack(basis, axis=1)


def rotation_matrices(quats: Array) -> Array:
    """Rotation matrices [N, 3, 3] of quaternions [N, 4] (w, x, y, z), any norm but 0."""
    w, x, y, z = (quats / np.linalg.norm(quats, axis=1, keepdims=True)).T
    rows = [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
            2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
            2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]
    return np.stack(rows, axis=1).reshape(-1, 3, 3)


def _covariances(splats: Splats, camera: Camera, t: Array) -> Array:
    """Covariances on the image [N, 2, 2] before the low-pass, for camera points t [N, 3]."""
    spread = rotation_matrices(np.asarray(splats.quats, np.float64))
    spread = spread * np.exp(np.asarray(splats.log_scales, np.float64))[:, None, :]
    margin_x = FOV_MARGIN * 0.5 * camera.width / camera.fx
    margin_y = FOV_MARGIN * 0.5 * camera.height / camera.fy
    z = t[:, 2]
    tx = np.clip(t[:, 0] / z, -camera.cx / camera.fx - margin_x,
                 (camera.width - camera.cx) / camera.fx + margin_x)
    ty = np.clip(t[:, 1] / z, -camera.cy / camera.fy - margin_y,
                 (camera.height - camera.cy) / camera.fy + margin_y)
    jac = np.zeros((len(z), 2, 3))
    jac[:, 0, 0], jac[:, 0, 2] = camera.fx / z, -camera.fx * tx / z
    jac[:, 1, 1], jac[:, 1, 2] = camera.fy / z, -camera.fy * ty / z
    m = jac @ camera.world_to_camera[:3, :3] @ spread
    return m @ m.transpose(0, 2, 1)


def _colours(splats: Splats, camera: Camera, degree: int) -> Array:
    offset = np.asarray(splats.means, np.float64) - camera.position
    norm = np.linalg.norm(offset, axis=1, keepdims=True)
    basis = sh_basis(offset / np.maximum(norm, 1e-12), degree)
    coefficients = np.concatenate([splats.sh0[:, None], splats.shN], axis=1).astype(np.float64)
    used = coefficients[:, : (degree + 1) ** 2]
    return np.maximum(0.0, np.einsum("nk,nkc->nc", basis, used) + 0.5)


def _composite(camera: Camera, order, mean2d, inverse, opacity, values, options):
    """Front to back over all pixels at once; returns (sums [H, W, C], T [H, W])."""
    px, py = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    sums = np.zeros((*px.shape, values.shape[1]))
    trans = np.ones(px.shape)
    active = np.ones(px.shape, bool)
    for i in order:
        dx, dy = px - mean2d[i, 0], py - mean2d[i, 1]
        (a, b), (_, c) = inverse[i]
        power = 0.5 * (a * dx * dx + 2 * b * dx * dy + c * dy * dy)
        alpha = np.minimum(options.max_alpha, opacity[i] * np.exp(-power))
        hit = active & (alpha >= options.alpha_cut)
        after = trans * (1 - alpha)
        active &= ~(hit & (after <= T_MIN))
        hit &= active
        sums += np.where(hit, alpha * trans, 0.0)[..., None] * values[i]
        trans = np.where(hit, after, trans)
    return sums, trans


def render_reference(splats: Splats, camera: Camera, options: RenderOptions) -> RenderedView:
    """Render by the definition in `codec.rendering.base`; arrays are float64 here."""
    with np.errstate(all="ignore"):
        t = (np.asarray(splats.means, np.float64) @ camera.world_to_camera[:3, :3].T
             + camera.world_to_camera[:3, 3])
        cov = _covariances(splats, camera, t)
        blurred = cov + options.low_pass * np.eye(2)
        det = np.linalg.det(blurred)
        opacity = 1 / (1 + np.exp(-np.asarray(splats.opacity_logits, np.float64)))
        if wants_antialiasing(splats, options):
            opacity = opacity * np.sqrt(np.maximum(0.0, np.linalg.det(cov) / det))
        mean2d = t[:, :2] / t[:, 2:] * (camera.fx, camera.fy) + (camera.cx, camera.cy)
        rgb = _colours(splats, camera, sh_degree_used(splats, options))
        visible = ((t[:, 2] >= options.near_plane) & (det > 0) & np.isfinite(det)
                   & np.isfinite(mean2d).all(1) & (opacity >= options.alpha_cut))
        inverse = np.zeros_like(blurred)
        inverse[visible] = np.linalg.inv(blurred[visible])
    index = np.flatnonzero(visible)
    order = index[np.argsort(t[index, 2].astype(np.float32), kind="stable")]
    values = np.concatenate([rgb, t[:, 2:]], axis=1)
    sums, trans = _composite(camera, order, mean2d, inverse, opacity, values, options)
    covered = 1 - trans
    depth = np.where(covered > 0, sums[..., 3] / np.maximum(covered, 1e-12), 0.0)
    return RenderedView(camera, sums[..., :3] + trans[..., None] * np.array(options.background),
                        covered, depth)
