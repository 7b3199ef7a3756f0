"""What whole rows tell in the lossless profile (spec 05, "Lossless"): lengths of 1, repetitions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.core.fields import level_slices, neighbours
from codec.core.lossless_values import code_low, code_residuals, fixed_point, residual_tables
from codec.core.model import AdaptiveTables
from codec.errors import BadValue

UNIT_BITS = 26  # of 1: squares are exact in float64 too, for decoders that have nothing else
CONTEXTS = 16
MOST_SHIFT = 23
EVEN = (512, 512)  # prior of two symbols


def unit_patterns(others: NDArray[np.int64]):
    """(patterns [N], halvings [N]): what others [3, N] leave of a length of 1, not negative.

    halvings: how often 1 is halved to the result's binade; errors grow by four with each.
    """
    left = np.full(others.shape[1], 1 << 2 * UNIT_BITS, np.int64)
    for patterns in others:
        values = fixed_point(patterns, UNIT_BITS)[0]
        left -= np.minimum(np.where(values < 0, ~values, values), 1 << UNIT_BITS) ** 2
    root = integer_root(np.maximum(left, 0))
    n_bits = np.frexp(root.astype(np.float64))[1].astype(np.int64)  # exact: integers < 2^27
    top = np.where(n_bits > 24, root >> np.maximum(n_bits - 24, 0),
                   root << np.maximum(24 - n_bits, 0))
    pattern = ((126 - UNIT_BITS + n_bits) << 23) | (top & 0x7FFFFF)
    return np.where(root > 0, pattern, 0), UNIT_BITS + 1 - n_bits


def integer_root(squares: NDArray[np.int64]) -> NDArray[np.int64]:
    """Largest integers whose squares are at most `squares` (0..2^52)."""
    root = np.floor(np.sqrt(squares.astype(np.float64))).astype(np.int64)
    root -= root * root > squares
    return root + ((root + 1) * (root + 1) <= squares)


def code_unit(coder, others: NDArray[np.int64], given):
    """Bit patterns [N] of the component that others [3, N] leave of a length of 1.

    Signs, by those of the neighbours; then how many steps the magnitude is from the predicted one.
    given: bit patterns when encoding, else None.
    """
    predicted, halvings = unit_patterns(others)
    shift = np.clip(2 * halvings - 6, 0, MOST_SHIFT)
    context = np.minimum(halvings, CONTEXTS - 1).astype(np.uint8)
    magnitude = residuals = None
    if given is not None:
        magnitude = given & 0x7FFFFFFF
        residuals = (magnitude >> shift) - (predicted >> shift)
    negative = _code_signs(coder, len(predicted), None if given is None else given >> 31)
    steps = _code_steps(coder, context, residuals)
    low = code_low(coder, shift, magnitude)
    found = (((predicted >> shift) + steps) << shift) | low
    if len(found) and not 0 <= int(found.min()) <= int(found.max()) < 1 << 31:
        raise BadValue("a decoded component is out of range")
    return (negative << 31) | found


def _code_signs(coder, n: int, given) -> NDArray[np.int64]:
    """1 for negative ones [N], by how many of the two neighbours are negative."""
    tables = AdaptiveTables(np.tile(np.array(EVEN, np.int64), (4, 1)))
    negative = np.zeros(n, np.int64)
    for level in level_slices(n, 1):
        members = slice(level[0], None, level[1])
        context = np.full(len(negative[members]), 3, np.uint8)
        if level[2]:
            left, right, _, _ = neighbours(negative, *level)
            context = (left + right).astype(np.uint8)
        part = None if given is None else given[members].astype(np.int32)
        negative[members] = tables.code(coder, context, part)
    return negative


def _code_steps(coder, context: NDArray[np.uint8], given) -> NDArray[np.int64]:
    tables = residual_tables(np.arange(CONTEXTS) + 8)
    out = np.zeros(len(context), np.int64)
    for first, step, _ in level_slices(len(context), 1):
        members = slice(first, None, step)
        part = None if given is None else given[members]
        out[members] = code_residuals(coder, tables, context[members], part)
    return out


def code_repeats(coder, n: int, rows):
    """(kept [M], source [N]): ranks of the rows that are coded, and which of these each row is.

    rows: [C, N] bit patterns when encoding, else None.
    """
    new = index = None
    if rows is not None:
        new, index = _first_rows(rows)
    tables = AdaptiveTables(np.array([EVEN], np.int64))
    kept = np.zeros(n, bool)
    for first, step, _ in level_slices(n, 1):
        members = slice(first, None, step)
        part = None if new is None else new[members].astype(np.int32)
        kept[members] = tables.code(coder, np.zeros(len(kept[members]), np.uint8), part) == 1
    source = np.cumsum(kept) - 1
    n_kept = int(kept.sum())
    again = np.flatnonzero(~kept)
    n_bits = max(n_kept - 1, 0).bit_length()
    source[again] = coder.raw(n_bits, len(again), None if index is None else index[again])
    return np.flatnonzero(kept), _checked(source, n_kept)


def _checked(source: NDArray[np.int64], n_kept: int) -> NDArray[np.int64]:
    if len(source) and int(source.max()) >= n_kept:
        raise BadValue("a repeated row is out of range")
    return source


def _first_rows(rows):
    """(first occurrence [N], number of each row's first occurrence among these [N])."""
    _, first, inverse = np.unique(rows.T, axis=0, return_index=True, return_inverse=True)
    new = np.zeros(rows.shape[1], bool)
    new[first] = True
    return new, (np.cumsum(new) - 1)[first[inverse.reshape(-1)]]
