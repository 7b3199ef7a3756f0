"""The CPU renderer with gradients: projection and SH in torch, blending in Numba.

Gradients reach means, log_scales, quats, opacity_logits, sh0 and shN. They are those of the
maths in `codec.rendering.base` with the order, the skips and the stops held fixed, and zero where
alpha is clamped. Deterministic and independent of the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from codec.rendering.base import (
    FOV_MARGIN,
    SH_C0,
    SH_C1,
    SH_C2,
    SH_C3,
    RenderOptions,
)
from codec.rendering.cpu import CpuRenderer, thread_pool
from codec.scene import Camera, Splats

_DEFAULT = RenderOptions()
_NAMES = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")


@dataclass(slots=True)
class SplatTensors:
    """The arrays of `Splats` as torch tensors on the CPU, same names, shapes and domains."""

    means: Tensor
    log_scales: Tensor
    quats: Tensor
    opacity_logits: Tensor
    sh0: Tensor
    shN: Tensor
    antialiased: bool = False

    @classmethod
    def from_splats(cls, splats: Splats, requires_grad: bool = True) -> SplatTensors:
        """Copies, float32, leaves of the graph."""
        tensors = {name: torch.tensor(np.asarray(getattr(splats, name), np.float32),
                                      requires_grad=requires_grad) for name in _NAMES}
        return cls(**tensors, antialiased=splats.antialiased)

    def to_splats(self) -> Splats:
        """Detached float32 copies."""
        arrays = {name: getattr(self, name).detach().float().numpy().copy() for name in _NAMES}
        return Splats(**arrays, antialiased=self.antialiased)

    def parameters(self) -> dict[str, Tensor]:
        """The tensors by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name in _NAMES}


def sh_basis(d: Tensor, degree: int) -> Tensor:
    """Real SH basis [N, (degree+1)**2] at unit directions d [N, 3], graphdeco signs."""
    x, y, z = d.unbind(1)
    basis = [torch.full_like(x, SH_C0)]
    if degree > 0:
        basis += [-SH_C1 * y, SH_C1 * z, -SH_C1 * x]
    if degree > 1:
        xx, yy, zz = x * x, y * y, z * z
        a, b, c = SH_C2
        basis += [a * x * y, -a * y * z, b * (2 * zz - xx - yy), -a * x * z, c * (xx - yy)]
        if degree > 2:
            a, b, c, d3, e = SH_C3
            basis += [-a * y * (3 * xx - yy), b * x * y * z, -c * y * (4 * zz - xx - yy),
                      d3 * z * (2 * zz - 3 * xx - 3 * yy), -c * x * (4 * zz - xx - yy),
                      e * z * (xx - yy), -a * x * (xx - 3 * yy)]
    return torch.stack(basis, 1)


def _colours(splats: SplatTensors, camera: Camera, degree: int) -> Tensor:
    offset = splats.means - torch.as_tensor(camera.position, dtype=splats.means.dtype)
    direction = torch.nn.functional.normalize(offset, dim=1)
    used = torch.cat([splats.sh0[:, None], splats.shN[:, : (degree + 1) ** 2 - 1]], 1)
    basis = sh_basis(direction, degree)
    return torch.clamp_min(torch.einsum("nk,nkc->nc", basis, used) + 0.5, 0.0)


def _spread_axes(splats: SplatTensors, rotation: Tensor) -> Tensor:
    """Axes of the ellipsoids in the camera frame, [N, 3, 3] (columns), float64."""
    w, x, y, z = torch.nn.functional.normalize(splats.quats.double(), dim=1).unbind(1)
    rows = [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
            2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
            2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]
    local = torch.stack(rows, 1).view(-1, 3, 3)
    return rotation @ (local * splats.log_scales.double().exp()[:, None, :])


def _image_axes(axes: Tensor, x: Tensor, y: Tensor, z: Tensor, camera: Camera):
    """Pixel components [N, 3] each of the three axes, by the held Jacobian of step 3."""
    margin_x = FOV_MARGIN * 0.5 * camera.width / camera.fx
    margin_y = FOV_MARGIN * 0.5 * camera.height / camera.fy
    ux = x.clamp(-camera.cx / camera.fx - margin_x,
                 (camera.width - camera.cx) / camera.fx + margin_x)
    uy = y.clamp(-camera.cy / camera.fy - margin_y,
                 (camera.height - camera.cy) / camera.fy + margin_y)
    ex = camera.fx / z[:, None] * (axes[:, 0] - ux[:, None] * axes[:, 2])
    ey = camera.fy / z[:, None] * (axes[:, 1] - uy[:, None] * axes[:, 2])
    return ex, ey


def project(splats: SplatTensors, camera: Camera, options: RenderOptions):
    """Geometry [N, 6] float64 (mx, my, xx, xy, yy, opacity), z [N] and validity [N] uint8."""
    pose = torch.as_tensor(camera.world_to_camera, dtype=torch.float64)
    t = splats.means.double() @ pose[:3, :3].T + pose[:3, 3]
    valid = t[:, 2] >= options.near_plane
    # Skipped Gaussians get a harmless depth, so that no NaN enters the gradients.
    z = torch.where(valid, t[:, 2], torch.ones_like(t[:, 2]))
    x, y = t[:, 0] / z, t[:, 1] / z
    ex, ey = _image_axes(_spread_axes(splats, pose[:3, :3]), x, y, z, camera)
    sxx, sxy, syy = (ex * ex).sum(1), (ex * ey).sum(1), (ey * ey).sum(1)
    opacity = torch.sigmoid(splats.opacity_logits.double())
    bxx, byy = sxx + options.low_pass, syy + options.low_pass
    antialiased = options.antialiased
    if splats.antialiased if antialiased is None else antialiased:
        ratio = (sxx * syy - sxy * sxy) / (bxx * byy - sxy * sxy)
        opacity = opacity * torch.sqrt(torch.clamp_min(ratio, 1e-12))
    mean = (camera.fx * x + camera.cx, camera.fy * y + camera.cy)
    return torch.stack([*mean, bxx, sxy, byy, opacity], 1), z, valid.to(torch.uint8)


class _Blend(torch.autograd.Function):
    """(geometry, channels) -> [H, W, 5]: sums of r, g, b, z, and alpha."""

    @staticmethod
    def forward(ctx, geometry, channels, valid, camera, options):
        from codec.rendering import grad_kernels

        renderer = CpuRenderer(options)
        n = geometry.shape[0]
        source = np.empty((n, 16), np.float32)
        visible = np.empty(n, np.uint8)
        with thread_pool(options.threads):
            grad_kernels.pack_records(
                geometry.detach().contiguous().numpy(),
                channels.detach().float().contiguous().numpy(), valid.numpy(),
                camera.width, camera.height, options.alpha_cut, source, visible)
            binned = renderer.bin_records(source, visible, camera)
            rgb, alpha, depth = renderer.blend(binned, camera, (0.0, 0.0, 0.0))
        out = np.concatenate([rgb, (depth * alpha)[..., None], alpha[..., None]], axis=2)
        ctx.view = (camera, options, renderer, binned, out)
        ctx.save_for_backward(geometry)
        ctx.channel_dtype = channels.dtype
        return torch.from_numpy(out.copy())

    @staticmethod
    def backward(ctx, grad):
        from codec.rendering import grad_kernels

        camera, options, renderer, binned, out = ctx.view
        (geometry,) = ctx.saved_tensors
        sums = np.empty((len(binned.lists), 10), np.float32)
        totals = np.zeros((geometry.shape[0], 10))
        with thread_pool(options.threads):
            grad_kernels.grad_pairs(
                binned.records, binned.starts, binned.lists, camera.width, camera.height,
                *renderer.limits(), out, grad.float().contiguous().numpy(), sums)
            grad_kernels.sum_gradients(binned.lists, sums, binned.order, totals)
        totals = torch.from_numpy(totals)
        return (_geometry_gradient(geometry, totals),
                totals[:, 6:].to(ctx.channel_dtype), None, None, None)


def _geometry_gradient(geometry: Tensor, sums: Tensor) -> Tensor:
    """Gradient [N, 6] of the geometry from the moments of G = dL/d(ln alpha)."""
    _, _, xx, xy, yy, opacity = geometry.unbind(1)
    g, gx, gxx, gy, gxy, gyy = sums[:, :6].unbind(1)
    det = xx * yy - xy * xy
    a, b, c = yy / det, -xy / det, xx / det
    # d(-d^T S^-1 d / 2)/dS = S^-1 d d^T S^-1 / 2, with the moments in place of d d^T.
    p, q = a * gxx + b * gxy, a * gxy + b * gyy
    r, s = b * gxx + c * gxy, b * gxy + c * gyy
    out = torch.stack([a * gx + b * gy, b * gx + c * gy, 0.5 * (p * a + q * b),
                       p * b + q * c, 0.5 * (r * b + s * c), g / opacity], 1)
    return torch.where((sums.abs().sum(1) > 0)[:, None], out, torch.zeros_like(out))


def render_tensors(
    splats: SplatTensors, camera: Camera, *, options: RenderOptions = _DEFAULT
) -> tuple[Tensor, Tensor, Tensor]:
    """Differentiable render: rgb [H, W, 3], alpha [H, W], depth [H, W], float32 on the CPU.

    Same image as `codec.render` on the CPU up to rounding. Raises BackendError without Numba.
    """
    have = {0: 0, 3: 1, 8: 2, 15: 3}[splats.shN.shape[1]]
    degree = have if options.sh_degree is None else min(have, options.sh_degree)
    geometry, z, valid = project(splats, camera, options)
    channels = torch.cat([_colours(splats, camera, degree), z[:, None].to(splats.sh0.dtype)], 1)
    out = _Blend.apply(geometry, channels, valid, camera, options)
    alpha = out[..., 4]
    background = torch.tensor(options.background, dtype=out.dtype)
    rgb = out[..., :3] + (1 - alpha)[..., None] * background
    return rgb, alpha, torch.where(alpha > 0, out[..., 3] / alpha.clamp_min(1e-10), out[..., 3])
