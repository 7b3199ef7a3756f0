"""5.10.5 and 5.10.7: from the values of the profile lossless to bit patterns."""

import numpy as np

from .conventions import highest_bit, need
from .dictionaries import entries, pattern_of
from .entropy import Adaptive, escape, logistic_prior
from .fields import adaptive_over_levels, levels, neighbours
from .tiles import raw_by_length

NORMAL, COMMON, RAW, COPY_LEFT, COPY_RIGHT = range(5)  # 5.10.3
DROP_PRIOR = [[(1024 >> min(j + 1, 10)) + 1 for j in range(24)]]
EVEN = (512, 512)  # 5.10.6, 5.10.7


def bits_of(v):
    """5.10: the number of bits of each v >= 0, 0 for 0."""
    return np.where(v > 0, highest_bit(np.maximum(v, 1)) + 1, 0)


def fixed(pattern, exponent):
    """5.10.4: bit patterns in units of 2^-exponent, without a dictionary."""
    pattern = np.asarray(pattern, np.int64)
    f = (pattern >> 23) & 255
    significand = (pattern & (2**23 - 1)) + np.where(f > 0, 2**23, 0)
    e = np.maximum(f, 1) - 150 + exponent
    m = (significand << np.clip(e, 0, 6)) >> np.clip(-e, 0, 63)
    m = np.where((e > 6) | (f == 255), 0, m)
    return np.where(pattern >= 2**31, -m - 1, m)


def patterns(payload, columns, n):
    """5.10.5: the bit patterns of columns, in blocks; copies after all blocks."""
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
    """5.10.5: the steps of a block of columns, lists by column, then by Gaussian."""
    kind = np.stack([c.kind for c in columns])
    pattern = np.where(kind == COMMON, [[c.common] for c in columns], 0)
    raw = kind == RAW
    pattern[raw] = payload.raw(32, int(raw.sum()))
    normal = (kind == NORMAL) & [[c.dictionary is None] for c in columns]
    cut = np.stack([c.cut for c in columns])[normal]
    unit = np.stack([c.exponent - c.shift for c in columns])[normal]
    pattern[normal] = normal_patterns(payload, cut, unit, drops)
    for row, column in zip(pattern, columns, strict=True):
        if column.dictionary is not None:
            ranked = column.kind == NORMAL
            row[ranked] = ranked_patterns(payload, column, ranked)
    return pattern


def normal_patterns(payload, cut, unit, drops):
    """5.10.5: steps 3 to 6, the patterns of the normal values of a block."""
    m = np.where(cut < 0, -cut - 1, cut)
    b = bits_of(m)
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


def ranked_patterns(payload, column, normal):
    """5.10.5: step 7, the patterns of the normal values of a column with a dictionary."""
    cut, shift = column.cut[normal], column.shift[normal]
    v = (cut << shift) | raw_by_length(payload, shift)
    need(((v >= 0) & (v < column.dictionary.size)).all(), "R-LL-12")
    return pattern_of(entries(column.dictionary, v))


def integer_root(v):
    """5.10.7: floor(sqrt(v)) of each v, 0 <= v < 2^54, bit by bit."""
    root = np.zeros_like(v)
    for bit in reversed(range(27)):
        larger = root | (1 << bit)
        root = np.where(larger * larger <= v, larger, root)
    return root


def unit_component(others):
    """5.10.7: P, z and shift of the component that makes a quaternion's length 1."""
    remaining = np.full(len(others[0]), 2**52)
    for pattern in others:
        g = fixed(pattern, 26)
        g = np.where(g < 0, -g - 1, g)
        remaining -= np.minimum(g, 2**26) ** 2
    root = integer_root(np.maximum(remaining, 0))
    b = bits_of(root)
    top = np.where(b > 24, root >> np.maximum(b - 24, 0), root << np.maximum(24 - b, 0))
    p = np.where(b == 0, 0, ((100 + b) << 23) | (top & (2**23 - 1)))
    z = 27 - b
    return p, z, np.clip(2 * z - 6, 0, 23)


def derived_patterns(payload, others):
    """5.10.7: the patterns of the component `derived` from those of the other three."""
    p, z, shift = unit_component(others)
    negative = signs(payload, len(p))
    tables = Adaptive([logistic_prior(c + 8, 0, 126) for c in range(16)])
    d = np.zeros_like(p)
    for _, i in levels(len(p)):
        symbols = tables.decode(payload, np.minimum(z[i], 15))
        d[i] = escape(payload, symbols - 127, 126, 32)
    magnitude = (((p >> shift) + d) << shift) | raw_by_length(payload, shift)
    need(((magnitude >= 0) & (magnitude < 2**31)).all(), "R-LL-14")
    return negative * 2**31 + magnitude


def signs(payload, n):
    """5.10.7: 1 where the derived component is negative."""
    negative, tables = np.zeros(n, np.int64), Adaptive([EVEN] * 4)
    for stride, i in levels(n):
        context = np.full(len(i), 3)
        if stride:
            left, right, _, _ = neighbours(negative, i, stride)
            context = left + right
        negative[i] = tables.decode(payload, context)
    return negative
