"""Rendering of splats: one `render`, a CPU and a CUDA back end.

>>> from codec.rendering import render, RenderOptions
>>> view = render(splats, camera, options=RenderOptions(background=(1, 1, 1)))

`base` holds the options and the maths, `reference` the slow definition, `cpu` the fast kernels,
`gsplat_cuda` the twin on a GPU, `autograd` the differentiable form, `views` made-up cameras.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

from codec.errors import BackendError
from codec.rendering.base import RenderOptions
from codec.rendering.views import orbit_cameras, seeded_views
from codec.scene import Camera, RenderedView, Splats

__all__ = ["RenderOptions", "orbit_cameras", "render", "resolve_backend", "seeded_views"]

_DEFAULT = RenderOptions()


def resolve_backend(name: str) -> str:
    """The back end that `name` stands for here: "auto" is "cuda" where usable, else "cpu"."""
    if name != "auto":
        return name
    from codec.rendering import gsplat_cuda

    return "cuda" if gsplat_cuda.is_available() else "cpu"


def render(
    splats: Splats, camera: Camera, *, options: RenderOptions = _DEFAULT
) -> RenderedView:
    """Render one view (maths in `codec.rendering.base`).

    Deterministic, and on the CPU independent of the number of threads.
    Raises BackendError when the asked back end is not installed.
    """
    backend = resolve_backend(options.backend)
    if backend == "cpu":
        from codec.rendering.cpu import CpuRenderer

        return CpuRenderer(options).render(splats, camera)
    if backend == "cuda":
        return _render_cuda_or_cpu(splats, camera, options)
    if backend == "reference":
        from codec.rendering.reference import render_reference

        return render_reference(splats, camera, options)
    raise BackendError(f"unknown renderer {backend!r}: use auto, cpu, cuda or reference")


def _render_cuda_or_cpu(splats: Splats, camera: Camera, options: RenderOptions) -> RenderedView:
    """On the GPU; on the CPU, with a warning, when the view does not fit into its memory."""
    from codec.rendering.gsplat_cuda import render_cuda

    try:
        return render_cuda(splats, camera, options)
    except RuntimeError as error:
        if type(error).__name__ != "OutOfMemoryError":  # torch's, which must not be imported here
            raise
        from codec.rendering.cpu import CpuRenderer

        warnings.warn("the GPU has too little memory for this view; rendered on the CPU instead",
                      stacklevel=3)
        return CpuRenderer(replace(options, backend="cpu")).render(splats, camera)
