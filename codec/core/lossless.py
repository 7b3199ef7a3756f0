"""The lossless profile: float32 bit patterns, coded exactly (spec 05, "Lossless").

Positions go through the count-split tree on order-preserving integers. Every other column becomes
fixed-point integers, predicted from neighbours along the tree order and from the residuals of
earlier columns of the same Gaussian; the prediction decides down to which bit the value is coded
by adaptive tables, what lies below is raw. Integers only, the same function in both directions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.core.fields import level_slices, neighbours
from codec.core.geometry import code_tree
from codec.core.model import AdaptiveTables, logistic_prior
from codec.core.params import TileHeader
from codec.core.tables import log2_q8
from codec.errors import BadValue
from codec.wire.reader import Reader
from codec.wire.writer import Writer

TAIL_BITS = 11  # 32-bit position integers: 21 in the tree, 11 raw
LIMIT = 1 << 30  # fixed-point magnitudes; larger values are raw
HALF = 126  # largest residual with a symbol of its own
ESCAPE_BITS = 32
NORMAL, COMMON, RAW, COPY_LEFT, COPY_RIGHT, KINDS = 0, 1, 2, 3, 4, 5
KIND_PRIOR = (900, 80, 4, 20, 20)
CONTEXTS = 16
KEPT_BITS = 3  # a typical residual spans 2^3 symbols
DROP_SYMBOLS = 24
BLOCK = 1 << 18  # values whose raw bits stand together
FEATURES = 4
# Columns of one group share a scale, neighbour weights, width weights and what the tables learned.
GROUPS = (("opacity", 1), ("scale", 3), ("quat", 4), ("dc", 3))


@dataclass(frozen=True, slots=True)
class GroupModel:
    """Shared by the columns of a group.

    exponent: fixed-point unit is 2^-exponent, -100..126.
    near, far: weights of the two neighbours at one stride and of the two at three, in 1/4096.
    widths: weights of the width features, in 1/64.
    """

    exponent: int
    near: int
    far: int
    widths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ColumnModel:
    """One column.

    common: the bit pattern with a kind of its own, or None.   mean: fixed-point units.
    log_width: typical log2 of a residual, in 1/256.
    sources, weights: earlier columns whose residuals predict this one, and by how much, in 1/64.
    """

    common: int | None
    mean: int
    log_width: int
    sources: tuple[int, ...]
    weights: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LosslessParams:
    """MODL box of the lossless profile.

    order_kept: positions are plain columns, in the order of the input.
    groups: models by name, in coding order.   columns: one model for each plain column.
    """

    order_kept: bool
    groups: dict[str, GroupModel]
    columns: tuple[ColumnModel, ...]

    def write(self) -> bytes:
        out = Writer()
        out.u8(self.order_kept)
        for group in self.groups.values():
            out.i8(group.exponent)
            out.i16(group.near)
            out.i16(group.far)
            for weight in group.widths:
                out.i8(weight)
        for column in self.columns:
            out.u8(column.common is not None)
            if column.common is not None:
                out.u32(column.common)
            out.varint(column.mean << 1 if column.mean >= 0 else (-column.mean << 1) - 1)
            out.i16(column.log_width)
            out.u8(len(column.sources))
            for source, weight in zip(column.sources, column.weights, strict=True):
                out.u8(source)
                out.i8(weight)
        return out.getvalue()

    @classmethod
    def read(cls, payload, n_columns: int) -> LosslessParams:
        """n_columns: plain columns of the SH degree, positions not counted."""
        r = Reader(payload, "box MODL")
        order_kept = r.u8()
        r.require(order_kept <= 1, "the order flag is out of range")
        names = _group_names(n_columns, bool(order_kept))
        groups = {name: _read_group(r) for name in dict.fromkeys(names)}
        columns = tuple(_read_column(r, i) for i in range(len(names)))
        r.end()
        return cls(bool(order_kept), groups, columns)


def _read_group(r: Reader) -> GroupModel:
    exponent = r.i8()
    r.require(-100 <= exponent <= 126, "a fixed-point exponent is out of range")
    near, far = r.i16(), r.i16()
    return GroupModel(exponent, near, far, tuple(r.i8() for _ in range(FEATURES)))


def _read_column(r: Reader, index: int) -> ColumnModel:
    flag = r.u8()
    r.require(flag <= 1, "a column flag is out of range")
    common = r.u32() if flag else None
    zigzag = r.varint()
    r.require(zigzag < 2 * LIMIT, "a column mean is out of range")
    mean = -((zigzag + 1) >> 1) if zigzag & 1 else zigzag >> 1
    log_width, pairs = r.i16(), [(r.u8(), r.i8()) for _ in range(r.u8())]
    sources, weights = tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)
    r.require(list(sources) == sorted(set(sources)), "column sources do not ascend")
    r.require(all(s < index for s in sources), "a column source comes too late")
    return ColumnModel(common, mean, log_width, sources, weights)


def column_groups(sh_degree: int, order_kept: bool) -> list[str]:
    """Group name of each plain column, in coding order."""
    return _group_names(11 + 3 * ((sh_degree + 1) ** 2 - 1), order_kept)


def _group_names(n_columns: int, order_kept: bool) -> list[str]:
    groups = [("mean", 3 * order_kept), *GROUPS, ("rest", n_columns - 11)]
    return [name for name, count in groups for _ in range(count)]


def ordered(patterns: NDArray[np.int64]) -> NDArray[np.int64]:
    """float32 bit patterns to integers in the floats' order, and back by `unordered`."""
    return np.where(patterns >> 31, 0xFFFFFFFF - patterns, patterns + 0x80000000)


def unordered(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(values >> 31, values - 0x80000000, 0xFFFFFFFF - values)


def fixed_point(patterns: NDArray[np.int64], exponent: int):
    """(values [N], representable [N]): v * 2^exponent cut toward zero, negative ones as ~magnitude.

    Not representable: magnitudes of 2^30 and more, infinities, NaNs (their values are zero).
    """
    field = (patterns >> 23) & 255
    significand = (patterns & 0x7FFFFF) | ((field > 0).astype(np.int64) << 23)
    shift = np.maximum(field, 1) - 150 + exponent
    fits = (shift <= 6) & (field < 255)
    shift = np.where(fits, shift, 0)
    magnitude = (significand << np.maximum(shift, 0)) >> np.minimum(-np.minimum(shift, 0), 63)
    magnitude = np.where(fits, magnitude, 0)
    return np.where(patterns >> 31, ~magnitude, magnitude), fits


def code_tile(coder, params: LosslessParams, tile: TileHeader, sh_degree: int, columns=None):
    """Code one tile. columns: [C, N] int64 bit patterns when encoding, positions first."""
    out = []
    if not params.order_kept:
        out = _code_positions(coder, tile, None if columns is None else columns[:3])
    plain = None if columns is None else columns[len(out) :]
    names = column_groups(sh_degree, params.order_kept)
    parts = [np.stack(out)] if out else []
    return np.concatenate([*parts, _PlainCoder(coder, params, tile.n, names, plain).run()])


def _code_positions(coder, tile: TileHeader, columns):
    """Three position columns: tree cells of the ordered integers, then their low bits."""
    cells = None
    if columns is not None:
        values = np.stack([ordered(c) for c in columns], axis=1)
        cells = (values >> TAIL_BITS) - np.array(tile.origin, np.int64)
    cells = code_tree(coder, tile.n, tile.bits, cells) + np.array(tile.origin, np.int64)
    out = []
    for axis in range(3):
        low = None if columns is None else values[:, axis] & ((1 << TAIL_BITS) - 1)
        low = coder.raw(TAIL_BITS, tile.n, low)
        whole = ((cells[:, axis] << TAIL_BITS) | low) & 0xFFFFFFFF
        out.append(unordered(whole))
    return out


def predict(group: GroupModel, mean: int, values, level, count: int) -> NDArray[np.int64]:
    """Neighbour prediction of a level, fixed-point units (the rule of `fields.level_context`)."""
    first, step, stride = level
    if stride == 0:
        return np.full(count, mean, np.int64)
    left, right, far_left, far_right = neighbours(values, first, step, stride)
    rest = 4096 - 2 * (group.near + group.far)
    total = group.near * (left + right) + group.far * (far_left + far_right) + rest * mean
    return np.clip(total >> 12, -LIMIT, LIMIT)


def cross_prediction(column: ColumnModel, innovations: NDArray[np.int64]) -> NDArray[np.int64]:
    """What innovations [C, N] of earlier columns add to a prediction."""
    total = np.zeros(innovations.shape[1], np.int64)
    for source, weight in zip(column.sources, column.weights, strict=True):
        total += weight * innovations[source]
    return np.clip(total >> 6, -LIMIT, LIMIT)


def width_features(values, residuals, level) -> NDArray[np.int64]:
    """Two width features of a level in 1/256 octave: neighbours' spread, their residuals."""
    left, right, far_left, far_right = neighbours(values, *level)
    spread = np.abs(left - right) + (np.abs(far_left - far_right) >> 1)
    left, right, _, _ = neighbours(residuals, *level)
    return np.stack([log2_q8(1 + spread), log2_q8(1 + np.abs(left) + np.abs(right))])


def level_width(group: GroupModel, column: ColumnModel, values, residuals, level, count: int):
    """What the neighbours add to a level's log2 of residual width, in 2^-14."""
    if level[2] == 0:
        return np.zeros(count, np.int64)
    spread, around = width_features(values, residuals, level) - column.log_width
    return group.widths[0] * spread + group.widths[1] * around


def update_row_widths(row_widths, column: ColumnModel, residuals, normal):
    """Running means [2, N] of how much wider than typical a Gaussian's residuals are (1/256)."""
    surprise = np.where(normal, log2_q8(1 + np.abs(residuals)) - column.log_width, 0)
    fast, slow = row_widths
    fast = np.where(normal, fast + ((surprise - fast) >> 1), fast)
    slow = np.where(normal, slow + ((surprise - slow) >> 3), slow)
    return np.stack([fast, slow])


class _PlainCoder:
    """Codes the plain columns of one tile; `run` gives their bit patterns [C, N]."""

    def __init__(self, coder, params: LosslessParams, n: int, names: list[str], given) -> None:
        self._coder, self._params, self._names, self._n = coder, params, names, n
        self._given, self._fixed, self._fits = given, None, None
        self._levels = level_slices(n, 1)
        shape = (len(names), n)
        self._kinds = np.zeros(shape, np.uint8)
        self._innovations = np.zeros(shape, np.int64)
        # of each normal value: its integer, cut to what is coded, and the bits cut off
        self._cut = np.zeros(shape, np.int32)
        self._shift = np.zeros(shape, np.uint8)
        self._row_widths = np.zeros((2, n), np.int64)
        self._tables: dict[str, AdaptiveTables] = {}
        self._kind_tables: dict[str, AdaptiveTables] = {}

    def run(self) -> NDArray[np.int64]:
        for index, name in enumerate(self._names):
            if self._given is not None:
                exponent = self._params.groups[name].exponent
                self._fixed, self._fits = fixed_point(self._given[index], exponent)
            self._code_kinds(index)
            self._code_column(index)
        return self._code_patterns()

    def _code_kinds(self, index: int) -> None:
        """Kind of each value, by its Gaussian's kind in the column before and the level."""
        name = self._names[index]
        if name not in self._kind_tables:
            prior = np.tile(np.array(KIND_PRIOR, np.int64), (2 * KINDS, 1))
            self._kind_tables[name] = AdaptiveTables(prior)
        before = self._kinds[index - 1] if index else np.zeros(self._n, np.int64)
        for first, step, stride in self._levels:
            members = slice(first, None, step)
            context = (2 * before[members] + (stride == 1)).astype(np.uint8)
            given = self._choose_kinds(index, (first, step, stride))
            self._kinds[index, members] = self._kind_tables[name].code(self._coder, context, given)

    def _choose_kinds(self, index: int, level):
        """Encoder: the kinds of a level."""
        if self._given is None or self._fits is None:
            return None
        first, step, stride = level
        patterns, column = self._given[index], self._params.columns[index]
        own = patterns[first::step]
        kinds = np.where(self._fits[first::step], NORMAL, RAW)
        if stride:
            left, right, _, _ = neighbours(patterns, first, step, stride)
            kinds = np.where(own == right, COPY_RIGHT, kinds)
            kinds = np.where(own == left, COPY_LEFT, kinds)
        if column.common is not None:
            kinds = np.where(own == column.common, COMMON, kinds)
        return kinds.astype(np.int32)

    def _code_column(self, index: int) -> None:
        """Fixed-point values of a column, its residuals and its innovations."""
        group, column = self._params.groups[self._names[index]], self._params.columns[index]
        values, residuals = np.zeros(self._n, np.int64), np.zeros(self._n, np.int64)
        cross = cross_prediction(column, self._innovations)
        row_width = (group.widths[2] * self._row_widths[0] + group.widths[3] * self._row_widths[1])
        for level in self._levels:
            members = slice(level[0], None, level[1])
            kind = self._kinds[index, members]
            prediction = predict(group, column.mean, values, level, len(kind))
            centre = prediction + cross[members]
            width = column.log_width + ((row_width[members] + level_width(
                group, column, values, residuals, level, len(kind))) >> 6)
            found = self._known_values(index, values, level)
            rows = np.flatnonzero(kind == NORMAL)
            places = level[0] + level[1] * rows
            given = None if self._fixed is None else self._fixed[places]
            found[rows] = self._code_normal(index, places, centre[rows], width[rows], given)
            values[members] = found
            residuals[members] = found - centre
            self._innovations[index, members] = found - prediction
        self._row_widths = update_row_widths(
            self._row_widths, column, residuals, self._kinds[index] == NORMAL
        )

    def _known_values(self, index: int, values, level) -> NDArray[np.int64]:
        """Values of a level that the kinds fix; the mean for raw ones (and normal ones yet)."""
        group, column = self._params.groups[self._names[index]], self._params.columns[index]
        kind = self._kinds[index, level[0] :: level[1]]
        found = np.full(len(kind), column.mean, np.int64)
        if column.common is not None:
            found[kind == COMMON] = fixed_point(np.array([column.common]), group.exponent)[0][0]
        if level[2]:
            left, right, _, _ = neighbours(values, *level)
            found = np.where(kind == COPY_LEFT, left, found)
            found = np.where(kind == COPY_RIGHT, right, found)
        return found

    def _code_normal(self, index: int, places, centre, width, given):
        """Values of the normal rows of a level, cut to the bits that the width leaves."""
        name = self._names[index]
        if name not in self._tables:
            scales = np.arange(CONTEXTS) + 6
            self._tables[name] = AdaptiveTables(logistic_prior(scales, 0 * scales, HALF))
        quarter = np.clip(width >> 6, 0, 127)
        shift = np.maximum((quarter >> 2) - KEPT_BITS, 0)
        context = np.where(shift > 0, 4 * KEPT_BITS + (quarter & 3), quarter)
        start = centre >> shift
        difference = None if given is None else (given >> shift) - start
        cut = start + self._code_differences(name, context.astype(np.uint8), difference)
        if len(cut) and int(np.abs(cut << shift).max()) > LIMIT:
            raise BadValue("a decoded value is out of range")
        self._cut[index, places], self._shift[index, places] = cut, shift
        return (cut << shift) + ((1 << shift) >> 1)

    def _code_differences(self, name: str, context, given):
        clipped = None
        if given is not None:
            clipped = (np.clip(given, -HALF - 1, HALF + 1) + HALF + 1).astype(np.int32)
        coded = self._tables[name].code(self._coder, context, clipped)
        difference = coded.astype(np.int64) - HALF - 1
        escaped = np.flatnonzero(np.abs(difference) > HALF)
        if len(escaped):
            excess = None if given is None else np.abs(given[escaped]) - HALF - 1
            excess = self._coder.raw(ESCAPE_BITS, len(escaped), excess)
            difference[escaped] += np.sign(difference[escaped]) * excess
        return difference

    def _code_patterns(self) -> NDArray[np.int64]:
        """What the integers leave open, by blocks of columns; then the copies."""
        out = np.zeros(self._kinds.shape, np.int64)
        drops = _drop_tables()
        width = max(1, BLOCK // max(self._n, 1))
        for start in range(0, len(out), width):
            self._code_block(slice(start, start + width), drops, out)
        for first, step, stride in self._levels[1:]:
            part, kinds = out[:, first::step], self._kinds[:, first::step]
            for kind, offset in ((COPY_LEFT, -stride), (COPY_RIGHT, stride)):
                index, row = np.nonzero(kinds == kind)
                source = first + step * row + offset
                source = np.where(source < self._n, source, source - 2 * stride)
                part[index, row] = out[index, source]
        return out

    def _code_block(self, block: slice, drops: AdaptiveTables, out) -> None:
        """Bit patterns of a block of columns, column by column, but for its copies."""
        kinds, patterns = self._kinds[block], out[block]
        for column, kind, pattern in zip(self._params.columns[block], kinds, patterns, strict=True):
            if column.common is not None:
                pattern[kind == COMMON] = column.common
        where = kinds == RAW
        given = None if self._given is None else self._given[block][where]
        patterns[where] = self._coder.raw(32, int(where.sum()), given)
        where = kinds == NORMAL
        exponents = [self._params.groups[name].exponent for name in self._names[block]]
        unit = (np.array(exponents, np.int64)[:, None] - self._shift[block])[where]
        given = None if self._given is None else self._given[block][where]
        patterns[where] = _code_below(
            self._coder, drops, self._cut[block][where].astype(np.int64), unit, given)


def _code_below(coder, drops: AdaptiveTables, cut, unit, given):
    """Bit patterns of normal values: cut * 2^-unit with everything below.

    A magnitude of b > 0 bits fixes sign, exponent and b - 1 mantissa bits; a zero magnitude leaves
    the exponent, counted down from the largest possible one, and all of the mantissa.
    """
    magnitude = np.where(cut < 0, ~cut, cut)
    n_bits = np.frexp(magnitude.astype(np.float64))[1].astype(np.int64)  # exact: integers < 2^31
    field = 126 - unit + n_bits
    zero = np.flatnonzero(n_bits == 0)
    drop = None if given is None else field[zero] - ((given[zero] >> 23) & 255)
    field[zero] -= _code_drops(coder, drops, len(zero), drop)
    if len(cut) and (int(field.min()) < 0 or int(field.max()) > 254):
        raise BadValue("a decoded exponent is out of range")
    missing = np.where(n_bits > 0, np.maximum(24 - n_bits, 0), 23)
    low = _code_low(coder, missing, given)
    top = np.where(n_bits > 24, magnitude >> np.maximum(n_bits - 24, 0), magnitude << missing)
    return ((cut < 0).astype(np.int64) << 31) | (field << 23) | ((top & 0x7FFFFF) | low)


def _drop_tables() -> AdaptiveTables:
    """Halving prior: values near zero are spread evenly."""
    prior = (1024 >> np.minimum(np.arange(DROP_SYMBOLS) + 1, 10)) + 1
    return AdaptiveTables(prior[None, :].astype(np.int64))


def _code_drops(coder, tables: AdaptiveTables, n: int, given):
    """How far exponents lie below the largest; the last symbol is followed by the raw drop."""
    out = np.zeros(n, np.int64)
    for first, step, _ in level_slices(n, 1):
        members = slice(first, None, step)
        part = None
        if given is not None:
            part = np.minimum(given[members], DROP_SYMBOLS - 1).astype(np.int32)
        out[members] = tables.code(coder, np.zeros(len(out[members]), np.uint8), part)
    far = np.flatnonzero(out == DROP_SYMBOLS - 1)
    out[far] = coder.raw(8, len(far), None if given is None else given[far])
    return out


def _code_low(coder, missing, given):
    """The lowest missing[i] bits of each pattern, grouped by their number."""
    out = np.zeros(len(missing), np.int64)
    for n_bits in range(1, 24):
        where = np.flatnonzero(missing == n_bits)
        part = None if given is None else given[where] & ((1 << n_bits) - 1)
        out[where] = coder.raw(n_bits, len(where), part)
    return out


def decode_columns(columns: NDArray[np.int64], sh_degree: int) -> dict:
    """Bit patterns [C, N] to the arrays of Splats."""
    floats = np.ascontiguousarray(columns.astype(np.uint32).T).view(np.float32)
    n, rest = len(floats), (sh_degree + 1) ** 2 - 1
    return {
        "means": floats[:, 0:3].copy(),
        "opacity_logits": floats[:, 3].copy(),
        "log_scales": floats[:, 4:7].copy(),
        "quats": floats[:, 7:11].copy(),
        "sh0": floats[:, 11:14].copy(),
        "shN": floats[:, 14:].reshape(n, rest, 3).copy(),
    }
