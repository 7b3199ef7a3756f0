"""The ray caster of `tools.make_artifacts`: textured rectangles, compiled by Numba."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, fastmath=True)
def _texel(image, u, v, out):
    """Bilinear sample of image [S, S, 3] at u, v in 0..1."""
    side = image.shape[0]
    x = min(max(u * side - 0.5, 0.0), side - 1.001)
    y = min(max(v * side - 0.5, 0.0), side - 1.001)
    i, j = int(x), int(y)
    fx, fy = x - i, y - j
    for c in range(3):
        top = image[j, i, c] * (1 - fx) + image[j, i + 1, c] * fx
        low = image[j + 1, i, c] * (1 - fx) + image[j + 1, i + 1, c] * fx
        out[c] = top * (1 - fy) + low * fy


@njit(cache=True, fastmath=True)
def _nearest(frames, masks, origin, ray):
    """(Distance along the ray, panel, place across, place down in 0..1) of the first hit."""
    best, panel, at_u, at_v = 1e30, -1, 0.0, 0.0
    for p in range(frames.shape[0]):
        f = frames[p]
        slope = ray[0] * f[9] + ray[1] * f[10] + ray[2] * f[11]
        if abs(slope) < 1e-9:
            continue
        d0, d1, d2 = f[0] - origin[0], f[1] - origin[1], f[2] - origin[2]
        t = (d0 * f[9] + d1 * f[10] + d2 * f[11]) / slope
        if t <= 0.05 or t >= best:
            continue
        x, y, z = t * ray[0] - d0, t * ray[1] - d1, t * ray[2] - d2
        u = 0.5 + 0.5 * (x * f[3] + y * f[4] + z * f[5]) / f[12]
        v = 0.5 + 0.5 * (x * f[6] + y * f[7] + z * f[8]) / f[13]
        if u < 0 or u >= 1 or v < 0 or v >= 1:
            continue
        a, b = u * 31, v * 31
        i, j = min(int(a), 30), min(int(b), 30)
        fa, fb = a - i, b - j
        m = masks[p]
        inside = ((m[j, i] * (1 - fa) + m[j, i + 1] * fa) * (1 - fb)
                  + (m[j + 1, i] * (1 - fa) + m[j + 1, i + 1] * fa) * fb)
        if inside > 0:
            best, panel, at_u, at_v = t, p, u, v
    return best, panel, at_u, at_v


@njit(cache=True, fastmath=True)
def cast(frames, grid, first, tiles, masks, full, half, quarter, rotation, origin, fx, fy, cx, cy,
         rgb, depth):
    """Fill rgb [H, W, 3] (0..255) and depth [H, W] (camera z; the far wall's where nothing is)."""
    ray, colour = np.empty(3), np.empty(3)
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            a, b = (x + 0.5 - cx) / fx, (y + 0.5 - cy) / fy
            for k in range(3):
                ray[k] = rotation[0, k] * a + rotation[1, k] * b + rotation[2, k]
            t, p, u, v = _nearest(frames, masks, origin, ray)
            if p < 0:
                rgb[y, x, :] = 0
                depth[y, x] = 10.0
                continue
            across, down = u * grid[p, 0], v * grid[p, 1]
            i, j = int(across), int(down)
            picture = tiles[first[p] + j * grid[p, 0] + i]
            f = frames[p]
            slope = abs(ray[0] * f[9] + ray[1] * f[10] + ray[2] * f[11])
            texels = full.shape[1] * grid[p, 0] / (2 * f[12])
            footprint = t / fx * texels / np.sqrt(max(slope, 0.05))
            level = half if footprint > 1.3 else full
            if footprint > 2.6:
                level = quarter
            _texel(level[picture], across - i, down - j, colour)
            for c in range(3):
                rgb[y, x, c] = colour[c]
            depth[y, x] = t
