"""Part 6: payload bytes to symbols. Tables of annex C come from the file `tables.bin`."""

from __future__ import annotations

import struct
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path

from conformance.refdec.container import Fields, need

TOTAL = 1 << 24


def load_tables() -> dict[str, tuple]:
    """Annex C."""
    root = Path(__file__).resolve().parents[2]
    raw, at, out = (root / "codec" / "core" / "tables.bin").read_bytes(), 0, {}
    for name, code, count in (("opacity_logits", "f", 4096), ("log2_alphas", "h", 4096),
                              ("logistic_cdf", "I", 4097), ("inverse_scales", "I", 64),
                              ("rotation_bits", "h", 128), ("log2_mantissas", "h", 256),
                              ("thresholds", "I", 64)):
        out[name] = struct.unpack_from(f"<{count}{code}", raw, at)
        at += struct.calcsize(f"<{count}{code}")
    return out


TABLES = load_tables()


def frequencies(w: list[int]) -> list[int]:
    """6.4"""
    total = sum(w)
    f = [1 + x * (TOTAL - len(w)) // total for x in w]
    f[f.index(max(f))] += TOTAL - sum(f)
    return f


def logistic_prior(k: int, p: int, h: int) -> list[int]:
    """6.6"""
    cdf = []
    for j in range(2 * h + 2):
        edge = 4 * (j - h - 1) + 2
        x = ((edge - p) * TABLES["inverse_scales"][k] * 32) >> 20
        cdf.append(TABLES["logistic_cdf"][min(max(2048 + x, 0), 4096)])
    return [((b - a) >> 10) + 1 for a, b in zip([0, *cdf], [*cdf, 1 << 20], strict=True)]


def levels(n: int) -> list[tuple[int, list[int]]]:
    """5.3: (stride, members) of each level; stride 0 = no neighbours."""
    top = 0
    while n >> top > 256:
        top += 1
    out = [(0, list(range(0, n, 1 << top)))]
    for level in range(top - 1, -1, -1):
        stride = 1 << level
        out.append((stride, list(range(stride, n, 2 * stride))))
    return out


class Payload:
    """6.1 to 6.3: one TILE payload."""

    def __init__(self, data: bytes) -> None:
        f = Fields(data)
        n = f.varint()
        self.words = list(struct.unpack(f"<{n}I", f.take(4 * n)))
        need(not self.words or self.words[-1] != 0, "R-TILE-05")
        self.rest, self.state = f, 0
        while self.state < 1 << 32 and self.words:
            self.state = self.state << 32 | self.words.pop()

    def _advance(self, quantile: int, cdf: int, freq: int) -> None:
        self.state = (self.state >> 24) * freq + quantile - cdf
        if self.state < 1 << 32 and self.words:
            self.state = self.state << 32 | self.words.pop()

    def symbols(self, freq: list[int], m: int) -> list[int]:
        cdf, out = [0, *accumulate(freq)], []
        for _ in range(m):
            quantile = self.state & TOTAL - 1
            s = bisect_right(cdf, quantile) - 1
            self._advance(quantile, cdf[s], freq[s])
            out.append(s)
        return out

    def uniform(self, size: int) -> int:
        p, quantile = TOTAL // size, self.state & TOTAL - 1
        s = min(quantile // p, size - 1)
        self._advance(quantile, p * s, p if s < size - 1 else TOTAL - p * (size - 1))
        return s

    def raw(self, n_bits: int, m: int) -> list[int]:
        if not n_bits or not m:
            return [0] * m
        n_bytes = (n_bits * m + 7) // 8
        value, padding = int.from_bytes(self.rest.take(n_bytes), "big"), -n_bits * m % 8
        need(value & ((1 << padding) - 1) == 0, "R-TILE-06")
        value >>= padding
        mask = (1 << n_bits) - 1
        return [value >> n_bits * (m - 1 - i) & mask for i in range(m)]

    def finish(self) -> None:
        need(self.state == 0 and not self.words, "R-TILE-04")
        self.rest.end()


class Adaptive:
    """6.5"""

    def __init__(self, prior: list[list[int]]) -> None:
        self.prior = prior
        self.counts = [[0] * len(row) for row in prior]

    def _learned(self, c: int) -> list[int]:
        return [64 * n + w for n, w in zip(self.counts[c], self.prior[c], strict=True)]

    def code(self, payload: Payload, contexts: list[int]) -> list[int]:
        """Symbols of one level's members, by their contexts."""
        out = [0] * len(contexts)
        for c in sorted(set(contexts)):
            where = [i for i, x in enumerate(contexts) if x == c]
            found = payload.symbols(frequencies(self._learned(c)), len(where))
            for i, s in zip(where, found, strict=True):
                out[i] = s
                self.counts[c][s] += 1
        return out

    def carried(self) -> list[list[int]]:
        out = []
        for c in range(len(self.prior)):
            learned = self._learned(c)
            total = sum(learned)
            out.append([x * 1024 // total + 1 for x in learned])
        return out
