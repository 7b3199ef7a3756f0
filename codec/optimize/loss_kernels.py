"""Numba kernels of the image loss: separable Gaussian window over rows of W * 3 floats."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

TAPS = 11
HALF = TAPS // 2
_STEP = 3  # floats of a pixel: a tap to the right lies this far
_PAD = HALF * _STEP
_C1, _C2 = np.float32(0.01**2), np.float32(0.03**2)


@njit(cache=True)
def _add_scaled(out, source, weight):
    """out += weight * source, as one vector loop."""
    for j in range(out.shape[0]):
        out[j] += weight * source[j]


@njit(cache=True)
def _blur_row(plane, row, window, padded, out):
    """Row of the blurred plane [H, n], zeros outside; padded: work space of n + 2 _PAD floats."""
    height, n = plane.shape
    middle = padded[_PAD : _PAD + n]
    padded[:] = 0.0
    for tap in range(max(0, HALF - row), min(TAPS, height + HALF - row)):
        _add_scaled(middle, plane[row + tap - HALF], window[tap])
    out[:] = 0.0
    for tap in range(TAPS):
        _add_scaled(out, padded[tap * _STEP : tap * _STEP + n], window[tap])


@njit(cache=True, parallel=True)
def moment_planes(image, target, planes):
    """x, y, xx, yy, xy of image and target [H, n] into planes [5, H, n]."""
    for i in prange(image.shape[0]):
        x, y = image[i], target[i]
        for j in range(image.shape[1]):
            planes[0, i, j] = x[j]
            planes[1, i, j] = y[j]
            planes[2, i, j] = x[j] * x[j]
            planes[3, i, j] = y[j] * y[j]
            planes[4, i, j] = x[j] * y[j]


@njit(cache=True, error_model="numpy")
def _ssim_row(mx, my, exx, eyy, exy, d_mean, d_square, d_product):
    """Sum of SSIM over one row; its gradients by mean, square and product of the image."""
    total = 0.0
    for j in range(mx.shape[0]):
        x, y = mx[j], my[j]
        a1 = np.float32(2.0) * x * y + _C1
        a2 = np.float32(2.0) * (exy[j] - x * y) + _C2
        b1 = x * x + y * y + _C1
        b2 = exx[j] - x * x + eyy[j] - y * y + _C2
        inverse = np.float32(1.0) / (b1 * b2)
        ssim = a1 * a2 * inverse
        total += ssim
        d_square[j] = -ssim * b1 * inverse
        d_product[j] = np.float32(2.0) * a1 * inverse
        d_mean[j] = np.float32(2.0) * ((a2 - a1) * y * inverse + ssim * x * (b1 - b2) * inverse)
    return total


@njit(cache=True, parallel=True)
def ssim_terms(planes, window, terms, row_sums):
    """SSIM gradients by blurred x, xx, xy into terms [3, H, n]; row sums of SSIM into [H]."""
    height, n = planes.shape[1], planes.shape[2]
    for i in prange(height):
        padded, rows = np.empty(n + 2 * _PAD, np.float32), np.empty((5, n), np.float32)
        for k in range(5):
            _blur_row(planes[k], i, window, padded, rows[k])
        row_sums[i] = _ssim_row(rows[0], rows[1], rows[2], rows[3], rows[4],
                                terms[0, i], terms[1, i], terms[2, i])


@njit(cache=True, parallel=True)
def loss_gradient(image, target, terms, window, weights, gradient, row_sums):
    """Gradient [H, n] of w0 sum |x - y| + w1 sum (x - y)^2 - w2 sum SSIM; their row sums.

    weights: (w0, w1, w2) float32.   row_sums: [H, 2] float64, sums of |x - y| and (x - y)^2.
    """
    l1_weight, ssim_weight = weights[0], weights[2]
    squared_weight = np.float32(2.0) * weights[1]
    height, n = image.shape
    for i in prange(height):
        padded, rows = np.empty(n + 2 * _PAD, np.float32), np.empty((3, n), np.float32)
        for k in range(3):
            _blur_row(terms[k], i, window, padded, rows[k])
        absolute, squared = 0.0, 0.0
        for j in range(n):
            x, y = image[i, j], target[i, j]
            ssim = rows[0, j] + np.float32(2.0) * x * rows[1, j] + y * rows[2, j]
            sign = np.float32(1.0) if x > y else (np.float32(-1.0) if x < y else np.float32(0.0))
            gradient[i, j] = l1_weight * sign + squared_weight * (x - y) - ssim_weight * ssim
            absolute += abs(x - y)
            squared += (x - y) * (x - y)
        row_sums[i, 0], row_sums[i, 1] = absolute, squared
