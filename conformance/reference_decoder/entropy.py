"""Part 6, parsing: the entropy decoder, raw bits, adaptive tables and their priors."""

from bisect import bisect_right
from functools import cache

import numpy as np

from .conventions import Reader, need
from .tables import TABLES

ONE = 2**24  # 6.1: the sum of a table


class Payload:
    """3.7: the code words and raw bytes of a payload, and the calls that take from them."""

    def __init__(self, data):
        """3.7, and init of 6.1."""
        read = Reader(data)
        n_words = read.varint()
        self.words = np.frombuffer(read.bytes(4 * n_words), "<u4").tolist()
        self.raw_bytes = np.frombuffer(read.rest(), np.uint8)
        self.raw_at = 0
        need(not self.words or self.words[-1] != 0, "R-TILE-05")
        self.state = 0
        while self.state < 2**32 and self.words:
            self.state = (self.state << 32) | self.words.pop()

    def symbols(self, table, m):
        """6.1: m symbols by one table, given as frequencies."""
        state, words, decoded = self.state, self.words, []
        cdf = [0, *np.cumsum(table).tolist()]
        for _ in range(m):
            quantile = state & (ONE - 1)
            symbol = bisect_right(cdf, quantile) - 1
            low = cdf[symbol]
            state = (state >> 24) * (cdf[symbol + 1] - low) + quantile - low
            if state < 2**32 and words:
                state = (state << 32) | words.pop()
            decoded.append(symbol)
        self.state = state
        return np.array(decoded, np.int64)

    def uniform(self, size):
        """6.2: one symbol 0..size-1; the last one has what division leaves over (R-ENT-02)."""
        p = ONE // size
        quantile = self.state & (ONE - 1)
        symbol = min(quantile // p, size - 1)
        freq = p if symbol < size - 1 else ONE - p * (size - 1)
        self.state = (self.state >> 24) * freq + quantile - p * symbol
        if self.state < 2**32 and self.words:
            self.state = (self.state << 32) | self.words.pop()
        return symbol

    def raw(self, n_bits, m):
        """6.3: m values of n_bits each, most significant bit first."""
        values = np.zeros(m, np.int64)
        length = (n_bits * m + 7) // 8
        need(length <= len(self.raw_bytes) - self.raw_at, "R-ENT-03", "raw bytes are short")
        bits = np.unpackbits(self.raw_bytes[self.raw_at : self.raw_at + length])
        self.raw_at += length
        need(not bits[n_bits * m :].any(), "R-TILE-06")
        for bit in bits[: n_bits * m].reshape(m, n_bits).T:
            values = (values << 1) | bit
        return values

    def end(self):
        """R-TILE-04: state 0, no word and no raw byte left."""
        need(self.state == 0 and not self.words, "R-TILE-04", "state or words")
        need(self.raw_at == len(self.raw_bytes), "R-TILE-04", "raw bytes")


def frequencies(weights):
    """6.4: from weights, along the last axis, to tables that sum to 2^24."""
    w = np.asarray(weights, np.int64)
    f = 1 + w * (ONE - w.shape[-1]) // w.sum(-1, keepdims=True)
    first = np.expand_dims(f.argmax(-1), -1)
    over = ONE - f.sum(-1, keepdims=True)
    np.put_along_axis(f, first, np.take_along_axis(f, first, -1) + over, -1)
    return f


class Adaptive:
    """6.5: tables that follow what was decoded, a row of weights each context."""

    def __init__(self, prior):
        """6.5: counts start at 0."""
        self.prior = np.asarray(prior, np.int64)
        self.counts = np.zeros_like(self.prior)

    def decode(self, payload, contexts):
        """6.5: the symbols of one level. A context's counts touch no other context, so that all
        tables can be made at once."""
        decoded = np.zeros(len(contexts), np.int64)
        present = np.unique(contexts)
        tables = frequencies(self.counts[present] * 64 + self.prior[present])
        for context, table in zip(present, tables, strict=True):
            members = np.flatnonzero(contexts == context)
            symbols = payload.symbols(table, len(members))
            self.counts[context] += np.bincount(symbols, minlength=len(table))
            decoded[members] = symbols
        return decoded

    def carried(self):
        """6.5: the weights for another field."""
        weights = self.counts * 64 + self.prior
        return (weights * 1024) // weights.sum(-1, keepdims=True) + 1


def escape(payload, d, largest, n_bits):
    """5.3, 5.10.4, 5.11.1: complete the values beyond the alphabet by one call of raw."""
    ends = np.flatnonzero(np.abs(d) > largest)
    d[ends] += np.sign(d[ends]) * payload.raw(n_bits, len(ends))
    return d


@cache
def logistic_prior(k, p, h):
    """6.6: weights of the alphabet 0..2h+2 for a scale index and a phase."""
    edge = 4 * (np.arange(2 * h + 2) - h - 1) + 2
    x = ((edge - p) * TABLES.inverse_scales[k] * 32) >> 20
    cdf = TABLES.logistic_cdf[np.clip(2048 + x, 0, 4096)]
    return (np.diff(cdf, prepend=0, append=2**20) >> 10) + 1
