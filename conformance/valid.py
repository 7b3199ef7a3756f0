"""The valid cases: name -> (what it exercises, stream)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from codec import EncoderOptions, encode
from codec.encoder.plan import delta_for, steps_from
from codec.encoder.steps import Weights
from codec.scene import Camera
from codec.wire import tables
from conformance import scenes, surgery
from conformance.surgery import RawBox
from conformance.synthetic import random_stream

_PLAIN = EncoderOptions(effort=1, prune=False)


def _encode(splats, **changes) -> bytes:
    views = changes.pop("default_views", None)
    return encode(splats, replace(_PLAIN, **changes), default_views=views)


def _with_weights(splats, **changes) -> bytes:
    """Encode by the encoder's own path, with steps changed."""
    from codec.core.params import SceneHeader
    from codec.encoder.assemble import assemble
    from codec.encoder.prepare import prepare
    from codec.encoder.steps import quantize_scene

    prepared = prepare(splats)
    steps = replace(steps_from(prepared, delta_for(70)), **changes)
    header = SceneHeader(splats.n_gaussians, splats.sh_degree)
    return assemble(quantize_scene(prepared, steps), header, lambda rows: [], tile_size=1 << 17)


def _views() -> list[Camera]:
    pose = np.eye(4)
    pose[2, 3] = 4.0
    return [Camera(pose, 500.0, 510.0, 320.0, 240.0, 640, 480, name)
            for name in ("front", "größer")]


def _extra() -> dict:
    rng = np.random.default_rng(9)
    kinds = ("i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8")
    return {f"column_{k}": (100 * rng.random(64)).astype(k) for k in kinds}


def _no_refinement(data: bytes) -> bytes:
    """The same scene with a position rule that gives no bits, the layer dropped."""
    header, boxes = surgery.take_apart(data)
    _, params, tiles = surgery.read_parts(boxes)
    rule = replace(params.position_rule, offset=127, alpha=0, footprint=0)
    boxes = [b for b in boxes if not (b.type == tables.TILE and b.layer == 1)]
    boxes = [replace(b, layer=b.layer - 1) if b.type == tables.TILE and b.layer else b
             for b in boxes]
    tiles = [replace(t, sizes=t.sizes[:1] + t.sizes[2:]) for t in tiles]
    i = surgery.index_of(boxes, tables.MODL)
    boxes[i] = replace(boxes[i], payload=replace(params, position_rule=rule).write())
    return surgery.join(header, surgery.with_tiles(boxes, tiles))


def _insert(data: bytes, where: int, *new: RawBox) -> bytes:
    header, boxes = surgery.take_apart(data)
    return surgery.join(header, [*boxes[:where], *new, *boxes[where:]])


def _cut_in_tier(data: bytes, tier: int, n_boxes: int, extra: int = 0) -> bytes:
    """The stream up to the box `n_boxes` after a tier's MODL, and `extra` bytes more."""
    header, boxes = surgery.take_apart(data)
    last = surgery.index_of(boxes, tables.MODL, tier) + n_boxes
    end = len(header) + sum(len(b.to_bytes()) for b in boxes[: last + 1])
    return data[: end + extra]


def _cut(data: bytes, layer: int, extra: int = 0) -> bytes:
    """The stream up to the last TILE box of `layer`, and `extra` bytes more."""
    header, boxes = surgery.take_apart(data)
    last = max(i for i, b in enumerate(boxes) if b.type == tables.TILE and b.layer == layer)
    end = len(header) + sum(len(b.to_bytes()) for b in boxes[: last + 1])
    return data[: end + extra]


def _with_restorer() -> bytes:
    from codec.core.mlra import write_maps
    from codec.wire.restorer import write_restorer
    from conformance import restorer_cases as cases

    return cases.with_boxes(write_restorer(cases.GFIX), write_maps(cases.example_maps()))


def _layered() -> bytes:
    return _encode(scenes.scene(300, 2, 3))


def _tiled() -> bytes:
    return _encode(scenes.scene(3000, 1, 4), tile_size=1024)


def _nested() -> bytes:
    """Three tiers: base alone, then base and position, then all layers and several tiles."""
    return surgery.nest([random_stream(41, (30,), 2, 0, False),
                         random_stream(42, (80,), 2, 0, change=_shrinking(22)),
                         random_stream(43, (200, 1, 60), 2, 2, change=_shrinking(254))])


def _replaced() -> bytes:
    """Four tiers: the third stands for the first two, the fourth adds to it and shrinks it."""
    whole = _shrinking(tables.REPLACES)
    return surgery.nest([random_stream(61, (10,), 1, 0, False),
                         random_stream(62, (20,), 1, 0, change=_shrinking(9)),
                         random_stream(63, (25, 5), 1, 1, change=whole),
                         random_stream(64, (30,), 1, 1, change=_shrinking(31))])


def _replaced_extra() -> bytes:
    """Three tiers of 16 Gaussians, each for those before it, and a column of all 48."""
    whole = _shrinking(tables.REPLACES)
    parts = [random_stream(65, (16,), 0, 0, False),
             *(random_stream(seed, (16,), 0, 0, change=whole) for seed in (66, 67))]
    column = scenes.scene(48, 0, 68, extra={"id": np.arange(48, dtype=np.uint16)})
    from codec.decoder.extras import write_extra

    return _insert(surgery.nest(parts), 1, RawBox(tables.EXTR, write_extra(column)))


def _shrinking(shrink: int):
    return lambda params: replace(params, shrink=shrink)


def _nested_extra() -> bytes:
    """Two tiers of 64 Gaussians, and a column of all 128."""
    parts = [_encode(scenes.scene(64, 0, seed)) for seed in (44, 45)]
    column = scenes.scene(128, 0, 46, extra={"id": np.arange(128, dtype=np.uint16)})
    from codec.decoder.extras import write_extra

    return _insert(surgery.nest(parts), 1, RawBox(tables.EXTR, write_extra(column)))


def _lossless_odd() -> bytes:
    """Values of every kind: common ones, copies, NaN, infinities, subnormals, several tiles."""
    rng = np.random.default_rng(22)
    n = 1100
    base = scenes.scene(n, 1, 22)
    scales = np.where(rng.random((n, 3)) < 0.3, -7.5, base.log_scales)
    opacity = np.repeat(base.opacity_logits[::10], 10)
    dc = base.sh0.copy()
    dc[:6, 0] = [np.nan, np.inf, -np.inf, 1e-42, -0.0, 3e38]
    rest = (1e-6 * base.shN ** 3).astype(np.float32)
    splats = replace(base, log_scales=scales.astype(np.float32), opacity_logits=opacity, sh0=dc,
                     shN=rest)
    index = np.arange(n)
    index[7::5] = index[6 : n - 1 : 5]  # clones
    return encode(splats.take(index), EncoderOptions(mode="lossless", tile_size=1024))


def _lossless_cross() -> bytes:
    """Columns that follow earlier ones: predicted from their residuals."""
    rng = np.random.default_rng(37)
    base = scenes.scene(400, 1, 37)
    dc = base.sh0.copy()
    dc[:, 1] = dc[:, 0] + 0.01 * rng.normal(size=400)
    dc[:, 2] = 0.5 * dc[:, 0] + 0.01 * rng.normal(size=400)
    return encode(replace(base, sh0=dc.astype(np.float32)), EncoderOptions(mode="lossless"))


def _quantized(splats, **changes):
    """Attributes on grids of 8 bits, as codecs leave them."""
    grid = {"opacity_logits": 8, "log_scales": 16, "sh0": 32, "shN": 64}
    parts = {k: np.rint(getattr(splats, k) * v) / v for k, v in grid.items()} | changes
    return replace(splats, **{k: np.asarray(v, np.float32) for k, v in parts.items()})


def _lossless_grid() -> bytes:
    """Positions on a grid: few values, a wide axis (ranks of 23 bits), a negative zero; tiles."""
    base = scenes.scene(1100, 0, 70)
    means = np.rint(base.means * (16, 4096, 64)) / (16, 4096, 64)
    means[:4, 1] = -1024, 1000.25, 0.0, -0.0
    return encode(_quantized(base, means=means), EncoderOptions(mode="lossless", tile_size=1024))


def _lossless_palette() -> bytes:
    """Rows of shN from a palette, quaternions of length 1; an axis without a dictionary."""
    base = scenes.scene(300, 2, 71)
    rows = np.random.default_rng(71).integers(0, 50, 300)
    means = np.rint(base.means * 64) / 64
    means[:, 2] = base.means[:, 2]
    quats = base.quats * (1, 1, 1, 3)
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    splats = _quantized(base, means=means, quats=quats)
    return encode(replace(splats, shN=splats.shN[rows]), EncoderOptions(mode="lossless"))


def unit_scene(n: int, seed: int):
    """Quaternions of length 1 but for a few, x the largest on average; some of all components."""
    base = scenes.scene(n, 0, seed)
    quats = base.quats * (1, 3, 1, 1) + 1e-3
    quats[::3, 1] *= np.geomspace(1, 1e-9, len(quats[::3]))
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    quats[:4] = [[0, 1, 0, 0], [1, 0, 0, 0], [0, -1, 0, 0], [1, -0.0, 0, 0]]
    quats[4], quats[5] = 0, (3e38, np.nan, -np.inf, 1.5)
    return replace(base, quats=quats.astype(np.float32))


def _lossless_unit(keep_order: bool) -> bytes:
    """One component from the others; positions on a grid as plain columns when order is kept."""
    splats = unit_scene(400, 72)
    if keep_order:
        splats = _quantized(splats, means=np.rint(splats.means * 64) / 64)
    return encode(splats, EncoderOptions(mode="lossless", keep_order=keep_order))


def _lossless(keep_order: bool) -> bytes:
    splats = scenes.scene(200, 2, 8)
    return encode(splats, EncoderOptions(mode="lossless", keep_order=keep_order))


def _lossless_small(seed: int) -> bytes:
    return encode(scenes.scene(40, 1, seed), EncoderOptions(mode="lossless"))


Maker = Callable[[], bytes]

CASES: dict[str, tuple[str, Maker]] = {
    "empty": ("no Gaussians: no tiles, no layers", lambda: _encode(scenes.scene(0, 3))),
    "one": ("one Gaussian: a tree without a split", lambda: _encode(scenes.scene(1, 1))),
    "two": ("two Gaussians", lambda: _encode(scenes.scene(2, 1))),
    "coincident": ("500 Gaussians in one cell: a tree of no bits",
                   lambda: _encode(scenes.coincident(500))),
    "huge-coordinates": ("coordinates to 1e5", lambda: _encode(scenes.huge(200))),
    "sh-degree-0": ("SH degree 0", lambda: _encode(scenes.scene(300, 0, 10))),
    "sh-degree-1": ("SH degree 1", lambda: _encode(scenes.scene(300, 1, 11))),
    "sh-degree-2": ("SH degree 2", lambda: _encode(scenes.scene(300, 2, 12))),
    "sh-degree-3": ("SH degree 3", lambda: _encode(scenes.scene(300, 3, 13))),
    "sh-all-zero": ("SH degree 3 stored, no SH row coded",
                    lambda: _encode(scenes.scene(100, 3, 13, shN=np.zeros((100, 15, 3))))),
    "levels": ("5000 Gaussians in one tile: six levels of fields",
               lambda: _encode(scenes.scene(5000, 1, 14))),
    "tiles": ("three tiles", _tiled),
    "refinement": ("position refinement bits that differ between Gaussians",
                   lambda: _with_weights(scenes.scene(400, 0, 15),
                                         position_weights=Weights(16, 8))),
    "no-refinement": ("no position layer", lambda: _no_refinement(_layered())),
    "class-weights": ("strong class weights: shifts from 0 to 8",
                      lambda: _with_weights(scenes.scene(500, 1, 16), dc_weights=Weights(32, 24),
                                            sh_weights=Weights(32, 24),
                                            scale_weights=Weights(24, 0))),
    "coarse": ("quality 5: few symbols, many zeros",
               lambda: _encode(scenes.scene(400, 2, 17), quality=5)),
    "near-lossless": ("flat weights, fine steps",
                      lambda: _encode(scenes.scene(200, 1, 18), mode="near-lossless")),
    "escapes": ("outliers in every attribute: raw escapes", lambda: _encode(scenes.wild(600))),
    "antialiased": ("scene flag 0 and metadata",
                    lambda: _encode(scenes.scene(20, 0, 19, antialiased=True,
                                                 comments=("SplatRenderMode: mip", "größer")))),
    "default-views": ("VIEW box",
                      lambda: _encode(scenes.scene(20, 0, 20), default_views=_views())),
    "extra-columns": ("EXTR box with a column of every type",
                      lambda: _encode(scenes.scene(64, 0, 21, extra=_extra()), keep_extra=True)),
    "meta-broken": ("META that is no JSON changes nothing",
                    lambda: _insert(_encode(scenes.scene(20, 0, 36)), 1,
                                    RawBox(tables.META, b"{\"comments\": [1, "))),
    "unknown-ancillary": ("unknown ancillary boxes, twice the same, in three places",
                          lambda: _insert(_insert(_layered(), 2, RawBox(b"xtra", b"\x00\x01"),
                                                  RawBox(b"xtra", b"")),
                                          -1 + len(surgery.take_apart(_layered())[1]) + 3,
                                          RawBox(b"note", b"after the tiles"))),
    "restorer": ("a scene with REST and MLRA is the scene without", _with_restorer),
    "cut-after-base": ("cut after the base layer", lambda: _cut(_layered(), 0)),
    "cut-after-position": ("cut after the position layer", lambda: _cut(_layered(), 1)),
    "cut-after-sh-1": ("cut after layer sh-1", lambda: _cut(_layered(), 2)),
    "cut-before-end": ("all layers, END missing", lambda: _cut(_layered(), 3)),
    "cut-in-header": ("cut inside a box header", lambda: _cut(_layered(), 1, 5)),
    "cut-in-payload": ("cut inside a payload", lambda: _cut(_layered(), 1, 30)),
    "cut-in-ancillary": ("cut inside the type of a box after the tiles",
                         lambda: _cut(_layered(), 3) + b"no"),
    "cut-between-tiles": ("cut after the first tile of a layer: the layer does not count",
                          lambda: _cut(_tiled(), 0, 200)),
    **{f"synthetic-{i}": ("random legal parameters and symbols", lambda i=i: random_stream(i))
       for i in range(1, 5)},
    "synthetic-no-sh": ("random parameters, no SH layer, no position layer",
                        lambda: random_stream(11, (600,), 3, 0, False)),
    "synthetic-degree-1": ("random parameters, SH degree 1, many tiles",
                           lambda: random_stream(12, (2, 1, 3, 17, 16, 257), 1, 1)),
    "tiers": ("three tiers of other layers and numbers of tiles", _nested),
    "tiers-ancillary": ("unknown ancillary boxes before and after a later tier's MODL",
                        lambda: _insert(_insert(_nested(), 4, RawBox(b"note", b"between")), 6,
                                        RawBox(b"note", b"after MODL"))),
    "tiers-extra": ("two tiers and a column of all Gaussians", _nested_extra),
    "tiers-replaced": ("four tiers, of which the third stands for the first two", _replaced),
    "tiers-replaced-extra": ("a column of three tiers, of which the last stands for all",
                             _replaced_extra),
    "tiers-lossless": ("two tiers of the profile lossless",
                       lambda: surgery.nest([_lossless_small(50), _lossless_small(51)])),
    "cut-after-tier": ("cut after the first of three tiers", lambda: _cut_in_tier(_nested(), 0, 2)),
    "cut-in-modl": ("cut inside the MODL of the second tier",
                    lambda: _cut_in_tier(_nested(), 0, 2, 30)),
    "cut-after-modl": ("cut after the MODL of the second tier, inside the header of its INDX",
                       lambda: _cut_in_tier(_nested(), 1, 0, 7)),
    "cut-in-ancillary-of-tier": (
        "cut inside an ancillary box between INDX and TILE of the second tier",
        lambda: _cut_in_tier(_insert(_nested(), 6, RawBox(b"note", b"before TILE")), 1, 1, 9)),
    "cut-after-index": ("cut after the INDX of the third tier",
                        lambda: _cut_in_tier(_nested(), 2, 1)),
    "cut-in-tier": ("cut after the base layer of the third tier, inside its position layer",
                    lambda: _cut_in_tier(_nested(), 2, 4, 40)),
    "cut-in-tier-base": ("cut after one tile of the third tier: the tier does not count",
                         lambda: _cut_in_tier(_nested(), 2, 2)),
    "cut-in-replacing": ("cut inside the base layer of a tier that would replace the first two",
                         lambda: _cut_in_tier(_replaced(), 2, 2)),
    "cut-after-replacing": ("cut after the base layer of a tier that replaces the first two",
                            lambda: _cut_in_tier(_replaced(), 2, 4, 9)),
    "cut-replaced-extra": ("cut after the second of three tiers, each for those before it",
                           lambda: _cut_in_tier(_replaced_extra(), 2, 1)),
    "cut-extra": ("cut after the first of two tiers: the first rows of a column",
                  lambda: _cut_in_tier(_nested_extra(), 0, 5)),
    "lossless": ("profile lossless", lambda: _lossless(False)),
    "lossless-order": ("profile lossless, order kept", lambda: _lossless(True)),
    "lossless-cross": ("profile lossless, columns predicted from earlier ones", _lossless_cross),
    "lossless-grid": ("profile lossless, positions and attributes on grids", _lossless_grid),
    "lossless-palette": ("profile lossless, repeated rows of shN", _lossless_palette),
    "lossless-unit": ("profile lossless, quaternions of length 1", lambda: _lossless_unit(False)),
    "lossless-unit-order": ("profile lossless, quaternions of length 1 and grids, order kept",
                            lambda: _lossless_unit(True)),
    "lossless-odd": ("profile lossless, two tiles, NaN, infinities, copies, common values",
                     _lossless_odd),
}
