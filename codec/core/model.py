"""Adaptive integer frequency tables (spec 06, "Adaptive tables").

Counts gathered on the levels already coded are mixed with a prior shape; a table is made once
per level, so that coding stays vectorized.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.core.entropy import PRECISION
from codec.core.tables import coding_tables

COUNT_WEIGHT = 64
TOTAL = 1 << PRECISION


def frequencies(weights: NDArray[np.int64], used=None) -> NDArray[np.int64]:
    """Weights [C, S] >= 0 to frequencies [C, S] >= 1 with row sums 2^24.

    f = 1 + floor(w * (2^24 - S) / sum w); what is left over goes to the row's first largest f.
    used: [C, S] ones, and zeros where a row has fewer than S symbols: weight and f are 0 there.
    """
    n_symbols = weights.shape[1] if used is None else used.sum(axis=1, keepdims=True)
    total = weights.sum(axis=1, keepdims=True)
    out = weights * (TOTAL - n_symbols) // total
    out += 1 if used is None else used
    largest = out.argmax(axis=1)
    out[np.arange(len(out)), largest] += TOTAL - out.sum(axis=1)
    return out


def code_groups(coder, tables, sizes: list[int], grouped) -> None:
    """Code sizes[i] symbols by tables[i], one group after the other.

    grouped: the symbols of all groups; the decoder fills them in.
    """
    start = 0
    for table, size in zip(tables, sizes, strict=True):
        if size:
            part = grouped[start : start + size]
            coded = coder.symbols(table, size, part)
            if coder.decoding:
                part[:] = coded
            start += size


def logistic_prior(scales: NDArray[np.int64], phases: NDArray[np.int64],
                   k: int) -> NDArray[np.int64]:
    """Prior weights [C, 2k + 3] of residuals -k-1 (and below) .. k+1 (and above).

    scales: [C] indices 0..63; phases: [C] in quarter symbols, where the prediction really lies.
    Cell edges at (2r + 1) / 2 symbols are looked up in the shipped logistic CDF.
    """
    tables = coding_tables()
    edges = 4 * np.arange(-k - 1, k + 1) + 2  # quarter symbols, upper edge of each but the last
    offset = edges[None, :] - phases[:, None]
    scaled = (offset * tables.inverse_scales[scales][:, None] * 32) >> 20
    cdf = tables.logistic_cdf[np.clip(2048 + scaled, 0, 4096)]
    ends = np.full((len(cdf), 1), 1 << 20)
    return (np.diff(cdf, axis=1, prepend=0 * ends, append=ends) >> 10) + 1


class AdaptiveTables:
    """Counts per context over one alphabet.

    prior: [C, S] weights, each row summing to about 2^10 (worth 16 observed symbols).
    """

    def __init__(self, prior: NDArray[np.int64]) -> None:
        self._prior = prior
        self._counts = np.zeros_like(prior)

    def code(self, coder, contexts: NDArray[np.uint8], values):
        """Code one level: symbol i by the table of contexts[i]; contexts in ascending order.

        values: [n] symbols when encoding, None when decoding. Returns the symbols, int32 [n].
        """
        table = frequencies(self._counts * COUNT_WEIGHT + self._prior)
        order = np.argsort(contexts, kind="stable")
        sizes = np.bincount(contexts, minlength=len(table)).tolist()
        out = np.empty(len(contexts), np.int32) if values is None else values
        grouped = out if values is None else values.take(order)
        code_groups(coder, table, sizes, grouped)
        if values is None:
            out = np.empty_like(grouped)
            out[order] = grouped
        self._count(contexts, out)
        return out

    def _count(self, contexts, symbols) -> None:
        """One more for each pair of context and symbol."""
        pairs = contexts.astype(np.int64)
        pairs *= self._counts.shape[1]
        pairs += symbols
        self._counts += np.bincount(pairs, minlength=self._counts.size).reshape(self._counts.shape)

    def carried(self) -> NDArray[np.int64]:
        """A prior of the usual strength made from what was learned (for the next SH row)."""
        learned = self._counts * COUNT_WEIGHT + self._prior
        return learned * 1024 // learned.sum(axis=1, keepdims=True) + 1
