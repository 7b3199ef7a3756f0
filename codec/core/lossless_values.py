"""Float32 bit patterns as integers, and what is coded of them, for the lossless profile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.core.fields import level_slices
from codec.core.model import AdaptiveTables, logistic_prior
from codec.errors import BadValue

HALF = 126  # largest residual with a symbol of its own
ESCAPE_BITS = 32
DROP_SYMBOLS = 24
MOST_BITS = 28  # below what is coded of a value


def ordered(patterns: NDArray[np.int64]) -> NDArray[np.int64]:
    """float32 bit patterns to integers in the floats' order, and back by `unordered`."""
    return np.where(patterns >> 31, 0xFFFFFFFF - patterns, patterns + 0x80000000)


def unordered(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(values >> 31, values - 0x80000000, 0xFFFFFFFF - values)


def fixed_point(patterns: NDArray[np.int64], exponent: int):
    """(values [N], representable [N]): v * 2^exponent cut toward zero, negative ones as ~magnitude.

    Not representable: magnitudes of 2^30 and more, infinities, NaNs (their values are zero).
    """
    field = (patterns >> 23) & 255
    significand = (patterns & 0x7FFFFF) | ((field > 0).astype(np.int64) << 23)
    shift = np.maximum(field, 1) - 150 + exponent
    fits = (shift <= 6) & (field < 255)
    shift = np.where(fits, shift, 0)
    magnitude = (significand << np.maximum(shift, 0)) >> np.minimum(-np.minimum(shift, 0), 63)
    magnitude = np.where(fits, magnitude, 0)
    return np.where(patterns >> 31, ~magnitude, magnitude), fits


def code_residuals(coder, tables: AdaptiveTables, context: NDArray[np.uint8], given):
    """Residuals of a level by adaptive tables, those beyond HALF with a raw excess."""
    clipped = None
    if given is not None:
        clipped = (np.clip(given, -HALF - 1, HALF + 1) + HALF + 1).astype(np.int32)
    coded = tables.code(coder, context, clipped)
    residual = coded.astype(np.int64) - HALF - 1
    escaped = np.flatnonzero(np.abs(residual) > HALF)
    if len(escaped):
        excess = None if given is None else np.abs(given[escaped]) - HALF - 1
        excess = coder.raw(ESCAPE_BITS, len(escaped), excess)
        residual[escaped] += np.sign(residual[escaped]) * excess
    return residual


def residual_tables(scales: NDArray[np.int64]) -> AdaptiveTables:
    """Tables of residuals; scales: [C] indices into the shipped inverse scales."""
    return AdaptiveTables(logistic_prior(scales, 0 * scales, HALF))


def code_below(coder, drops: AdaptiveTables, cut, unit, given):
    """Bit patterns of normal values: cut * 2^-unit with everything below.

    A magnitude of b > 0 bits fixes sign, exponent and b - 1 mantissa bits; a zero magnitude leaves
    the exponent, counted down from the largest possible one, and all of the mantissa.
    """
    magnitude = np.where(cut < 0, ~cut, cut)
    n_bits = np.frexp(magnitude.astype(np.float64))[1].astype(np.int64)  # exact: integers < 2^31
    field = 126 - unit + n_bits
    zero = np.flatnonzero(n_bits == 0)
    drop = None if given is None else field[zero] - ((given[zero] >> 23) & 255)
    field[zero] -= _code_drops(coder, drops, len(zero), drop)
    if len(cut) and (int(field.min()) < 0 or int(field.max()) > 254):
        raise BadValue("a decoded exponent is out of range")
    missing = np.where(n_bits > 0, np.maximum(24 - n_bits, 0), 23)
    low = code_low(coder, missing, given)
    top = np.where(n_bits > 24, magnitude >> np.maximum(n_bits - 24, 0), magnitude << missing)
    return ((cut < 0).astype(np.int64) << 31) | (field << 23) | ((top & 0x7FFFFF) | low)


def drop_tables() -> AdaptiveTables:
    """Halving prior: values near zero are spread evenly."""
    prior = (1024 >> np.minimum(np.arange(DROP_SYMBOLS) + 1, 10)) + 1
    return AdaptiveTables(prior[None, :].astype(np.int64))


def _code_drops(coder, tables: AdaptiveTables, n: int, given):
    """How far exponents lie below the largest; the last symbol is followed by the raw drop."""
    out = np.zeros(n, np.int64)
    for first, step, _ in level_slices(n, 1):
        members = slice(first, None, step)
        part = None
        if given is not None:
            part = np.minimum(given[members], DROP_SYMBOLS - 1).astype(np.int32)
        out[members] = tables.code(coder, np.zeros(len(out[members]), np.uint8), part)
    far = np.flatnonzero(out == DROP_SYMBOLS - 1)
    out[far] = coder.raw(8, len(far), None if given is None else given[far])
    return out


def code_low(coder, missing, given):
    """The lowest missing[i] bits of each pattern, grouped by their number."""
    out = np.zeros(len(missing), np.int64)
    for n_bits in range(1, MOST_BITS + 1):
        where = np.flatnonzero(missing == n_bits)
        part = None if given is None else given[where] & ((1 << n_bits) - 1)
        out[where] = coder.raw(n_bits, len(where), part)
    return out
