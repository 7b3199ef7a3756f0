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


def frequencies(weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """Weights [C, S] >= 0 to frequencies [C, S] >= 1 with row sums 2^24.

    f = 1 + floor(w * (2^24 - S) / sum w); what is left over goes to the row's first largest f.
    """
    n_symbols = weights.shape[1]
    total = weights.sum(axis=1, keepdims=True)
    out = 1 + weights * (TOTAL - n_symbols) // total
    largest = out.argmax(axis=1)
    out[np.arange(len(out)), largest] += TOTAL - out.sum(axis=1)
    return out


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
        n_contexts, n_symbols = self._prior.shape
        sizes = np.bincount(contexts, minlength=n_contexts)
        order = np.argsort(contexts, kind="stable")
        grouped = values.take(order) if values is not None else np.empty(len(contexts), np.int32)
        start = 0
        for context, size in enumerate(sizes.tolist()):
            if size:
                part = slice(start, start + size)
                given = None if values is None else grouped[part]
                coded = coder.symbols(table[context], size, given)
                if values is None:
                    grouped[part] = coded
                self._counts[context] += np.bincount(coded, minlength=n_symbols)
                start += size
        if values is not None:
            return values
        out = np.empty_like(grouped)
        out[order] = grouped
        return out

    def carried(self) -> NDArray[np.int64]:
        """A prior of the usual strength made from what was learned (for the next SH row)."""
        learned = self._counts * COUNT_WEIGHT + self._prior
        return learned * 1024 // learned.sum(axis=1, keepdims=True) + 1
