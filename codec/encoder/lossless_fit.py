"""Models of the lossless profile fitted to a scene's columns of bit patterns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codec.core.fields import level_slices, neighbours
from codec.core.lossless import (
    QUATS,
    TAIL_BITS,
    cross_prediction,
    group_values,
    predict,
    update_row_widths,
    width_features,
)
from codec.core.lossless_model import (
    FEATURES,
    LIMIT,
    NONE,
    ColumnModel,
    Dictionary,
    GroupModel,
    LosslessParams,
    column_groups,
)
from codec.core.lossless_values import ordered, unordered
from codec.core.tables import log2_q8

COMMON_SHARE = 0.02
RUNS, RUN_ROWS = 8, 4096  # rows that models are fitted to, in a large scene
TYPICAL_BITS = 10  # log2 of a group's typical residual in fixed-point units
SOURCE_COST = 16.0  # bits of one source and its weight
ROUNDS = 3
VALUE_BITS = 24.0  # what a value costs that is not predicted
SOME, MOSTLY = 1 << 14, 0.98  # values that tell whether a dictionary may pay
WORTH = 0.6  # of the bits that a dictionary seems to save, at most for the dictionary itself
REPEATED = 0.02  # of the rows of shN at least, to try whether that pays
NEGATIVE_ZERO = 0x7FFFFFFF  # its place in the floats' order
UNIT_ERROR, UNIT_SHARE = 6e-6, 0.99  # of squared lengths; from 2e-5 on it costs bytes


def fit_lossless(columns: NDArray[np.int64], order_kept: bool, axes) -> LosslessParams:
    """columns: [C, N] bit patterns in coding order, positions first; axes: as in the result."""
    plain = columns if order_kept else columns[3:]
    shn = plain.shape[0] - 11 - 3 * order_kept
    derived = _derived_component(plain[QUATS + 3 * order_kept :][:4])
    if derived is not None:
        plain = np.delete(plain, QUATS + 3 * order_kept + derived, axis=0)
    names = column_groups(shn, order_kept, derived is not None)
    dictionaries = {
        name: _dictionary(plain[names.index(name) :][: names.count(name)], name == "mean")
        for name in dict.fromkeys(names)
    }
    groups, models = _fit_columns(_sample(plain), names, dictionaries, plain.shape[1])
    return LosslessParams(groups, models, order_kept, derived, axes=axes)


def _fit_columns(part, names, dictionaries, n_rows: int):
    """Models of groups and columns, fitted to sampled rows [C, N]."""
    common = [_common_value(column) for column in part]
    normal = np.stack([_normal(p, c) for p, c in zip(part, common, strict=True)])
    groups, fixed, means = _fit_groups(part, names, dictionaries)
    innovations = np.stack([
        fixed[i] - _predict_all(groups[name], means[i], fixed[i]) for i, name in enumerate(names)
    ])
    sources = _fit_sources(innovations, normal, n_rows)
    models, residuals = [], []
    for i in range(len(names)):
        column = ColumnModel(common[i], means[i], 0, *sources[i])
        residuals.append(innovations[i] - cross_prediction(column, innovations))
        logs = log2_q8(1 + np.abs(residuals[i]))[normal[i]]
        models.append(replace(column, log_width=int(logs.mean()) if len(logs) else 0))
    groups = _fit_widths(groups, names, models, fixed, residuals, normal)
    return groups, tuple(models)


def position_dictionaries(columns: NDArray[np.int64], order_kept: bool):
    """Dictionaries of the position axes that repay their bytes."""
    if order_kept:
        return (NONE,) * 3
    return tuple(_dictionary(column[None], True, of_axis=True) for column in columns)


def _dictionary(columns: NDArray[np.int64], positions: bool, of_axis: bool = False) -> Dictionary:
    """The values of columns [C, N], or none when that costs more than it saves.

    All that occur or, of positions, all multiples of a power of two from the least to the largest,
    when these are said in fewer bits.
    """
    if not positions and _mostly_different(columns):
        return NONE
    values, counts = np.unique(ordered(columns), return_counts=True)
    # in plain columns the commonest value may have a kind of its own
    plain = columns.size - (0 if of_axis else counts.max(initial=0))
    candidates = [Dictionary.of(values), *([_grid(values)] if positions else [])]
    costs = [plain * np.log2(max(len(c), 1)) + 8 * _bytes(c) / WORTH if len(c) else np.inf
             for c in candidates]
    best = int(np.argmin(costs))
    usual = VALUE_BITS
    if of_axis and len(values):
        usual = max(np.log2(np.ptp(values) + 1), TAIL_BITS)
    return candidates[best] if costs[best] < plain * usual else NONE


def _mostly_different(columns) -> bool:
    """Whether nearly all of some values of columns [C, N] differ, but for the commonest one."""
    some = columns.reshape(-1)[:: max(columns.size // SOME, 1)]
    _, counts = np.unique(some, return_counts=True)
    left = len(some) - counts.max(initial=0) + 1
    return left > SOME / 8 and len(counts) > MOSTLY * left


def _bytes(dictionary: Dictionary) -> int:
    """What the runs of a dictionary take in MODL."""
    numbers = np.append(dictionary.steps, np.diff(dictionary.ranks)).astype(np.float64)
    return int(((np.frexp(numbers)[1] + 6) // 7).sum())


def _grid(values: NDArray[np.int64]) -> Dictionary:
    """All multiples of the finest unit of `values` between them; none when they are too many."""
    patterns = unordered(values)
    field = (patterns >> 23) & 255
    significand = (patterns & 0x7FFFFF) | ((field > 0).astype(np.int64) << 23)
    if not len(values) or (field == 255).any():
        return NONE
    last = np.frexp((significand & -significand).astype(np.float64))[1] - 1
    unit = np.where(significand > 0, np.maximum(field, 1) - 150 + last, 127).min()
    floats = patterns.astype(np.uint32).view(np.float32).astype(np.float64)
    low, high = np.ldexp(floats.min(), -unit), np.ldexp(floats.max(), -unit)
    if max(-low, high) >= 1 << 24:
        return NONE
    powers = 1 << np.arange(24)
    keys = np.union1d(np.clip([-powers, powers], low, high), [low, high, np.clip(0, low, high)])
    keys += 0.0  # no -0
    ends = np.ldexp(keys, unit).astype(np.float32).view(np.uint32).astype(np.int64)
    return _between(ordered(ends), keys.astype(np.int64), NEGATIVE_ZERO in values)


def _between(values, places, negative_zero: bool) -> Dictionary:
    """Runs through values at places [K], ascending; even steps from each to the next."""
    if negative_zero:
        after = values > NEGATIVE_ZERO
        values = np.insert(values, (~after).sum(), NEGATIVE_ZERO)
        places = np.insert(places + after, (~after).sum(), 0)
    lengths = np.append(1, np.diff(places))
    steps = np.diff(values, prepend=-1) // lengths
    starts = np.append(values[0], values[:-1] + steps[1:])
    return Dictionary(starts, steps, np.append(0, np.cumsum(lengths)))


def _derived_component(quats: NDArray[np.int64]) -> int | None:
    """The largest component on average of quaternions [4, N] (bit patterns) of length 1."""
    with np.errstate(over="ignore", invalid="ignore"):  # NaN with payloads, infinities
        squares = quats.astype(np.uint32).view(np.float32).astype(np.float64) ** 2
        unit = np.abs(squares.sum(axis=0) - 1) < UNIT_ERROR
    if not unit.size or unit.mean() < UNIT_SHARE:
        return None
    return int(squares[:, unit].mean(axis=1).argmax())


def rows_repeat(columns: NDArray[np.int64]) -> bool:
    """Whether some rows of shN [C, N] occur again, so that it may pay to code them once."""
    if not columns.size:
        return False
    digest = np.zeros(columns.shape[1], np.uint64)
    for column in columns:
        digest = (digest + column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        digest ^= digest >> np.uint64(32)
    return len(np.unique(digest)) < (1 - REPEATED) * columns.shape[1]


def _sample(plain):
    """Evenly spaced runs of rows (all rows of a small scene)."""
    n = plain.shape[1]
    if n <= RUNS * RUN_ROWS:
        return plain
    starts = [(n - RUN_ROWS) * i // (RUNS - 1) for i in range(RUNS)]
    return np.concatenate([plain[:, a : a + RUN_ROWS] for a in starts], axis=1)


def _fit_groups(part, names, dictionaries):
    """Group models without width weights, fixed-point columns [C, N], their means."""
    groups, fixed, means = {}, np.zeros(part.shape, np.int64), []
    for name in dict.fromkeys(names):
        rows = [i for i, other in enumerate(names) if other == name]
        values = dictionaries[name]
        exponent = 0 if len(values) else _fit_exponent(part[rows])
        group = GroupModel(exponent, 0, 0, (0,) * FEATURES, values)
        for i in rows:
            fixed[i] = group_values(group, part[i])[0]
            means.append(_robust_mean(fixed[i]))
        near, far = _fit_neighbours(fixed[rows], [means[i] for i in rows])
        groups[name] = replace(group, near=near, far=far)
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
