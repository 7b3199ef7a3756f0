"""5.10: the profile lossless; every entry of an array is a binary32 bit pattern, an integer."""

from types import SimpleNamespace

import numpy as np

from .conventions import log2_q8, need
from .dictionaries import entries, float_order, pattern_of, ranks_below
from .entropy import Adaptive, Payload, escape, logistic_prior
from .fields import adaptive_over_levels, levels, neighbours
from .patterns import COMMON, COPY_LEFT, COPY_RIGHT, EVEN, NORMAL, derived_patterns, fixed, patterns
from .tiles import tree

LIMIT = 2**30
KIND_PRIOR = np.tile([900, 80, 4, 20, 20], (10, 1))


def decode_tile(model, tile, payloads):
    """5.10.2: the bit patterns of a tile, an array [columns, n] in the order of `arrays`."""
    payload, n = Payload(payloads[0]), tile.n
    means = [] if model.order_kept else positions(payload, tile, model.axis_dictionaries)
    fast, slow, kind = np.zeros((3, n), np.int64)
    work = SimpleNamespace(fast=fast, slow=slow, kind=kind, innovations=[])
    first = [c for c in model.columns if c.group != "rest" or not model.repeats]
    decoded = [*means, *decode_columns(payload, model, first, work)]
    if model.repeats:
        decoded += repeated_rows(payload, model, work)
    if model.unit:
        at = 7 + model.derived  # behind means, opacity and scales
        decoded.insert(at, derived_patterns(payload, decoded[7:10]))
    payload.end()
    return np.array(decoded, np.int64)


def decode_columns(payload, model, columns, work):
    """5.10.2: kinds and values of columns, then their bit patterns."""
    rows = [logistic_prior(c + 6, 0, 126) for c in range(16)]
    tables = {c.group: (Adaptive(KIND_PRIOR), Adaptive(rows)) for c in columns}
    decoded = []
    for column in columns:
        of_kinds, of_values = tables[column.group]
        work.kind = kinds(payload, work.kind, of_kinds)
        decoded.append(values(payload, column, model.groups[column.group], work, of_values))
    return patterns(payload, decoded, len(work.kind))


def repeated_rows(payload, model, work):
    """5.10.6: the columns of shN, coded once for the rows that are new."""
    n = len(work.kind)
    new = adaptive_over_levels(payload, Adaptive([EVEN]), np.zeros(n, np.int64))
    m = int(new.sum())
    source = np.cumsum(new) - 1
    source[new == 0] = payload.raw((max(m, 1) - 1).bit_length(), n - m)
    need((source < m).all(), "R-LL-13")
    rows = new == 1
    part = SimpleNamespace(fast=work.fast[rows], slow=work.slow[rows], kind=work.kind[rows],
                           innovations=[innovation[rows] for innovation in work.innovations])
    rest = [c for c in model.columns if c.group == "rest"]
    return [pattern[source] for pattern in decode_columns(payload, model, rest, part)]


def positions(payload, tile, dictionaries):
    """5.10.1: the patterns of means where the order is not kept."""
    cells = tree(payload, tile.n, tile.bits)
    means = []
    for axis, dictionary in enumerate(dictionaries):
        tail = max((dictionary.size - 1).bit_length() - 21, 0) if dictionary else 11
        low = payload.raw(tail, tile.n)
        v = ((cells[:, axis] + tile.origin[axis]) << tail) | low
        if dictionary:
            need(((v >= 0) & (v < dictionary.size)).all(), "R-LL-11")
            v = entries(dictionary, v)
        means.append(pattern_of(v & (2**32 - 1)))
    return means


def kinds(payload, before, tables):
    """5.10.3: the kinds of a column, given those of the column before."""
    kind = np.zeros_like(before)
    for stride, i in levels(len(kind)):
        kind[i] = tables.decode(payload, 2 * before[i] + (stride == 1))
    return kind


def fixed_of(pattern, group):
    """5.10.4: a bit pattern as a value of its group, a rank where there is a dictionary."""
    if group.dictionary:
        return ranks_below(group.dictionary, float_order(pattern))
    return fixed(pattern, group.exponent)


def level_prediction(column, group, value, residual, i, stride):
    """5.10.4: prediction and `around` of a level's members."""
    if stride == 0:
        return np.full(len(i), column.mean, np.int64), 0
    left, right, far_left, far_right = neighbours(value, i, stride)
    rest = 4096 - 2 * (group.near + group.far)
    near, far = left + right, far_left + far_right
    prediction = (group.near * near + group.far * far + rest * column.mean) >> 12
    spread = np.abs(left - right) + (np.abs(far_left - far_right) >> 1)
    left, right, _, _ = neighbours(residual, i, stride)
    near_residuals = np.abs(left) + np.abs(right)
    around = group.widths[0] * (log2_q8(1 + spread) - column.log_width)
    around = around + group.widths[1] * (log2_q8(1 + near_residuals) - column.log_width)
    return np.clip(prediction, -LIMIT, LIMIT), around


def normal_values(payload, centre, width, tables):
    """5.10.4: cut, shift and value of the members of kind normal of a level."""
    quarter = np.clip(width >> 6, 0, 127)
    shift = np.maximum((quarter >> 2) - 3, 0)
    context = np.where(shift > 0, 12 + (quarter & 3), quarter)
    d = escape(payload, tables.decode(payload, context) - 127, 126, 32)
    cut = (centre >> shift) + d
    need((np.abs(cut << shift) <= LIMIT).all(), "R-LL-07")
    return cut, shift, (cut << shift) + ((1 << shift) >> 1)


def other_values(column, group, kind, value, i, stride):
    """5.10.4: what stands in for the value of the kinds that are not normal."""
    out = np.full(len(i), column.mean, np.int64)
    if column.common is not None:
        out[kind == COMMON] = fixed_of(column.common, group)
    if stride:
        left, right, _, _ = neighbours(value, i, stride)
        out = np.where(kind == COPY_LEFT, left, np.where(kind == COPY_RIGHT, right, out))
    return out


def values(payload, column, group, work, tables):
    """5.10.4: the values of a column, level by level."""
    n, kind = len(work.kind), work.kind
    value, residual, innovation, cut, shift, cross = np.zeros((6, n), np.int64)
    for source, weight in column.sources:
        cross += weight * work.innovations[source]
    cross = np.clip(cross >> 6, -LIMIT, LIMIT)
    for stride, i in levels(n):
        prediction, around = level_prediction(column, group, value, residual, i, stride)
        centre = prediction + cross[i]
        width = group.widths[2] * work.fast[i] + group.widths[3] * work.slow[i] + around
        width = column.log_width + (width >> 6)
        level = other_values(column, group, kind[i], value, i, stride)
        normal = kind[i] == NORMAL
        j = i[normal]
        found = normal_values(payload, centre[normal], width[normal], tables)
        cut[j], shift[j], level[normal] = found
        value[i] = level
        residual[i] = level - centre
        innovation[i] = level - prediction
    work.innovations.append(innovation)
    normal = kind == NORMAL
    surprise = log2_q8(1 + np.abs(residual)) - column.log_width
    work.fast += np.where(normal, (surprise - work.fast) >> 1, 0)
    work.slow += np.where(normal, (surprise - work.slow) >> 3, 0)
    return SimpleNamespace(kind=kind, cut=cut, shift=shift, exponent=group.exponent,
                           dictionary=group.dictionary, common=column.common or 0)


def arrays(decoded, k):
    """5.10: the columns of a tile as arrays of binary32."""
    floats = np.ascontiguousarray(decoded.T).astype(np.uint32).view(np.float32)
    n = len(floats)
    return {
        "means": floats[:, 0:3],
        "opacity_logits": floats[:, 3],
        "log_scales": floats[:, 4:7],
        "quats": floats[:, 7:11],
        "sh0": floats[:, 11:14],
        "shN": floats[:, 14:].reshape(n, k - 1, 3),
    }
