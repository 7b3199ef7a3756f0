"""Decoding: parse, decode tiles, reconstruct (spec 05)."""

from __future__ import annotations

from collections.abc import Iterator
from os import cpu_count

import numpy as np

from codec.core import quantize, tile
from codec.core.entropy import SymbolDecoder
from codec.decoder.extras import read_comments, read_extra
from codec.decoder.parse import Stream, Tier, check_memory, parse
from codec.errors import BadValue
from codec.options import DecoderLimits
from codec.scene import Splats
from codec.wire.tables import EXTR, META, SCENE_FLAG_ANTIALIASED

_FIELDS = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")


def decode(data: bytes, limits: DecoderLimits = DecoderLimits(), *, tiles: list[int] | None = None,
           layers: int | None = None, tiers: int | None = None) -> Splats:
    """Decode an NFX stream.

    tiers: decode the first so many tiers of a nested stream; None = all.
    tiles: decode only these tiles (counted through the tiers decoded); None = all.
    layers: decode at most this many layers of each tile; None = all there are.
    Warns when the file is cut short and a coarser scene is returned.
    Raises FormatError kinds, UnsupportedError, LimitExceeded; UsageError for tiers that it lacks.
    """
    stream = parse(data, limits)
    return decode_stream(stream, limits, tiles=tiles, layers=layers, tiers=tiers)


def verify(data: bytes, limits: DecoderLimits = DecoderLimits()) -> None:
    """Decode everything and keep nothing; a file cut short is an error here.

    Also the boxes that plain decoding leaves alone: VIEW, REST, MLRA.
    """
    from dataclasses import replace

    from codec.decoder.restorer import check_restorer
    from codec.wire.tables import VIEW
    from codec.wire.views import read_views

    stream = parse(data, replace(limits, allow_partial=False))
    decode_stream(stream, limits)
    if VIEW in stream.ancillary:
        read_views(stream.ancillary[VIEW].payload)
    check_restorer(stream, limits)


def decode_stream(stream: Stream, limits: DecoderLimits, *, tiles=None, layers=None,
                  tiers=None) -> Splats:
    stream.check_tiers(tiers)
    places = stream.places(tiers)
    chosen = places if tiles is None else [places[i] for i in tiles]
    if stream.lossless and len(chosen) == 1:
        (arrays,) = _tile_blocks(stream, *chosen[0], layers, tiers)  # no second copy
    else:
        threads = limits.threads or cpu_count() or 1
        arrays = _decode_joined(stream, chosen, layers, tiers, threads)
    splats = _splats(stream, arrays)
    if tiles is None and EXTR in stream.ancillary:
        rows = slice(stream.skipped(tiers), stream.skipped(tiers) + splats.n_gaussians)
        return read_extra(splats, stream.ancillary[EXTR].payload, stream.header.n_gaussians, rows,
                          lambda size: check_memory(stream, limits, size))
    return splats


def decode_blocks(stream: Stream, index: int) -> Iterator[Splats]:
    """One tile (counted through all tiers) some rows at a time, for writers.

    Its float32 arrays are never whole in memory.
    """
    for arrays in _tile_blocks(stream, *stream.places()[index]):
        yield _splats(stream, arrays)


def _splats(stream: Stream, arrays: dict) -> Splats:
    antialiased = bool(stream.header.flags & SCENE_FLAG_ANTIALIASED)
    comments = read_comments(stream.ancillary[META].payload) if META in stream.ancillary else ()
    return Splats(**arrays, antialiased=antialiased, comments=comments)


def _decode_joined(stream: Stream, chosen: list[tuple[Tier, int]], layers: int | None,
                   tiers: int | None, n_threads: int) -> dict:
    """Arrays of several tiles, one after the other."""
    ends = np.cumsum([0] + [tier.tiles[i].n for tier, i in chosen]).tolist()
    arrays = _empty_arrays(stream, ends[-1])

    def work(position: int) -> None:
        row = ends[position]
        for block in _tile_blocks(stream, *chosen[position], layers, tiers):
            for name, part in block.items():
                arrays[name][row : row + len(part)] = part
            row += len(block["means"])

    if len(chosen) > 1 and n_threads > 1:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(work, range(len(chosen))))
    else:
        for position in range(len(chosen)):
            work(position)
    return arrays


def _empty_arrays(stream: Stream, n: int) -> dict[str, np.ndarray]:
    """Arrays of the scene for the tiles to fill, so that joining them takes no second copy."""
    rest = (stream.header.sh_degree + 1) ** 2 - 1
    shapes = ((n, 3), (n, 3), (n, 4), (n,), (n, 3), (n, rest, 3))
    return {name: np.empty(shape, np.float32) for name, shape in zip(_FIELDS, shapes, strict=True)}


def _tile_blocks(stream: Stream, tier: Tier, index: int, layers: int | None = None,
                 tiers: int | None = None) -> Iterator[dict]:
    """Arrays of one tile in blocks of rows; what further layers would bring is at its default."""
    degree = stream.header.sh_degree
    if stream.lossless:
        yield _decode_lossless(degree, tier, index)
        return
    symbols, classes, bits = _decode_symbols(tier, index, layers)
    shrunk = stream.shrunk(tier, tiers)
    for start in range(0, tier.tiles[index].n, quantize.SH_BLOCK):
        rows = slice(start, start + quantize.SH_BLOCK)
        yield _reconstruct(tier.params, degree, symbols, classes, bits, rows, shrunk)


def _decode_lossless(degree: int, tier: Tier, index: int) -> dict:
    """Arrays of one tile; there is one layer, and nothing shrinks."""
    from codec.core import lossless

    box = tier.payloads[0, index]
    coder = SymbolDecoder(box.payload, box.where)
    columns = lossless.code_tile(coder, tier.params, tier.tiles[index])
    coder.finish()
    return lossless.decode_columns(columns, degree)


def _decode_symbols(tier: Tier, index: int, layers: int | None):
    """(symbols with cells from the scene's origin, classes, refinement bits) of one tile."""
    params, header = tier.params, tier.tiles[index]
    symbols, classes = _decode_base(tier, index)
    bits = tile.position_bits(params, classes)
    shifts, sh_state = tile.start_sh(params, classes)
    depth = tier.complete_layers if layers is None else min(layers, tier.complete_layers)
    for layer in range(1, depth):
        box = tier.payloads[layer, index]
        coder = SymbolDecoder(box.payload, box.where)
        name = tier.layers[layer]
        if name == "position":
            symbols.refinement = tile.code_position(coder, bits, None)
        else:
            count = params.sh_layers[int(name[3:]) - 1]
            symbols.sh += list(tile.code_sh(coder, params, shifts, sh_state, None, count))
        coder.finish()
    if symbols.refinement is None:
        bits, symbols.refinement = np.zeros_like(bits), np.zeros((header.n, 3), np.int64)
    symbols.cells += np.array(header.origin, np.int64)
    return symbols, classes, bits


def _decode_base(tier: Tier, index: int):
    box = tier.payloads[0, index]
    coder = SymbolDecoder(box.payload, box.where)
    symbols = tile.code_base(coder, tier.params, tier.tiles[index], tile.TileSymbols())
    coder.finish()
    return symbols, tile.classes_of(tier.params, tier.tiles[index], symbols)


def _reconstruct(params, degree: int, t: tile.TileSymbols, classes, bits, rows: slice,
                 shrunk: int) -> dict:
    """Arrays of some rows of a tile; cells count from the scene's origin."""
    scales, alpha, footprint = t.scales[rows], classes.alpha[rows], classes.footprint[rows]
    rotation_bits = quantize.rotation_bits(params, scales, alpha, footprint)
    entry = quantize.alpha_index(t.opacity[rows], params.opacity_levels)
    means = quantize.reconstruct_means(params, t.cells[rows], t.refinement[rows], bits[rows])
    if not np.isfinite(means).all():
        raise BadValue("a position overflows float32")
    n, rest = len(means), (degree + 1) ** 2 - 1
    return {
        "means": means,
        "log_scales": quantize.reconstruct_scales(params, scales, shrunk),
        "quats": quantize.reconstruct_quats(t.rotation[rows], rotation_bits),
        "opacity_logits": quantize.coding_tables().opacity_logits[entry],
        "sh0": quantize.reconstruct_dc(params, t.dc[rows]),
        "shN": quantize.reconstruct_sh(params, [r[rows] for r in t.sh], n).reshape(n, rest, 3),
    }


def __getattr__(name: str):
    """`stream_info` and `default_views` live in `info`; kept reachable from here."""
    if name in ("stream_info", "default_views"):
        from codec.decoder import info

        return getattr(info, name)
    raise AttributeError(name)
