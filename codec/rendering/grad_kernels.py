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
        rec, g = records[i], geometry[i]
        if not write_record(rec, g[0], g[1], g[2], g[3], g[4], g[5], alpha_cut):
            continue
        if (g[0] + rec[7] < 0 or g[0] - rec[7] > width
                or g[1] + rec[6] < 0 or g[1] - rec[6] > height):
            continue
        visible[i] = 1
        for channel in range(4):
            rec[CHANNELS_AT + channel] = channels[i, channel]


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
            sums[k, :] = 0.0
            if left == 0:
                continue
            rec = records[lists[k]]
            planes[PLANE * GRAD_PLANES:] = 0.0
            first, last = _rows_of(rec, y0, rows)
            offset = x0 + 0.5 - float(rec[0])
            for row in range(first, last + 1):
                if alive[row]:
                    dy = y0 + row + 0.5 - float(rec[1])
                    u0 = rec[2] * (offset - rec[3] * dy)
                    level = rec[5] - rec[4] * dy * dy
                    if grad_row(planes, row * TILE, flat, np.intp(lists[k]) * RECORD,
                                np.float32(u0), rec[2], np.float32(level), cut, top,
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
        to = totals[order[lists[k]]]
        for j in range(GRAD_SUMS):
            to[j] += sums[k, j]
