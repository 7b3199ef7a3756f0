"""Numba kernels of the backward pass: sums of a view, their gradients per tile and per Gaussian."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from codec.rendering.kernels import (
    RECORD,
    TILE,
    _open_tile,
    _rows_of,
    _spread,
    blend_tile,
)
from codec.rendering.simd import (
    CHANNELS_AT,
    GRAD_PLANES,
    GRAD_SUMS,
    N_CHANNELS,
    PLANE,
    grad_rows_rgb,
    grad_rows_rgbz,
)

SUM_CHUNKS = 4


@njit(cache=True, parallel=True)
def blend_sums(records, starts, lists, width, height, cut, top, depth, out):
    """Composite all tiles into out [H, W, 5]: sums of r, g, b, z without background, and alpha.

    depth: whether z is wanted; else its sums are 0.
    """
    flat = records.reshape(-1)
    columns, n_tiles = (width + TILE - 1) // TILE, starts.shape[0] - 1
    for i in prange(n_tiles):
        tile = _spread(i, n_tiles)
        planes = np.empty(PLANE * (1 + N_CHANNELS), np.float32)
        alive = np.empty(TILE, np.uint8)
        x0, y0, rows = _open_tile(tile, planes, alive, width, height, columns)
        blend_tile(records, flat, starts, lists, tile, planes, alive, x0, y0, rows, cut, top, depth)
        for row in range(rows):
            for lane in range(min(TILE, width - x0)):
                at, y, x = row * TILE + lane, y0 + row, x0 + lane
                for channel in range(N_CHANNELS):
                    out[y, x, channel] = planes[PLANE * (1 + channel) + at]
                out[y, x, N_CHANNELS] = np.float32(1.0) - abs(planes[at])


@njit(cache=True, inline="always")
def _open_gradients(planes, x0, y0, rows, outputs, grads):
    """Load the gradients [H, W, 5] of one tile and what lies behind its first Gaussian."""
    for row in range(rows):
        for lane in range(min(TILE, grads.shape[1] - x0)):
            at, y, x = row * TILE + lane, y0 + row, x0 + lane
            behind = np.float32(0.0)
            for k in range(5):
                behind += outputs[y, x, k] * grads[y, x, k]
                planes[PLANE * (2 + k) + at] = grads[y, x, k]
            planes[PLANE + at] = behind


@njit(cache=True, parallel=True)
def grad_pairs(records, starts, lists, width, height, cut, top, outputs, grads, depth, sums):
    """Gradient sums [P, 10] of each entry of `lists`; outputs, grads: [H, W, 5] r g b z alpha.

    depth: whether the gradient of z is not zero everywhere.
    """
    flat, flat_sums = records.reshape(-1), sums.reshape(-1)
    columns, n_tiles = (width + TILE - 1) // TILE, starts.shape[0] - 1
    for i in prange(n_tiles):
        tile = _spread(i, n_tiles)
        planes = np.empty(PLANE * GRAD_PLANES, np.float32)
        alive = np.empty(TILE, np.uint8)
        x0, y0, rows = _open_tile(tile, planes, alive, width, height, columns)
        _open_gradients(planes, x0, y0, rows, outputs, grads)
        left = rows
        for k in range(starts[tile], starts[tile + 1]):
            if left == 0:
                sums[k] = 0.0
                continue
            g = np.intp(lists[k])
            first, last = _rows_of(records, g, y0, rows)
            offset = x0 + 0.5 - float(records[g, 0])
            dy0 = y0 + 0.5 - float(records[g, 1])
            if depth:
                left -= grad_rows_rgbz(planes, alive, flat, g * RECORD, first, last, offset, dy0,
                                       cut, top, flat_sums, k * GRAD_SUMS)
            else:
                left -= grad_rows_rgb(planes, alive, flat, g * RECORD, first, last, offset, dy0,
                                      cut, top, flat_sums, k * GRAD_SUMS)


@njit(cache=True, parallel=True)
def sum_gradients(lists, sums, totals):
    """Add the tile sums to `totals` [V, 10] float64, each row in the order of the lists."""
    n = totals.shape[0]
    for chunk in prange(SUM_CHUNKS):
        # Each thread walks the whole list for its own rows: no two write to one row.
        first, last = n * chunk // SUM_CHUNKS, n * (chunk + 1) // SUM_CHUNKS
        for k in range(lists.shape[0]):
            place = lists[k]
            if first <= place < last:
                for j in range(GRAD_SUMS):
                    totals[place, j] += sums[k, j]


@njit(cache=True, parallel=True)
def scatter_gradients(order, records, totals, out):
    """Rows of `totals` [V, 10] to their Gaussians' rows of `out` [N, 10], both float64.

    Colours clamped at 0 lose their gradient here. A pass of its own, because the cache misses of
    a short loop overlap and those of the long one in `project_gradient` would not.
    """
    n = order.shape[0]
    for chunk in prange(SUM_CHUNKS):
        for row in range(n * chunk // SUM_CHUNKS, n * (chunk + 1) // SUM_CHUNKS):
            i = order[row]
            for j in range(GRAD_SUMS):
                out[i, j] = totals[row, j]
            for channel in range(3):
                if not records[row, CHANNELS_AT + channel] > 0.0:
                    out[i, 6 + channel] = 0.0
