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
LARGEST_LOOKUP = 1 << 16


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


def neighbours(values: NDArray, first: int, step: int, stride: int):
    """Decoded values at -stride, +stride, -3 stride, +3 stride of each member of a level.

    A missing right neighbour is replaced by the left one, a missing far one by the near one
    of its side.
    """
    count = len(range(first, len(values), step))
    return _four_neighbours(_known(values, first, step, stride), count)


def _known(values: NDArray, first: int, step: int, stride: int) -> NDArray:
    """Decoded values around a level, in order; the first stands twice, the last three times."""
    decoded = values[first - stride :: step]
    out = np.empty(len(decoded) + 3, values.dtype)
    out[1:-2] = decoded
    out[:1], out[-2:] = decoded[:1], decoded[-1:]
    return out


def _four_neighbours(known: NDArray, count: int):
    """Views of `known`: left, right, far left, far right of each of `count` members."""
    return tuple(known[i : i + count] for i in (1, 2, 0, 3))


def level_context(model: FieldModel, values, level, shifts, energy):
    """Prediction (fine units, no cross terms) and context measure (quarter symbols) of a level.

    The prediction is one number where it is the same for all.
    """
    first, step, stride = level
    count = len(shifts)
    prediction, measure = model.mean, np.zeros(count, values.dtype)
    if stride and count:
        known = _known(values, first, step, stride)
        left, right, far_left, far_right = _four_neighbours(known, count)
        if model.near or model.far:
            rest = (1 << COEF_BITS) - 2 * (model.near + model.far)
            prediction = model.near * (left + right)
            prediction += model.far * (far_left + far_right)
            prediction += rest * model.mean
            prediction >>= COEF_BITS
        if model.spread:
            far = np.abs(far_left - far_right)
            far >>= 1
            measure = np.abs(left - right)
            measure += far
            measure *= model.spread
        if model.size:
            sizes = np.abs(known, out=known)
            near_size = sizes[1 : count + 1] + sizes[2 : count + 2]
            near_size *= model.size
            measure += near_size
    if energy is not None and model.energy:
        measure = measure + model.energy * energy
    return prediction, measure >> shifts


def code_field(coder, model: FieldModel, shifts, *, symbols=None, cross=(), energy=None,
               prior=None, flags=None, keep_residuals: bool = True):
    """Code one field of a tile.

    shifts: [N] integers, 0..8: value in fine units = symbol << shift.
    symbols: [N] integers when encoding, None when decoding.
    cross: residuals [N] (fine units) of earlier fields, one per cross weight.
    energy: [N] integers or None.   prior: table prior carried from another field, or None.
    flags: [N] uint8 of 0 and 1 that split every context in two, or None.
    keep_residuals: false where no later field asks for them (None is returned).
    Returns (values [N] fine units, residuals [N] fine units, learned prior); arrays are int32
    while everything computed from them is sure to fit, else int64: same numbers either way.
    Raises BadValue when a value leaves the range of 2^36 fine units.
    """
    n = len(shifts)
    n_phases = 4 if model.predicts else 1
    if prior is None:
        prior = _field_prior(model, n_phases, 1 if flags is None else 2)
    adaptive, buckets = AdaptiveTables(prior), _Buckets(model)
    reach = 0
    values = np.zeros(n, np.int32)
    if symbols is not None:
        values = np.left_shift(symbols, shifts, dtype=np.int64)
        reach = _reach(values)
    aside = _aside_bound(model, cross, energy)
    residuals = np.zeros(n, np.int32) if keep_residuals else None
    work = _working_type(model, reach, aside)
    values, small_shifts = values.astype(work, copy=False), shifts.astype(work, copy=False)
    for level in level_slices(n, 1):
        if values.dtype != work:
            values, small_shifts = values.astype(work), small_shifts.astype(work)
        members = slice(level[0], None, level[1])
        shift = small_shifts[members]
        prediction, measure = level_context(
            model, values, level, shift, None if energy is None else energy[members]
        )
        for weight, residual in zip(model.cross, cross, strict=True):
            if weight:
                prediction = prediction + ((weight * residual[members]) >> COEF_BITS)
        centre, context = _centre(prediction, shift, buckets(measure), n_phases)
        if flags is not None:
            context = (context << 1) | flags[members]
        given = None if symbols is None else (values[members] >> shift) - centre
        difference = _code_differences(coder, model, adaptive, context, given)
        if symbols is None:
            found = (centre + difference) << shift
            reach = max(reach, _reach(found))
            work = _working_type(model, reach, aside)
            values = values.astype(work, copy=False)
            values[members] = found
        if keep_residuals:
            left_over = values[members] - prediction
            residuals = residuals.astype(left_over.dtype, copy=False)
            residuals[members] = left_over
    return values, residuals, adaptive.carried()


def _field_prior(model: FieldModel, n_phases: int, n_flags: int) -> NDArray[np.int64]:
    """Prior of contexts (bucket, phase, flag), flag fastest."""
    phases = np.tile(np.repeat(np.arange(n_phases) - n_phases // 2, n_flags), BUCKETS)
    scales = np.repeat(model.scales, n_phases * n_flags)
    return logistic_prior(scales, phases, model.half_alphabet)


def _reach(values: NDArray) -> int:
    """Largest magnitude; raises BadValue beyond the range of a field."""
    largest = max(int(values.max()), -int(values.min())) if len(values) else 0
    if largest >= VALUE_LIMIT:
        raise BadValue("a decoded value is out of range")
    return largest


def _aside_bound(model: FieldModel, cross, energy) -> int:
    """Bound of the products with residuals of other fields and with the energy."""
    bound = 0
    for weight, residual in zip(model.cross, cross, strict=True):
        bound = max(bound, abs(weight) * int(np.abs(residual).max(initial=0)))
    if energy is not None:
        bound = max(bound, model.energy * int(energy.max(initial=0)))
    return bound


def _working_type(model: FieldModel, reach: int, aside: int):
    """int32 where no sum of `level_context` or of the cross terms can leave it, else int64."""
    rest = abs(((1 << COEF_BITS) - 2 * (model.near + model.far)) * model.mean)
    predicted = 2 * (abs(model.near) + abs(model.far)) * reach + rest
    measured = (3 * model.spread + 2 * model.size) * reach
    return np.int32 if max(predicted, measured, aside, 16 * reach) < 1 << 29 else np.int64


def _centre(prediction, shift, bucket, n_phases: int):
    """Symbol nearest to the prediction, and the context of the residual, uint8."""
    if n_phases == 1 and not np.any(prediction):
        return 0, bucket
    quarter = (4 * prediction) >> shift
    quarter += 2
    centre = quarter >> 2
    if n_phases == 4:
        bucket = (bucket << 2) | (quarter & 3).astype(np.uint8)
    return centre, bucket


class _Buckets:
    """Measure -> context bucket 0..7, uint8: how many thresholds it reaches."""

    def __init__(self, model: FieldModel) -> None:
        self._limits = coding_tables().thresholds[list(model.thresholds)]
        self._entries = None
        if self._limits[-1] < LARGEST_LOOKUP:
            steps = np.arange(int(self._limits[-1]) + 1)
            self._entries = self._search(steps)

    def _search(self, measure):
        return np.searchsorted(self._limits, measure, side="right").astype(np.uint8)

    def __call__(self, measure: NDArray) -> NDArray[np.uint8]:
        if self._entries is None or len(measure) < 64:
            return self._search(measure)
        return self._entries.take(measure, mode="clip")


def _code_differences(coder, model: FieldModel, adaptive, contexts, given):
    """Residual symbols of one level, with raw escapes beyond the alphabet."""
    half = model.half_alphabet
    clipped = None
    if given is not None:
        clipped = np.clip(given, -half - 1, half + 1).astype(np.int32, copy=False)
        clipped += half + 1
    coded = adaptive.code(coder, contexts, clipped)
    escaped = np.flatnonzero((coded == 0) | (coded == 2 * half + 2))
    difference = given
    if given is None:
        difference = coded
        difference -= half + 1
    if len(escaped):
        excess = None if given is None else np.abs(given[escaped]) - half - 1
        excess = coder.raw(model.escape_bits, len(escaped), excess)
        if given is None:
            difference = difference.astype(np.int64)
            difference[escaped] += np.sign(difference[escaped]) * excess
    return difference
