"""Count-split tree: positions on a grid, free of order (spec 05, "Tree").

The root holds N Gaussians in a box of 2^bits cells. Each step halves the box along the axis with
most bits left (ties: x, then y, then z) and codes how many lie in the upper half; boxes with one
Gaussian send their remaining bits raw. Leaves come out in the order that all fields follow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.core.model import COUNT_WEIGHT, code_groups, frequencies
from codec.errors import BadValue

MAX_MODELLED = 16
_PER_KIND = MAX_MODELLED - 1
_LARGE = 2 * _PER_KIND  # context of boxes with more


def split_axes(bits: tuple[int, int, int]) -> list[int]:
    """Axis of each split, root first."""
    left, out = list(bits), []
    while any(left):
        axis = left.index(max(left))
        left[axis] -= 1
        out.append(axis)
    return out


def tree_keys(cells: NDArray[np.int64], bits: tuple[int, int, int]) -> NDArray[np.uint64]:
    """Bits of cells [N, 3] interleaved in split order; sorting by it gives the tree order."""
    left, axes = list(bits), split_axes(bits)
    columns = [np.ascontiguousarray(cells[:, a]).astype(np.uint64) for a in range(3)]
    key = np.zeros(len(cells), np.uint64)
    one = np.uint64(1)
    for axis in axes:
        left[axis] -= 1
        key = (key << one) | ((columns[axis] >> np.uint64(left[axis])) & one)
    return key


def cells_of_keys(keys: NDArray[np.uint64], bits: tuple[int, int, int]) -> NDArray[np.int64]:
    """Cells [N, 3] of `tree_keys`, a byte of the key at a time."""
    packed = np.zeros(len(keys), np.int64)  # 21 bits an axis
    for first, table in enumerate(_spread_tables(bits)):
        packed |= table.take(((keys >> np.uint64(8 * first)) & np.uint64(0xFF)).astype(np.intp))
    return (packed[:, None] >> (21 * np.arange(3))) & ((1 << 21) - 1)


def _spread_tables(bits: tuple[int, int, int]) -> list[NDArray[np.int64]]:
    """For each byte of a key, lowest first: its 256 values with bits moved to bit 21 * axis + i."""
    left, targets = [0, 0, 0], []
    for axis in reversed(split_axes(bits)):
        targets.append(21 * axis + left[axis])
        left[axis] += 1
    values, tables = np.arange(256), []
    for first in range(0, len(targets), 8):
        spread = [((values >> i) & 1) << t for i, t in enumerate(targets[first : first + 8])]
        tables.append(np.bitwise_or.reduce(spread))
    return tables


class _SplitTables:
    """Adaptive tables for the upper count k of boxes with n = 2..16, by parent kind and n."""

    def __init__(self) -> None:
        n = np.tile(np.arange(2, MAX_MODELLED + 1), 2)
        self._last = n.tolist()
        self._used = (np.arange(MAX_MODELLED + 1) <= n[:, None]).astype(np.int64)
        self._counts = np.zeros_like(self._used)

    def code(self, coder, counts, kinds, upper):
        """Upper counts of all boxes of one depth, [M]; contexts ascending, then uniform ones."""
        modelled = counts <= MAX_MODELLED
        contexts = np.where(modelled, _PER_KIND * kinds + counts - 2, _LARGE).astype(np.uint8)
        order = np.argsort(contexts, kind="stable")
        sizes = np.bincount(contexts, minlength=_LARGE + 1)[:_LARGE].tolist()
        grouped = np.empty(len(counts), np.int64) if upper is None else upper.take(order)
        n = sum(sizes)
        self._code_modelled(coder, contexts.take(order[:n]), sizes, grouped[:n])
        given = None if upper is None else grouped[n:]
        grouped[n:] = coder.uniform(counts.take(order[n:]) + 1, given)
        out = np.empty_like(grouped)
        out[order] = grouped
        return out

    def _code_modelled(self, coder, contexts, sizes, grouped) -> None:
        weights = (self._counts * COUNT_WEIGHT + 4 * COUNT_WEIGHT) * self._used
        tables = frequencies(weights, self._used)
        rows = [row[: n + 1] for row, n in zip(tables, self._last, strict=True)]
        code_groups(coder, rows, sizes, grouped)
        pairs = contexts * np.int64(tables.shape[1]) + grouped
        self._counts += np.bincount(pairs, minlength=tables.size).reshape(tables.shape)


def code_tree(coder, n: int, bits: tuple[int, int, int], cells=None) -> NDArray[np.int64]:
    """Code a tile's cells; encoder: `cells` [N, 3] in tree order. Returns them, int64 [N, 3]."""
    decoding = cells is None
    out = np.zeros((n, 3), np.int64) if decoding else cells  # the decoder's begin as tails alone
    keys = np.zeros(n, np.uint64) if decoding else tree_keys(cells, bits)
    tables, left, total = _SplitTables(), list(bits), sum(bits)
    start, count, kind, prefix = (np.array([v], np.int64) for v in (0, n, 0, 0))
    for depth, axis in enumerate([*split_axes(bits), -1]):
        single, keep = np.flatnonzero(count == 1), np.flatnonzero(count > 1)
        rank = start.take(single)
        _code_tails(coder, out, rank, left)
        if decoding:
            keys[rank] = prefix.take(single) << (total - depth)
        start, count, kind, prefix = (a.take(keep) for a in (start, count, kind, prefix))
        if axis < 0 or not len(count):
            break
        left[axis] -= 1
        upper = None if decoding else _upper_counts(keys, total - 1 - depth, start, count)
        upper = tables.code(coder, count, kind, upper)
        start, count, kind, prefix = _children(start, count, prefix, upper)
    if decoding:
        _fill_shared(keys, start, count, prefix)
        out |= cells_of_keys(keys, bits)
    return out


def _upper_counts(keys, bit: int, start, count):
    ones = (keys >> np.uint64(bit)) & np.uint64(1)
    running = np.concatenate([[0], np.cumsum(ones.astype(np.int64))])
    return running[start + count] - running[start]


def _children(start, count, prefix, upper):
    """Boxes of the next depth, lower before upper, empty ones left out."""
    lower = count - upper
    counts = np.stack([lower, upper], axis=1).reshape(-1)
    starts = np.stack([start, start + lower], axis=1).reshape(-1)
    keep = np.flatnonzero(counts)
    parent = keep >> 1
    one_sided = ((upper == 0) | (lower == 0)).astype(np.int64)
    prefixes = (prefix.take(parent) << 1) | (keep & 1)
    return starts.take(keep), counts.take(keep), one_sided.take(parent), prefixes


def _code_tails(coder, out, rank, left) -> None:
    """Remaining bits per axis of boxes with one Gaussian."""
    for axis in range(3):
        n_bits = left[axis]
        given = None if coder.decoding else out[rank, axis] & ((1 << n_bits) - 1)
        tail = coder.raw(n_bits, len(rank), given)
        if coder.decoding and n_bits:
            out[rank, axis] = tail


def _fill_shared(keys, start, count, prefix) -> None:
    if len(count) and int((start + count).max()) > len(keys):
        raise BadValue("the tree holds more Gaussians than its root")
    ranks = np.repeat(start, count) + _ramps(count)
    keys[ranks] = np.repeat(prefix, count)


def _ramps(count):
    ends = np.cumsum(count)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - count, count)
