"""5.10, 3.5.1: the order of bit patterns, and dictionaries, which stay runs of equal steps: a few
bytes can say a dictionary of 2^32 entries."""

from types import SimpleNamespace

import numpy as np

from .conventions import need


def float_order(pattern):
    """5.10: a number that ascends with the float of a bit pattern."""
    pattern = np.asarray(pattern, np.int64)
    return np.where(pattern >= 2**31, 2**32 - 1 - pattern, pattern + 2**31)


def pattern_of(v):
    """5.10: the bit pattern of a value of float_order."""
    return np.where(v >= 2**31, v - 2**31, 2**32 - 1 - v)


def dictionary(read):
    """3.5.1, 4.4.1: the runs of a dictionary, of each its first rank, the value before it, step and
    length; None when it has no entries."""
    size, n, v, runs = read.varint(), 0, -1, []
    need(size <= 2**32, "R-LL-10", "entries")
    while n < size:
        step, run = read.varint(), read.varint()
        need(1 <= run <= size - n, "R-LL-10", "run")
        need(step >= 1, "R-LL-10", "step")
        runs.append((n, v, step, run))
        n, v = n + run, v + run * step
        need(v < 2**32, "R-LL-10", "entry")
    if not runs:
        return None
    first, before, step, length = np.array(runs, np.int64).T
    return SimpleNamespace(size=size, first=first, before=before, step=step, length=length)


def entries(d, ranks):
    """3.5.1: the entries of a dictionary at ranks 0..D-1."""
    run = np.searchsorted(d.first, ranks, side="right") - 1
    return d.before[run] + d.step[run] * (ranks - d.first[run] + 1)


def ranks_below(d, v):
    """5.10.4: how many entries of a dictionary are below v, for each v of 0..2^32 - 1."""
    run = np.searchsorted(d.before, v) - 1  # the last run that begins behind a value below v
    below = (v - 1 - d.before[run]) // d.step[run]
    return d.first[run] + np.minimum(below, d.length[run])
