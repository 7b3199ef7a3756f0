"""Forward and backward pass of the CPU renderer on NumPy arrays, without torch's graph.

>>> frame = renderer.forward(splats, camera)           # frame.rgb is the image
>>> gradients = renderer.backward(frame, d_rgb)         # of every attribute

`codec.rendering.autograd` wraps it for torch; trainers call it directly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.rendering.base import RenderOptions, sh_degree_used, wants_antialiasing
from codec.rendering.cpu import Binned, CpuRenderer, thread_pool
from codec.scene import Camera, Splats

_DEFAULT = RenderOptions()
F32 = NDArray[np.float32]


@dataclass(slots=True)
class Gradients:
    """Gradients by attribute, shapes and domains as in `Splats`, float32.

    mean2d: [N, 2], of the projected centre, per pixel.   visible: [N] bool, Gaussians that
    the tiles of the view list; the others have gradient zero.
    """

    means: F32
    log_scales: F32
    quats: F32
    opacity_logits: F32
    sh0: F32
    shN: F32
    mean2d: F32
    visible: NDArray[np.bool_]

    @classmethod
    def empty_like(cls, splats: Splats) -> Gradients:
        """Uninitialized arrays for `splats`."""
        n = splats.n_gaussians
        return cls(*(np.empty(a.shape, np.float32) for a in (
            splats.means, splats.log_scales, splats.quats, splats.opacity_logits, splats.sh0,
            splats.shN)), np.empty((n, 2), np.float32), np.empty(n, np.bool_))


@dataclass(frozen=True, slots=True)
class Frame:
    """What the backward pass needs of a forward pass.

    sums: [H, W, 5] float32: sums of r, g, b, z over the Gaussians (no background), and alpha.
    """

    splats: Splats
    camera: Camera
    binned: Binned
    sums: F32
    background: tuple[float, float, float]

    @property
    def rgb(self) -> F32:
        """[H, W, 3] float32, composited on the background, not clipped."""
        colours = self.sums[..., :3]
        if not any(self.background):
            return colours
        return colours + (1 - self.sums[..., 4:]) * np.array(self.background, np.float32)


class GradRenderer:
    """The CPU renderer with gradients; holds no state between calls.

    Gradients are those of the maths in `codec.rendering.base` with the order, the skips and the
    stops held fixed, and zero where alpha is clamped. Deterministic and independent of the number
    of threads. Raises BackendError when Numba is missing.
    """

    def __init__(self, options: RenderOptions = _DEFAULT) -> None:
        self.options = options
        self._forward = CpuRenderer(options)
        from codec.rendering import grad_kernels, project_grad

        self._kernels, self._project = grad_kernels, project_grad

    def forward(self, splats: Splats, camera: Camera, depth: bool = True) -> Frame:
        """Render one view; without `depth` the sums of z stay 0, which is faster."""
        sums = np.empty((camera.height, camera.width, 5), np.float32)
        with thread_pool(self.options.threads):
            binned = self._forward.bin(splats, camera)
            self._kernels.blend_sums(
                binned.records, binned.starts, binned.lists, int(camera.width),
                int(camera.height), *self._forward.limits(), depth, sums)
        return Frame(splats, camera, binned, sums, self.options.background)

    def backward(self, frame: Frame, d_rgb: F32, into: Gradients | None = None) -> Gradients:
        """Gradients for `d_rgb` [H, W, 3], the loss by the image on its background."""
        d_sums = np.zeros(frame.sums.shape, np.float32)
        d_sums[..., :3] = d_rgb
        if any(frame.background):
            d_sums[..., 4] = -(d_rgb @ np.array(frame.background, np.float32))
        return self.backward_sums(frame, d_sums, into)

    def backward_sums(
        self, frame: Frame, d_sums: F32, into: Gradients | None = None
    ) -> Gradients:
        """Gradients for `d_sums` [H, W, 5], the loss by `frame.sums`; `into` is overwritten."""
        splats, camera, binned = frame.splats, frame.camera, frame.binned
        out = Gradients.empty_like(splats) if into is None else into
        pairs = np.empty((len(binned.lists), 10), np.float32)
        totals = np.zeros((len(binned.order), 10))
        of_scene = np.zeros((splats.n_gaussians, 10))
        with thread_pool(self.options.threads):
            self._kernels.grad_pairs(
                binned.records, binned.starts, binned.lists, int(camera.width),
                int(camera.height), *self._forward.limits(), frame.sums,
                np.ascontiguousarray(d_sums, np.float32), bool(d_sums[..., 3].any()), pairs)
            self._kernels.sum_gradients(binned.lists, pairs, totals)
            self._kernels.scatter_gradients(binned.order, binned.records, totals, of_scene)
            self._project.project_gradient(
                *(np.ascontiguousarray(a, np.float32) for a in (
                    splats.means, splats.log_scales, splats.quats, splats.opacity_logits,
                    splats.shN)),
                sh_degree_used(splats, self.options),
                np.ascontiguousarray(camera.world_to_camera, np.float64),
                np.ascontiguousarray(camera.position, np.float64),
                float(camera.fx), float(camera.fy), float(camera.cx), float(camera.cy),
                int(camera.width), int(camera.height), float(self.options.low_pass),
                bool(wants_antialiasing(splats, self.options)), of_scene,
                out.means, out.log_scales, out.quats, out.opacity_logits, out.sh0, out.shN,
                out.mean2d)
        out.visible[:] = False
        out.visible[binned.order] = True
        return out
