"""Rate and distortion of one field at a time, measured by rendering.

A probe quantizes a single field, leaves all others at the input's values, and renders a few
views; single-field errors add up well enough to choose all steps together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from codec.core import quantize
from codec.encoder import steps as st
from codec.encoder.backdrop import BLACK, WHITE, Colour, composited, is_open
from codec.encoder.prepare import Prepared
from codec.encoder.steps import Steps
from codec.scene import Camera, RenderedView, Splats
from codec.wire.tables import MAX_REFINE_BITS

FIELDS = ("position", "scale", "opacity", "rotation", "dc", "sh")

LEAST_ALPHA = 1 / 255
"""A view whose pixels are all as empty as this shows nothing."""


class ViewError:
    """Mean squared error of renders against the input's renders, clipped to 0..1.

    cameras: those that see something; all where none does.   sees: whether one does.
    backdrops: what the views show behind the scene, in turn; None = black, and for an open scene
    (see `backdrop`) black and white.
    """

    def __init__(self, splats: Splats, cameras: list[Camera], threads: int = 0,
                 backdrops: tuple[Colour, ...] | None = None) -> None:
        from codec.rendering.base import RenderOptions
        from codec.rendering.cpu import CpuRenderer

        self.threads, self.cameras = threads, cameras
        self._renderer = CpuRenderer(RenderOptions(threads=threads))
        views = [self._render(splats, camera) for camera in cameras]
        filled = [view for view in views if is_filled(view)]
        self.sees = bool(filled)
        if filled and len(filled) < len(views):  # nothing shows in the others whatever is coded
            views, self.cameras = filled, [view.camera for view in filled]
        if backdrops is None:
            backdrops = (BLACK, WHITE) if is_open([v.alpha for v in views]) else (BLACK,)
        self.backdrops = backdrops
        self._references = self._shown(views)

    def against(self, splats: Splats) -> ViewError:
        """The same views, compared with renders of other splats."""
        return ViewError(splats, self.cameras, self.threads, self.backdrops)

    def _render(self, splats: Splats, camera: Camera) -> RenderedView:
        return self._renderer.render(splats, camera)

    def _shown(self, views: list[RenderedView]) -> list[NDArray[np.float32]]:
        """Each view on its backdrop, clipped."""
        return [np.clip(composited(view, self.backdrops[i % len(self.backdrops)]), 0, 1)
                for i, view in enumerate(views)]

    def per_view(self, splats: Splats) -> list[float]:
        shown = self._shown([self._render(splats, camera) for camera in self.cameras])
        return [float(np.mean((image - reference).astype(np.float64) ** 2))
                for image, reference in zip(shown, self._references, strict=True)]

    def mse(self, splats: Splats) -> float:
        """Mean over views, floored at 1e-12."""
        return max(float(np.mean(self.per_view(splats))), 1e-12)

    def psnr(self, splats: Splats) -> float:
        """Mean over views of each view's PSNR, dB."""
        return float(np.mean([-10 * np.log10(max(v, 1e-12)) for v in self.per_view(splats)]))


def is_filled(view: RenderedView) -> bool:
    """Whether anything shows in a view."""
    return bool(view.alpha.max(initial=0.0) > LEAST_ALPHA)


@dataclass(frozen=True, slots=True)
class Measured:
    """bits: estimated for the whole scene; mse: of renders with only this field coded."""

    bits: float
    mse: float


class FieldProbe:
    """Measures candidate steps of single fields around a base plan."""

    def __init__(self, splats: Splats, prepared: Prepared, base: Steps, error: ViewError) -> None:
        self._p, self._error = prepared, error
        self._quantized = st.quantize_scene(prepared, base)
        self._splats = replace(
            splats, log_scales=prepared.scales.astype(np.float32),
            quats=prepared.quats.astype(np.float32),
        )

    def measure(self, name: str, steps: Steps) -> Measured:
        bits, changed = getattr(self, "_" + name)(steps)
        return Measured(bits, self._error.mse(replace(self._splats, **changed)))

    def _params(self, steps: Steps):
        q = self._quantized
        params = st.geometry_params(self._p, steps, q.alpha)
        return st.attribute_rules(params, steps, q.alpha, q.footprint, q.symbols.scales)

    def _position(self, steps: Steps):
        q, params = self._quantized, self._params(steps)
        cells = np.floor(np.ldexp(self._p.means, params.grid_exponent)).astype(np.int64)
        bits = quantize.refine_bits(params, MAX_REFINE_BITS, q.alpha, q.footprint)
        refinement = st.quantize_refinement(self._p.means, params, cells, q.alpha, q.footprint)
        means = quantize.reconstruct_means(params, cells, refinement, bits)
        _, rate = st.choose_exponent(self._p, st.wanted_precision(steps, q.alpha))
        return rate, {"means": means}

    def _scale(self, steps: Steps):
        params = self._params(steps)
        scales = st.quantize_scales(self._p.scales, params, self._quantized.alpha)
        shifts = quantize.class_shifts(params.scale_rule, self._quantized.alpha)
        columns = (scales[:, 0], scales[:, 0] - scales[:, 1], scales[:, 1] - scales[:, 2])
        bits = sum(entropy(column >> shifts, shifts) for column in columns)
        return bits, {"log_scales": quantize.reconstruct_scales(params, scales)}

    def _opacity(self, steps: Steps):
        symbols = quantize.quantize_opacity(self._p.logits, steps.opacity_levels)
        entry = quantize.alpha_index(symbols, steps.opacity_levels)
        logits = quantize.coding_tables().opacity_logits[entry]
        return entropy(symbols, np.zeros_like(symbols)), {"opacity_logits": logits}

    def _rotation(self, steps: Steps):
        q = self._quantized
        params = replace(self._params(steps), scale_step=q.params.scale_step)
        scales = q.symbols.scales
        bits = quantize.rotation_bits(params, scales, q.alpha, q.footprint)
        symbols = st.quantize_rotation(self._p.quats, params, scales, q.alpha, q.footprint)
        rate = sum(entropy(symbols[:, a], bits) for a in range(3))
        return rate, {"quats": quantize.reconstruct_quats(symbols, bits)}

    def _dc(self, steps: Steps):
        q, params = self._quantized, self._params(steps)
        shifts = quantize.class_shifts(params.dc_rule, q.alpha, q.footprint)
        ycc = st.quantize_dc(self._p.ycc, params, shifts)
        bits = sum(entropy(ycc[:, i] >> shifts, shifts) for i in range(3))
        return bits, {"sh0": quantize.reconstruct_dc(params, ycc)}

    def _sh(self, steps: Steps):
        q = self._quantized
        params, rows = st.quantize_sh(self._p, steps, self._params(steps), q.alpha, q.footprint)
        shifts = quantize.class_shifts(params.sh_rule, q.alpha, q.footprint)
        bits = sum(entropy(row >> shifts, shifts) for row in rows) + 8.0 * params.basis.size
        rest = quantize.reconstruct_sh(params, rows, self._p.n)
        return bits, {"shN": rest.reshape(self._splats.shN.shape)}


def entropy(symbols, classes) -> float:
    """Bits of `symbols` by their histogram within each class of precision."""
    total = 0.0
    for value in np.unique(classes):
        part = symbols[classes == value]
        counts = np.bincount(part - part.min()).astype(np.float64)
        counts = counts[counts > 0]
        total += float(len(part) * np.log2(len(part)) - (counts * np.log2(counts)).sum())
    return total
