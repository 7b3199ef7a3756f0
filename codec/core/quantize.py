"""Float attributes <-> integer symbols (spec 05, "Reconstruction").

Forward functions may use floats freely; everything the decoder computes is integer, and floats
leave it by one multiplication and one rounding to float32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.core.fields import FINE_BITS
from codec.core.params import STEP_BITS, CodingParams
from codec.core.tables import coding_tables, log2_q8

FINE_SHIFT = STEP_BITS + FINE_BITS
# Rows Y, C1, C2 in 2^-14: (1,1,1)/sqrt3, (1,0,-1)/sqrt2, (-1,2,-1)/sqrt6.
YCC = np.array([[9459, 9459, 9459], [11585, 0, -11585], [-6689, 13377, -6689]], np.int64)
YCC_BITS = 14
MAX_CLASS = 4
ROTATION_MAX_BITS = 20
SH_BLOCK = 4096


def fine_unit(step: int) -> float:
    """World value of one fine unit of a field whose base step is `step` * 2^-14."""
    return step * 2.0**-FINE_SHIFT


def alpha_index(symbols: NDArray[np.int64], levels: int) -> NDArray[np.int64]:
    """Entry of the 4096-entry opacity tables for symbol k of `levels`."""
    return ((2 * symbols + 1) * 4096) // (2 * levels)


def log_alpha(symbols, levels: int) -> NDArray[np.int64]:
    return coding_tables().log2_alphas[alpha_index(symbols, levels)]


def log_footprint(params: CodingParams, scales, cells) -> NDArray[np.int64]:
    """256 * log2 of mean long axes over distance from the scene centre.

    scales: [N, 3] int64 fine units, descending.  cells: [N, 3] int64 absolute cells.
    """
    size = ((scales[:, 0] + scales[:, 1]) * (params.scale_step * 369)) >> (FINE_SHIFT + 1)
    squared = np.ones(len(cells), np.int64)
    for axis, centre in enumerate(params.centre):
        offset = np.clip((cells[:, axis] - centre) >> params.radius_shift, -(1 << 24), 1 << 24)
        squared += offset * offset
    return size - (np.maximum(log2_q8(squared), params.radius_floor) >> 1)


def class_shifts(rule, alpha, footprint=0) -> NDArray[np.int64]:
    """Left shift from symbol to fine units: 4 less the extra bits of the Gaussian's class."""
    return FINE_BITS - rule.bits(alpha, footprint, -MAX_CLASS, MAX_CLASS)


def rotation_bits(params: CodingParams, scales, alpha, footprint) -> NDArray[np.int64]:
    """Bits b of each Gaussian: rotation step 2^-b, finer the more anisotropic."""
    spread = ((scales[:, 0] - scales[:, 2]) * params.scale_step) >> STEP_BITS
    entry = np.clip(spread, 0, params.rotation_cap)
    extra = coding_tables().rotation_bits[entry]
    return params.rotation_rule.bits(alpha, footprint, 0, ROTATION_MAX_BITS, extra)


def refine_bits(params: CodingParams, max_bits: int, alpha, footprint) -> NDArray[np.int64]:
    return params.position_rule.bits(alpha, footprint, 0, max_bits)


# --- reconstruction -------------------------------------------------------------------------


def reconstruct_means(params: CodingParams, cells, refinement, bits) -> NDArray[np.float32]:
    """Middle of the refined cell: (2 * ((cell << b) + refinement) + 1) * 2^-(b + 1) * 2^-g."""
    doubled = 2 * ((cells << bits[:, None]) + refinement) + 1
    middle = np.ldexp(doubled.astype(np.float64), -(bits + 1 + params.grid_exponent)[:, None])
    with np.errstate(over="ignore"):
        return middle.astype(np.float32)


def reconstruct_scales(params: CodingParams, scales, shrunk: int = 0) -> NDArray[np.float32]:
    """shrunk: what later tiers take off, 1/64 nat."""
    values = scales.astype(np.float64) * fine_unit(params.scale_step)
    return (values - shrunk / 64 if shrunk else values).astype(np.float32)


def reconstruct_quats(symbols, bits) -> NDArray[np.float32]:
    """x, y, z = symbol * 2^-b; w = sqrt(max(0, 1 - (x*x + y*y + z*z))), float64, left to right."""
    xyz = np.ldexp(symbols.astype(np.float64), -bits[:, None])
    x, y, z = xyz[:, 0], xyz[:, 1], xyz[:, 2]
    w = np.sqrt(np.maximum(0.0, 1.0 - ((x * x + y * y) + z * z)))
    return np.stack([w, x, y, z], axis=1).astype(np.float32)


def reconstruct_dc(params: CodingParams, ycc) -> NDArray[np.float32]:
    """RGB = YCC^T applied to fine units in integers, then one scale."""
    rgb = np.stack(
        [ycc[:, 0] * YCC[0, c] + ycc[:, 1] * YCC[1, c] + ycc[:, 2] * YCC[2, c] for c in range(3)],
        axis=1,
    )
    unit = params.dc_step * 2.0 ** -(FINE_SHIFT + YCC_BITS)
    return (rgb.astype(np.float64) * unit).astype(np.float32)


def reconstruct_sh(params: CodingParams, rows: list[NDArray], n: int) -> NDArray[np.float32]:
    """[N, 3 * (K-1)] float32 from the decoded KLT rows (fine units), missing rows zero.

    The products are integers below 2^36 * 2^7 and their sums below 2^49, so float64 matrix
    products are exact in any order; blocks of rows keep them inside the cache.
    """
    out = np.zeros((n, params.basis.shape[1]), np.float32)
    basis = params.basis[: len(rows)].astype(np.float64)
    unit = params.sh_step * 2.0 ** -(FINE_SHIFT + 7)
    coefficients = np.empty((len(rows), SH_BLOCK))
    for start in range(0, n if rows else 0, SH_BLOCK):
        part = out[start : start + SH_BLOCK]
        coefficients[:, len(part) :] = 0
        for i, row in enumerate(rows):
            coefficients[i, : len(part)] = row[start : start + SH_BLOCK]
        total = grouped_product(coefficients.T, basis)[: len(part)]
        np.multiply(total, unit, out=part, dtype=np.float64, casting="same_kind")
    return out


def grouped_product(a, b) -> NDArray[np.float64]:
    """Matrix product a [SH_BLOCK, k] @ b [k, m], 128 rows at a time.

    So small a product a BLAS computes on the calling thread: the sums never depend on how many
    threads there are, and tiles decoded side by side do not wait for each other.
    """
    groups = a.T.reshape(len(b), SH_BLOCK // 128, 128).transpose(1, 2, 0)
    return (groups @ b).reshape(SH_BLOCK, -1)


# --- forward --------------------------------------------------------------------------------


def quantize_opacity(logits, levels: int) -> NDArray[np.int64]:
    """Symbol of the cell of asin(sqrt(alpha)) that holds the opacity."""
    alpha = 1.0 / (1.0 + np.exp(-np.clip(logits.astype(np.float64), -60, 60)))
    angle = np.arcsin(np.sqrt(alpha)) * (2 / np.pi)
    return np.clip((angle * levels).astype(np.int64), 0, levels - 1)


def round_to(values, unit: float, shifts=None, dead_zone: float = 0.5) -> NDArray[np.int64]:
    """Nearest symbol at steps unit * 2^shift; dead_zone < 0.5 favours zero."""
    scaled = values / unit
    if shifts is not None:
        scaled *= np.exp2(-shifts.astype(np.float64))
    limit = float(1 << 30)
    scaled += np.copysign(dead_zone, scaled)  # truncation then rounds
    np.clip(scaled, -limit, limit, out=scaled)
    return scaled.astype(np.int64)


def canonical_gauge(log_scales, quats):
    """Sort each Gaussian's axes by falling scale and fold the quaternion so that w is largest.

    Permuting axes and flipping their signs leaves the covariance unchanged.
    Returns (log_scales [N, 3], quats [N, 4]) float64, quats normalized with w >= |x|, |y|, |z|.
    """
    order = np.argsort(-log_scales, axis=1, kind="stable")
    scales = np.take_along_axis(log_scales.astype(np.float64), order, axis=1)
    q = quats.astype(np.float64)
    norm = np.sqrt((q * q).sum(axis=1, keepdims=True))
    q = np.where(norm > 0, q / np.where(norm > 0, norm, 1), [1.0, 0, 0, 0])
    q = quat_multiply(q, _PERMUTATION_QUATS[order[:, 0] * 3 + order[:, 1]])
    k = np.argmax(np.abs(q), axis=1)
    q = quat_multiply(q, np.eye(4)[k])
    return scales, q * np.where(q[:, :1] < 0, -1.0, 1.0)


def quat_multiply(a, b):
    """Hamilton product of [N, 4] wxyz."""
    aw, ax, ay, az = a.T
    bw, bx, by, bz = b.T
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=1,
    )


def _permutation_quats():
    """Rotation that carries new axis i to old axis order[i] (up to sign), indexed 3*o0 + o1."""
    h = np.sqrt(0.5)
    out = np.zeros((9, 4))
    out[0 * 3 + 1] = [1, 0, 0, 0]
    out[0 * 3 + 2] = [h, h, 0, 0]
    out[1 * 3 + 0] = [h, 0, 0, h]
    out[2 * 3 + 1] = [h, 0, h, 0]
    out[1 * 3 + 2] = [0.5, 0.5, 0.5, 0.5]
    out[2 * 3 + 0] = [0.5, -0.5, -0.5, -0.5]
    return out


_PERMUTATION_QUATS = _permutation_quats()
