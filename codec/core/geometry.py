"""Count-split tree: positions on a grid, free of order (spec 05, "Tree").

The root holds N Gaussians in a box of 2^bits cells. Each step halves the box along the axis with
most bits left (ties: x, then y, then z) and codes how many lie in the upper half; boxes with one
Gaussian send their remaining bits raw. Leaves come out in the order that all fields follow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.core.model import COUNT_WEIGHT, frequencies
from codec.errors import BadValue

MAX_MODELLED = 16


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


class _SplitTables:
    """Adaptive tables for the upper count k of boxes with n = 2..16, by n and by parent kind."""

    def __init__(self) -> None:
        self._counts = {
            (kind, n): np.zeros(n + 1, np.int64)
            for kind in (0, 1) for n in range(2, MAX_MODELLED + 1)
        }

    def code(self, coder, counts, kinds, upper):
        """Upper counts of all boxes of one depth, [M]; contexts ascending, then uniform ones."""
        out = np.zeros(len(counts), np.int64) if upper is None else upper
        for (kind, n), seen in self._counts.items():
            where = np.flatnonzero((counts == n) & (kinds == kind))
            if len(where):
                prior = np.full(n + 1, 4 * COUNT_WEIGHT, np.int64)
                table = frequencies((seen * COUNT_WEIGHT + prior)[None, :])[0]
                given = None if upper is None else upper[where]
                out[where] = coder.symbols(table, len(where), given)
                seen += np.bincount(out[where], minlength=n + 1)
        large = np.flatnonzero(counts > MAX_MODELLED)
        given = None if upper is None else upper[large]
        out[large] = coder.uniform(counts[large] + 1, given)
        return out


def code_tree(coder, n: int, bits: tuple[int, int, int], cells=None) -> NDArray[np.int64]:
    """Code a tile's cells; encoder: `cells` [N, 3] in tree order. Returns them, int64 [N, 3]."""
    out = np.zeros((n, 3), np.int64) if cells is None else cells
    keys = None if cells is None else tree_keys(cells, bits)
    tables, left, total = _SplitTables(), list(bits), sum(bits)
    start, count, kind = (np.array([v], np.int64) for v in (0, n, 0))
    prefix = np.zeros((1, 3), np.int64)
    for depth, axis in enumerate([*split_axes(bits), -1]):
        single = count == 1
        _code_tails(coder, out, start[single], prefix[single], left, cells is None)
        keep = count > 1
        start, count, kind, prefix = start[keep], count[keep], kind[keep], prefix[keep]
        if axis < 0 or not len(count):
            break
        left[axis] -= 1
        upper = None
        if keys is not None:
            upper = _upper_counts(keys, total - 1 - depth, start, count)
        upper = tables.code(coder, count, kind, upper)
        start, count, kind, prefix = _children(start, count, prefix, upper, axis)
    if cells is None:
        _fill_shared(out, start, count, prefix)
    return out


def _upper_counts(keys, bit: int, start, count):
    ones = (keys >> np.uint64(bit)) & np.uint64(1)
    running = np.concatenate([[0], np.cumsum(ones.astype(np.int64))])
    return running[start + count] - running[start]


def _children(start, count, prefix, upper, axis):
    """Boxes of the next depth, lower before upper, empty ones left out."""
    m = len(count)
    child_count = np.stack([count - upper, upper], axis=1).reshape(-1)
    child_start = np.stack([start, start + count - upper], axis=1).reshape(-1)
    child_prefix = np.repeat(prefix, 2, axis=0)
    child_prefix[:, axis] = (child_prefix[:, axis] << 1) | np.tile([0, 1], m)
    one_sided = np.repeat((upper == 0) | (upper == count), 2).astype(np.int64)
    keep = child_count > 0
    return child_start[keep], child_count[keep], one_sided[keep], child_prefix[keep]


def _code_tails(coder, out, rank, prefix, left, decoding: bool) -> None:
    """Remaining bits per axis of boxes with one Gaussian."""
    for axis in range(3):
        n_bits = left[axis]
        given = None if decoding else out[rank, axis] & ((1 << n_bits) - 1)
        tail = coder.raw(n_bits, len(rank), given)
        if decoding:
            out[rank, axis] = (prefix[:, axis] << n_bits) | tail


def _fill_shared(out, start, count, prefix) -> None:
    if len(count) and int((start + count).max()) > len(out):
        raise BadValue("the tree holds more Gaussians than its root")
    ranks = np.repeat(start, count) + _ramps(count)
    out[ranks] = np.repeat(prefix, count, axis=0)


def _ramps(count):
    ends = np.cumsum(count)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - count, count)
