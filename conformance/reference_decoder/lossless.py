"""5.10: the profile lossless; every entry of an array is a binary32 bit pattern, an integer."""

from types import SimpleNamespace

import numpy as np

from .conventions import highest_bit, log2_q8, need
from .entropy import Adaptive, Payload, escape, logistic_prior
from .fields import adaptive_over_levels, levels, neighbours
from .tiles import raw_by_length, tree

NORMAL, COMMON, RAW, COPY_LEFT, COPY_RIGHT = range(5)  # 5.10.3
LIMIT = 2**30
KIND_PRIOR = np.tile([900, 80, 4, 20, 20], (10, 1))
DROP_PRIOR = [[(1024 >> min(j + 1, 10)) + 1 for j in range(24)]]


def decode_tile(model, tile, payloads):
    """5.10.2: the bit patterns of a tile, an array [columns, n], those of means first."""
    payload, n = Payload(payloads[0]), tile.n
    means = [] if model.order_kept else positions(payload, tile)
    rows = [logistic_prior(c + 6, 0, 126) for c in range(16)]
    tables = {name: (Adaptive(KIND_PRIOR), Adaptive(rows)) for name in model.groups}
    fast, slow = np.zeros((2, n), np.int64)
    work = SimpleNamespace(fast=fast, slow=slow, innovations=[], columns=[])
    kind = np.zeros(n, np.int64)
    for column in model.columns:
        group = model.groups[column.group]
        of_kinds, of_values = tables[column.group]
        kind = kinds(payload, kind, of_kinds)
        work.columns.append(values(payload, column, group, kind, work, of_values))
    decoded = patterns(payload, work.columns, n)
    payload.end()
    return np.array([*means, *decoded], np.int64)


def positions(payload, tile):
    """5.10.1: the patterns of means where the order is not kept."""
    cells = tree(payload, tile.n, tile.bits)
    means = []
    for axis in range(3):
        low = payload.raw(11, tile.n)
        v = (((cells[:, axis] + tile.origin[axis]) << 11) | low) & (2**32 - 1)
        means.append(np.where(v >= 2**31, v - 2**31, 2**32 - 1 - v))
    return means


def kinds(payload, before, tables):
    """5.10.3: the kinds of a column, given those of the column before."""
    kind = np.zeros_like(before)
    for stride, i in levels(len(kind)):
        kind[i] = tables.decode(payload, 2 * before[i] + (stride == 1))
    return kind


def fixed(pattern, exponent):
    """5.10.4: a bit pattern in units of 2^-exponent."""
    f = (pattern >> 23) & 255
    significand = (pattern & (2**23 - 1)) + (2**23 if f > 0 else 0)
    e = max(f, 1) - 150 + exponent
    m = 0 if e > 6 or f == 255 else significand << e if e >= 0 else significand >> -e
    return -m - 1 if pattern >> 31 else m


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
        out[kind == COMMON] = fixed(column.common, group.exponent)
    if stride:
        left, right, _, _ = neighbours(value, i, stride)
        out = np.where(kind == COPY_LEFT, left, np.where(kind == COPY_RIGHT, right, out))
    return out


def values(payload, column, group, kind, work, tables):
    """5.10.4: the values of a column, level by level."""
    n = len(kind)
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
                           common=column.common or 0)


def patterns(payload, columns, n):
    """5.10.5: the bit patterns of all columns, in blocks; copies after all blocks."""
    size = max(1, 2**18 // n)
    drops, decoded = Adaptive(DROP_PRIOR), []
    for start in range(0, len(columns), size):
        decoded.extend(block_patterns(payload, columns[start : start + size], drops))
    for pattern, column in zip(decoded, columns, strict=True):
        for stride, i in levels(n):
            if stride:
                left, right, _, _ = neighbours(pattern, i, stride)
                kind = column.kind[i]
                copied = np.where(kind == COPY_LEFT, left, right)
                pattern[i] = np.where(kind >= COPY_LEFT, copied, pattern[i])
    return decoded


def block_patterns(payload, columns, drops):
    """5.10.5: steps 1 to 3 of a block of columns, lists by column, then by Gaussian."""
    kind = np.stack([c.kind for c in columns])
    pattern = np.where(kind == COMMON, [[c.common] for c in columns], 0)
    raw = kind == RAW
    pattern[raw] = payload.raw(32, int(raw.sum()))
    normal = kind == NORMAL
    cut = np.stack([c.cut for c in columns])[normal]
    unit = np.stack([c.exponent - c.shift for c in columns])[normal]
    pattern[normal] = normal_patterns(payload, cut, unit, drops)
    return pattern


def normal_patterns(payload, cut, unit, drops):
    """5.10.5: steps 3 to 6, the patterns of the normal values of a block."""
    m = np.where(cut < 0, -cut - 1, cut)
    b = np.where(m > 0, highest_bit(np.maximum(m, 1)) + 1, 0)
    f = 126 - unit + b
    zero = np.flatnonzero(b == 0)
    drop = adaptive_over_levels(payload, drops, np.zeros_like(zero))
    drop[drop == 23] = payload.raw(8, int((drop == 23).sum()))
    f[zero] -= drop  # step 4
    need(((f >= 0) & (f <= 254)).all(), "R-LL-08")
    missing = np.where(b > 0, np.maximum(24 - b, 0), 23)
    low = raw_by_length(payload, missing)
    top = np.where(b > 24, m >> np.maximum(b - 24, 0), m << missing)
    return np.where(cut < 0, 2**31, 0) + (f << 23) + ((top & (2**23 - 1)) | low)


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
