"""Numba kernels of the backward pass: records from given geometry, gradients per tile and sums."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from codec.rendering.kernels import (
    RECORD,
    TILE,
    _open_tile,
    _rows_of,
    _spread,
    write_record,
)
from codec.rendering.simd import CHANNELS_AT, GRAD_PLANES, GRAD_SUMS, LANES, PLANE, grad_row


@njit(cache=True, parallel=True)
def pack_records(geometry, channels, valid, width, height, alpha_cut, records, visible):
    """Records from geometry [N, 6] (mx, my, xx, xy, yy, opacity) and channels [N, 4]."""
    for i in prange(geometry.shape[0]):
        visible[i] = 0
        if not valid[i]:
            continue
        mx, my = geometry[i, 0], geometry[i, 1]
        if not write_record(records, i, mx, my, geometry[i, 2], geometry[i, 3], geometry[i, 4],
                            geometry[i, 5], alpha_cut):
            continue
        if (mx + records[i, 7] < 0 or mx - records[i, 7] > width
                or my + records[i, 6] < 0 or my - records[i, 6] > height):
            continue
        visible[i] = 1
        for channel in range(4):
            records[i, CHANNELS_AT + channel] = channels[i, channel]


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
def grad_pairs(records, starts, lists, width, height, cut, top, outputs, grads, sums):
    """Gradient sums [P, 10] of each entry of `lists`; outputs, grads: [H, W, 5] r g b z alpha."""
    flat = records.reshape(-1)
    columns, n_tiles = (width + TILE - 1) // TILE, starts.shape[0] - 1
    for i in prange(n_tiles):
        tile = _spread(i, n_tiles)
        planes = np.empty(PLANE * GRAD_PLANES + LANES * GRAD_SUMS, np.float32)
        alive = np.empty(TILE, np.uint8)
        x0, y0, rows = _open_tile(tile, planes, alive, width, height, columns)
        _open_gradients(planes, x0, y0, rows, outputs, grads)
        left = rows
        for k in range(starts[tile], starts[tile + 1]):
            for j in range(GRAD_SUMS):
                sums[k, j] = 0.0
            if left == 0:
                continue
            g = np.intp(lists[k])
            for j in range(PLANE * GRAD_PLANES, planes.shape[0]):
                planes[j] = 0.0
            first, last = _rows_of(records, g, y0, rows)
            offset = x0 + 0.5 - float(records[g, 0])
            for row in range(first, last + 1):
                if alive[row]:
                    dy = y0 + row + 0.5 - float(records[g, 1])
                    u0 = records[g, 2] * (offset - records[g, 3] * dy)
                    level = records[g, 5] - records[g, 4] * dy * dy
                    if grad_row(planes, row * TILE, flat, g * RECORD,
                                np.float32(u0), records[g, 2], np.float32(level), cut, top,
                                np.float32(offset), np.float32(dy)) == 2:
                        alive[row] = 0
                        left -= 1
            for j in range(GRAD_SUMS):
                for lane in range(LANES):
                    sums[k, j] += planes[PLANE * GRAD_PLANES + LANES * j + lane]


@njit(cache=True)
def sum_gradients(lists, sums, order, totals):
    """Add the tile sums to `totals` [N, 10] float64, in the order of the lists."""
    for k in range(lists.shape[0]):
        i = order[lists[k]]
        for j in range(GRAD_SUMS):
            totals[i, j] += sums[k, j]
