"""5.8: from decoded integers to arrays, by the float rules of 2.6."""

import numpy as np

from .conventions import need
from .tables import TABLES

M = np.array([[9459, 9459, 9459], [11585, 0, -11585], [-6689, 13377, -6689]])


def reconstruct(model, t, shrink, k):
    """5.8: the arrays of a tile of the profile lossy. `shrink` is S."""
    scales = t.scales.astype(np.float64) * (model.scale_step * 2.0**-18) - shrink * 2.0**-6
    sh0 = (t.colour @ M).astype(np.float64) * (model.dc_step * 2.0**-32)
    return {
        "means": means(t.cells, t.r[:, None], t.refinement, model.grid_exponent),
        "log_scales": binary32(scales),
        "quats": quaternions(t.q, t.b),
        "opacity_logits": TABLES.opacity_logits[t.entry],
        "sh0": binary32(sh0),
        "shN": further_coefficients(model, t, k),
    }


def binary32(x):
    """2.6: round once to binary32."""
    with np.errstate(over="ignore"):
        return x.astype(np.float32)


def means(cells, r, refinement, g):
    """5.8: the middle of a refined cell, finite in binary32."""
    m = 2 * ((cells << r) + refinement) + 1
    found = binary32(np.ldexp(m.astype(np.float64), -(r + 1 + g)))
    need(np.isfinite(found).all(), "R-REC-01")
    return found


def quaternions(q, b):
    """5.8: w, x, y, z."""
    x, y, z = (np.ldexp(q[:, a].astype(np.float64), -b) for a in range(3))
    w = np.sqrt(np.maximum(0.0, 1.0 - ((x * x + y * y) + z * z)))
    return binary32(np.stack([w, x, y, z], 1))


def further_coefficients(model, t, k):
    """5.8: shN; rows of absent layers count as 0."""
    rows, n = len(t.rows), len(t.b)
    values = np.array(t.rows, np.int64).reshape(rows, n)
    basis = np.array(model.basis, np.int64).reshape(sum(model.sh_layers), 3 * (k - 1))[:rows]
    total = (values.T @ basis).astype(np.float64)
    return binary32(total * (model.sh_step * 2.0**-25)).reshape(n, k - 1, 3)
