"""5.3: fields, one integer a Gaussian, decoded from coarse to fine over ranks."""

import numpy as np

from .conventions import count_le, need
from .entropy import Adaptive, escape, logistic_prior
from .tables import TABLES


def levels(n):
    """5.3: stride (0 on the first level) and members of each level over ranks 0..n-1."""
    if n == 0:
        return
    top = 0
    while n >> top > 256:
        top += 1
    yield 0, np.arange(0, n, 1 << top)
    for level in reversed(range(top)):
        yield 1 << level, np.arange(1 << level, n, 2 << level)


def adaptive_over_levels(payload, tables, contexts):
    """5.6, 5.10.5: the symbols of all ranks, level by level, given their contexts."""
    symbols = np.zeros(len(contexts), np.int64)
    for _, i in levels(len(contexts)):
        symbols[i] = tables.decode(payload, contexts[i])
    return symbols


def neighbours(value, i, stride):
    """5.3: left, right, far_left and far_right of the members i of a level."""
    n = len(value)
    left = value[i - stride]
    right = np.where(i + stride < n, value[np.minimum(i + stride, n - 1)], left)
    far_right = np.where(i + 3 * stride < n, value[np.minimum(i + 3 * stride, n - 1)], right)
    far_left = np.where(i - 3 * stride >= 0, value[np.maximum(i - 3 * stride, 0)], left)
    return left, right, far_left, far_right


def predicts(model):
    """5.3: whether a field predicts."""
    return bool(model.near or model.far or any(model.cross))


def field_prior(model):
    """5.3: the prior of the adaptive tables, a row each context."""
    phases = (-2, -1, 0, 1) if predicts(model) else (0,)
    rows = [logistic_prior(k, p, model.half_alphabet) for k in model.scales for p in phases]
    return np.array(rows)


def prediction_of(model, value, i, stride):
    """5.3: prediction and measure of a level's members from their neighbours."""
    if stride == 0:
        return np.full(len(i), model.mean, np.int64), np.zeros(len(i), np.int64)
    left, right, far_left, far_right = neighbours(value, i, stride)
    rest = 4096 - 2 * (model.near + model.far)
    near, far = left + right, far_left + far_right
    prediction = (model.near * near + model.far * far + rest * model.mean) >> 12
    spread = np.abs(left - right) + (np.abs(far_left - far_right) >> 1)
    measure = model.spread * spread + model.size * (np.abs(left) + np.abs(right))
    return prediction, measure


def decode_field(payload, model, shift, cross=(), energy=None, tables=None, last=None):
    """5.3: values and residuals of a field. `tables` are those of an SH row with contexts split by
    `last` (5.7), else the field starts with new ones."""
    n = len(shift)
    value, residual = np.zeros(n, np.int64), np.zeros(n, np.int64)
    tables = tables or Adaptive(field_prior(model))
    limits = TABLES.thresholds[model.thresholds]
    for stride, i in levels(n):
        prediction, measure = prediction_of(model, value, i, stride)
        if energy is not None:
            measure = measure + model.energy * energy[i]
        for weight, source in zip(model.cross, cross, strict=True):
            prediction = prediction + ((weight * source[i]) >> 12)
        quarter = (4 * prediction) >> shift[i]
        centre = (quarter + 2) >> 2
        context = count_le(limits, measure >> shift[i])
        if predicts(model):
            context = 4 * context + ((quarter + 2) & 3)
        if last is not None:
            context = 2 * context + last[i]
        d = tables.decode(payload, context) - model.half_alphabet - 1
        d = escape(payload, d, model.half_alphabet, model.escape_bits)
        value[i] = (centre + d) << shift[i]
        residual[i] = value[i] - prediction
        need((np.abs(value[i]) < 2**36).all(), "R-FLD-06")
    return value, residual
