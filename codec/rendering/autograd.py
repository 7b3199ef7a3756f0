"""The CPU renderer as a torch function: gradients by hand in `codec.rendering.backward`.

Gradients reach means, log_scales, quats, opacity_logits, sh0 and shN.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from codec.rendering.backward import GradRenderer
from codec.rendering.base import RenderOptions
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


class _Render(torch.autograd.Function):
    """Attributes -> [H, W, 5]: sums of r, g, b, z, and alpha."""

    @staticmethod
    def forward(ctx, camera, options, antialiased, *tensors):
        arrays = (t.detach().float().contiguous().numpy() for t in tensors)
        renderer = GradRenderer(options)
        frame = renderer.forward(Splats(*arrays, antialiased=antialiased), camera)
        ctx.view = (renderer, frame, [t.dtype for t in tensors])
        return torch.from_numpy(frame.sums.copy())

    @staticmethod
    def backward(ctx, grad):
        renderer, frame, dtypes = ctx.view
        out = renderer.backward_sums(frame, grad.float().contiguous().numpy())
        grads = (torch.from_numpy(getattr(out, name)).to(dtype)
                 for name, dtype in zip(_NAMES, dtypes, strict=True))
        return (None, None, None, *grads)


def render_tensors(
    splats: SplatTensors, camera: Camera, *, options: RenderOptions = _DEFAULT
) -> tuple[Tensor, Tensor, Tensor]:
    """Differentiable render: rgb [H, W, 3], alpha [H, W], depth [H, W], float32 on the CPU.

    Same image as `codec.render` on the CPU up to rounding. The tensors must not be changed in
    place between this call and the backward pass. Raises BackendError without Numba.
    """
    out = _Render.apply(camera, options, splats.antialiased, *splats.parameters().values())
    alpha = out[..., 4]
    background = torch.tensor(options.background, dtype=out.dtype)
    rgb = out[..., :3] + (1 - alpha)[..., None] * background
    return rgb, alpha, torch.where(alpha > 0, out[..., 3] / alpha.clamp_min(1e-10), out[..., 3])
