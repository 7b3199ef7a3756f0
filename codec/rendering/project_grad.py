"""Numba kernel of the backward pass through projection, opacity and SH colour.

By hand, in float64 per Gaussian, the chain rule of steps 1 to 5 of `codec.rendering.base`, from
the sums that `grad_kernels` gathers over the pixels. Every row is written by one loop index, so
the result does not depend on the number of threads.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from codec.rendering.base import FOV_MARGIN, SH_C0, SH_C1, SH_C2, SH_C3
from codec.rendering.simd import GRAD_SUMS

_CHUNKS = 64
_C20, _C21, _C22 = SH_C2
_C30, _C31, _C32, _C33, _C34 = SH_C3


@njit(cache=True, inline="always", error_model="numpy")
def _basis(x, y, z, degree, out):
    """SH basis of degree >= 1 at a unit direction into out[:15]."""
    if degree > 0:
        out[0], out[1], out[2] = -SH_C1 * y, SH_C1 * z, -SH_C1 * x
    if degree > 1:
        xx, yy, zz = x * x, y * y, z * z
        out[3], out[4], out[5] = _C20 * x * y, -_C20 * y * z, _C21 * (2 * zz - xx - yy)
        out[6], out[7] = -_C20 * x * z, _C22 * (xx - yy)
        if degree > 2:
            out[8], out[9] = -_C30 * y * (3 * xx - yy), _C31 * x * y * z
            out[10] = -_C32 * y * (4 * zz - xx - yy)
            out[11] = _C33 * z * (2 * zz - 3 * xx - 3 * yy)
            out[12] = -_C32 * x * (4 * zz - xx - yy)
            out[13], out[14] = _C34 * z * (xx - yy), -_C30 * x * (xx - 3 * yy)


@njit(cache=True, inline="always", error_model="numpy")
def _basis_slope(x, y, z, degree, w):
    """Gradient [3] with respect to the direction of sum over k of w[k] * basis k."""
    dx, dy, dz = 0.0, 0.0, 0.0
    if degree > 0:
        dx, dy, dz = -SH_C1 * w[2], -SH_C1 * w[0], SH_C1 * w[1]
    if degree > 1:
        dx += _C20 * (y * w[3] - z * w[6]) + 2 * x * (_C22 * w[7] - _C21 * w[5])
        dy += _C20 * (x * w[3] - z * w[4]) - 2 * y * (_C22 * w[7] + _C21 * w[5])
        dz += 4 * _C21 * z * w[5] - _C20 * (y * w[4] + x * w[6])
    if degree > 2:
        xx, yy, zz = x * x, y * y, z * z
        dx += (-6 * _C30 * x * y * w[8] + _C31 * y * z * w[9] + 2 * _C32 * x * y * w[10]
               - 6 * _C33 * x * z * w[11] - _C32 * (4 * zz - 3 * xx - yy) * w[12]
               + 2 * _C34 * x * z * w[13] - 3 * _C30 * (xx - yy) * w[14])
        dy += (-3 * _C30 * (xx - yy) * w[8] + _C31 * x * z * w[9]
               - _C32 * (4 * zz - xx - 3 * yy) * w[10] - 6 * _C33 * y * z * w[11]
               + 2 * _C32 * x * y * w[12] - 2 * _C34 * y * z * w[13]
               + 6 * _C30 * x * y * w[14])
        dz += (_C31 * x * y * w[9] - 8 * _C32 * z * (y * w[10] + x * w[12])
               + 3 * _C33 * (2 * zz - xx - yy) * w[11] + _C34 * (xx - yy) * w[13])
    return dx, dy, dz


@njit(cache=True, inline="always", error_model="numpy")
def _colour_gradient(i, total, shn, degree, dx, dy, dz, g_sh0, g_shn, basis, mixed):
    """SH gradients of one Gaussian; returns the gradient of its offset from the camera."""
    norm = math.sqrt(dx * dx + dy * dy + dz * dz)
    inverse = 1.0 / max(1e-12, norm)
    x, y, z = dx * inverse, dy * inverse, dz * inverse
    red, green, blue = total[6], total[7], total[8]
    g_sh0[i, 0], g_sh0[i, 1], g_sh0[i, 2] = SH_C0 * red, SH_C0 * green, SH_C0 * blue
    used = (degree + 1) * (degree + 1) - 1
    _basis(x, y, z, degree, basis)
    for k in range(used):
        b = basis[k]
        g_shn[i, k, 0], g_shn[i, k, 1], g_shn[i, k, 2] = b * red, b * green, b * blue
        mixed[k] = red * shn[i, k, 0] + green * shn[i, k, 1] + blue * shn[i, k, 2]
    for k in range(used, shn.shape[1]):
        g_shn[i, k, 0], g_shn[i, k, 1], g_shn[i, k, 2] = 0.0, 0.0, 0.0
    sx, sy, sz = _basis_slope(x, y, z, degree, mixed)
    along = x * sx + y * sy + z * sz
    return (sx - along * x) * inverse, (sy - along * y) * inverse, (sz - along * z) * inverse


@njit(cache=True, inline="always", error_model="numpy")
def _covariance_gradient(total, sxx, sxy, syy):
    """Gradient of the blurred covariance's entries xx, xy, yy and of the centre x, y."""
    inverse = 1.0 / (sxx * syy - sxy * sxy)
    a, b, c = syy * inverse, -sxy * inverse, sxx * inverse
    gx, gxx, gy, gxy, gyy = total[1], total[2], total[3], total[4], total[5]
    # d(-d^T S^-1 d / 2)/dS = S^-1 d d^T S^-1 / 2, with the moments in place of d d^T.
    p, q = a * gxx + b * gxy, a * gxy + b * gyy
    r, s = b * gxx + c * gxy, b * gxy + c * gyy
    return (0.5 * (p * a + q * b), p * b + q * c, 0.5 * (r * b + s * c),
            a * gx + b * gy, b * gx + c * gy)


@njit(cache=True, inline="always", error_model="numpy")
def _rotation(quats, i, out):
    """Columns of the rotation into out [3, 3] (column, row).

    Returns the unit quaternion and 1 / the norm it had.
    """
    w, x, y, z = quats[i, 0], quats[i, 1], quats[i, 2], quats[i, 3]
    norm = math.sqrt(float(w) * w + float(x) * x + float(y) * y + float(z) * z)
    inverse = 1.0 / norm
    w, x, y, z = w * inverse, x * inverse, y * inverse, z * inverse
    out[0, 0], out[0, 1] = 1 - 2 * (y * y + z * z), 2 * (x * y + w * z)
    out[0, 2], out[1, 0] = 2 * (x * z - w * y), 2 * (x * y - w * z)
    out[1, 1], out[1, 2] = 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)
    out[2, 0], out[2, 1] = 2 * (x * z + w * y), 2 * (y * z - w * x)
    out[2, 2] = 1 - 2 * (x * x + y * y)
    return w, x, y, z, inverse


@njit(cache=True, inline="always", error_model="numpy")
def _quaternion_gradient(w, x, y, z, inverse, m, i, g_quats):
    """From the gradient m [column, row] of the rotation, through the normalization."""
    gw = 2 * (-z * m[1, 0] + y * m[2, 0] + z * m[0, 1] - x * m[2, 1] - y * m[0, 2] + x * m[1, 2])
    gx = 2 * (y * m[1, 0] + z * m[2, 0] + y * m[0, 1] - 2 * x * m[1, 1] - w * m[2, 1]
              + z * m[0, 2] + w * m[1, 2] - 2 * x * m[2, 2])
    gy = 2 * (-2 * y * m[0, 0] + x * m[1, 0] + w * m[2, 0] + x * m[0, 1] + z * m[2, 1]
              - w * m[0, 2] + z * m[1, 2] - 2 * y * m[2, 2])
    gz = 2 * (-2 * z * m[0, 0] - w * m[1, 0] + x * m[2, 0] + w * m[0, 1] - 2 * z * m[1, 1]
              + y * m[2, 1] + x * m[0, 2] + y * m[1, 2])
    along = w * gw + x * gx + y * gy + z * gz
    g_quats[i, 0], g_quats[i, 1] = (gw - along * w) * inverse, (gx - along * x) * inverse
    g_quats[i, 2], g_quats[i, 3] = (gy - along * y) * inverse, (gz - along * z) * inverse


@njit(cache=True, inline="always", error_model="numpy")
def _clear(i, g_means, g_scales, g_quats, g_logits, g_sh0, g_shn, g_mean2d):
    g_logits[i] = 0.0
    g_mean2d[i, 0], g_mean2d[i, 1] = 0.0, 0.0
    for k in range(3):
        g_means[i, k], g_scales[i, k], g_sh0[i, k] = 0.0, 0.0, 0.0
    for k in range(4):
        g_quats[i, k] = 0.0
    for k in range(g_shn.shape[1]):
        g_shn[i, k, 0], g_shn[i, k, 1], g_shn[i, k, 2] = 0.0, 0.0, 0.0


@njit(cache=True, inline="always", error_model="numpy")
def _image_arms(view, fx_z, fy_z, ux, uy, turn, log_scales, i, arms):
    """Image covariance xx, xy, yy; arms [3, 4]: pixel x and y, scaled camera z, scale by axis."""
    sxx, sxy, syy = 0.0, 0.0, 0.0
    for k in range(3):
        s = math.exp(float(log_scales[i, k]))
        r0, r1, r2 = turn[k, 0], turn[k, 1], turn[k, 2]
        c0 = s * (view[0, 0] * r0 + view[0, 1] * r1 + view[0, 2] * r2)
        c1 = s * (view[1, 0] * r0 + view[1, 1] * r1 + view[1, 2] * r2)
        c2 = s * (view[2, 0] * r0 + view[2, 1] * r1 + view[2, 2] * r2)
        ex, ey = fx_z * (c0 - ux * c2), fy_z * (c1 - uy * c2)
        sxx += ex * ex
        sxy += ex * ey
        syy += ey * ey
        arms[k, 0], arms[k, 1], arms[k, 2], arms[k, 3] = ex, ey, c2, s
    return sxx, sxy, syy


@njit(cache=True, inline="always", error_model="numpy")
def _arms_gradient(view, fx_z, fy_z, ux, uy, arms, gxx, gxy, gyy, i, g_scales, m):
    """Gradients of the log-scales and of the rotation (m [column, row]); returns those of
    ux, uy and of ln z by the size alone."""
    gux, guy, grow = 0.0, 0.0, 0.0
    for k in range(3):
        ex, ey, c2, s = arms[k, 0], arms[k, 1], arms[k, 2], arms[k, 3]
        gex, gey = 2.0 * gxx * ex + gxy * ey, 2.0 * gyy * ey + gxy * ex
        reach = gex * ex + gey * ey
        g_scales[i, k] = reach
        grow -= reach
        gex, gey = gex * fx_z, gey * fy_z
        gux -= gex * c2
        guy -= gey * c2
        gc0, gc1 = s * gex, s * gey
        gc2 = -(ux * gc0 + uy * gc1)
        for j in range(3):
            m[k, j] = view[0, j] * gc0 + view[1, j] * gc1 + view[2, j] * gc2
    return gux, guy, grow


@njit(cache=True, inline="always", error_model="numpy")
def _compensation_gradient(g, low_pass, sxx, sxy, syy):
    """Gradient by xx, xy, yy of the logarithm of the antialiasing factor, times g."""
    bxx, byy = sxx + low_pass, syy + low_pass
    det, blurred = sxx * syy - sxy * sxy, bxx * byy - sxy * sxy
    if det <= 1e-12 * blurred:
        return 0.0, 0.0, 0.0
    return (0.5 * g * (syy / det - byy / blurred), g * sxy * (1.0 / blurred - 1.0 / det),
            0.5 * g * (sxx / det - bxx / blurred))


@njit(cache=True, inline="always", error_model="numpy")
def _is_silent(total):
    for j in range(GRAD_SUMS):
        if total[j] != 0.0:
            return False
    return True


@njit(cache=True, parallel=True, error_model="numpy")
def project_gradient(means, log_scales, quats, logits, shn, degree, view, position, fx, fy,
                     cx, cy, width, height, low_pass, antialiased, totals,
                     g_means, g_scales, g_quats, g_logits, g_sh0, g_shn, g_mean2d):
    """Gradients of all attributes, written (not added) for every Gaussian.

    totals: [N, 10] float64, see `grad_rows`; 0 in the rows of Gaussians that are not seen.
    g_mean2d: [N, 2], of the centre in pixels.
    """
    left = -cx / fx - FOV_MARGIN * 0.5 * width / fx
    right = (width - cx) / fx + FOV_MARGIN * 0.5 * width / fx
    above = -cy / fy - FOV_MARGIN * 0.5 * height / fy
    below = (height - cy) / fy + FOV_MARGIN * 0.5 * height / fy
    n = means.shape[0]
    for chunk in prange(_CHUNKS):
        basis, mixed = np.zeros(15), np.zeros(15)
        turn, m, arms = np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 4))
        for i in range(n * chunk // _CHUNKS, n * (chunk + 1) // _CHUNKS):
            total = totals[i]
            if _is_silent(total):
                _clear(i, g_means, g_scales, g_quats, g_logits, g_sh0, g_shn, g_mean2d)
                continue
            px, py, pz = float(means[i, 0]), float(means[i, 1]), float(means[i, 2])
            near = 1.0 / (view[2, 0] * px + view[2, 1] * py + view[2, 2] * pz + view[2, 3])
            x = (view[0, 0] * px + view[0, 1] * py + view[0, 2] * pz + view[0, 3]) * near
            y = (view[1, 0] * px + view[1, 1] * py + view[1, 2] * pz + view[1, 3]) * near
            fx_z, fy_z = fx * near, fy * near
            ux, uy = min(right, max(left, x)), min(below, max(above, y))
            qw, qx, qy, qz, shorten = _rotation(quats, i, turn)
            sxx, sxy, syy = _image_arms(view, fx_z, fy_z, ux, uy, turn, log_scales, i, arms)
            gxx, gxy, gyy, gmx, gmy = _covariance_gradient(
                total, sxx + low_pass, sxy, syy + low_pass)
            if antialiased:
                more = _compensation_gradient(total[0], low_pass, sxx, sxy, syy)
                gxx, gxy, gyy = gxx + more[0], gxy + more[1], gyy + more[2]
            g_mean2d[i, 0], g_mean2d[i, 1] = gmx, gmy
            g_logits[i] = total[0] / (1.0 + math.exp(float(logits[i])))
            gux, guy, grow = _arms_gradient(
                view, fx_z, fy_z, ux, uy, arms, gxx, gxy, gyy, i, g_scales, m)
            _quaternion_gradient(qw, qx, qy, qz, shorten, m, i, g_quats)
            gtx = (fx * gmx + (gux if left < x < right else 0.0)) * near
            gty = (fy * gmy + (guy if above < y < below else 0.0)) * near
            gz = total[9] + grow * near - gtx * x - gty * y
            ox, oy, oz = _colour_gradient(
                i, total, shn, degree, px - position[0], py - position[1],
                pz - position[2], g_sh0, g_shn, basis, mixed)
            g_means[i, 0] = view[0, 0] * gtx + view[1, 0] * gty + view[2, 0] * gz + ox
            g_means[i, 1] = view[0, 1] * gtx + view[1, 1] * gty + view[2, 1] * gz + oy
            g_means[i, 2] = view[0, 2] * gtx + view[1, 2] * gty + view[2, 2] * gz + oz
