"""Quantized scene -> bytes: tree order, tiles, field models, boxes."""

from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from os import cpu_count

import numpy as np

from codec.core import quantize, tile
from codec.core.entropy import SymbolEncoder
from codec.core.fields import COEF_BITS, FieldModel
from codec.core.geometry import tree_keys
from codec.core.params import FIELD_CROSS, CodingParams, SceneHeader, TileHeader, write_index
from codec.core.tile import TileSymbols
from codec.encoder.fit import fit_field, fit_sh_fields
from codec.encoder.steps import Quantized
from codec.errors import SceneError
from codec.wire import boxes, tables
from codec.wire.boxes import Box, FileHeader
from codec.wire.checksum import crc32c

FIT_RUNS, FIT_RUN = 16, 4096


@dataclass(frozen=True, slots=True)
class Part:
    """A tile before coding: its header and the rows of the scene it holds, in tree order."""

    header: TileHeader
    rows: np.ndarray


def tile_count(n: int, tile_size: int) -> int:
    """Least power of two that keeps tiles within `tile_size`: shares evenly between workers."""
    return 1 << (-(-n // tile_size) - 1).bit_length()


def split_tiles(cells, tile_size: int) -> list[Part]:
    """Contiguous runs of the scene's tree order, each re-sorted by its own box."""
    n = len(cells)
    if not n:
        return []
    order = sorted_rows(cells, np.arange(n))[1]
    n_tiles = tile_count(n, tile_size)
    edges = [n * i // n_tiles for i in range(n_tiles + 1)]
    parts = []
    for a, b in zip(edges[:-1], edges[1:], strict=True):
        header, rows = sorted_rows(cells, order[a:b]) if n_tiles > 1 else sorted_rows(cells, order)
        parts.append(Part(header, rows))
    return parts


def sorted_rows(cells, rows):
    inside = cells[rows]
    origin = inside.min(axis=0)
    bits = tuple(int(v).bit_length() for v in (inside.max(axis=0) - origin))
    order = np.argsort(tree_keys(inside - origin, bits), kind="stable")
    return TileHeader(len(rows), tuple(origin.tolist()), bits), rows[order]


def tile_symbols(q: Quantized, part: Part) -> TileSymbols:
    s, rows = q.symbols, part.rows
    return TileSymbols(
        q.cells[rows] - np.array(part.header.origin), s.opacity[rows], s.scales[rows], s.dc[rows],
        s.rotation[rows], s.refinement[rows], [row.take(rows) for row in s.sh],
    )


def fit_rows(n: int) -> np.ndarray:
    """Ranks in tree order that models are fitted to: all, or runs evenly spread over the scene.

    Runs and not single ranks, since neighbours along the order predict each other.
    """
    if n <= FIT_RUNS * FIT_RUN:
        return np.arange(n)
    starts = [(n - FIT_RUN) * i // (FIT_RUNS - 1) for i in range(FIT_RUNS)]
    return np.concatenate([np.arange(start, start + FIT_RUN) for start in starts])


def fit_models(q: Quantized, parts: list[Part]) -> CodingParams:
    """Field models of the scene, fitted in tree order."""
    rows = np.concatenate([p.rows for p in parts]) if parts else np.zeros(0, np.int64)
    s, params = q.symbols, q.params
    alpha, footprint = q.alpha[rows], q.footprint[rows]
    flat = np.full(len(rows), quantize.FINE_BITS, np.int64)
    scale = quantize.class_shifts(params.scale_rule, alpha)
    dc = quantize.class_shifts(params.dc_rule, alpha, footprint)
    v = s.scales[rows]
    columns = {
        "opacity": (s.opacity[rows] << quantize.FINE_BITS, flat),
        "scale0": (v[:, 0], scale),
        "scale1": (v[:, 0] - v[:, 1], scale),
        "scale2": (v[:, 1] - v[:, 2], scale),
    }
    columns |= {f"dc{i}": (s.dc[rows, i], dc) for i in range(3)}
    fields, residuals, fitted = {}, {}, fit_rows(len(rows))
    for name, (values, shifts) in columns.items():
        _check_reach(name, int(np.abs(values).max(initial=0)))
        cross = tuple(residuals[c] for c in FIELD_CROSS[name])
        fields[name], residuals[name] = fit_field(values[fitted], shifts[fitted], cross)
    fields = _with_room(fields, columns)
    params = replace(params, fields=fields)
    if params.sh_layers:
        classes = tile.TileClasses(alpha[fitted], footprint[fitted])
        sample = [row.take(rows[fitted]) for row in s.sh]
        sh_field, length_field = fit_sh_fields(params, classes, sample)
        largest = max(max(int(row.max()), -int(row.min())) for row in s.sh)
        sh_field = replace(sh_field, escape_bits=min(31, largest.bit_length() + 1))
        params = replace(params, sh_field=sh_field, length_field=length_field)
    return params


def _with_room(fields: dict[str, FieldModel], columns: dict) -> dict[str, FieldModel]:
    """The models with escapes wide enough for any residual that any tile can have.

    A bound from the largest value and the weights; what the fit measured on some levels of the
    whole scene would be too narrow for an outlier that another level or tile meets first.
    """
    out, reach = {}, {}
    for name, (values, shifts) in columns.items():
        m = fields[name]
        largest = int(np.abs(values).max(initial=0))
        near, far = 2 * abs(m.near), 2 * abs(m.far)
        rest = abs((1 << COEF_BITS) - 2 * (m.near + m.far))
        sums = [max((near + far) * largest + rest * abs(m.mean), abs(m.mean) << COEF_BITS)]
        sums += [abs(w) * reach[c] for w, c in zip(m.cross, FIELD_CROSS[name], strict=True)]
        reach[name] = largest + sum((s >> COEF_BITS) + 1 for s in sums)
        largest_symbol = (reach[name] >> int(shifts.min(initial=8))) + 1
        _check_reach(name, largest_symbol)
        out[name] = replace(m, escape_bits=largest_symbol.bit_length())
    return out


def _check_reach(name: str, largest: int) -> None:
    if largest >= 1 << 31:
        raise SceneError(f"a value of {name} is too far from the others to be coded with them; "
                         "remove that Gaussian, or use the lossless mode")


def code_tile(params: CodingParams, part: Part, symbols: TileSymbols) -> list[bytes]:
    """Payloads of one tile, one a layer."""
    payloads, coder = [], SymbolEncoder()
    tile.code_base(coder, params, part.header, symbols)
    payloads.append(coder.finish())
    classes = tile.classes_of(params, part.header, symbols)
    if params.has_position_layer:
        coder = SymbolEncoder()
        tile.code_position(coder, tile.position_bits(params, classes), symbols.refinement)
        payloads.append(coder.finish())
    (shifts, sh_state), start = tile.start_sh(params, classes), 0
    for count in params.sh_layers:
        coder = SymbolEncoder()
        rows = symbols.sh[start : start + count]
        tile.code_sh(coder, params, shifts, sh_state, rows, count)
        payloads.append(coder.finish())
        start += count
    return payloads


def level_for(n: int, n_tiles: int, largest_tile: int, n_bytes: int) -> int:
    for number, level in tables.LEVELS.items():
        fits = (n <= level.max_gaussians and n_tiles <= level.max_tiles
                and largest_tile <= level.max_tile_gaussians and n_bytes <= level.max_bytes)
        if fits:
            return number
    return max(tables.LEVELS)


@dataclass(frozen=True, slots=True)
class CodedTier:
    """A tier ready to be written.

    modl: payload of MODL.   tiles: rows of INDX.   payloads: by tile, then by layer.
    rows: input row of each Gaussian in stream order.
    """

    modl: bytes
    tiles: list[TileHeader]
    payloads: list[list[bytes]]
    rows: np.ndarray

    @property
    def size(self) -> int:
        """Bytes of the tier's boxes."""
        inside = len(self.modl) + len(write_index(self.tiles)) + sum(map(sum, self._lengths()))
        return inside + tables.BOX_OVERHEAD * (2 + sum(map(len, self.payloads)))

    def _lengths(self) -> list[list[int]]:
        return [[len(payload) for payload in payloads] for payloads in self.payloads]


def code_tier(q: Quantized, *, tile_size: int, threads: int = 0, models=None) -> CodedTier:
    """The boxes of a quantized scene."""
    parts = split_tiles(q.cells, tile_size)
    params = (models or fit_models)(q, parts)
    n_threads = threads or cpu_count() or 1

    def work(part: Part) -> list[bytes]:
        return code_tile(params, part, tile_symbols(q, part))

    if len(parts) > 1 and n_threads > 1:
        with ThreadPoolExecutor(n_threads) as pool:
            payloads = list(pool.map(work, parts))
    else:
        payloads = [work(part) for part in parts]
    tiles = [replace(part.header, sizes=tuple(len(x) for x in payload))
             for part, payload in zip(parts, payloads, strict=True)]
    rows = np.concatenate([p.rows for p in parts]) if parts else np.zeros(0, np.int64)
    return CodedTier(params.write(), tiles, payloads, rows)


def assemble(q: Quantized, header: SceneHeader, ancillary, *, tile_size: int,
             threads: int = 0, models=None) -> bytes:
    """The stream of a quantized scene.

    ancillary: called with the input row of each decoded Gaussian, returns the boxes to add.
    """
    tier = code_tier(q, tile_size=tile_size, threads=threads, models=models)
    return write_stream(tables.PROFILE_LOSSY, header, [tier], ancillary(tier.rows))


def write_stream(profile: int, header: SceneHeader, tiers: list[CodedTier],
                 ancillary: list[Box]) -> bytes:
    """Join boxes in their fixed order (spec 4.2): HEAD, ancillary, tiers, END."""
    parts = [Box(tables.HEAD, header.write()), *ancillary]
    for tier in tiers:
        n_layers = len(tier.payloads[0]) if tier.payloads else 0
        parts += [Box(tables.MODL, tier.modl), Box(tables.INDX, write_index(tier.tiles))]
        parts += [Box(tables.TILE, tier.payloads[t][layer], layer, t)
                  for layer in range(n_layers) for t in range(len(tier.tiles))]
    tiles = [tile for tier in tiers for tile in tier.tiles]
    return join_boxes(profile, parts, tiles)


def join_boxes(profile: int, parts: list[Box], tiles: list[TileHeader],
               least_level: int = min(tables.LEVELS)) -> bytes:
    """File header, boxes, and an END that fits; the lowest level that holds them.

    tiles: of all tiers.   least_level: the level is not below it.
    """
    written = [boxes.write_box(box) for box in parts]
    total = tables.FILE_HEADER_SIZE + sum(map(len, written)) + tables.END_SIZE
    digest = crc32c(b"".join(raw[-4:] for raw in written))
    end = boxes.write_box(Box(tables.END, struct.pack("<QI", total, digest)))
    counts = [tile.n for tile in tiles]
    level = max(least_level, level_for(sum(counts), len(counts), max(counts, default=0), total))
    return b"".join([boxes.write_file_header(FileHeader(profile, level)), *written, end])
