"""The fast twin on an NVIDIA GPU: gsplat's rasterizer, held to the maths in `base`."""

from __future__ import annotations

import numpy as np

from codec.errors import BackendError
from codec.rendering.base import RenderOptions, sh_degree_used, wants_antialiasing
from codec.scene import Camera, RenderedView, Splats

# Built into gsplat 1.5.3; other values cannot be asked of it.
_ALPHA_CUT, _MAX_ALPHA = 1.0 / 255.0, 0.999


def is_available() -> bool:
    """Whether torch sees a CUDA device and gsplat is installed (imports neither needlessly)."""
    from importlib.util import find_spec

    if find_spec("gsplat") is None or find_spec("torch") is None:
        return False
    import torch

    return torch.cuda.is_available()


def _load():
    try:
        import torch
        from gsplat import rasterization
    except ImportError as exc:
        raise BackendError("the CUDA renderer needs torch and gsplat: pip install torch gsplat, "
                           "or use backend='cpu'", code="no-gsplat") from exc
    if not torch.cuda.is_available():
        raise BackendError("the CUDA renderer finds no CUDA device: use backend='cpu'",
                           code="no-cuda")
    return torch, rasterization


def _check_options(options: RenderOptions) -> None:
    same = abs(options.alpha_cut - _ALPHA_CUT) < 1e-9 and abs(options.max_alpha - _MAX_ALPHA) < 1e-9
    if not same:
        raise BackendError("gsplat has alpha_cut 1/255 and max_alpha 0.999 built in: keep these "
                           "or use backend='cpu'", code="gsplat-options")


def _to_view(camera: Camera, colours, alphas) -> RenderedView:
    rgb_depth = colours[0].cpu().numpy().astype(np.float32)
    alpha = alphas[0, ..., 0].cpu().numpy().astype(np.float32)
    depth = np.where(alpha > 0, rgb_depth[..., 3], 0).astype(np.float32)
    return RenderedView(camera, np.ascontiguousarray(rgb_depth[..., :3]), alpha, depth)


def render_cuda(splats: Splats, camera: Camera, options: RenderOptions) -> RenderedView:
    """Render with gsplat. Raises BackendError without CUDA, gsplat or for foreign options."""
    _check_options(options)
    torch, rasterization = _load()

    def gpu(array):
        return torch.as_tensor(np.ascontiguousarray(array, np.float32), device="cuda")

    intrinsics = [[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]]
    degree = sh_degree_used(splats, options)
    mode = "antialiased" if wants_antialiasing(splats, options) else "classic"
    with torch.no_grad():
        colours, alphas, _ = rasterization(
            means=gpu(splats.means), quats=gpu(splats.quats),
            scales=torch.exp(gpu(splats.log_scales)),
            opacities=torch.sigmoid(gpu(splats.opacity_logits)),
            colors=gpu(np.concatenate([splats.sh0[:, None], splats.shN], axis=1)),
            viewmats=gpu(camera.world_to_camera)[None], Ks=gpu(np.array(intrinsics))[None],
            width=camera.width, height=camera.height, near_plane=options.near_plane,
            eps2d=options.low_pass, sh_degree=degree, render_mode="RGB+ED",
            rasterize_mode=mode)
        # The background is added here: gsplat would also blend it into the depth channel.
        colours[..., :3] += (1 - alphas) * gpu(np.array(options.background))
    return _to_view(camera, colours, alphas)
