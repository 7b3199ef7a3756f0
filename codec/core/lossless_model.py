"""Parameters of the lossless profile: the MODL box (spec 03, "MODL, profile lossless")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.wire.reader import Reader
from codec.wire.writer import Writer

LIMIT = 1 << 30  # fixed-point magnitudes; larger values are raw
FEATURES = 4
# Columns of one group share a scale, neighbour weights, width weights, a dictionary and what the
# tables learned.
GROUPS = (("opacity", 1), ("scale", 3), ("quat", 4), ("dc", 3))
ORDER_KEPT, UNIT, REPEATS = 1, 2, 4  # bits of the flags


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Integers below 2^32 in ascending order, as runs of equal steps; never taken apart in memory.

    starts: [R] first value of each run.   steps: [R] from value to value.
    ranks: [R + 1] rank of each run's first value, at last the number of values.
    """

    starts: NDArray[np.int64]
    steps: NDArray[np.int64]
    ranks: NDArray[np.int64]

    @classmethod
    def of(cls, values: NDArray[np.int64]) -> Dictionary:
        """Of ascending values [N]."""
        steps = np.diff(values, prepend=-1)
        first = np.flatnonzero(np.diff(steps, prepend=0))
        return cls(values[first], steps[first], np.append(first, len(values)))

    def __len__(self) -> int:
        return int(self.ranks[-1])

    def value(self, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
        """Values of ranks, each in 0..len-1."""
        run = np.searchsorted(self.ranks[1:], ranks, side="right")
        return self.starts[run] + (ranks - self.ranks[run]) * self.steps[run]

    def find(self, values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """(ranks, found): how many values of the dictionary are smaller, and whether it has it."""
        run = np.maximum(np.searchsorted(self.starts, values, side="right") - 1, 0)
        step = self.steps[run]
        place = np.maximum(values - self.starts[run] + step - 1, 0) // step
        rank = np.minimum(self.ranks[run] + place, self.ranks[run + 1])
        found = rank < self.ranks[-1]
        return rank, found & (self.value(np.minimum(rank, len(self) - 1)) == values)

    def write(self, out: Writer) -> None:
        out.varint(len(self))
        for step, length in zip(self.steps.tolist(), np.diff(self.ranks).tolist(), strict=True):
            out.varint(step)
            out.varint(length)

    @classmethod
    def read(cls, r: Reader) -> Dictionary:
        n, value, rank, runs = r.varint(), -1, 0, []
        r.require(n <= 1 << 32, "a dictionary has too many values")
        while rank < n:
            step, length = r.varint(), r.varint()
            r.require(0 < length <= n - rank, "a run of a dictionary has a wrong length")
            r.require(0 < step and value + step * length < 1 << 32,
                      "a value of a dictionary is out of range")
            runs.append((value + step, step, rank))
            value, rank = value + step * length, rank + length
        starts, steps, ranks = np.array(runs, np.int64).reshape(-1, 3).T
        return cls(starts, steps, np.append(ranks, n))


NONE = Dictionary.of(np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True)
class GroupModel:
    """Shared by the columns of a group.

    exponent: fixed-point unit is 2^-exponent, -100..126.
    near, far: weights of the two neighbours at one stride and of the two at three, in 1/4096.
    widths: weights of the width features, in 1/64.
    dictionary: integers of `ordered` patterns; values are ranks in it. Empty: none.
    """

    exponent: int
    near: int
    far: int
    widths: tuple[int, ...]
    dictionary: Dictionary = NONE


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

    groups: models by name, in coding order.   columns: one model for each plain column.
    order_kept: positions are plain columns, in the order of the input.
    derived: component of the quaternions that follows from the others, as they have length 1, or
        None when they are four plain columns.
    repeats: the rows of shN are coded once for each different one of a tile.
    axes: dictionaries of the position axes; empty ones and order_kept: none.
    """

    groups: dict[str, GroupModel]
    columns: tuple[ColumnModel, ...]
    order_kept: bool = False
    derived: int | None = None
    repeats: bool = False
    axes: tuple[Dictionary, ...] = (NONE, NONE, NONE)

    def names(self) -> list[str]:
        """Group of each plain column, in coding order."""
        return column_groups(self.columns_of_shn, self.order_kept, self.derived is not None)

    @property
    def columns_of_shn(self) -> int:
        return len(self.columns) - 11 - 3 * self.order_kept + (self.derived is not None)

    def write(self) -> bytes:
        out = Writer()
        unit = UNIT if self.derived is not None else 0
        out.u8(ORDER_KEPT * self.order_kept | unit | REPEATS * self.repeats)
        if self.derived is not None:
            out.u8(self.derived)
        if not self.order_kept:
            for dictionary in self.axes:
                dictionary.write(out)
        for group in self.groups.values():
            out.i8(group.exponent)
            out.i16(group.near)
            out.i16(group.far)
            for weight in group.widths:
                out.i8(weight)
            group.dictionary.write(out)
        for column in self.columns:
            _write_column(out, column)
        return out.getvalue()

    @classmethod
    def read(cls, payload, columns_of_shn: int) -> LosslessParams:
        r = Reader(payload, "box MODL")
        flags = r.u8()
        r.require(flags < 8, "the flags are out of range")
        kept = bool(flags & ORDER_KEPT)
        derived = r.u8() if flags & UNIT else None
        r.require(derived is None or derived < 4, "the derived component is out of range")
        axes = (NONE,) * 3 if kept else tuple(Dictionary.read(r) for _ in range(3))
        names = column_groups(columns_of_shn, kept, derived is not None)
        groups = {name: _read_group(r) for name in dict.fromkeys(names)}
        columns = tuple(_read_column(r, i) for i in range(len(names)))
        r.end()
        return cls(groups, columns, kept, derived, bool(flags & REPEATS), axes)


def column_groups(columns_of_shn: int, order_kept: bool, unit: bool) -> list[str]:
    """Group name of each plain column, in coding order."""
    counts = [("mean", 3 * order_kept), *GROUPS, ("rest", columns_of_shn)]
    return [name for name, count in counts for _ in range(count - (unit and name == "quat"))]


def _write_column(out: Writer, column: ColumnModel) -> None:
    out.u8(column.common is not None)
    if column.common is not None:
        out.u32(column.common)
    out.varint(column.mean << 1 if column.mean >= 0 else (-column.mean << 1) - 1)
    out.i16(column.log_width)
    out.u8(len(column.sources))
    for source, weight in zip(column.sources, column.weights, strict=True):
        out.u8(source)
        out.i8(weight)


def _read_group(r: Reader) -> GroupModel:
    exponent = r.i8()
    r.require(-100 <= exponent <= 126, "a fixed-point exponent is out of range")
    near, far = r.i16(), r.i16()
    widths = tuple(r.i8() for _ in range(FEATURES))
    return GroupModel(exponent, near, far, widths, Dictionary.read(r))


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
