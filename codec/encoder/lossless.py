"""Encoding without loss: tree order (or the input's), every float32 bit kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from codec.core import lossless
from codec.core.entropy import SymbolEncoder
from codec.core.geometry import tree_keys
from codec.core.lossless_model import LosslessParams
from codec.core.params import SceneHeader, TileHeader
from codec.encoder.ancillary import ancillary_boxes
from codec.encoder.assemble import CodedTier, sorted_rows, tile_count, write_stream
from codec.encoder.lossless_fit import fit_lossless, position_dictionaries, rows_repeat
from codec.options import EncoderOptions
from codec.scene import Splats
from codec.wire import tables


def encode_lossless(splats: Splats, options: EncoderOptions, default_views) -> bytes:
    """The stream of `splats`, exact to the bit (NaNs and infinities too).

    Order: as given with options.keep_order, else by the tree keys of the positions' ordered
    integers (rows with equal keys keep their input order).
    """
    columns = bit_columns(splats)
    axes = position_dictionaries(columns[:3], options.keep_order)
    rows, headers = _tiles(columns, axes, options)
    if not options.keep_order:
        columns = columns[:, rows]
    ends = np.cumsum([header.n for header in headers])
    parts = [columns[:, end - header.n : end] for end, header in zip(ends, headers, strict=True)]
    params, payloads = _code_tiles(fit_lossless(columns, options.keep_order, axes), headers, parts)
    headers = [replace(h, sizes=(len(p[0]),)) for h, p in zip(headers, payloads, strict=True)]
    flags = (tables.SCENE_FLAG_ANTIALIASED * splats.antialiased
             | tables.SCENE_FLAG_ORDER_KEPT * options.keep_order)
    header = SceneHeader(splats.n_gaussians, splats.sh_degree, flags)
    in_order = splats.take(rows) if splats.extra else splats
    tier = CodedTier(params.write(), headers, payloads, rows)
    return write_stream(tables.PROFILE_LOSSLESS, header, [tier],
                        ancillary_boxes(in_order, default_views))


def _code(params: LosslessParams, header: TileHeader, part) -> bytes:
    """Payload of a tile; part: its bit patterns [C, N]."""
    coder = SymbolEncoder()
    lossless.code_tile(coder, params, header, part)
    return coder.finish()


def _code_tiles(params: LosslessParams, headers, parts) -> tuple[LosslessParams, list[list[bytes]]]:
    """Payloads of all tiles; repeated rows of shN once, if that makes the largest tile smaller."""
    tried: dict[int, bytes] = {}
    if headers:
        largest = max(range(len(headers)), key=lambda i: headers[i].n)
        part = parts[largest]
        tried[largest] = _code(params, headers[largest], part)
        if rows_repeat(part[len(part) - params.columns_of_shn :]):
            trial = replace(params, repeats=True)
            payload = _code(trial, headers[largest], part)
            if len(payload) < len(tried[largest]):
                params, tried[largest] = trial, payload
    return params, [[tried[i] if i in tried else _code(params, header, part)]
                    for i, (header, part) in enumerate(zip(headers, parts, strict=True))]


def bit_columns(splats: Splats) -> np.ndarray:
    """[C, N] int64: bit patterns of all columns in coding order."""
    n = splats.n_gaussians
    parts = (splats.means, splats.opacity_logits[:, None], splats.log_scales, splats.quats,
             splats.sh0, splats.shN.reshape(n, 3 * splats.shN.shape[1]))
    joined = np.concatenate([np.asarray(p, np.float32) for p in parts], axis=1)
    return np.ascontiguousarray(joined.view(np.uint32).T).astype(np.int64)


def _tiles(columns, axes, options: EncoderOptions):
    """Row order and tile headers."""
    n = columns.shape[1]
    if not n:
        return np.zeros(0, np.int64), []
    n_tiles = tile_count(n, options.tile_size)
    edges = [n * i // n_tiles for i in range(n_tiles + 1)]
    spans = list(zip(edges[:-1], edges[1:], strict=True))
    if options.keep_order:
        return np.arange(n), [TileHeader(b - a, (0, 0, 0), (0, 0, 0)) for a, b in spans]
    cells = lossless.position_cells(axes, columns[:3])
    bits = tuple(int(v).bit_length() for v in np.ptp(cells, axis=0))
    order = np.argsort(tree_keys(cells - cells.min(axis=0), bits), kind="stable")
    parts = [sorted_rows(cells, order[a:b]) for a, b in spans]
    return np.concatenate([rows for _, rows in parts]), [header for header, _ in parts]
