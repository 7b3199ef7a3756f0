"""The lossless profile: float32 bit patterns, coded exactly (spec 05, "Lossless").

Positions go through the count-split tree on order-preserving integers; every other column is
split into sign and exponent (9 bits, adaptive), upper mantissa (7 bits, adaptive) and lower
mantissa (16 bits, raw). A column's most frequent value may have a flag of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.core.fields import level_slices, neighbours
from codec.core.geometry import code_tree
from codec.core.model import AdaptiveTables
from codec.core.params import TileHeader
from codec.wire.reader import Reader
from codec.wire.writer import Writer

TAIL_BITS = 11  # 32-bit position integers: 21 in the tree, 11 raw
HEAD_SYMBOLS, HEAD_CONTEXTS = 512, 9
UPPER_SYMBOLS, UPPER_CONTEXTS = 128, 4
# Columns of one group share what their tables learned.
GROUPS = (("opacity", 1), ("scale", 3), ("quat", 4), ("dc", 3))


@dataclass(frozen=True, slots=True)
class LosslessParams:
    """MODL box of the lossless profile.

    order_kept: positions are plain columns, in the order of the input.
    common: per column, the bit pattern with a flag of its own, or None.
    tops: per column, the largest exponent field present (contexts count from it).
    """

    order_kept: bool
    common: tuple[int | None, ...]
    tops: tuple[int, ...]

    def write(self) -> bytes:
        out = Writer()
        out.u8(self.order_kept)
        out.varint(len(self.common))
        for pattern, top in zip(self.common, self.tops, strict=True):
            out.u8(top)
            out.u8(pattern is not None)
            if pattern is not None:
                out.u32(pattern)
        return out.getvalue()

    @classmethod
    def read(cls, payload, n_columns: int) -> LosslessParams:
        r = Reader(payload, "box MODL")
        order_kept = r.u8()
        r.require(order_kept <= 1, "the order flag is out of range")
        r.require(r.varint() == n_columns + 3 * order_kept, "the number of columns is wrong")
        common, tops = [], []
        for _ in range(n_columns + 3 * order_kept):
            tops.append(r.u8())
            flag = r.u8()
            r.require(flag <= 1, "a column flag is out of range")
            common.append(r.u32() if flag else None)
        r.end()
        return cls(bool(order_kept), tuple(common), tuple(tops))


def column_groups(sh_degree: int, order_kept: bool) -> list[str]:
    """Group name of each plain column, in coding order."""
    rest = 3 * ((sh_degree + 1) ** 2 - 1)
    groups = [("mean", 3 * order_kept), *GROUPS, ("rest", rest)]
    return [name for name, count in groups for _ in range(count)]


def ordered(patterns: NDArray[np.int64]) -> NDArray[np.int64]:
    """float32 bit patterns to integers in the floats' order, and back by `unordered`."""
    return np.where(patterns >> 31, 0xFFFFFFFF - patterns, patterns + 0x80000000)


def unordered(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(values >> 31, values - 0x80000000, 0xFFFFFFFF - values)


def code_tile(coder, params: LosslessParams, tile: TileHeader, sh_degree: int, columns=None):
    """Code one tile. columns: [C, N] int64 bit patterns when encoding, positions first."""
    n_plain = len(column_groups(sh_degree, params.order_kept))
    out = []
    if not params.order_kept:
        out = _code_positions(coder, tile, None if columns is None else columns[:3])
    plain = (None,) * n_plain if columns is None else columns[len(out) :]
    carried: dict[str, tuple] = {}
    for i, group in enumerate(column_groups(sh_degree, params.order_kept)):
        column, carried[group] = _code_column(
            coder, params.common[i], params.tops[i], tile.n, plain[i], carried.get(group)
        )
        out.append(column)
    return np.stack(out) if out else np.zeros((0, tile.n), np.int64)


def _code_positions(coder, tile: TileHeader, columns):
    """Three position columns: tree cells of the ordered integers, then their low bits."""
    cells = None
    if columns is not None:
        values = np.stack([ordered(c) for c in columns], axis=1)
        cells = (values >> TAIL_BITS) - np.array(tile.origin, np.int64)
    cells = code_tree(coder, tile.n, tile.bits, cells) + np.array(tile.origin, np.int64)
    out = []
    for axis in range(3):
        low = None if columns is None else values[:, axis] & ((1 << TAIL_BITS) - 1)
        low = coder.raw(TAIL_BITS, tile.n, low)
        whole = ((cells[:, axis] << TAIL_BITS) | low) & 0xFFFFFFFF
        out.append(unordered(whole))
    return out


def _code_column(coder, common: int | None, top: int, n: int, column, carried):
    """One column of bit patterns; carried: what the group's tables learned so far."""
    carried = carried or (None, None, None)
    out = np.full(n, common or 0, np.int64)
    rows, flag_prior = np.arange(n), carried[2]
    if common is not None:
        flags = None if column is None else (column == common).astype(np.int32)
        flags, flag_prior = _code_flags(coder, n, flags, flag_prior)
        rows = np.flatnonzero(flags == 0)
    given = None if column is None else column[rows]
    head, head_prior = _code_head(coder, top, len(rows), given, carried[0])
    upper, upper_prior = _code_upper(coder, top, head, given, carried[1])
    low = coder.raw(16, len(rows), None if given is None else given & 0xFFFF)
    out[rows] = (head << 23) | (upper << 16) | low
    return out, (head_prior, upper_prior, flag_prior)


def _code_flags(coder, n: int, flags, prior):
    tables = AdaptiveTables(np.full((1, 2), 512, np.int64) if prior is None else prior)
    context = np.zeros(n, np.uint8)
    out = np.zeros(n, np.int32)
    for first, step, _ in level_slices(n, 1):
        members = slice(first, None, step)
        given = None if flags is None else flags[members]
        out[members] = tables.code(coder, context[members], given)
    return out, tables.carried()


def _code_head(coder, top: int, n: int, given, prior):
    """Sign and exponent, by the signs and the mean exponent of the two neighbours."""
    if prior is None:
        prior = np.full((HEAD_CONTEXTS, HEAD_SYMBOLS), 2, np.int64)
    tables, out = AdaptiveTables(prior), np.zeros(n, np.int64)
    for first, step, stride in level_slices(n, 1):
        members = slice(first, None, step)
        count = len(range(first, n, step))
        context = np.zeros(count, np.uint8)
        if stride:
            left, right, _, _ = neighbours(out, first, step, stride)
            below = np.clip((2 * top + 1 - (left & 255) - (right & 255)) >> 1, 0, 2)
            context = (3 * below + (left >> 8) + (right >> 8)).astype(np.uint8)
        symbols = None if given is None else (given[members] >> 23).astype(np.int32)
        out[members] = tables.code(coder, context, symbols)
    return out, tables.carried()


def _code_upper(coder, top: int, head, given, prior):
    """Upper seven mantissa bits, by how far the exponent lies below the column's largest."""
    if prior is None:
        prior = np.full((UPPER_CONTEXTS, UPPER_SYMBOLS), 8, np.int64)
    tables, out = AdaptiveTables(prior), np.zeros(len(head), np.int64)
    context = np.clip(top - (head & 255), 0, UPPER_CONTEXTS - 1).astype(np.uint8)
    for first, step, _ in level_slices(len(head), 1):
        members = slice(first, None, step)
        symbols = None
        if given is not None:
            symbols = ((given[members] >> 16) & 127).astype(np.int32)
        out[members] = tables.code(coder, context[members], symbols)
    return out, tables.carried()


def decode_columns(columns: NDArray[np.int64], sh_degree: int) -> dict:
    """Bit patterns [C, N] to the arrays of Splats."""
    floats = np.ascontiguousarray(columns.astype(np.uint32).T).view(np.float32)
    n, rest = len(floats), (sh_degree + 1) ** 2 - 1
    return {
        "means": floats[:, 0:3].copy(),
        "opacity_logits": floats[:, 3].copy(),
        "log_scales": floats[:, 4:7].copy(),
        "quats": floats[:, 7:11].copy(),
        "sh0": floats[:, 11:14].copy(),
        "shN": floats[:, 14:].reshape(n, rest, 3).copy(),
    }
