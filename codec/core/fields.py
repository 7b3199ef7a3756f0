"""Level-ordered coding of one attribute field (spec 05, "Fields").

Gaussians stand in tree order. A coarse stride is coded first, then the gaps are halved; each value
is predicted from the two or four nearest already decoded ones along the order, and from
residuals of fields decoded before. Integers only, the same function in both directions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.core.model import AdaptiveTables, logistic_prior
from codec.core.tables import coding_tables
from codec.errors import BadValue
from codec.wire.reader import Reader
from codec.wire.writer import Writer

BASE_COUNT = 256
BUCKETS = 8
COEF_BITS = 12
FINE_BITS = 4
VALUE_LIMIT = 1 << 36


@dataclass(frozen=True, slots=True)
class FieldModel:
    """Signalled parameters of a field (spec 04, "field_model").

    half_alphabet: largest residual with a symbol of its own.   escape_bits: raw bits beyond it.
    near, far: weights of the two neighbours at one stride and of the two at three, in 1/4096.
    mean: fine units, what the neighbour weights leave over is taken from it.
    cross: weights of residuals of earlier fields, in 1/4096.
    spread, size, energy: weights of the context measure, in quarters.
    thresholds: 7 ascending indices into the threshold table.   scales: 8 indices, prior width.
    """

    half_alphabet: int
    escape_bits: int
    near: int
    far: int
    mean: int
    cross: tuple[int, ...]
    spread: int
    size: int
    energy: int
    thresholds: tuple[int, ...]
    scales: tuple[int, ...]

    @property
    def predicts(self) -> bool:
        return bool(self.near or self.far or any(self.cross))

    def write(self, out: Writer) -> None:
        out.u8(self.half_alphabet)
        out.u8(self.escape_bits)
        out.i16(self.near)
        out.i16(self.far)
        out.i16(self.mean)
        for weight in self.cross:
            out.i16(weight)
        for value in (self.spread, self.size, self.energy):
            out.u8(value)
        for value in (*self.thresholds, *self.scales):
            out.u8(value)

    @classmethod
    def read(cls, r: Reader, n_cross: int) -> FieldModel:
        half, escape = r.u8(), r.u8()
        near, far, mean = r.i16(), r.i16(), r.i16()
        cross = tuple(r.i16() for _ in range(n_cross))
        spread, size, energy = r.u8(), r.u8(), r.u8()
        thresholds = tuple(r.u8() for _ in range(BUCKETS - 1))
        scales = tuple(r.u8() for _ in range(BUCKETS))
        r.require(1 <= half <= 127 and escape <= 31, "a field alphabet is out of range")
        r.require(all(t < 64 for t in thresholds), "a context threshold is out of range")
        r.require(list(thresholds) == sorted(thresholds), "context thresholds do not ascend")
        r.require(all(s < 64 for s in scales), "a prior scale is out of range")
        return cls(half, escape, near, far, mean, cross, spread, size, energy, thresholds, scales)


def level_slices(n: int, log2_ratio: int) -> list[tuple[int, int, int]]:
    """(first, step, stride) of each level: members first, first+step, ...; neighbours at +-stride.

    The base level has stride 0 (no neighbours). Each later level divides the gap by 2^log2_ratio
    in turns of one bit, so a ratio of 4 only merges table updates, never changes neighbours.
    """
    top = 0
    while (n >> top) > BASE_COUNT:
        top += 1
    out = [(0, 1 << top, 0)]
    for level in range(top - 1, -1, -1):
        out.append((1 << level, 2 << level, 1 << level))
    return out


def neighbours(values: NDArray[np.int64], first: int, step: int, stride: int):
    """Decoded values at -stride, +stride, -3 stride, +3 stride of each member of a level.

    A missing right neighbour is replaced by the left one, a missing far one by the near one
    of its side.
    """
    n = len(values)
    count = len(range(first, n, step))
    left = values[first - stride :: step][:count]
    right = _padded(values[first + stride :: step][:count], count, left)
    far_right = _padded(values[first + 3 * stride :: step][:count], count, right)
    far_left = np.concatenate([left[:1], left[: count - 1]])
    return left, right, far_left, far_right


def _padded(part: NDArray, count: int, fallback: NDArray) -> NDArray:
    if len(part) == count:
        return part
    return np.concatenate([part, fallback[len(part) :]])


def level_context(model: FieldModel, values, level, shifts, energy):
    """Prediction (fine units, no cross terms) and context measure (quarter symbols) of a level."""
    first, step, stride = level
    count = len(shifts)
    if stride == 0:
        prediction = np.full(count, model.mean, np.int64)
        measure = np.zeros(count, np.int64)
    else:
        left, right, far_left, far_right = neighbours(values, first, step, stride)
        rest = (1 << COEF_BITS) - 2 * (model.near + model.far)
        prediction = (
            model.near * (left + right) + model.far * (far_left + far_right) + rest * model.mean
        ) >> COEF_BITS
        measure = model.spread * (np.abs(left - right) + (np.abs(far_left - far_right) >> 1))
        if model.size:
            measure = measure + model.size * (np.abs(left) + np.abs(right))
    if energy is not None and model.energy:
        measure = measure + model.energy * energy
    return prediction, measure >> shifts


def code_field(coder, model: FieldModel, shifts, *, symbols=None, cross=(), energy=None,
               prior=None):
    """Code one field of a tile.

    shifts: [N] int64, 0..8: value in fine units = symbol << shift.
    symbols: [N] int64 when encoding, None when decoding.
    cross: residuals [N] (fine units) of earlier fields, one per cross weight.
    energy: [N] int64 or None.   prior: table prior carried from another field, or None.
    Returns (values [N] int64 fine units, residuals [N] int64 fine units, learned prior).
    Raises BadValue when a decoded value leaves the range of 2^36 fine units.
    """
    n = len(shifts)
    values, residuals = np.zeros(n, np.int64), np.zeros(n, np.int64)
    n_phases = 4 if model.predicts else 1
    if prior is None:
        phases = np.tile(np.arange(n_phases) - n_phases // 2, BUCKETS)
        prior = logistic_prior(np.repeat(model.scales, n_phases), phases, model.half_alphabet)
    adaptive = AdaptiveTables(prior)
    limits = coding_tables().thresholds[list(model.thresholds)]
    for level in level_slices(n, 1):
        members = slice(level[0], None, level[1])
        shift = shifts[members]
        prediction, measure = level_context(
            model, values, level, shift, None if energy is None else energy[members]
        )
        for weight, residual in zip(model.cross, cross, strict=True):
            if weight:
                prediction = prediction + ((weight * residual[members]) >> COEF_BITS)
        quarter = (4 * prediction) >> shift
        centre = (quarter + 2) >> 2
        bucket = np.searchsorted(limits, measure, side="right")
        context = bucket * n_phases
        if n_phases == 4:
            context = context + ((quarter + 2) & 3)
        given = None if symbols is None else symbols[members] - centre
        difference = _code_differences(coder, model, adaptive, context.astype(np.uint8), given)
        found = (centre + difference) << shift
        if len(found) and int(np.abs(found).max()) >= VALUE_LIMIT:
            raise BadValue("a decoded value is out of range")
        values[members] = found
        residuals[members] = found - prediction
    return values, residuals, adaptive.carried()


def _code_differences(coder, model: FieldModel, adaptive, contexts, given):
    """Residual symbols of one level, with raw escapes beyond the alphabet."""
    half = model.half_alphabet
    clipped = None
    if given is not None:
        clipped = (np.clip(given, -half - 1, half + 1) + half + 1).astype(np.int32)
    coded = adaptive.code(coder, contexts, clipped)
    difference = coded.astype(np.int64) - half - 1
    escaped = np.flatnonzero(np.abs(difference) > half)
    if len(escaped):
        excess = None if given is None else np.abs(given[escaped]) - half - 1
        excess = coder.raw(model.escape_bits, len(escaped), excess)
        difference[escaped] += np.sign(difference[escaped]) * excess
    return difference
