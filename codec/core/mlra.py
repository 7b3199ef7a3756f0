"""The MLRA box: sparse integer maps that modulate a restorer's layers (spec 3.13, 4.12, 5.11).

A zero-inflated two-sided geometric model in integers is transmitted per group and adapts from
layer to layer; symbols go through the same entropy coder as the tiles.
Method: GFix's mLoRA; model and layout of this project.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.core.entropy import SymbolDecoder, SymbolEncoder
from codec.core.model import AdaptiveTables, frequencies
from codec.errors import LimitExceeded, UsageError
from codec.wire.reader import Reader
from codec.wire.writer import Writer

LISTS = {0: "prompt rows", 1: "autoencoder decoder", 2: "backbone attention",
         3: "backbone layers", 4: "backbone convolutions"}
MODES = {0: "diagonal", 1: "full"}
PROMPT_LIST = 0
FULL = 1
MAX_GROUPS, MAX_LAYERS, MAX_RANK = 16, 4096, 4096
MAX_SYMBOLS = 1 << 24
MAX_HALF, MAX_ESCAPE_BITS = 127, 15
BYTES_PER_SYMBOL = 16
_QUARTER = (1.0, 0.8408964152537145, 0.7071067811865476, 0.5946035575013605)
"""2^(-i/4), i = 0..3, correctly rounded to binary64 (spec 5.11.5)."""


@dataclass(frozen=True, slots=True)
class MapGroup:
    """Maps of one layer list.

    layers: code of LISTS.   full: square maps, else diagonals.   step: quarters of an octave,
    M = q * 2^(-step/4).   maps: one int32 array a layer of the list, [r, r] or [r]; r = 0: the
    layer is left as it is.   factor_crc: CRC-32C of the frozen factors (spec 5.11.5).
    """

    layers: int
    full: bool
    step: int
    maps: tuple[NDArray[np.int32], ...]
    factor_crc: int = 0

    @property
    def ranks(self) -> tuple[int, ...]:
        return tuple(len(q) for q in self.maps)

    @property
    def n_symbols(self) -> int:
        return sum(q.size for q in self.maps)

    @property
    def scale(self) -> float:
        """What one unit of a map stands for."""
        return step_size(self.step)

    def describe(self) -> dict:
        return {"layers": LISTS[self.layers], "mode": MODES[int(self.full)], "step": self.scale,
                "n_layers": sum(r > 0 for r in self.ranks), "max_rank": max(self.ranks),
                "symbols": self.n_symbols,
                "non_zeros": int(sum(np.count_nonzero(q) for q in self.maps))}


@dataclass(frozen=True, slots=True)
class _Header:
    """A group as its header says it; models: (zero, decay) a context."""

    layers: int
    full: bool
    step: int
    runs: tuple[tuple[int, int], ...]
    half: int
    escape_bits: int
    models: tuple[tuple[int, int], ...]
    factor_crc: int

    @property
    def ranks(self) -> list[int]:
        return [rank for count, rank in self.runs for _ in range(count)]

    @property
    def n_symbols(self) -> int:
        return sum(count * _size(rank, self.full) for count, rank in self.runs)


def step_size(step: int) -> float:
    """2^(-step/4), the same binary64 everywhere."""
    return float(np.ldexp(_QUARTER[step % 4], -(step // 4)))


def _size(rank: int, full: bool) -> int:
    return rank * rank if full else rank


def geometric_prior(zero: int, decay: int, half: int) -> NDArray[np.int64]:
    """Weights [2 half + 3] of values -half-1 .. half+1, the ends standing for escapes (5.11.1).

    zero: probability of 0 in 2^-16.   decay: of each further magnitude, 1/256.
    """
    tail = [4096]
    for _ in range(half):
        tail.append((tail[-1] * decay) >> 8)
    side = (65536 - zero) * np.array(tail, np.int64)
    weights = np.concatenate([side[::-1], [2 * zero * sum(tail)], side])
    return (frequencies(weights[None, :])[0] >> 8) + 1


def _contexts(rank: int, full: bool) -> NDArray[np.uint8]:
    """Context of each symbol of a layer: 1 off the diagonal of a square map."""
    if not full:
        return np.zeros(rank, np.uint8)
    out = np.ones((rank, rank), np.uint8)
    np.fill_diagonal(out, 0)
    return out.reshape(-1)


# --- writing --------------------------------------------------------------------------------------


def write_maps(groups: list[MapGroup]) -> bytes:
    """The payload of an MLRA box. Raises UsageError for maps the box cannot hold."""
    headers = [_fit_header(group) for group in groups]
    fault = _first_fault(headers)
    if not all(q.any() for group in groups for q in [np.concatenate(_flat(group))]):
        fault = "a group holds zeros only; leave it out"
    if fault:
        raise UsageError(f"maps: {fault}")
    out, coder = Writer(), SymbolEncoder()
    out.u8(len(groups))
    for group, header in zip(groups, headers, strict=True):
        _write_header(out, header)
        _code_group(coder, header, _flat(group))
    return out.getvalue() + coder.finish()


def _flat(group: MapGroup) -> list[NDArray[np.int32]]:
    """The group's values, layer by layer (at least one array)."""
    return [q.reshape(-1) for q in group.maps] or [np.zeros(0, np.int32)]


def _fit_header(group: MapGroup) -> _Header:
    """Runs of ranks, alphabet and the model of the group's own symbols."""
    runs: list[tuple[int, int]] = []
    for rank in group.ranks:
        if runs and runs[-1][1] == rank:
            runs[-1] = (runs[-1][0] + 1, rank)
        else:
            runs.append((1, rank))
    values = np.concatenate(_flat(group))
    contexts = np.concatenate([_contexts(rank, group.full) for rank in group.ranks]
                              or [np.zeros(0, np.uint8)])
    largest = int(np.abs(values).max(initial=1))
    half = min(max(largest - 1, 1), MAX_HALF)
    models = tuple(fit_geometric(values[contexts == c]) for c in range(1 + group.full))
    return _Header(group.layers, group.full, group.step, tuple(runs), half,
                   max(largest - half - 1, 0).bit_length(), models, group.factor_crc)


def fit_geometric(values: NDArray) -> tuple[int, int]:
    """(zero, decay) as transmitted, by counting: share of zeros, and the magnitudes' mean."""
    magnitudes = np.abs(values[values != 0]).astype(np.int64)
    zero = 65536 * (values.size - magnitudes.size) / max(values.size, 1)
    mean = float(magnitudes.mean()) if magnitudes.size else 1.0
    return min(max(round(zero), 1), 65535), min(round(256 * (1.0 - 1.0 / mean)), 255)


def _write_header(out: Writer, h: _Header) -> None:
    for value in (h.layers, int(h.full), h.step):
        out.u8(value)
    out.varint(len(h.runs))
    for count, rank in h.runs:
        out.varint(count)
        out.varint(rank)
    out.u8(h.half)
    out.u8(h.escape_bits)
    for zero, decay in h.models:
        out.u16(zero)
        out.u8(decay)
    out.u32(h.factor_crc)


# --- reading --------------------------------------------------------------------------------------


def read_maps(payload: bytes | memoryview, max_memory: int = 1 << 30) -> list[MapGroup]:
    """The groups of an MLRA box.

    Raises BadValue or Truncated for a broken one, LimitExceeded before more than max_memory bytes
    are taken.
    """
    r = Reader(payload, "box MLRA")
    count = r.u8()
    r.require(1 <= count <= MAX_GROUPS, f"the box holds 1 to {MAX_GROUPS} groups (R-MLRA-02)")
    headers = []
    for _ in range(count):
        headers.append(_read_header(r))
        fault = _first_fault(headers)
        r.require(not fault, fault)
    n_symbols = sum(h.n_symbols for h in headers)
    if n_symbols * BYTES_PER_SYMBOL > max_memory:
        raise LimitExceeded(f"the restorer's maps have {n_symbols} symbols; raise max_memory")
    coder = SymbolDecoder(memoryview(payload)[r.position :], "box MLRA")
    groups = []
    for h in headers:
        values = _code_group(coder, h, None)
        r.require(any(q.any() for q in values), "a group of maps holds zeros only (R-MLRA-06)")
        maps = tuple(q.reshape(rank, rank) if h.full else q
                     for q, rank in zip(values, h.ranks, strict=True))
        groups.append(MapGroup(h.layers, h.full, h.step, maps, h.factor_crc))
    coder.finish()
    return groups


def _read_header(r: Reader) -> _Header:
    layers, mode, step = r.u8(), r.u8(), r.u8()
    r.require(mode in MODES, f"map mode {mode} is reserved (R-MLRA-03)")
    n_runs = r.varint()
    r.require(1 <= n_runs <= MAX_LAYERS, "the runs of layers are out of range (R-MLRA-04)")
    runs = tuple((r.varint(), r.varint()) for _ in range(n_runs))
    half, escape_bits = r.u8(), r.u8()
    models = tuple((r.u16(), r.u8()) for _ in range(1 + mode))
    return _Header(layers, bool(mode), step, runs, half, escape_bits, models, r.u32())


def _first_fault(headers: list[_Header]) -> str:
    lists = [h.layers for h in headers]
    ranks = [[rank for _, rank in h.runs] for h in headers]
    checks = (
        ("R-MLRA-02", 1 <= len(headers) <= MAX_GROUPS and all(k in LISTS for k in lists)),
        ("R-MLRA-02", lists == sorted(set(lists))),
        ("R-MLRA-03", all(not h.full or h.layers != PROMPT_LIST for h in headers)),
        ("R-MLRA-04", all(count > 0 for h in headers for count, _ in h.runs)),
        ("R-MLRA-04", all(max(r, default=MAX_RANK + 1) <= MAX_RANK for r in ranks)),
        ("R-MLRA-04", all(a != b for r in ranks for a, b in zip(r, r[1:], strict=False))),
        ("R-MLRA-04", all(sum(count for count, _ in h.runs) <= MAX_LAYERS for h in headers)),
        ("R-MLRA-04", sum(h.n_symbols for h in headers) <= MAX_SYMBOLS),
        ("R-MLRA-05", all(1 <= h.half <= MAX_HALF and h.escape_bits <= MAX_ESCAPE_BITS
                          for h in headers)),
    )
    return next((f"the group headers break {name}" for name, ok in checks if not ok), "")


def _code_group(coder, h: _Header, given) -> list[NDArray[np.int32]]:
    """All symbols of a group, layer by layer, then the escapes' raw bits (5.11.1).

    given: the layers' values when encoding, None when decoding.
    """
    prior = np.stack([geometric_prior(zero, decay, h.half) for zero, decay in h.models])
    adaptive, end, values = AdaptiveTables(prior), h.half + 1, []
    for i, rank in enumerate(h.ranks):
        if rank:
            symbols = None if given is None else np.clip(given[i], -end, end) + end
            symbols = adaptive.code(coder, _contexts(rank, h.full), symbols)
            values.append(symbols.astype(np.int32) - end)
        else:
            values.append(np.zeros(0, np.int32))
    flat = np.concatenate(values)
    escaped = np.flatnonzero(np.abs(flat) == end)
    excess = None if given is None else np.abs(np.concatenate(given)[escaped]) - end
    excess = coder.raw(h.escape_bits, len(escaped), excess)
    if given is not None or not len(escaped):
        return values
    flat[escaped] += (np.sign(flat[escaped]) * excess).astype(np.int32)
    return np.split(flat, np.cumsum([len(v) for v in values])[:-1])
