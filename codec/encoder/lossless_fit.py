"""Models of the lossless profile fitted to a scene's columns of bit patterns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codec.core.fields import level_slices, neighbours
from codec.core.lossless import (
    FEATURES,
    LIMIT,
    ColumnModel,
    GroupModel,
    LosslessParams,
    column_groups,
    cross_prediction,
    fixed_point,
    predict,
    update_row_widths,
    width_features,
)
from codec.core.tables import log2_q8

COMMON_SHARE = 0.02
RUNS, RUN_ROWS = 8, 4096  # rows that models are fitted to, in a large scene
TYPICAL_BITS = 10  # log2 of a group's typical residual in fixed-point units
SOURCE_COST = 16.0  # bits of one source and its weight
ROUNDS = 3


def fit_lossless(columns: NDArray[np.int64], sh_degree: int, order_kept: bool) -> LosslessParams:
    """columns: [C, N] bit patterns in coding order, positions first."""
    names = column_groups(sh_degree, order_kept)
    plain = columns if order_kept else columns[3:]
    part = _sample(plain)
    common = [_common_value(column) for column in part]
    normal = np.stack([_normal(p, c) for p, c in zip(part, common, strict=True)])
    groups, fixed, means = _fit_groups(part, names)
    innovations = np.stack([
        fixed[i] - _predict_all(groups[name], means[i], fixed[i]) for i, name in enumerate(names)
    ])
    sources = _fit_sources(innovations, normal, plain.shape[1])
    models, residuals = [], []
    for i in range(len(names)):
        column = ColumnModel(common[i], means[i], 0, *sources[i])
        residuals.append(innovations[i] - cross_prediction(column, innovations))
        logs = log2_q8(1 + np.abs(residuals[i]))[normal[i]]
        models.append(replace(column, log_width=int(logs.mean()) if len(logs) else 0))
    groups = _fit_widths(groups, names, models, fixed, residuals, normal)
    return LosslessParams(order_kept, groups, tuple(models))


def _sample(plain):
    """Evenly spaced runs of rows (all rows of a small scene)."""
    n = plain.shape[1]
    if n <= RUNS * RUN_ROWS:
        return plain
    starts = [(n - RUN_ROWS) * i // (RUNS - 1) for i in range(RUNS)]
    return np.concatenate([plain[:, a : a + RUN_ROWS] for a in starts], axis=1)


def _fit_groups(part, names):
    """Group models without width weights, fixed-point columns [C, N], their means."""
    groups, fixed, means = {}, np.zeros(part.shape, np.int64), []
    for name in dict.fromkeys(names):
        rows = [i for i, other in enumerate(names) if other == name]
        exponent = _fit_exponent(part[rows])
        for i in rows:
            fixed[i] = fixed_point(part[i], exponent)[0]
            means.append(_robust_mean(fixed[i]))
        near, far = _fit_neighbours(fixed[rows], [means[i] for i in rows])
        groups[name] = GroupModel(exponent, near, far, (0,) * FEATURES)
    return groups, fixed, means


def _common_value(column) -> int | None:
    values, counts = np.unique(column, return_counts=True)
    best = int(counts.argmax()) if len(counts) else 0
    frequent = len(counts) and counts[best] > max(COMMON_SHARE * len(column), 4)
    return int(values[best]) if frequent else None


def _normal(patterns, common: int | None):
    """Which values are likely to be coded as normal ones."""
    copied = np.zeros(len(patterns), bool)
    copied[1:] = patterns[1:] == patterns[:-1]
    return ~copied & (patterns != (-1 if common is None else common))


def _robust_mean(values) -> int:
    if not len(values):
        return 0
    low, high = np.quantile(values, [0.02, 0.98])
    return int(np.clip(round(float(np.clip(values, low, high).mean())), 1 - LIMIT, LIMIT - 1))


def _fit_exponent(patterns) -> int:
    """Fixed-point exponent that gives differences of neighbours about TYPICAL_BITS bits."""
    finite = np.where(((patterns >> 23) & 255) < 255, patterns, 0)
    floats = finite.astype(np.uint32).view(np.float32).astype(np.float64)
    steps = np.abs(np.diff(floats, axis=1))
    steps = steps[steps > 0]
    if not len(steps):
        return 0
    return int(np.clip(round(TYPICAL_BITS - float(np.log2(steps).mean())), -100, 126))


def _fit_neighbours(fixed, means) -> tuple[int, int]:
    """Near and far weights by least squares over a group's columns on the finest level."""
    first, step, stride = level_slices(fixed.shape[1], 1)[-1]
    if stride == 0:
        return 0, 0
    gram, moment = 1e-3 * np.eye(2), np.zeros(2)
    for values, mean in zip(fixed, means, strict=True):
        left, right, far_left, far_right = neighbours(values - mean, first, step, stride)
        near, far = (left + right).astype(float), (far_left + far_right).astype(float)
        target = (values[first::step] - mean).astype(float)
        weight = 1 / (np.abs(near) + np.abs(target) + 1 + np.abs(near).mean())
        matrix = np.stack([near, far]) * weight
        gram += np.einsum("in,jn->ij", matrix, matrix)
        moment += (matrix * target * weight).sum(axis=1)
    weights = np.clip(np.rint(np.linalg.solve(gram, moment) * 4096), -8192, 8192)
    return int(weights[0]), int(weights[1])


def _predict_all(group: GroupModel, mean: int, values):
    out = np.zeros(len(values), np.int64)
    for level in level_slices(len(values), 1):
        members = slice(level[0], None, level[1])
        out[members] = predict(group, mean, values, level, len(out[members]))
    return out


def _fit_sources(innovations, normal, n_rows: int):
    """Sources and weights of each column: least squares, weak sources dropped."""
    first, step, _ = level_slices(innovations.shape[1], 1)[-1]
    data = np.clip(innovations[:, first::step], -LIMIT, LIMIT).astype(np.float64)
    usable = normal[:, first::step]
    size = np.exp2((np.log2(1 + np.abs(data)) * usable).sum(axis=0) / (usable.sum(axis=0) + 1e-9))
    data = data * ((usable.mean(axis=0) > 0.5) / (size + 1))
    np.clip(data, -8, 8, out=data)
    gram = np.einsum("in,jn->ij", data, data)  # not BLAS: the same sums with any threads
    return [_choose_sources(gram, i, data.shape[1], n_rows) for i in range(len(gram))]


def _choose_sources(gram, index: int, n_samples: int, n_rows: int):
    chosen = np.arange(index)
    weights = np.zeros(0)
    for _ in range(ROUNDS):
        if not len(chosen):
            return (), ()
        inner = gram[np.ix_(chosen, chosen)] + 1e-3 * np.eye(len(chosen))
        inverse = np.linalg.inv(inner)
        weights = inverse @ gram[chosen, index]
        left = max(gram[index, index] - weights @ gram[chosen, index], 1e-9)
        loss = weights**2 / np.maximum(np.diag(inverse), 1e-30)  # squared error without each
        bits = n_rows / 2 * np.log2(1 + loss / left) - n_rows / max(n_samples, 1) * 0.7
        chosen, weights = chosen[bits > SOURCE_COST], weights[bits > SOURCE_COST]
    rounded = np.clip(np.rint(weights * 64), -128, 127).astype(int)
    kept = np.flatnonzero(rounded)
    return tuple(chosen[kept].tolist()), tuple(rounded[kept].tolist())


def _fit_widths(groups, names, models, fixed, residuals, normal):
    """Width weights of each group: least squares on the log of the residual's magnitude."""
    level = level_slices(fixed.shape[1], 1)[-1]
    if level[2] == 0:
        return groups
    members = slice(level[0], None, level[1])
    row_widths = np.zeros((2, fixed.shape[1]), np.int64)
    gram = {name: 1e-3 * np.eye(FEATURES) for name in groups}
    moment = {name: np.zeros(FEATURES) for name in groups}
    for i, name in enumerate(names):
        typical, use = models[i].log_width, normal[i, members]
        near = width_features(fixed[i], residuals[i], level) - typical
        features = np.concatenate([near, row_widths[:, members]]).astype(float)[:, use]
        logs = (log2_q8(1 + np.abs(residuals[i][members])) - typical)[use]
        gram[name] += np.einsum("in,jn->ij", features, features)
        moment[name] += (features * logs).sum(axis=1)
        row_widths = update_row_widths(row_widths, models[i], residuals[i], normal[i])
    out = {}
    for name, group in groups.items():
        weights = np.clip(np.rint(np.linalg.solve(gram[name], moment[name]) * 64), -128, 127)
        out[name] = replace(group, widths=tuple(weights.astype(int).tolist()))
    return out
