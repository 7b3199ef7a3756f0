"""Scene-wide coding parameters: the HEAD and MODL boxes (spec 03 and 04)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.core.fields import FieldModel
from codec.errors import UnsupportedError
from codec.wire import tables as wire
from codec.wire.reader import Reader
from codec.wire.writer import Writer

# Fields of the base layer in coding order, with the earlier fields whose residuals may predict.
FIELD_CROSS = {
    "opacity": (),
    "scale0": ("opacity",),
    "scale1": ("scale0", "opacity"),
    "scale2": ("scale0", "scale1"),
    "dc0": ("opacity", "scale0"),
    "dc1": ("dc0",),
    "dc2": ("dc0", "dc1"),
}
STEP_BITS = 14


@dataclass(frozen=True, slots=True)
class SceneHeader:
    """HEAD box.

    n_gaussians, sh_degree (stored), flags (wire.tables.SCENE_FLAG_*), frame, colour_space: codes of
    annex B.   unit: metres per world unit, 0 = unknown.   n_tiers: 1 to MAX_TIERS.
    """

    n_gaussians: int
    sh_degree: int
    flags: int = 0
    frame: int = 0
    colour_space: int = 1
    unit: float = 0.0
    n_tiers: int = 1

    def write(self) -> bytes:
        out = Writer()
        out.varint(self.n_gaussians)
        for value in (self.sh_degree, self.flags, self.frame, self.colour_space):
            out.u8(value)
        out.f64(self.unit)
        out.u8(self.n_tiers)
        return out.getvalue()

    @classmethod
    def read(cls, payload) -> SceneHeader:
        r = Reader(payload, "box HEAD")
        n, degree, flags, frame, space = r.varint(), r.u8(), r.u8(), r.u8(), r.u8()
        unit, n_tiers = r.f64(), r.u8()
        r.end()
        r.require(degree <= 3, f"SH degree {degree} is above 3")
        r.require(flags <= 3, "reserved scene flags are set")
        r.require(frame in wire.FRAMES, f"coordinate frame {frame} is reserved")
        r.require(space in wire.COLOUR_SPACES, f"colour space {space} is reserved")
        r.require(0 <= unit < float("inf"), "the unit is negative or not finite")
        r.require(1 <= n_tiers <= wire.MAX_TIERS, "the number of tiers is out of range")
        return cls(n, degree, flags, frame, space, unit, n_tiers)


@dataclass(frozen=True, slots=True)
class PrecisionRule:
    """Extra bits of a Gaussian from what is already decoded of it (spec 05, "Precision").

    bits = clip((offset + floor((alpha * A + footprint * F) / 16) + 128) >> 8, low, high), A and F
    in 1/256 octave: log2 of opacity, and of footprint.
    """

    offset: int
    alpha: int = 0
    footprint: int = 0

    def write(self, out: Writer) -> None:
        out.i16(self.offset)
        out.i8(self.alpha)
        out.i8(self.footprint)

    @classmethod
    def read(cls, r: Reader) -> PrecisionRule:
        return cls(r.i16(), r.i8(), r.i8())

    def bits(self, log_alpha, log_footprint, low: int, high: int, extra=0) -> NDArray[np.int64]:
        weighted = (self.alpha * log_alpha + self.footprint * log_footprint) >> 4
        return np.clip((self.offset + weighted + extra + 128) >> 8, low, high)


@dataclass(frozen=True, slots=True)
class CodingParams:
    """MODL box of the lossy profile.

    grid_exponent g: cells of 2^-g world units.   centre: cells; radius_shift, radius_floor: see
    `quantize.log_footprint`.   opacity_levels 2..4096.
    scale_step, dc_step, sh_step: base steps in 2^-14 (nats, SH units).
    rotation_cap: 1/16 nat.   basis: [rows, 3 * (K - 1)] int8, in 1/128.
    sh_layers: rows in each SH layer.   fields: models of FIELD_CROSS; sh_field: all SH rows;
    length_field: how many rows of a layer a Gaussian has.
    shrink: what the tier takes off the log scales of all earlier tiers, 1/64 nat; 255 = it
    replaces them.
    """

    grid_exponent: int
    centre: tuple[int, int, int]
    radius_shift: int
    radius_floor: int
    opacity_levels: int
    scale_step: int
    dc_step: int
    sh_step: int
    rotation_cap: int
    position_rule: PrecisionRule
    scale_rule: PrecisionRule
    rotation_rule: PrecisionRule
    dc_rule: PrecisionRule
    sh_rule: PrecisionRule
    basis: NDArray[np.int8]
    sh_layers: tuple[int, ...]
    fields: dict[str, FieldModel]
    sh_field: FieldModel | None
    length_field: FieldModel | None = None
    shrink: int = 0

    @property
    def rules(self) -> tuple[PrecisionRule, ...]:
        return (self.position_rule, self.scale_rule, self.rotation_rule, self.dc_rule, self.sh_rule)

    @property
    def has_position_layer(self) -> bool:
        """A refinement layer exists unless the rule can give no bits at all."""
        rule = self.position_rule
        return bool(rule.alpha or rule.footprint or rule.offset >= 128)

    @property
    def layers(self) -> tuple[str, ...]:
        names = ["base"]
        if self.has_position_layer:
            names.append("position")
        return tuple(names + [f"sh-{i + 1}" for i in range(len(self.sh_layers))])

    def write(self) -> bytes:
        out = Writer()
        out.u8(self.shrink)
        out.i8(self.grid_exponent)
        for value in self.centre:
            out.i64(value)
        out.u8(self.radius_shift)
        out.i16(self.radius_floor)
        for value in (self.opacity_levels, self.scale_step, self.dc_step, self.sh_step):
            out.u16(value)
        out.u8(self.rotation_cap)
        for rule in self.rules:
            rule.write(out)
        for name in FIELD_CROSS:
            self.fields[name].write(out)
        out.u8(len(self.sh_layers))
        for rows in self.sh_layers:
            out.u8(rows)
        if self.sh_layers:
            self.sh_field.write(out)
            self.length_field.write(out)
            out.bytes(self.basis.astype(np.int8).tobytes())
        return out.getvalue()

    @classmethod
    def read(cls, payload, sh_degree: int) -> CodingParams:
        r = Reader(payload, "box MODL")
        shrink = r.u8()
        grid, centre = r.i8(), (r.i64(), r.i64(), r.i64())
        radius_shift, radius_floor = r.u8(), r.i16()
        levels, scale_step, dc_step, sh_step = r.u16(), r.u16(), r.u16(), r.u16()
        cap = r.u8()
        rules = [PrecisionRule.read(r) for _ in range(5)]
        fields = {name: FieldModel.read(r, len(cross)) for name, cross in FIELD_CROSS.items()}
        sh_layers = tuple(r.u8() for _ in range(r.u8()))
        width = 3 * ((sh_degree + 1) ** 2 - 1)
        basis, sh_field, length_field = np.zeros((0, width), np.int8), None, None
        if sh_layers:
            r.require(len(sh_layers) <= 3 and all(sh_layers), "the SH layers are out of range")
            r.require(sum(sh_layers) <= width, "more SH rows than coefficients")
            sh_field, length_field = FieldModel.read(r, 0), FieldModel.read(r, 0)
            raw = r.bytes(sum(sh_layers) * width)
            basis = np.frombuffer(raw, np.int8).reshape(-1, width)
        r.end()
        r.require(all(abs(c) < 1 << 31 for c in centre), "the centre is out of range")
        r.require(radius_shift <= 32, "the radius shift is out of range")
        r.require(2 <= levels <= 4096, "the number of opacity levels is out of range")
        r.require(min(scale_step, dc_step) > 0, "a step is zero")
        r.require(sh_step > 0 or not sh_layers, "the SH step is zero")
        r.require(cap < 128, "the rotation cap is out of range")
        return cls(grid, centre, radius_shift, radius_floor, levels, scale_step, dc_step, sh_step,
                   cap, *rules, basis, sh_layers, fields, sh_field, length_field, shrink)


@dataclass(frozen=True, slots=True)
class TileHeader:
    """One row of INDX: n Gaussians, origin cell, tree bits per axis, box sizes per layer."""

    n: int
    origin: tuple[int, int, int]
    bits: tuple[int, int, int]
    sizes: tuple[int, ...] = ()


def write_index(tiles: list[TileHeader]) -> bytes:
    out = Writer()
    out.varint(len(tiles))
    out.u8(len(tiles[0].sizes) if tiles else 0)
    for tile in tiles:
        out.varint(tile.n)
        for value in tile.origin:
            out.varint(value << 1 if value >= 0 else (-value << 1) - 1)
        for value in tile.bits:
            out.u8(value)
        for size in tile.sizes:
            out.varint(size)
    return out.getvalue()


def read_index(payload, n_layers: int, level: wire.Level, before: int = 0) -> list[TileHeader]:
    """Rows of INDX.   before: tiles of earlier tiers, which count for the level's bound.

    Raises BadValue, Truncated, or UnsupportedError when the level's limits are exceeded.
    """
    r = Reader(payload, "box INDX")
    n_tiles, layers = r.varint(), r.u8()
    if before + n_tiles > level.max_tiles:
        raise UnsupportedError(f"{before + n_tiles} tiles exceed the stream's level", code="level")
    r.require(layers == (n_layers if n_tiles else 0), "the number of layers is wrong")
    r.require(n_tiles * (7 + layers) <= r.remaining, "the index is shorter than its tile count")
    tiles = [_read_tile(r, layers, level) for _ in range(n_tiles)]
    r.end()
    return tiles


def _read_tile(r: Reader, layers: int, level: wire.Level) -> TileHeader:
    n = r.varint()
    origin = tuple(-((v + 1) >> 1) if v & 1 else v >> 1
                   for v in (r.varint(), r.varint(), r.varint()))
    bits = (r.u8(), r.u8(), r.u8())
    sizes = tuple(r.varint() for _ in range(layers))
    r.require(1 <= n <= level.max_tile_gaussians, "a tile's count is out of range")
    r.require(max(bits) <= wire.MAX_TREE_BITS, "a tile's tree is too deep")
    r.require(all(abs(o) < 1 << 31 for o in origin), "a tile's origin is out of range")
    return TileHeader(n, origin, bits, sizes)
