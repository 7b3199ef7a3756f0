"""Field models fitted to a scene: prediction weights, context thresholds, prior widths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.core.fields import (
    BUCKETS,
    COEF_BITS,
    FINE_BITS,
    FieldModel,
    code_field,
    level_context,
    level_slices,
    neighbours,
)
from codec.core.tables import coding_tables
from codec.core.tile import sh_lengths, start_sh

_ONE = 1 << COEF_BITS
_POOL_SHARE = 4096  # samples of one SH row: quantiles of all rows together need no more
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


def fit_sh_fields(params, classes, rows: list[NDArray]) -> tuple[FieldModel, FieldModel]:
    """Models of the SH rows and of their lengths: no prediction, contexts by magnitudes around.

    rows: list of [N] fine units in tree order, of all layers.
    """
    row_base = _replace(_BASE, spread=0, size=4, energy=3)
    length_base = _replace(_BASE, spread=0, size=4, energy=8)
    shifts, state = start_sh(params, classes)
    flat, start = np.full(len(shifts), FINE_BITS, np.int32), 0
    of_rows, of_lengths = _Pool(), _Pool()
    for count in params.sh_layers:
        layer = rows[start : start + count]
        start += count
        lengths = sh_lengths([row >> shifts for row in layer])
        of_lengths.add(_samples(length_base, lengths << FINE_BITS, flat, (), state.activity))
        _sample_rows(row_base, of_rows, layer, lengths, shifts, state)
        state.activity = state.activity + (lengths << FINE_BITS)
    sh_field = _alphabet(of_rows.contexts(row_base), of_rows.residuals(), 1)
    length_field = _replace(of_lengths.contexts(length_base),
                            half_alphabet=max(params.sh_layers), escape_bits=1)
    return sh_field, length_field


def _sample_rows(model: FieldModel, pool: _Pool, layer, lengths, shifts, state) -> None:
    """Add the samples of one layer's rows, each over the Gaussians that reach it."""
    active = np.arange(len(lengths))
    energy = state.energy
    for i, row in enumerate(layer):
        reach = np.flatnonzero(lengths[active] > i)
        active, energy = active.take(reach), energy.take(reach)
        if not len(active):
            return
        values = row.take(active)
        pool.add(_samples(model, values, shifts.take(active), (), energy))
        energy = energy - (energy >> 2) + np.abs(values)
        state.energy = state.energy.astype(np.result_type(state.energy, energy), copy=False)
        state.energy[active] = energy


class _Pool:
    """Context measures and residuals gathered from several fields."""

    def __init__(self) -> None:
        self._measures: list[NDArray] = []
        self._residuals: list[NDArray] = []

    def add(self, samples: tuple[NDArray, NDArray]) -> None:
        step = 1 + len(samples[0]) // _POOL_SHARE
        self._measures.append(samples[0][::step])
        self._residuals.append(samples[1][::step])

    def residuals(self) -> NDArray:
        return np.concatenate(self._residuals) if self._residuals else np.zeros(0)

    def contexts(self, base: FieldModel) -> FieldModel:
        measures = np.concatenate(self._measures) if self._measures else np.zeros(0)
        return _contexts_from(base, measures, self.residuals())


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
