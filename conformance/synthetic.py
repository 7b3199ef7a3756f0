"""Valid streams our encoder would never choose: random parameters, random symbols."""

from __future__ import annotations

import numpy as np

from codec.core import quantize
from codec.core.fields import FieldModel
from codec.core.geometry import tree_keys
from codec.core.params import FIELD_CROSS, CodingParams, PrecisionRule, SceneHeader, TileHeader
from codec.core.tile import TileSymbols, classes_of, position_bits, rotation_offset
from codec.encoder.assemble import CodedTier, Part, code_tile, write_stream
from codec.wire import tables


def random_stream(seed: int, n_per_tile=(300, 1, 40), sh_degree: int = 3, n_sh_layers: int = 3,
                  position: bool = True, change=None, symbols_of=None, place=None) -> bytes:
    """A stream whose every parameter is drawn within its legal range (or a good part of it).

    change: params -> params, and symbols_of(rng, params, tile) -> TileSymbols replace a draw.
    place: (bits, origin) of all tiles instead of drawn ones.
    """
    rng = np.random.default_rng(seed)
    params = _params(rng, sh_degree, n_sh_layers, position)
    params = change(params) if change else params
    tiles, payloads = [], []
    for n in n_per_tile:
        bits = tuple(int(b) for b in rng.integers(0, 9, 3))
        origin = tuple(int(o) for o in rng.integers(-(1 << 20), 1 << 20, 3))
        bits, origin = place or (bits, origin)
        tile = TileHeader(n, origin, bits)
        symbols = (symbols_of or _symbols)(rng, params, tile)
        payload = code_tile(params, Part(tile, np.arange(n)), symbols)
        tiles.append(TileHeader(n, origin, bits, tuple(map(len, payload))))
        payloads.append(payload)
    header = SceneHeader(sum(n_per_tile), sh_degree, int(rng.integers(0, 2)), 1, 2, 0.25)
    tier = CodedTier(params.write(), tiles, payloads, np.arange(sum(n_per_tile)))
    return write_stream(tables.PROFILE_LOSSY, header, [tier], [])


def _rule(rng, low: int, high: int, weight: int = 20) -> PrecisionRule:
    alpha, footprint = rng.integers(-weight, weight + 1, 2).tolist()
    return PrecisionRule(int(rng.integers(low, high)), alpha, footprint)


def _field(rng, n_cross: int, predicts: bool = True) -> FieldModel:
    near, far = rng.integers(-3000, 3000, 2).tolist() if predicts else (0, 0)
    return FieldModel(
        int(rng.integers(1, 128)), 31, near, far, int(rng.integers(-2000, 2000)),
        tuple(rng.integers(-9000, 9000, n_cross).tolist()),
        *rng.integers(0, 256, 3).tolist(),
        tuple(sorted(rng.integers(0, 30, 7).tolist())), tuple(rng.integers(0, 64, 8).tolist()),
    )


def _params(rng, sh_degree: int, n_sh_layers: int, position: bool) -> CodingParams:
    width = 3 * ((sh_degree + 1) ** 2 - 1)
    layers = tuple(int(r) for r in rng.integers(1, 6, n_sh_layers if width else 0))
    basis = rng.integers(-128, 128, (sum(layers), width)).astype(np.int8)
    return CodingParams(
        int(rng.integers(-4, 14)), tuple(int(c) for c in rng.integers(-(1 << 21), 1 << 21, 3)),
        int(rng.integers(0, 12)), int(rng.integers(0, 8000)), int(rng.integers(2, 4097)),
        *rng.integers(1, 65536, 3).tolist(), int(rng.integers(0, 128)),
        _rule(rng, 1000, 3000) if position else PrecisionRule(0), _rule(rng, -900, 900),
        _rule(rng, 500, 6000), _rule(rng, -900, 900), _rule(rng, -900, 900), basis, layers,
        {name: _field(rng, len(cross)) for name, cross in FIELD_CROSS.items()},
        _field(rng, 0, bool(rng.integers(0, 2))) if layers else None,
        _field(rng, 0, bool(rng.integers(0, 2))) if layers else None,
    )


def _symbols(rng, params: CodingParams, tile: TileHeader) -> TileSymbols:
    n = tile.n
    cells = np.stack([rng.integers(0, 1 << b, n) for b in tile.bits], axis=1)
    cells = cells[np.argsort(tree_keys(cells, tile.bits), kind="stable")]
    t = TileSymbols(cells, rng.integers(0, params.opacity_levels, n))
    alpha = quantize.log_alpha(t.opacity, params.opacity_levels)
    shifts = quantize.class_shifts(params.scale_rule, alpha)[:, None]
    steps = np.rint(rng.laplace(0, 30, (n, 3))).astype(np.int64) << shifts
    t.scales = np.cumsum(steps, axis=1)
    classes = classes_of(params, tile, t)
    shifts = quantize.class_shifts(params.dc_rule, classes.alpha, classes.footprint)
    t.dc = np.rint(rng.laplace(0, 40, (n, 3))).astype(np.int64) << shifts[:, None]
    bits = quantize.rotation_bits(params, t.scales, classes.alpha, classes.footprint)
    limit = rotation_offset(bits)[:, None]
    t.rotation = rng.integers(-limit, limit + 1, (n, 3))
    t.refinement = rng.integers(0, 1 << position_bits(params, classes)[:, None], (n, 3))
    shifts = quantize.class_shifts(params.sh_rule, classes.alpha, classes.footprint)
    ends = rng.integers(0, sum(params.sh_layers) + 2, n)
    t.sh = [np.where(i < ends, np.rint(rng.laplace(0, 10, n)).astype(np.int64) << shifts, 0)
            for i in range(sum(params.sh_layers))]
    return t
