"""The encoder's free choices, and symbols made with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from codec.core import quantize
from codec.core.geometry import tree_keys
from codec.core.params import CodingParams, PrecisionRule
from codec.core.tile import TileSymbols
from codec.encoder.prepare import Prepared
from codec.scene import Splats
from codec.wire.tables import MAX_REFINE_BITS, MAX_TREE_BITS

STEP_ONE = 1 << 14


@dataclass(frozen=True, slots=True)
class Weights:
    """How strongly a field's precision follows opacity and footprint, in sixteenths."""

    alpha: int = 0
    footprint: int = 0


@dataclass(frozen=True, slots=True)
class Steps:
    """Quantization of a scene.

    position: log2 of cells per world unit at the median class.   scale: nats.
    opacity_levels: 2..4096.   rotation: step of xyz at anisotropy 1.6 and median class.
    dc, sh: orthonormal YCC / KLT units.   sh_rows: KLT rows kept.
    dead_zone: rounding offset of SH.
    """

    position: float
    scale: float
    opacity_levels: int
    rotation: float
    dc: float
    sh: float
    sh_rows: int
    rotation_cap: float = 4.2
    dead_zone: float = 0.5
    position_weights: Weights = field(default=Weights(8, 0))
    scale_weights: Weights = field(default=Weights(8, 0))
    rotation_weights: Weights = field(default=Weights(8, 12))
    dc_weights: Weights = field(default=Weights(12, 10))
    sh_weights: Weights = field(default=Weights(8, 8))


@dataclass
class Quantized:
    """Symbols of the whole scene in tree order, with everything needed to code them."""

    params: CodingParams
    order: NDArray[np.int64]
    cells: NDArray[np.int64]
    symbols: TileSymbols
    alpha: NDArray[np.int64]
    footprint: NDArray[np.int64]


def to_step(value: float) -> int:
    return int(np.clip(round(value * STEP_ONE), 1, 65535))


def rule_for(weights: Weights, alpha, footprint, median_bits: float) -> PrecisionRule:
    """Rule whose median Gaussian gets `median_bits`."""
    weighted = (weights.alpha * alpha + weights.footprint * footprint) >> 4
    middle = float(np.median(weighted)) if len(weighted) else 0.0
    return PrecisionRule(_offset(256 * median_bits - middle), weights.alpha, weights.footprint)


def _offset(value: float) -> int:
    """The nearest that a rule's field can hold."""
    return int(np.clip(round(value), -32768, 32767))


def exponent_limit(p: Prepared) -> int:
    """Largest grid exponent whose cells still index the whole scene within the tree."""
    extent = float(np.ptp(p.means, axis=0).max()) if p.n else 0.0
    reach = float(np.abs(p.means).max()) if p.n else 0.0
    limit = MAX_TREE_BITS - np.log2(max(extent, 1e-30)) - 0.01
    limit = min(limit, 30 - np.log2(max(reach, 1e-30)))
    return int(np.clip(np.floor(limit), -120, 120))


def choose_exponent(p: Prepared, precision) -> tuple[int, float]:
    """Grid exponent of the tree, and the bits that positions then take in all.

    precision: [N] wanted log2 of cells per unit. A deep tree gives Gaussians that need less
    precision too many bits; a shallow one pays for the order of those that share a cell, which is
    log2(n!) for n in a cell. The best depth is found by counting cells at each one.
    """
    limit = exponent_limit(p)
    if not p.n:
        return min(limit, 0), 0.0
    wanted = np.rint(precision)
    top = int(min(limit, wanted.max()))
    bottom = min(int(np.percentile(wanted, 1)), top)
    cells = np.floor(np.ldexp(p.means, top)).astype(np.int64)
    cells -= cells.min(axis=0)
    bits = int(cells.max()).bit_length()
    keys = np.sort(tree_keys(cells, (bits,) * 3))
    factorial = np.concatenate([[0.0], np.cumsum(np.log2(np.arange(1, p.n + 1)))])
    best = None
    for exponent in range(top, bottom - 1, -1):
        edges = np.flatnonzero(np.diff(keys)) + 1
        counts = np.diff(np.concatenate([[0], edges, [p.n]]))
        cost = 3 * float(np.maximum(wanted, exponent).sum()) + float(factorial[counts].sum())
        if best is None or cost < best[1]:
            best = (exponent, cost)
        keys = keys >> np.uint64(3)
    return best


def quantize_scene(p: Prepared, steps: Steps, like: CodingParams | None = None) -> Quantized:
    """Symbols in input order; `params` still without field models and basis rows' models.

    like: parameters of an earlier call, to be kept: what lies on their grid stays there.
    """
    opacity = quantize.quantize_opacity(p.logits, steps.opacity_levels)
    alpha = quantize.log_alpha(opacity, steps.opacity_levels)
    params = like or geometry_params(p, steps, alpha)
    scales = quantize_scales(p.scales, params, alpha)
    cells = np.floor(np.ldexp(p.means, params.grid_exponent)).astype(np.int64)
    footprint = quantize.log_footprint(params, scales, cells)
    if like is None:
        params = attribute_rules(params, steps, alpha, footprint, scales)
    symbols = TileSymbols(cells, opacity, scales)
    symbols.rotation = quantize_rotation(p.quats, params, scales, alpha, footprint)
    symbols.refinement = quantize_refinement(p.means, params, cells, alpha, footprint)
    shifts = quantize.class_shifts(params.dc_rule, alpha, footprint)
    symbols.dc = quantize_dc(p.ycc, params, shifts)
    if like is None:
        params, symbols.sh = quantize_sh(p, steps, params, alpha, footprint)
    elif like.sh_layers:
        shifts = quantize.class_shifts(params.sh_rule, alpha, footprint)
        symbols.sh = list(sh_symbols(p.rest, like.basis, params, shifts, steps.dead_zone)[0])
    return Quantized(params, np.arange(p.n), cells, symbols, alpha, footprint)


def wanted_precision(steps: Steps, alpha):
    """[N] log2 of cells per world unit that the position rule asks for."""
    rule = rule_for(steps.position_weights, alpha, 0, 0.0)
    return steps.position + rule.bits(alpha, 0, -40, 40)


def geometry_params(p: Prepared, steps: Steps, alpha) -> CodingParams:
    exponent, _ = choose_exponent(p, wanted_precision(steps, alpha))
    cells = np.floor(np.ldexp(p.means, exponent)) if p.n else np.zeros((1, 3))
    centre = np.floor(np.median(cells, axis=0)).astype(np.int64)
    offset = np.abs(cells - centre)
    shift = max(0, int(np.ceil(np.log2(offset.max() + 1))) - 24)
    squared = ((offset / 2.0**shift) ** 2).sum(axis=1) + 1
    floor = int(round(256 * float(np.log2(np.percentile(squared, 60)))))
    rules = (PrecisionRule(0),) * 3
    return CodingParams(
        exponent, tuple(int(c) for c in centre), shift, floor, steps.opacity_levels,
        to_step(steps.scale), to_step(steps.dc), to_step(steps.sh),
        int(np.clip(round(16 * steps.rotation_cap), 0, 127)),
        PrecisionRule(0), rule_for(steps.scale_weights, alpha, 0, 0.0), *rules,
        np.zeros((0, 0), np.int8), (), {}, None,
    )


def attribute_rules(params, steps: Steps, alpha, footprint, scales) -> CodingParams:
    rotation = PrecisionRule(0, steps.rotation_weights.alpha, steps.rotation_weights.footprint)
    weighted = (rotation.alpha * alpha + rotation.footprint * footprint) >> 4
    middle = float(np.median(weighted)) if len(weighted) else 0.0
    bits = -np.log2(steps.rotation)
    return replace(
        params,
        position_rule=rule_for(
            steps.position_weights, alpha, footprint, steps.position - params.grid_exponent
        ),
        rotation_rule=replace(rotation, offset=_offset(256 * bits - middle)),
        dc_rule=rule_for(steps.dc_weights, alpha, footprint, 0.0),
        sh_rule=rule_for(steps.sh_weights, alpha, footprint, 0.0),
    )


def quantize_scales(scales, params, alpha):
    shifts = quantize.class_shifts(params.scale_rule, alpha)
    unit = quantize.fine_unit(params.scale_step)
    out = np.zeros((len(scales), 3), np.int64)
    out[:, 0] = quantize.round_to(scales[:, 0], unit, shifts) << shifts
    for axis in (1, 2):  # each drop is measured from the decoded axis before it
        drop = quantize.round_to(out[:, axis - 1] * unit - scales[:, axis], unit, shifts)
        out[:, axis] = out[:, axis - 1] - (np.maximum(drop, 0) << shifts)
    return out


def quantize_rotation(quats, params, scales, alpha, footprint):
    from codec.core.tile import rotation_offset

    bits = quantize.rotation_bits(params, scales, alpha, footprint)
    limit = rotation_offset(bits)[:, None]
    symbols = np.rint(np.ldexp(quats[:, 1:], bits[:, None])).astype(np.int64)
    return np.clip(symbols, -limit, limit)


def quantize_refinement(means, params, cells, alpha, footprint):
    bits = quantize.refine_bits(params, MAX_REFINE_BITS, alpha, footprint)
    inside = np.ldexp(means, params.grid_exponent) - cells
    return np.floor(np.ldexp(inside, bits[:, None])).astype(np.int64)


def quantize_dc(ycc, params, shifts):
    unit = quantize.fine_unit(params.dc_step)
    return quantize.round_to(ycc, unit, shifts[:, None]) << shifts[:, None]


def quantize_sh(p: Prepared, steps: Steps, params, alpha, footprint):
    rows = min(steps.sh_rows, p.rest.shape[1])
    if not rows or not p.n:
        return replace(params, basis=np.zeros((0, p.rest.shape[1]), np.int8)), []
    shifts = quantize.class_shifts(params.sh_rule, alpha, footprint)
    basis = klt_basis(p.rest, shifts)[:rows]
    coded, counts = sh_symbols(p.rest, basis, params, shifts, steps.dead_zone)
    frequent = np.flatnonzero(counts > 0.002 * p.n)
    used = int(frequent[-1]) + 1 if len(frequent) else 0
    first = (used + 2) // 3
    layers = tuple(r for r in (first, used - first) if r)
    return replace(params, basis=basis[:used], sh_layers=layers), list(coded[:used])


def sh_symbols(rest, basis, params, shifts, dead_zone: float):
    """KLT rows of `rest` in fine units, [rows, N], int32 or int64, and each row's non-zeros.

    Blocks of Gaussians stay inside the cache; least squares, since the basis is rounded.
    """
    rows = basis.astype(np.float64) / 128
    inverse = np.linalg.solve(rows @ rows.T, rows).T
    unit = quantize.fine_unit(params.sh_step)
    out = np.empty((len(basis), len(rest)), np.int32)
    counts = np.zeros(len(basis), np.int64)
    padded = np.zeros((quantize.SH_BLOCK, rest.shape[1]))
    for start in range(0, len(rest), quantize.SH_BLOCK):
        part = slice(start, min(start + quantize.SH_BLOCK, len(rest)))
        n, shift = part.stop - start, shifts[part, None]
        padded[:n] = rest[part]
        coefficients = quantize.grouped_product(padded, inverse)[:n]
        symbols = quantize.round_to(coefficients, unit, shift, dead_zone)
        counts += np.count_nonzero(symbols, axis=0)
        symbols <<= shift
        if out.dtype == np.int32 and int(np.abs(symbols).max()) >= 1 << 31:
            out = out.astype(np.int64)
        out[:, part] = symbols.T
    return out, counts


def dequantize(q: Quantized, like: Splats) -> Splats:
    """Reconstruction (spec 5.8) of a quantized scene in input order."""
    params, s, n = q.params, q.symbols, like.n_gaussians
    refine = quantize.refine_bits(params, MAX_REFINE_BITS, q.alpha, q.footprint)
    rotation = quantize.rotation_bits(params, s.scales, q.alpha, q.footprint)
    entry = quantize.alpha_index(s.opacity, params.opacity_levels)
    return replace(
        like,
        means=quantize.reconstruct_means(params, q.cells, s.refinement, refine),
        log_scales=quantize.reconstruct_scales(params, s.scales),
        quats=quantize.reconstruct_quats(s.rotation, rotation),
        opacity_logits=quantize.coding_tables().opacity_logits[entry],
        sh0=quantize.reconstruct_dc(params, s.dc),
        shN=quantize.reconstruct_sh(params, s.sh, n).reshape(like.shN.shape),
    )


def klt_basis(rest, shifts) -> NDArray[np.int8]:
    """[width, width] int8 in 1/128: principal axes of the SH rest, weighted like the steps.

    Made from at most 32,768 evenly spaced Gaussians; sums in a fixed order so that the bytes do
    not depend on threads.
    """
    stride = max(1, len(rest) // 32768)
    sample = rest[::stride].astype(np.float64) * np.exp2(-shifts[::stride] / 1.0)[:, None]
    covariance = np.zeros((rest.shape[1],) * 2)
    for start in range(0, len(sample), 1024):
        part = sample[start : start + 1024]
        covariance += np.einsum("ni,nj->ij", part, part)
    _, vectors = np.linalg.eigh(covariance)
    rows = vectors.T[::-1]
    signs = np.sign(rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)])
    return np.clip(np.rint(rows * signs[:, None] * 128), -127, 127).astype(np.int8)
