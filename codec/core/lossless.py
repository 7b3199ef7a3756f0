"""The lossless profile: float32 bit patterns, coded exactly (spec 05, "Lossless").

Positions go through the count-split tree on order-preserving integers. Every other column becomes
fixed-point integers, predicted from neighbours along the tree order and from the residuals of
earlier columns of the same Gaussian; the prediction decides down to which bit the value is coded
by adaptive tables, what lies below is raw. Integers only, the same function in both directions.

Scenes that were quantized before (decoded from SPZ, SOG, .splat) have few different values: these
stand in a dictionary, and ranks in it take the place of fixed-point integers or of position
integers. One component of quaternions of length 1 follows from the others, and rows of shN from
a palette are coded once (`lossless_rows`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.core.fields import level_slices, neighbours
from codec.core.geometry import code_tree
from codec.core.lossless_model import (
    LIMIT,
    ColumnModel,
    Dictionary,
    GroupModel,
    LosslessParams,
)
from codec.core.lossless_rows import code_repeats, code_unit
from codec.core.lossless_values import (
    code_below,
    code_low,
    code_residuals,
    drop_tables,
    fixed_point,
    ordered,
    residual_tables,
    unordered,
)
from codec.core.model import AdaptiveTables
from codec.core.params import TileHeader
from codec.core.tables import log2_q8
from codec.errors import BadValue

TREE_BITS, TAIL_BITS = 21, 11  # of 32-bit position integers, the tail raw
NORMAL, COMMON, RAW, COPY_LEFT, COPY_RIGHT, KINDS = 0, 1, 2, 3, 4, 5
KIND_PRIOR = (900, 80, 4, 20, 20)
CONTEXTS = 16
KEPT_BITS = 3  # a typical residual spans 2^3 symbols
ALIKE = 0.5  # of a Gaussian's columns
BLOCK = 1 << 18  # values whose raw bits stand together
QUATS = 4  # columns before them, positions not counted


def group_values(group: GroupModel, patterns: NDArray[np.int64]):
    """(values [N], representable [N]) of a group: ranks in its dictionary, or fixed-point."""
    if not len(group.dictionary):
        return fixed_point(patterns, group.exponent)
    return group.dictionary.find(ordered(patterns))


def code_tile(coder, params: LosslessParams, tile: TileHeader, columns=None):
    """Code one tile: [C, N] int64 bit patterns, positions first, as `columns` when encoding."""
    out = []
    if not params.order_kept:
        out = _code_positions(coder, params, tile, None if columns is None else columns[:3])
    plain = None if columns is None else columns[len(out) :]
    quats = QUATS + 3 * params.order_kept
    derived = None if params.derived is None else quats + params.derived
    if derived is not None and plain is not None:
        unit, plain = plain[derived], np.delete(plain, derived, axis=0)
    found = _code_plain(coder, params, tile.n, plain)
    if derived is not None:
        others = found[quats : quats + 3]
        unit = code_unit(coder, others, None if columns is None else unit)
        found = np.insert(found, derived, unit, axis=0)
    return np.concatenate([np.stack(out), found]) if out else found


def _code_plain(coder, params: LosslessParams, n: int, given):
    """The plain columns of a tile; repeated rows of shN once."""
    count = len(params.columns)
    first = count - params.columns_of_shn if params.repeats else count
    work = _PlainCoder(coder, params, n, given)
    out = work.run(range(first))
    if not params.repeats:
        return out
    rest = None if given is None else given[first:]
    kept, source = code_repeats(coder, n, rest)
    work = work.of_rows(kept)  # what is known of the others is let go
    return np.concatenate([out, work.run(range(first, count))[:, source]])


def _code_positions(coder, params: LosslessParams, tile: TileHeader, columns):
    """Three position columns: tree cells of the ordered integers (or ranks), then low bits."""
    cells = None
    origin = np.array(tile.origin, np.int64)
    if columns is not None:
        cells = position_cells(params.axes, columns) - origin
    cells = code_tree(coder, tile.n, tile.bits, cells) + origin
    out = []
    for axis, dictionary in enumerate(params.axes):
        tail = tail_bits(dictionary)
        low = None if columns is None else axis_integers(dictionary, columns[axis])
        low = coder.raw(tail, tile.n, None if low is None else low & ((1 << tail) - 1))
        whole = (cells[:, axis] << tail) | low
        if len(dictionary):
            out.append(_look_up(dictionary, whole))
        else:
            out.append(unordered(whole & 0xFFFFFFFF))
    return out


def tail_bits(dictionary: Dictionary) -> int:
    """Bits of an axis' integers that stand below the tree's cells."""
    return max((len(dictionary) - 1).bit_length() - TREE_BITS, 0) if len(dictionary) else TAIL_BITS


def axis_integers(dictionary: Dictionary, column) -> NDArray[np.int64]:
    """Position integers of bit patterns [N]: ranks in the axis' dictionary, or ordered patterns."""
    return dictionary.find(ordered(column))[0] if len(dictionary) else ordered(column)


def position_cells(axes, columns) -> NDArray[np.int64]:
    """Cells [N, 3] of position columns [3, N]."""
    return np.stack([axis_integers(dictionary, column) >> tail_bits(dictionary)
                     for dictionary, column in zip(axes, columns, strict=True)], axis=1)


def _look_up(dictionary: Dictionary, ranks) -> NDArray[np.int64]:
    """Bit patterns of ranks in a dictionary."""
    if len(ranks) and not 0 <= int(ranks.min()) <= int(ranks.max()) < len(dictionary):
        raise BadValue("a decoded rank is out of range")
    return unordered(dictionary.value(ranks))


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
    """Codes plain columns of one tile; `run` gives their bit patterns.

    given: [C, N] bit patterns when encoding, else None.
    """

    def __init__(self, coder, params: LosslessParams, n: int, given) -> None:
        self._coder, self._params, self._names, self._n = coder, params, params.names(), n
        self._given, self._fixed, self._fits = given, None, None
        self._levels = level_slices(n, 1)
        shape = (len(self._names), n)
        self._kinds = np.zeros(shape, np.uint8)
        self._innovations = np.zeros(shape, np.int64)
        # of each normal value: its integer, cut to what is coded, and the bits cut off
        self._cut = np.zeros(shape, np.int32)
        self._shift = np.zeros(shape, np.uint8)
        self._row_widths = np.zeros((2, n), np.int64)
        self._tables: dict[str, AdaptiveTables] = {}
        self._kind_tables: dict[str, AdaptiveTables] = {}
        self._common_columns: dict[tuple[int, int, int], NDArray[np.bool_]] = {}

    def of_rows(self, rows: NDArray[np.int64]) -> _PlainCoder:
        """A coder of some rows that knows what this one knows of them."""
        given = None if self._given is None else self._given[:, rows]
        out = _PlainCoder(self._coder, self._params, len(rows), given)
        out._kinds, out._innovations = self._kinds[:, rows], self._innovations[:, rows]
        out._row_widths = self._row_widths[:, rows]
        return out

    def run(self, columns: range) -> NDArray[np.int64]:
        for index in columns:
            if self._given is not None:
                group = self._params.groups[self._names[index]]
                self._fixed, self._fits = group_values(group, self._given[index])
            self._code_kinds(index)
            self._code_column(index)
        return self._code_patterns(columns)

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
            alike = self._alike(index, level)
            kinds = np.where((own == right) & alike[1], COPY_RIGHT, kinds)
            kinds = np.where((own == left) & alike[0], COPY_LEFT, kinds)
        if column.common is not None:
            kinds = np.where(own == column.common, COMMON, kinds)
        return kinds.astype(np.int32)

    def _alike(self, index: int, level):
        """Encoder: whether a copy of the left and of the right neighbour may be more than chance.

        Of few different values many are equal by chance: with a dictionary, copies are for
        Gaussians that have most columns in common.
        """
        if not len(self._params.groups[self._names[index]].dictionary):
            return True, True
        if level not in self._common_columns:
            first, step, stride = level
            equal = np.zeros((2, len(range(first, self._n, step))), np.int64)
            for patterns in self._given:
                own = patterns[first::step]
                equal += [own == n for n in neighbours(patterns, first, step, stride)[:2]]
            self._common_columns[level] = equal >= ALIKE * len(self._given)
        return self._common_columns[level]

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
            found[kind == COMMON] = group_values(group, np.array([column.common]))[0][0]
        if level[2]:
            left, right, _, _ = neighbours(values, *level)
            found = np.where(kind == COPY_LEFT, left, found)
            found = np.where(kind == COPY_RIGHT, right, found)
        return found

    def _code_normal(self, index: int, places, centre, width, given):
        """Values of the normal rows of a level, cut to the bits that the width leaves."""
        name = self._names[index]
        if name not in self._tables:
            self._tables[name] = residual_tables(np.arange(CONTEXTS) + 6)
        quarter = np.clip(width >> 6, 0, 127)
        shift = np.maximum((quarter >> 2) - KEPT_BITS, 0)
        context = np.where(shift > 0, 4 * KEPT_BITS + (quarter & 3), quarter)
        start = centre >> shift
        difference = None if given is None else (given >> shift) - start
        cut = start + code_residuals(
            self._coder, self._tables[name], context.astype(np.uint8), difference)
        if len(cut) and int(np.abs(cut << shift).max()) > LIMIT:
            raise BadValue("a decoded value is out of range")
        self._cut[index, places], self._shift[index, places] = cut, shift
        return (cut << shift) + ((1 << shift) >> 1)

    def _code_patterns(self, columns: range) -> NDArray[np.int64]:
        """What the integers leave open, by blocks of columns; then the copies."""
        out = np.zeros((len(columns), self._n), np.int64)
        drops = drop_tables()
        width = max(1, BLOCK // max(self._n, 1))
        for start in range(0, len(columns), width):
            self._code_block(columns[start : start + width], drops, out[start : start + width])
        chosen = self._kinds[columns.start : columns.stop]
        for first, step, stride in self._levels[1:]:
            part, kinds = out[:, first::step], chosen[:, first::step]
            for kind, offset in ((COPY_LEFT, -stride), (COPY_RIGHT, stride)):
                index, row = np.nonzero(kinds == kind)
                source = first + step * row + offset
                source = np.where(source < self._n, source, source - 2 * stride)
                part[index, row] = out[index, source]
        return out

    def _code_block(self, columns: range, drops: AdaptiveTables, out) -> None:
        """Bit patterns of a block of columns, column by column, but for its copies."""
        block = slice(columns.start, columns.stop)
        kinds, models = self._kinds[block], self._params.columns[block]
        for column, kind, pattern in zip(models, kinds, out, strict=True):
            if column.common is not None:
                pattern[kind == COMMON] = column.common
        where = kinds == RAW
        given = None if self._given is None else self._given[block]
        out[where] = self._coder.raw(32, int(where.sum()), None if given is None else given[where])
        groups = [self._params.groups[name] for name in self._names[block]]
        ranked = np.array([len(group.dictionary) > 0 for group in groups])
        where = (kinds == NORMAL) & ~ranked[:, None]
        exponents = np.array([group.exponent for group in groups], np.int64)
        unit = (exponents[:, None] - self._shift[block])[where]
        out[where] = code_below(self._coder, drops, self._cut[block][where].astype(np.int64), unit,
                                 None if given is None else given[where])
        for index, group in zip(columns, groups, strict=True):
            if len(group.dictionary):
                self._code_ranks(index, group.dictionary, out[index - columns.start])

    def _code_ranks(self, index: int, dictionary: Dictionary, out) -> None:
        """Bit patterns of the normal values of a column with a dictionary."""
        rows = np.flatnonzero(self._kinds[index] == NORMAL)
        shift = self._shift[index, rows]
        ranks = None
        if self._given is not None:
            ranks = dictionary.find(ordered(self._given[index, rows]))[0]
        low = code_low(self._coder, shift, ranks)
        out[rows] = _look_up(dictionary, (self._cut[index, rows].astype(np.int64) << shift) | low)


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
