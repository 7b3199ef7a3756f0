"""Symbols and raw bits <-> bytes (spec 06). The only file that imports constriction.

One interface for both directions: `symbols(..., values)` of the encoder records what the decoder's
`symbols(..., None)` will return, so that each coding tool is written once.
Range ANS with a 64-bit state, 32-bit words and 24-bit probabilities (constriction's AnsCoder);
its tables are integers that sum to 2^24.
"""

from __future__ import annotations

import constriction
import numpy as np
from numpy.typing import NDArray

from codec.errors import BadValue
from codec.wire.reader import Reader
from codec.wire.writer import Writer

PRECISION = 24
_MODEL = constriction.stream.model
_AnsCoder = constriction.stream.stack.AnsCoder


def _categorical(frequencies: NDArray[np.int64]):
    # constriction adds one to each weight when the weights sum to exactly 2^24 - n
    return _MODEL.Categorical((frequencies - 1).astype(np.float64), perfect=False)


def pack_bits(values: NDArray[np.int64], n_bits: int) -> bytes:
    """`values` (0 <= v < 2^n_bits <= 2^32), n_bits each, most significant first, byte aligned."""
    as_bytes = values.astype(">u4").view(np.uint8).reshape(-1, 4)
    bits = np.unpackbits(as_bytes, axis=1)[:, 32 - n_bits :]
    return np.packbits(bits).tobytes()


def unpack_bits(data: NDArray[np.uint8], count: int, n_bits: int) -> NDArray[np.int64]:
    bits = np.unpackbits(data, count=count * n_bits).reshape(count, n_bits)
    size = 1 if n_bits <= 8 else 2 if n_bits <= 16 else 4
    padded = np.zeros((count, 8 * size), np.uint8)
    padded[:, 8 * size - n_bits :] = bits
    return np.packbits(padded.reshape(-1)).view(f">u{size}").astype(np.int64)


class SymbolCoder:
    """What both directions share."""

    decoding: bool

    def section(self, name: str) -> None:
        """The field whose symbols follow; for coders that keep accounts."""


class SymbolEncoder(SymbolCoder):
    """Records symbols and raw bits; `finish` gives the payload."""

    decoding = False

    def __init__(self) -> None:
        self._steps: list = []
        self._raw: list[bytes] = []

    def symbols(self, frequencies, count: int, values):
        """Code `values` [count], each in 0..len(frequencies)-1, by one table (sum 2^24)."""
        if count:
            self._steps.append((values, _categorical(frequencies)))
        return values

    def uniform(self, size: NDArray[np.int64], values):
        """Code values[i] in 0..size[i]-1, all equally likely; 2 <= size <= 2^24."""
        if len(size):
            self._steps.append((values, size))
        return values

    def raw(self, n_bits: int, count: int, values):
        """Code `values` [count] with n_bits <= 32 each, unmodelled."""
        if n_bits and count:
            self._raw.append(pack_bits(values, n_bits))
        return values

    def finish(self) -> bytes:
        coder = _AnsCoder()
        for values, model in reversed(self._steps):
            symbols = np.ascontiguousarray(values, dtype=np.int32)
            if isinstance(model, np.ndarray):
                coder.encode_reverse(symbols, _MODEL.Uniform(), model.astype(np.int32))
            else:
                coder.encode_reverse(symbols, model)
        words = coder.get_compressed()
        out = Writer()
        out.varint(len(words))
        out.bytes(words.astype("<u4").tobytes())
        for part in self._raw:
            out.bytes(part)
        return out.getvalue()


class SymbolDecoder(SymbolCoder):
    """Gives back, call by call, what a SymbolEncoder recorded. Raises Truncated or BadValue."""

    decoding = True

    def __init__(self, payload: bytes | memoryview, where: str) -> None:
        self._where = where
        self._reader = Reader(payload, where)
        n_words = self._reader.varint()
        words = np.frombuffer(self._reader.bytes(4 * n_words), dtype="<u4").astype(np.uint32)
        if n_words and words[-1] == 0:
            raise BadValue("the last code word is zero", where=where)
        self._coder = _AnsCoder(words) if n_words else _AnsCoder()

    def symbols(self, frequencies, count: int, values=None):
        if not count:
            return np.zeros(0, np.int32)
        return self._decode(_categorical(frequencies), count)

    def uniform(self, size, values=None):
        if not len(size):
            return np.zeros(0, np.int32)
        return self._decode(_MODEL.Uniform(), size.astype(np.int32))

    def _decode(self, model, arg):
        try:
            return self._coder.decode(model, arg)
        except Exception as exc:  # constriction's own errors must not leak
            raise BadValue(f"the entropy coder failed: {exc}", where=self._where) from exc

    def raw(self, n_bits: int, count: int, values=None):
        if not n_bits or not count:
            return np.zeros(count, np.int64)
        n_bytes = (n_bits * count + 7) // 8
        data = np.frombuffer(self._reader.bytes(n_bytes), np.uint8)
        padding = 8 * n_bytes - n_bits * count
        if padding and data[-1] & ((1 << padding) - 1):
            raise BadValue("padding bits are not zero", where=self._where)
        return unpack_bits(data, count, n_bits)

    def finish(self) -> None:
        """Check that everything was consumed."""
        self._reader.end()
        if not self._coder.is_empty():
            raise BadValue("code words are left over", where=self._where)
