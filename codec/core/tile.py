"""One tile: its layers, coded in either direction (spec 05, "Tiles").

`TileSymbols` is what both sides share: the encoder fills it and codes it, the decoder grows the
same arrays from the payloads.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from codec.core import quantize
from codec.core.fields import FINE_BITS, code_field, level_slices
from codec.core.geometry import code_tree
from codec.core.model import AdaptiveTables
from codec.core.params import FIELD_CROSS, CodingParams, TileHeader
from codec.errors import BadValue
from codec.wire.tables import MAX_REFINE_BITS

ROTATION_SYMBOLS = 26
ROTATION_CONTEXTS = 6 * 3


@dataclass
class TileSymbols:
    """Integers of a tile in tree order; None or short lists where a layer is not there.

    cells [N, 3] relative to the tile's origin; opacity [N]; scales, dc [N, 3] fine units;
    rotation [N, 3]; refinement [N, 3]; sh: list of [N] fine units.
    """

    cells: NDArray | None = None
    opacity: NDArray | None = None
    scales: NDArray | None = None
    dc: NDArray | None = None
    rotation: NDArray | None = None
    refinement: NDArray | None = None
    sh: list = field(default_factory=list)


@dataclass
class TileClasses:
    """What decides each Gaussian's steps, from decoded opacity, scales and cells."""

    alpha: NDArray
    footprint: NDArray


def classes_of(params: CodingParams, tile: TileHeader, t: TileSymbols) -> TileClasses:
    cells = t.cells + np.array(tile.origin, np.int64)
    return TileClasses(
        quantize.log_alpha(t.opacity, params.opacity_levels),
        quantize.log_footprint(params, t.scales, cells),
    )


def code_base(coder, params: CodingParams, tile: TileHeader, t: TileSymbols) -> TileSymbols:
    """Base layer: tree, opacity, scales, DC, rotation."""
    coder.section("tree")
    coded = TileSymbols(cells=code_tree(coder, tile.n, tile.bits, t.cells))
    residuals: dict[str, NDArray] = {}
    flat = np.full(tile.n, FINE_BITS, np.int64)

    def run(name: str, shifts, fine):
        cross = tuple(residuals[c] for c in FIELD_CROSS[name])
        symbols = None if fine is None else fine >> shifts
        coder.section(name)
        values, residuals[name], _ = code_field(
            coder, params.fields[name], shifts, symbols=symbols, cross=cross
        )
        return values.astype(np.int64, copy=False)

    opacity = run("opacity", flat, None if t.opacity is None else t.opacity << FINE_BITS)
    coded.opacity = np.clip(opacity >> FINE_BITS, 0, params.opacity_levels - 1)
    alpha = quantize.log_alpha(coded.opacity, params.opacity_levels)
    shifts = quantize.class_shifts(params.scale_rule, alpha)
    coded.scales = _code_scales(run, shifts, t.scales)
    classes = classes_of(params, tile, coded)
    shifts = quantize.class_shifts(params.dc_rule, classes.alpha, classes.footprint)
    columns = (None,) * 3 if t.dc is None else t.dc.T
    coded.dc = np.stack([run(f"dc{i}", shifts, columns[i]) for i in range(3)], axis=1)
    coder.section("rotation")
    coded.rotation = code_rotation(coder, params, coded, classes, t.rotation)
    return coded


def _code_scales(run, shifts, scales):
    """Largest scale, then how much smaller the next two are."""
    given = (None,) * 3
    if scales is not None:
        given = (scales[:, 0], scales[:, 0] - scales[:, 1], scales[:, 1] - scales[:, 2])
    first, drop1, drop2 = (run(f"scale{i}", shifts, given[i]) for i in range(3))
    return np.stack([first, first - drop1, first - drop1 - drop2], axis=1)


def rotation_offset(bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Largest symbol at each number of bits: floor(0.70711 * 2^b) + 1, in integers."""
    return ((92683 << bits) >> 17) + 1


def code_rotation(coder, params, coded: TileSymbols, classes: TileClasses, rotation):
    """x, y, z of the folded quaternion: top bits by adaptive tables, the rest raw."""
    n = len(classes.alpha)
    bits = quantize.rotation_bits(params, coded.scales, classes.alpha, classes.footprint)
    offset, low = rotation_offset(bits), np.maximum(bits - 4, 0)
    out = np.zeros((n, 3), np.int64)
    largest = np.zeros(n, np.int64)  # of the components so far, in 1/16
    for axis in range(3):
        context = 3 * np.minimum(bits, 5) + (largest >= 4) + (largest >= 8)
        given = None if rotation is None else rotation[:, axis] + offset
        top = None if given is None else given >> low
        high = _code_chunks(coder, context.astype(np.uint8), top)
        out[:, axis] = (high << low) + _code_low(coder, low, given) - offset
        largest = np.maximum(largest, (np.abs(out[:, axis]) << 4) >> bits)
    return out


def _code_chunks(coder, context, given):
    tables = AdaptiveTables(np.full((ROTATION_CONTEXTS, ROTATION_SYMBOLS), 40, np.int64))
    out = np.zeros(len(context), np.int64)
    for first, step, _ in level_slices(len(context), 1):
        members = slice(first, None, step)
        symbols = None if given is None else given[members].astype(np.int32)
        out[members] = tables.code(coder, context[members], symbols)
    return out


def _code_low(coder, low, given):
    """The lowest low[i] bits of each value, grouped by their number."""
    out = np.zeros(len(low), np.int64)
    for n_bits in range(1, int(low.max(initial=0)) + 1):
        where = np.flatnonzero(low == n_bits)
        part = None if given is None else given[where] & ((1 << n_bits) - 1)
        out[where] = coder.raw(n_bits, len(where), part)
    return out


def position_bits(params: CodingParams, classes: TileClasses):
    return quantize.refine_bits(params, MAX_REFINE_BITS, classes.alpha, classes.footprint)


def code_position(coder, bits, refinement):
    """Position layer: refinement of each axis, raw."""
    columns = (None,) * 3 if refinement is None else refinement.T
    return np.stack([_code_low(coder, bits, column) for column in columns], axis=1)


@dataclass
class ShState:
    """What the SH layers of a tile know of each Gaussian from the layers before, [N] integers.

    activity: how far its rows are likely to reach.   energy: magnitudes of its last rows.
    """

    activity: NDArray
    energy: NDArray


def start_sh(params: CodingParams, classes: TileClasses) -> tuple[NDArray, ShState]:
    """(shift of each Gaussian's SH steps, state before the first layer): finer steps reach on."""
    shifts = quantize.class_shifts(params.sh_rule, classes.alpha, classes.footprint)
    shifts = shifts.astype(np.int32)
    return shifts, ShState((8 - shifts) << FINE_BITS, np.zeros_like(shifts))


def sh_lengths(symbols: list[NDArray]) -> NDArray[np.int32]:
    """Rows up to each Gaussian's last that is not zero; symbols: list of [N]."""
    lengths = np.zeros(len(symbols[0]), np.int32)
    for i, row in enumerate(symbols):
        lengths[row != 0] = i + 1
    return lengths


def code_sh(coder, params: CodingParams, shifts, state: ShState, rows, count: int):
    """One SH layer of `count` KLT rows; rows: list of [N] fine units or None.

    First each Gaussian's length, then row by row the values of those that reach it.
    Returns the rows as int32 or int64 [count, N]; `state` is carried on.
    """
    symbols = None if rows is None else [row >> shifts for row in rows]
    lengths = _code_lengths(coder, params, state, symbols, count)
    state.activity = state.activity + (lengths << FINE_BITS)
    out = np.zeros((count, len(lengths)), np.int32)
    active, prior = np.flatnonzero(lengths), None
    length, shift, energy = lengths[active], shifts[active], state.energy[active]
    for i in range(count):
        reach = np.flatnonzero(length > i)
        active, length, shift = active.take(reach), length.take(reach), shift.take(reach)
        energy = energy.take(reach)
        if not len(active):
            break
        given = None if symbols is None else symbols[i].take(active)
        values, _, prior = code_field(
            coder, params.sh_field, shift, symbols=given, energy=energy, prior=prior,
            flags=(length == i + 1).view(np.uint8), keep_residuals=False,
        )
        energy = energy - (energy >> 2) + np.abs(values)
        out = out.astype(np.result_type(out, values), copy=False)
        out[i][active] = values
        state.energy = state.energy.astype(np.result_type(state.energy, energy), copy=False)
        state.energy[active] = energy
    return out


def _code_lengths(coder, params: CodingParams, state: ShState, symbols, count: int):
    """Length of each Gaussian in this layer, 0..count, int32 [N]."""
    flat = np.full(len(state.energy), FINE_BITS, np.int32)
    values, _, _ = code_field(
        coder, params.length_field, flat, energy=state.activity, keep_residuals=False,
        symbols=None if symbols is None else sh_lengths(symbols),
    )
    return _checked(values >> FINE_BITS, count).astype(np.int32, copy=False)


def _checked(lengths: NDArray, most: int) -> NDArray:
    if len(lengths) and not 0 <= lengths.min() <= lengths.max() <= most:
        raise BadValue("an SH length is out of range")
    return lengths
