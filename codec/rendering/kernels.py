"""Numba kernels of the CPU renderer: projection, binning into tiles, blending.

Every array element is written by one loop index only and lists are filled in a fixed order, so
the results do not depend on the number of threads. No fastmath: the order of additions is fixed.

A record is 16 float32 values of one visible Gaussian, in depth order:
0 mx, 1 my: centre in pixels; 2 l11, 3 slope, 4 kyy, 5 level: see below; 6 reach_y, 7 reach_x:
half extents in pixels where alpha may reach alpha_cut; 8..11 r, g, b, camera z; 12 dy of the
right-most point of that ellipse; 13 spare exponent.
The alpha of a pixel at (dx, dy) from the centre is 2**(level - kyy dy^2 - (l11 (dx - slope dy))^2),
the Gaussian written as conditional times marginal: unlike a dx^2 + 2 b dx dy + c dy^2 it does not
cancel in float32 for long thin Gaussians.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from codec.rendering.base import FOV_MARGIN, SH_C0, SH_C1, SH_C2, SH_C3
from codec.rendering.simd import (
    CHANNELS_AT,
    LANES,
    N_CHANNELS,
    PLANE,
    blend_rows_rgb,
    blend_rows_rgbz,
    weigh_row,
)

RECORD = 16
TILE = 16
CHUNKS = 16  # fixed partition of the depth order while binning
_HALF_LOG2E = 0.5 / math.log(2.0)
_SLACK = 1e-3  # binning keeps this much more (exponent, pixels) than the kernels will use
_C20, _C21, _C22 = SH_C2
_C30, _C31, _C32, _C33, _C34 = SH_C3


@njit(cache=True, inline="always")
def write_record(rec, i, mx, my, sxx, sxy, syy, opacity, alpha_cut):
    """Fill the geometry of one record; False (and nothing written) if it cannot be seen."""
    det = sxx * syy - sxy * sxy
    if not (det > 0.0 and opacity >= alpha_cut and syy < 1e30 and sxx < 1e30):
        return False
    if not (abs(mx) < 1e9 and abs(my) < 1e9):
        return False
    level = math.log2(opacity)
    spare = level - math.log2(alpha_cut) + _SLACK
    kyy = _HALF_LOG2E / syy
    reach_x = math.sqrt(spare * sxx / _HALF_LOG2E)
    rec[i, 0], rec[i, 1] = mx, my
    rec[i, 2] = math.sqrt(_HALF_LOG2E * syy / det)
    rec[i, 3] = sxy / syy
    rec[i, 4] = kyy
    rec[i, 5] = level
    rec[i, 6] = math.sqrt(spare / kyy)
    rec[i, 7] = reach_x
    rec[i, 12] = sxy / sxx * reach_x
    rec[i, 13] = spare
    return True


@njit(cache=True, inline="always")
def _sh_colour(sh0, shn, i, channel, x, y, z, degree):
    c = SH_C0 * sh0[i, channel]
    if degree > 0:
        c += SH_C1 * (z * shn[i, 1, channel] - y * shn[i, 0, channel] - x * shn[i, 2, channel])
    if degree > 1:
        xx, yy, zz = x * x, y * y, z * z
        c += _C20 * (x * y * shn[i, 3, channel] - y * z * shn[i, 4, channel]
                     - x * z * shn[i, 6, channel])
        c += _C21 * (2.0 * zz - xx - yy) * shn[i, 5, channel]
        c += _C22 * (xx - yy) * shn[i, 7, channel]
        if degree > 2:
            c += _C30 * (-y * (3.0 * xx - yy) * shn[i, 8, channel]
                         - x * (xx - 3.0 * yy) * shn[i, 14, channel])
            c += _C31 * x * y * z * shn[i, 9, channel]
            c += _C32 * (4.0 * zz - xx - yy) * (-y * shn[i, 10, channel] - x * shn[i, 12, channel])
            c += _C33 * z * (2.0 * zz - 3.0 * xx - 3.0 * yy) * shn[i, 11, channel]
            c += _C34 * z * (xx - yy) * shn[i, 13, channel]
    return max(0.0, c + 0.5)


@njit(cache=True, inline="always")
def _project_covariance(view, fx, fy, ux, uy, z, log_scales, quats, i):
    """Image covariance (xx, xy, yy) at the point (ux, uy, 1) z of the camera frame."""
    w, x, y, q = quats[i, 0], quats[i, 1], quats[i, 2], quats[i, 3]
    norm = 1.0 / math.sqrt(float(w) * w + float(x) * x + float(y) * y + float(q) * q)
    w, x, y, q = w * norm, x * norm, y * norm, q * norm
    ax, az = fx / z, -fx * ux / z
    by, bz = fy / z, -fy * uy / z
    sxx, sxy, syy = 0.0, 0.0, 0.0
    for axis in range(3):
        if axis == 0:
            r0, r1, r2 = 1 - 2 * (y * y + q * q), 2 * (x * y + w * q), 2 * (x * q - w * y)
        elif axis == 1:
            r0, r1, r2 = 2 * (x * y - w * q), 1 - 2 * (x * x + q * q), 2 * (y * q + w * x)
        else:
            r0, r1, r2 = 2 * (x * q + w * y), 2 * (y * q - w * x), 1 - 2 * (x * x + y * y)
        s = math.exp(float(log_scales[i, axis]))
        c0 = view[0, 0] * r0 + view[0, 1] * r1 + view[0, 2] * r2
        c1 = view[1, 0] * r0 + view[1, 1] * r1 + view[1, 2] * r2
        c2 = view[2, 0] * r0 + view[2, 1] * r1 + view[2, 2] * r2
        ex, ey = s * (ax * c0 + az * c2), s * (by * c1 + bz * c2)
        sxx += ex * ex
        sxy += ex * ey
        syy += ey * ey
    return sxx, sxy, syy


@njit(cache=True, parallel=True)
def project(means, log_scales, quats, logits, sh0, shn, degree, view, position, fx, fy, cx, cy,
            width, height, near, low_pass, antialiased, alpha_cut, records, visible):
    """Fill `records` [N, 16] and `visible` [N] uint8 (see the module text)."""
    left = -cx / fx - FOV_MARGIN * 0.5 * width / fx
    right = (width - cx) / fx + FOV_MARGIN * 0.5 * width / fx
    above = -cy / fy - FOV_MARGIN * 0.5 * height / fy
    below = (height - cy) / fy + FOV_MARGIN * 0.5 * height / fy
    for i in prange(means.shape[0]):
        visible[i] = 0
        px, py, pz = float(means[i, 0]), float(means[i, 1]), float(means[i, 2])
        z = view[2, 0] * px + view[2, 1] * py + view[2, 2] * pz + view[2, 3]
        opacity = 1.0 / (1.0 + math.exp(-float(logits[i])))
        if not (z >= near and opacity >= alpha_cut):
            continue
        x = (view[0, 0] * px + view[0, 1] * py + view[0, 2] * pz + view[0, 3]) / z
        y = (view[1, 0] * px + view[1, 1] * py + view[1, 2] * pz + view[1, 3]) / z
        ux, uy = min(right, max(left, x)), min(below, max(above, y))
        sxx, sxy, syy = _project_covariance(view, fx, fy, ux, uy, z, log_scales, quats, i)
        bxx, byy = sxx + low_pass, syy + low_pass
        if antialiased:
            det = bxx * byy - sxy * sxy
            opacity *= math.sqrt(max(0.0, (sxx * syy - sxy * sxy) / det)) if det > 0.0 else 0.0
        mx, my = fx * x + cx, fy * y + cy
        if not write_record(records, i, mx, my, bxx, sxy, byy, opacity, alpha_cut):
            continue
        if (mx + records[i, 7] < 0 or mx - records[i, 7] > width
                or my + records[i, 6] < 0 or my - records[i, 6] > height):
            continue
        visible[i] = 1
        dx, dy, dz = px - position[0], py - position[1], pz - position[2]
        norm = 1.0 / max(1e-12, math.sqrt(dx * dx + dy * dy + dz * dz))
        for channel in range(3):
            records[i, CHANNELS_AT + channel] = _sh_colour(
                sh0, shn, i, channel, dx * norm, dy * norm, dz * norm, degree)
        records[i, CHANNELS_AT + 3] = z


@njit(cache=True)
def depth_order(records, visible):
    """Indices of the visible Gaussians by float32 camera z, ties by index (radix sort)."""
    n = 0
    for i in range(visible.shape[0]):
        n += visible[i]
    keys = np.empty(n, np.uint32)
    index = np.empty(n, np.int32)
    bits = records[:, CHANNELS_AT + 3].copy().view(np.uint32)
    n = 0
    for i in range(visible.shape[0]):
        if visible[i]:
            keys[n] = bits[i]
            index[n] = i
            n += 1
    keys2, index2 = np.empty_like(keys), np.empty_like(index)
    for shift in (0, 11, 22):
        counts = np.zeros(2049, np.int64)
        for i in range(n):
            counts[((keys[i] >> shift) & 2047) + 1] += 1
        for i in range(2048):
            counts[i + 1] += counts[i]
        for i in range(n):
            digit = (keys[i] >> shift) & 2047
            at = counts[digit]
            counts[digit] += 1
            keys2[at], index2[at] = keys[i], index[i]
        keys, keys2 = keys2, keys
        index, index2 = index2, index
    return index


@njit(cache=True, inline="always", error_model="numpy")
def _edge(dy, rec, i):
    """Half width of the visible ellipse at dy, around the line dx = slope dy."""
    return math.sqrt(max(0.0, rec[i, 13] - rec[i, 4] * dy * dy)) / rec[i, 2]


@njit(cache=True, inline="always")
def _tile_rows(rec, i, height):
    first = max(0, int(math.ceil(max(-1.0, rec[i, 1] - rec[i, 6] - 0.5 - _SLACK))))
    last = min(height - 1, int(math.floor(min(height + 1.0, rec[i, 1] + rec[i, 6] - 0.5 + _SLACK))))
    return first // TILE, (last // TILE if last >= first else first // TILE - 1)


@njit(cache=True, inline="always")
def _tile_columns(rec, i, tile_row, width, height):
    """First and last tile of this row of tiles that the visible ellipse can touch."""
    top = tile_row * TILE + 0.5 - rec[i, 1]
    bottom = min(tile_row * TILE + TILE, height) - 0.5 - rec[i, 1]
    low, high = max(top - _SLACK, -rec[i, 6]), min(bottom + _SLACK, rec[i, 6])
    if low > high:
        return 0, -1
    # The half width is concave in dy: the extreme lies at the ellipse's own, or at an end.
    at = min(high, max(low, rec[i, 12]))
    right = rec[i, 0] + rec[i, 3] * at + _edge(at, rec, i)
    at = min(high, max(low, -rec[i, 12]))
    left = rec[i, 0] + rec[i, 3] * at - _edge(at, rec, i)
    slack = _SLACK + 1e-5 * (abs(rec[i, 0]) + rec[i, 7])
    first = max(0, int(math.ceil(max(-1.0, left - 0.5 - slack))))
    last = min(width - 1, int(math.floor(min(width + 1.0, right - 0.5 + slack))))
    if last < first:
        return 0, -1
    return first // TILE, last // TILE


@njit(cache=True, parallel=True)
def _gather(source, order, records):
    """Records in depth order; a pass of its own, so that its cache misses overlap."""
    n = order.shape[0]
    for chunk in prange(CHUNKS):
        for i in range(n * chunk // CHUNKS, n * (chunk + 1) // CHUNKS):
            for j in range(RECORD):
                records[i, j] = source[order[i], j]


@njit(cache=True, parallel=True)
def _count(records, width, height, counts):
    """Count the tile hits of each chunk of the records."""
    n, columns = records.shape[0], (width + TILE - 1) // TILE
    for chunk in prange(CHUNKS):
        for i in range(n * chunk // CHUNKS, n * (chunk + 1) // CHUNKS):
            first, last = _tile_rows(records, i, height)
            for tile_row in range(first, last + 1):
                a, b = _tile_columns(records, i, tile_row, width, height)
                for tile in range(tile_row * columns + a, tile_row * columns + b + 1):
                    counts[chunk, tile] += 1


@njit(cache=True, parallel=True)
def _fill(records, width, height, cursors, lists):
    n, columns = records.shape[0], (width + TILE - 1) // TILE
    for chunk in prange(CHUNKS):
        for i in range(n * chunk // CHUNKS, n * (chunk + 1) // CHUNKS):
            first, last = _tile_rows(records, i, height)
            for tile_row in range(first, last + 1):
                a, b = _tile_columns(records, i, tile_row, width, height)
                for tile in range(tile_row * columns + a, tile_row * columns + b + 1):
                    lists[cursors[chunk, tile]] = i
                    cursors[chunk, tile] += 1


@njit(cache=True)
def _cursors(counts, starts):
    at = 0
    for tile in range(counts.shape[1]):
        starts[tile] = at
        for chunk in range(counts.shape[0]):
            hits = counts[chunk, tile]
            counts[chunk, tile] = at
            at += hits
    starts[counts.shape[1]] = at


@njit(cache=True)
def bin_tiles(source, order, width, height, most):
    """Records in depth order [V, 16] and, tile by tile, the ones that may touch it.

    Returns records, starts [n_tiles + 1] int64 and lists [starts[-1]] int32 of places in
    records, ascending (nearest first) within a tile; lists is empty when it would be longer
    than `most`.
    """
    n_tiles = ((width + TILE - 1) // TILE) * ((height + TILE - 1) // TILE)
    records = np.empty((order.shape[0], RECORD), np.float32)
    counts = np.zeros((CHUNKS, n_tiles), np.int64)
    _gather(source, order, records)
    _count(records, width, height, counts)
    starts = np.empty(n_tiles + 1, np.int64)
    _cursors(counts, starts)
    lists = np.empty(starts[n_tiles] if starts[n_tiles] <= most else 0, np.int32)
    if starts[n_tiles] <= most:
        _fill(records, width, height, counts, lists)
    return records, starts, lists


@njit(cache=True)
def list_tiles(records, width, height, starts, first, last):
    """The part of `lists` (see bin_tiles) for tiles first..last-1, where the whole is too long."""
    columns = (width + TILE - 1) // TILE
    lists = np.empty(starts[last] - starts[first], np.int32)
    cursors = starts[first:last] - starts[first]
    for i in range(records.shape[0]):
        row_a, row_b = _tile_rows(records, i, height)
        for tile_row in range(max(row_a, first // columns), min(row_b, last // columns) + 1):
            a, b = _tile_columns(records, i, tile_row, width, height)
            low, high = max(first, tile_row * columns + a), min(last, tile_row * columns + b + 1)
            for tile in range(low, high):
                lists[cursors[tile - first]] = i
                cursors[tile - first] += 1
    return lists


@njit(cache=True, inline="always")
def _spread(i, n_tiles):
    """Visit tiles in strides, so that every thread gets tiles from all over the image."""
    stride = 1 + n_tiles // 37
    while math.gcd(stride, n_tiles) != 1:
        stride += 1
    return (i * stride) % n_tiles


@njit(cache=True, inline="always")
def _open_tile(tile, planes, alive, width, height, columns):
    """Reset the state; returns x0, y0 and the number of image rows in this tile."""
    x0, y0 = (tile % columns) * TILE, (tile // columns) * TILE
    planes[:] = 0.0
    for row in range(TILE):
        alive[row] = 1
        for lane in range(TILE):
            planes[row * TILE + lane] = 1.0 if x0 + lane < width else -1.0
    return x0, y0, min(TILE, height - y0)


@njit(cache=True, inline="always")
def _rows_of(rec, i, y0, rows):
    first = math.ceil(max(-1.0, rec[i, 1] - rec[i, 6] - 0.5 - _SLACK - y0))
    last = math.floor(min(TILE + 1.0, rec[i, 1] + rec[i, 6] - 0.5 + _SLACK - y0))
    return max(0, int(first)), min(rows - 1, int(last))


@njit(cache=True, inline="always")
def blend_tile(records, flat, starts, lists, tile, planes, alive, x0, y0, rows, cut, top, depth):
    """Composite one opened tile, front to back, until every row has stopped.

    depth: whether the plane of z is wanted too.
    """
    left = rows
    for k in range(starts[tile], starts[tile + 1]):
        g = np.intp(lists[k])
        first, last = _rows_of(records, g, y0, rows)
        offset = x0 + 0.5 - float(records[g, 0])
        dy0 = y0 + 0.5 - float(records[g, 1])
        if depth:
            left -= blend_rows_rgbz(planes, alive, flat, g * RECORD, first, last, offset, dy0,
                                    cut, top)
        else:
            left -= blend_rows_rgb(planes, alive, flat, g * RECORD, first, last, offset, dy0,
                                   cut, top)
        if left == 0:
            break


@njit(cache=True, parallel=True)
def blend_image(records, starts, lists, width, height, cut, top, background, rgb, alpha, depth):
    """Composite all tiles into rgb [H, W, 3], alpha [H, W], depth [H, W] (float32)."""
    flat = records.reshape(-1)
    columns, n_tiles = (width + TILE - 1) // TILE, starts.shape[0] - 1
    for i in prange(n_tiles):
        tile = _spread(i, n_tiles)
        planes = np.empty(PLANE * (1 + N_CHANNELS), np.float32)
        alive = np.empty(TILE, np.uint8)
        x0, y0, rows = _open_tile(tile, planes, alive, width, height, columns)
        blend_tile(records, flat, starts, lists, tile, planes, alive, x0, y0, rows, cut, top, True)
        _close_tile(planes, x0, y0, rows, background, rgb, alpha, depth)


@njit(cache=True, parallel=True)
def blend_tiles(records, starts, lists, first, last, width, height, cut, top, background, rgb,
                alpha, depth):
    """Composite tiles first..last-1; lists: theirs alone (list_tiles). The rest stays as it is."""
    flat, base = records.reshape(-1), starts - starts[first]
    columns, n_tiles = (width + TILE - 1) // TILE, last - first
    for i in prange(n_tiles):
        tile = first + _spread(i, n_tiles)
        planes = np.empty(PLANE * (1 + N_CHANNELS), np.float32)
        alive = np.empty(TILE, np.uint8)
        x0, y0, rows = _open_tile(tile, planes, alive, width, height, columns)
        blend_tile(records, flat, base, lists, tile, planes, alive, x0, y0, rows, cut, top, True)
        _close_tile(planes, x0, y0, rows, background, rgb, alpha, depth)


@njit(cache=True, inline="always")
def _close_tile(planes, x0, y0, rows, background, rgb, alpha, depth):
    for row in range(rows):
        for lane in range(min(TILE, rgb.shape[1] - x0)):
            at = row * TILE + lane
            trans = abs(planes[at])
            y, x = y0 + row, x0 + lane
            for channel in range(3):
                rgb[y, x, channel] = (planes[PLANE * (1 + channel) + at]
                                      + trans * background[channel])
            covered = np.float32(1.0) - trans
            alpha[y, x] = covered
            depth[y, x] = planes[PLANE * N_CHANNELS + at] / covered if covered > 0 else 0.0


@njit(cache=True, parallel=True)
def weigh_pairs(records, starts, lists, width, height, cut, top, weights):
    """Sum of alpha T over the pixels of a tile for each entry of `lists`."""
    columns, n_tiles = (width + TILE - 1) // TILE, starts.shape[0] - 1
    for i in prange(n_tiles):
        tile = _spread(i, n_tiles)
        planes = np.empty(PLANE + LANES, np.float32)
        alive = np.empty(TILE, np.uint8)
        x0, y0, rows = _open_tile(tile, planes, alive, width, height, columns)
        left = rows
        for k in range(starts[tile], starts[tile + 1]):
            weights[k] = 0.0
            if left == 0:
                continue
            g = np.intp(lists[k])
            for lane in range(LANES):
                planes[PLANE + lane] = 0.0
            first, last = _rows_of(records, g, y0, rows)
            offset = x0 + 0.5 - float(records[g, 0])
            for row in range(first, last + 1):
                if alive[row]:
                    dy = y0 + row + 0.5 - float(records[g, 1])
                    u0 = records[g, 2] * (offset - records[g, 3] * dy)
                    level = records[g, 5] - records[g, 4] * dy * dy
                    if weigh_row(planes, row * TILE, np.float32(u0), records[g, 2],
                                 np.float32(level), cut, top) == 2:
                        alive[row] = 0
                        left -= 1
            for lane in range(LANES):
                weights[k] += planes[PLANE + lane]


@njit(cache=True)
def sum_pairs(lists, weights, order, totals):
    """Add the tile sums to `totals` [N] float64, in the order of the lists."""
    for k in range(lists.shape[0]):
        totals[order[lists[k]]] += weights[k]
