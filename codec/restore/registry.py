"""From what a stream signals to a restorer that runs here, or a clear message why not.

Importing this loads no torch: what is missing is found before anything heavy is imported.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from codec.core.mlra import MapGroup
from codec.errors import BackendError
from codec.restore.weights import WeightStore
from codec.wire.restorer import RestorerParams

if TYPE_CHECKING:
    from codec.restore.base import Restorer

_NEEDED = {"small": ("torch", "safetensors")}
_DIFFUSERS = ("torch", "diffusers", "peft", "safetensors")


def needed_packages(kind: str) -> tuple[str, ...]:
    """Python packages that a kind of restorer imports."""
    return _NEEDED.get(kind, _DIFFUSERS)


def check_packages(kind: str) -> None:
    """Raise BackendError naming the packages that are not installed; imports nothing."""
    missing = [p for p in needed_packages(kind) if importlib.util.find_spec(p) is None]
    if missing:
        raise BackendError(f"restoring needs {', '.join(missing)}: pip install 'nfx[restore]'")


def build(params: RestorerParams, maps: tuple[MapGroup, ...] = (),
          store: WeightStore | None = None, *, device: str = "auto", dtype=None,
          batch: int = 1) -> Restorer:
    """The signalled restorer, its weights checked and the scene's maps merged.

    store: where weights are looked for.   dtype: a torch type, None = float32 on a CPU, the
    signalled one on CUDA. Raises BackendError when a package, device or weight file is missing or
    is not the signalled one.
    """
    check_packages(params.kind_name)
    cls = _backend_class(params.kind_name)
    given = {"device": device, "dtype": dtype, "batch": batch}
    return cls.from_store(params, maps, store or WeightStore(), **given)


def _backend_class(kind: str) -> type[Restorer]:
    if kind == "small":
        from codec.restore.small_backend import SmallBackend

        return SmallBackend
    if kind == "nifi":
        from codec.restore.nifi import NiFi

        return NiFi
    if kind == "gausspainter":
        from codec.restore.gausspainter import GaussPainter

        return GaussPainter
    if kind == "gfix":
        from codec.restore.gfix import GFix

        return GFix
    from codec.restore.img2img import Img2Img

    return Img2Img
