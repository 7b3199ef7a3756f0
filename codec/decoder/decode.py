"""Decoding: parse, decode tiles, reconstruct (spec 05)."""

from __future__ import annotations

from os import cpu_count

import numpy as np

from codec.core import quantize, tile
from codec.core.entropy import SymbolDecoder
from codec.decoder.extras import read_comments, read_extra
from codec.decoder.parse import Stream, check_memory, parse
from codec.errors import BadValue
from codec.options import DecoderLimits
from codec.scene import Splats
from codec.wire.tables import EXTR, META, SCENE_FLAG_ANTIALIASED

_FIELDS = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")


def decode(data: bytes, limits: DecoderLimits = DecoderLimits(), *,
           tiles: list[int] | None = None, layers: int | None = None) -> Splats:
    """Decode an NFX stream.

    tiles: decode only these tiles (indices into the stream's index); None = all.
    layers: decode at most this many quality layers; None = all there are.
    Warns when the file is cut short and a coarser scene is returned.
    Raises FormatError kinds, UnsupportedError, LimitExceeded.
    """
    stream = parse(data, limits)
    return decode_stream(stream, limits, tiles=tiles, layers=layers)


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


def decode_stream(stream: Stream, limits: DecoderLimits, *, tiles=None, layers=None) -> Splats:
    chosen = list(range(len(stream.tiles)) if tiles is None else tiles)
    depth = stream.complete_layers if layers is None else min(layers, stream.complete_layers)
    worker = _decode_lossless if stream.lossless else _decode_tile
    if len(chosen) == 1:
        arrays = worker(stream, chosen[0], depth)
    else:
        arrays = _decode_joined(stream, chosen, depth, worker, limits.threads or cpu_count() or 1)
    antialiased = bool(stream.header.flags & SCENE_FLAG_ANTIALIASED)
    comments = read_comments(stream.ancillary[META].payload) if META in stream.ancillary else ()
    splats = Splats(**arrays, antialiased=antialiased, comments=comments)
    if tiles is None and EXTR in stream.ancillary:
        return read_extra(splats, stream.ancillary[EXTR].payload,
                          lambda size: check_memory(stream, limits, size))
    return splats


def _decode_joined(stream: Stream, chosen: list[int], depth: int, worker, n_threads: int) -> dict:
    """Arrays of several tiles, one after the other."""
    ends = np.cumsum([0] + [stream.tiles[i].n for i in chosen]).tolist()
    arrays = _empty_arrays(stream, ends[-1])

    def work(position: int) -> None:
        rows = slice(ends[position], ends[position + 1])
        for name, part in worker(stream, chosen[position], depth).items():
            arrays[name][rows] = part

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


def _decode_lossless(stream: Stream, index: int, depth: int) -> dict:
    from codec.core import lossless

    box, degree = stream.payloads[0, index], stream.header.sh_degree
    coder = SymbolDecoder(box.payload, box.where)
    columns = lossless.code_tile(coder, stream.params, stream.tiles[index], degree)
    coder.finish()
    return lossless.decode_columns(columns, degree)


def _decode_tile(stream: Stream, index: int, depth: int) -> dict:
    """Arrays of one tile, layers beyond `depth` left at their defaults."""
    params, header = stream.params, stream.tiles[index]
    symbols, classes = _decode_base(stream, index)
    bits = tile.position_bits(params, classes)
    refinement = None
    shifts, sh_state = tile.start_sh(params, classes)
    for layer in range(1, depth):
        box = stream.payloads[layer, index]
        coder = SymbolDecoder(box.payload, box.where)
        name = stream.layers[layer]
        if name == "position":
            refinement = tile.code_position(coder, bits, None)
        else:
            count = params.sh_layers[int(name[3:]) - 1]
            symbols.sh += list(tile.code_sh(coder, params, shifts, sh_state, None, count))
        coder.finish()
    if refinement is None:
        bits, refinement = np.zeros_like(bits), np.zeros((header.n, 3), np.int64)
    cells = symbols.cells + np.array(header.origin, np.int64)
    return _reconstruct(stream, symbols, classes, cells, refinement, bits)


def _decode_base(stream: Stream, index: int):
    box = stream.payloads[0, index]
    coder = SymbolDecoder(box.payload, box.where)
    symbols = tile.code_base(coder, stream.params, stream.tiles[index], tile.TileSymbols())
    coder.finish()
    return symbols, tile.classes_of(stream.params, stream.tiles[index], symbols)


def _reconstruct(stream: Stream, t, classes, cells, refinement, bits) -> dict:
    params, n = stream.params, len(cells)
    rotation_bits = quantize.rotation_bits(params, t.scales, classes.alpha, classes.footprint)
    rest = (stream.header.sh_degree + 1) ** 2 - 1
    entry = quantize.alpha_index(t.opacity, params.opacity_levels)
    arrays = {
        "means": quantize.reconstruct_means(params, cells, refinement, bits),
        "log_scales": quantize.reconstruct_scales(params, t.scales),
        "quats": quantize.reconstruct_quats(t.rotation, rotation_bits),
        "opacity_logits": quantize.coding_tables().opacity_logits[entry],
        "sh0": quantize.reconstruct_dc(params, t.dc),
        "shN": quantize.reconstruct_sh(params, t.sh, n).reshape(n, rest, 3),
    }
    if not np.isfinite(arrays["means"]).all():
        raise BadValue("a position overflows float32")
    return arrays




def __getattr__(name: str):
    """`stream_info` and `default_views` live in `info`; kept reachable from here."""
    if name in ("stream_info", "default_views"):
        from codec.decoder import info

        return getattr(info, name)
    raise AttributeError(name)
