"""The CPU renderer: Numba kernels over tiles of 16 x 16 pixels (maths in `base`).

Numba is loaded when the first renderer is made, so importing this file stays cheap.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.errors import BackendError
from codec.rendering.base import RenderOptions, sh_degree_used, wants_antialiasing
from codec.scene import Camera, RenderedView, Splats

# Numba's fallback thread pool does not allow two Python threads in at once.
_POOL = threading.Lock()
_DEFAULT = RenderOptions()


def load_kernels():
    """The kernel module; BackendError with the extra to install when Numba is missing."""
    try:
        from codec.rendering import kernels
    except ImportError as exc:
        raise BackendError(
            "the CPU renderer needs numba: pip install 'nfx[render]'", code="no-numba"
        ) from exc
    return kernels


@contextmanager
def thread_pool(threads: int):
    """Hold the Numba pool with at most `threads` threads (0 = all)."""
    import numba

    with _POOL:
        before = numba.get_num_threads()
        limit = numba.config.NUMBA_NUM_THREADS
        numba.set_num_threads(min(threads, limit) if threads else limit)
        try:
            yield
        finally:
            numba.set_num_threads(before)


@dataclass(frozen=True, slots=True)
class Binned:
    """Visible Gaussians of one view in depth order, and the lists of its tiles.

    order: [V] int32, places in the scene.   records: [V, 16] float32 (see `kernels`).
    starts: [n_tiles + 1] int64 into lists.  lists: [P] int32, places in records.
    """

    order: NDArray[np.int32]
    records: NDArray[np.float32]
    starts: NDArray[np.int64]
    lists: NDArray[np.int32]


def tile_runs(starts: NDArray[np.int64], most: int) -> list[tuple[int, int]]:
    """(first, last + 1) of runs of tiles whose lists have at most `most` entries, or one tile."""
    runs, first = [], 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + most, side="right")) - 1
        runs.append((first, max(first + 1, min(last, len(starts) - 1))))
        first = runs[-1][1]
    return runs


def _float32(array: NDArray) -> NDArray[np.float32]:
    return np.ascontiguousarray(array, dtype=np.float32)


class CpuRenderer:
    """Renders many views with the same options; holds no state between calls.

    Raises BackendError when Numba is missing.
    """

    most_pairs = 1 << 28
    """Entries of the tiles' lists held at a time (4 bytes each)."""

    def __init__(self, options: RenderOptions = _DEFAULT) -> None:
        self.options = options
        self._kernels = load_kernels()

    def render(self, splats: Splats, camera: Camera) -> RenderedView:
        """One view with colour, alpha and depth."""
        with thread_pool(self.options.threads):
            return RenderedView(camera, *self._blend_on_background(splats, camera))

    def render_rgb(self, splats: Splats, camera: Camera) -> NDArray[np.float32]:
        """The colours of one view only, [H, W, 3] float32, not clipped."""
        return self.render(splats, camera).rgb

    def contributions(self, splats: Splats, camera: Camera) -> NDArray[np.float32]:
        """Sum over the pixels of alpha * T for each Gaussian, [N] float32 (ExGS Eq. 7)."""
        with thread_pool(self.options.threads):
            return self._weigh(self.bin(splats, camera), splats.n_gaussians, camera)

    def render_weighed(
        self, splats: Splats, camera: Camera
    ) -> tuple[RenderedView, NDArray[np.float32]]:
        """`render` and `contributions` at the price of one projection."""
        with thread_pool(self.options.threads):
            binned = self.bin(splats, camera)
            view = RenderedView(camera, *self.blend(binned, camera, self.options.background))
            return view, self._weigh(binned, splats.n_gaussians, camera)

    def _weigh(self, binned: Binned, n: int, camera: Camera) -> NDArray[np.float32]:
        weights = np.empty(len(binned.lists), np.float32)
        self._kernels.weigh_pairs(
            binned.records, binned.starts, binned.lists, camera.width, camera.height,
            *self.limits(), weights)
        totals = np.zeros(n, np.float64)
        self._kernels.sum_pairs(binned.lists, weights, binned.order, totals)
        return totals.astype(np.float32)

    def limits(self) -> tuple[np.float32, np.float32]:
        """log2(alpha_cut) and the largest alpha."""
        return np.float32(np.log2(self.options.alpha_cut)), np.float32(self.options.max_alpha)

    def bin(self, splats: Splats, camera: Camera) -> Binned:
        """Project, sort by depth and list tile by tile (MemoryError: see `bin_records`)."""
        return self.bin_records(*self._project(splats, camera), camera)

    def _project(self, splats: Splats, camera: Camera) -> tuple[NDArray, NDArray]:
        """Records [N, 16] float32 of all Gaussians, and which are visible, [N] uint8."""
        n, options = splats.n_gaussians, self.options
        source = np.empty((n, self._kernels.RECORD), np.float32)
        visible = np.empty(n, np.uint8)
        self._kernels.project(
            _float32(splats.means), _float32(splats.log_scales), _float32(splats.quats),
            _float32(splats.opacity_logits), _float32(splats.sh0), _float32(splats.shN),
            sh_degree_used(splats, options),
            np.ascontiguousarray(camera.world_to_camera, np.float64),
            np.ascontiguousarray(camera.position, np.float64),
            float(camera.fx), float(camera.fy), float(camera.cx), float(camera.cy),
            int(camera.width), int(camera.height), float(options.near_plane),
            float(options.low_pass), bool(wants_antialiasing(splats, options)),
            float(options.alpha_cut), source, visible)
        return source, visible

    def bin_records(self, source: NDArray, visible: NDArray, camera: Camera) -> Binned:
        """Sort the visible records by depth and list them tile by tile.

        Raises MemoryError when the lists together are longer than `most_pairs`.
        """
        binned = self._binned(source, visible, camera)
        if len(binned.lists) != binned.starts[-1]:
            raise MemoryError(f"{binned.starts[-1]} pairs of Gaussian and tile in one view")
        return binned

    def _binned(self, source: NDArray, visible: NDArray, camera: Camera) -> Binned:
        """As `bin_records`, but without lists when they are too long."""
        order = self._kernels.depth_order(source, visible)
        return Binned(order, *self._kernels.bin_tiles(
            source, order, int(camera.width), int(camera.height), self.most_pairs))

    def _blend_on_background(self, splats: Splats, camera: Camera):
        binned = self._binned(*self._project(splats, camera), camera)
        if len(binned.lists) == binned.starts[-1]:
            return self.blend(binned, camera, self.options.background)
        return self._blend_by_parts(binned, camera)

    def _blend_by_parts(self, binned: Binned, camera: Camera):
        """The same image with the lists of a few tiles at a time, for want of memory."""
        width, height = int(camera.width), int(camera.height)
        rgb = np.empty((height, width, 3), np.float32)
        alpha, depth = np.empty((2, height, width), np.float32)
        background = np.array(self.options.background, np.float32)
        for first, last in tile_runs(binned.starts, self.most_pairs):
            lists = self._kernels.list_tiles(
                binned.records, width, height, binned.starts, first, last)
            self._kernels.blend_tiles(
                binned.records, binned.starts, lists, first, last, width, height, *self.limits(),
                background, rgb, alpha, depth)
        return rgb, alpha, depth

    def blend(self, binned: Binned, camera: Camera, background: tuple[float, float, float]):
        """Composite: rgb [H, W, 3], alpha [H, W], depth [H, W], float32."""
        shape = (camera.height, camera.width)
        rgb = np.empty((*shape, 3), np.float32)
        alpha, depth = np.empty(shape, np.float32), np.empty(shape, np.float32)
        self._kernels.blend_image(
            binned.records, binned.starts, binned.lists, int(camera.width), int(camera.height),
            *self.limits(), np.array(background, np.float32), rgb, alpha, depth)
        return rgb, alpha, depth
