"""Field models fitted to a scene: prediction weights, context thresholds, prior widths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.core.fields import (
    BUCKETS,
    COEF_BITS,
    FieldModel,
    code_field,
    level_context,
    level_slices,
    neighbours,
)
from codec.core.tables import coding_tables

_ONE = 1 << COEF_BITS
_BASE = FieldModel(20, 16, 0, 0, 0, (), 2, 0, 0, (0,) * 7, (16,) * 8)


class NullCoder:
    """Takes symbols and writes nothing: used to learn residuals."""

    decoding = False

    def symbols(self, frequencies, count, values):
        return values

    def uniform(self, size, values):
        return values

    def raw(self, n_bits, count, values):
        return values


def fit_field(values, shifts, cross=()) -> tuple[FieldModel, NDArray]:
    """Model of a predicted field and its residuals.

    values: [N] fine units in tree order.   cross: residuals of earlier fields.
    """
    model = _fit_weights(values, shifts, cross)
    model = _fit_contexts(model, values, shifts, cross, None)
    _, residuals, _ = code_field(NullCoder(), model, shifts, symbols=values >> shifts, cross=cross)
    return model, residuals


def fit_sh_field(rows: list[NDArray], shifts) -> FieldModel:
    """One model for all SH rows: no prediction, contexts by magnitudes around."""
    base = _replace(_BASE, spread=0, size=4, energy=3)
    energy = np.zeros(len(shifts), np.int64)
    measures, residuals = [], []
    for row in rows[:24]:
        m, r = _samples(base, row, shifts, (), energy)
        measures.append(m)
        residuals.append(r)
        energy = energy - (energy >> 2) + np.abs(row)
    model = _contexts_from(base, np.concatenate(measures), np.concatenate(residuals))
    largest = max(int((np.abs(row) >> shifts).max(initial=1)) for row in rows)
    return _alphabet(model, np.concatenate(residuals), largest)


def _replace(model: FieldModel, **changes) -> FieldModel:
    from dataclasses import replace

    return replace(model, **changes)


def _fit_weights(values, shifts, cross) -> FieldModel:
    """Weighted least squares on the finest level (half of all Gaussians)."""
    mean = int(np.clip(round(float(values.mean())), -32768, 32767)) if len(values) else 0
    zero = _replace(_BASE, mean=mean, cross=(0,) * len(cross))
    if len(values) < 16:
        return zero
    first, step, stride = level_slices(len(values), 1)[-1]
    if stride == 0:
        return zero
    members = slice(first, None, step)
    left, right, far_left, far_right = neighbours(values, first, step, stride)
    columns = [left + right - 2 * mean, far_left + far_right - 2 * mean]
    columns += [c[members] for c in cross]
    weight = np.exp2(-shifts[members].astype(np.float64))
    matrix = np.stack(columns, axis=1) * weight[:, None]
    target = (values[members] - mean) * weight
    gram = np.einsum("ni,nj->ij", matrix, matrix) + 1e-3 * np.eye(matrix.shape[1])
    solution = np.linalg.solve(gram, np.einsum("ni,n->i", matrix, target))
    weights = np.clip(np.rint(solution * _ONE), -32768, 32767).astype(int).tolist()
    return _replace(zero, near=weights[0], far=weights[1], cross=tuple(weights[2:]))


def _samples(model: FieldModel, values, shifts, cross, energy):
    """Context measures and residual symbols over the finest levels."""
    measures, residuals = [], []
    for level in level_slices(len(values), 1)[-3:]:
        members = slice(level[0], None, level[1])
        part = None if energy is None else energy[members]
        prediction, measure = level_context(model, values, level, shifts[members], part)
        for weight, residual in zip(model.cross, cross, strict=True):
            prediction = prediction + ((weight * residual[members]) >> COEF_BITS)
        measures.append(measure)
        residuals.append((values[members] - prediction) / np.exp2(shifts[members]))
    return np.concatenate(measures), np.concatenate(residuals)


def _fit_contexts(model: FieldModel, values, shifts, cross, energy) -> FieldModel:
    measures, residuals = _samples(model, values, shifts, cross, energy)
    model = _contexts_from(model, measures, residuals)
    base = (values[:: level_slices(len(values), 1)[0][1]] - model.mean)
    largest = max(np.abs(residuals).max(initial=1), np.abs(base).max(initial=1))
    return _alphabet(model, residuals, int(largest) + 2)


def _contexts_from(model: FieldModel, measures, residuals) -> FieldModel:
    """Thresholds at the measure's octiles, prior scales from mean magnitudes between them."""
    table = coding_tables().thresholds
    if not len(measures):
        return model
    quantiles = np.quantile(measures, np.arange(1, BUCKETS) / BUCKETS)
    indices = np.clip(np.searchsorted(table, quantiles, side="left"), 0, 63)
    bucket = np.searchsorted(table[indices], measures, side="right")
    scales = []
    for b in range(BUCKETS):
        inside = np.abs(residuals[bucket == b])
        mean = (inside.sum() + 0.5) / (len(inside) + 1)
        scales.append(int(np.clip(round(4 * (np.log2(max(mean, 1e-3) / 1.386) + 4)), 0, 63)))
    return _replace(model, thresholds=tuple(indices.tolist()), scales=tuple(scales))


def _alphabet(model: FieldModel, residuals, largest: int) -> FieldModel:
    half = 1
    if len(residuals):
        half = int(np.clip(np.ceil(np.quantile(np.abs(residuals), 0.9995)), 1, 127))
    bits = max(1, int(largest).bit_length() + 1)
    return _replace(model, half_alphabet=half, escape_bits=min(bits, 31))
