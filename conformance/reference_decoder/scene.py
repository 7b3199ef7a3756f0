"""5.1, 5.8, 5.9, 4.9: the scene of a stream, and its PLY."""

from types import SimpleNamespace

import numpy as np
import zstandard

from . import lossless, tiles
from .container import read_stream
from .conventions import Reader, need
from .reconstruct import reconstruct
from .syntax import Limits, extra_column, views
from .tables import EXTRA_TYPES, LOSSY, REPLACES

ARRAYS = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")  # 1.3


def decode(data, limits=None, tiers=None):
    """5.1: the scene of a stream: the arrays of 1.3, `extra`, `head`, `complete` (5.9), and how
    many Gaussians each tier has. `tiers` asks for the first ones only."""
    stream = read_stream(data, limits or Limits())
    asked = stream.tiers[:tiers]
    first = max((i for i, tier in enumerate(asked) if tier.model.shrink == REPLACES), default=0)
    shrinks = [tier.model.shrink for tier in asked]
    parts = []
    for i, tier in list(enumerate(asked))[first:]:  # R-DEC-05
        shrink = sum(shrinks[i + 1 :])
        for t, tile in enumerate(tier.index.tile):
            payloads = [layer[t] for layer in tier.layers]
            parts.append(decode_tile(stream, tier.model, tile, payloads, shrink))
    scene = SimpleNamespace(**concatenate(parts, stream.head.k))
    scene.head, scene.complete = stream.head, stream.complete
    scene.tiers = [tier.index.n for tier in asked]
    before = sum(scene.tiers[:first])
    scene.extra = extras(stream, slice(before, before + len(scene.means)))
    return scene


def decode_views(data, limits=None):
    """4.8: the cameras of VIEW, none where there is no such box."""
    boxes = read_stream(data, limits or Limits()).ancillary
    return views(Reader(boxes[b"VIEW"])) if b"VIEW" in boxes else []


def decode_tile(stream, model, tile, payloads, shrink):
    """5.1: the arrays of one tile."""
    if stream.header.profile == LOSSY:
        t = tiles.decode_tile(model, tile, payloads)
        return reconstruct(model, t, shrink, stream.head.k)
    return lossless.arrays(lossless.decode_tile(model, tile, payloads), stream.head.k)


def concatenate(parts, k):
    """5.1, R-DEC-03: tiers in order, of each the tiles in order, each in tree order."""
    shapes = ((0, 3), (0, 3), (0, 4), (0,), (0, 3), (0, k - 1, 3))
    empty = {a: np.zeros(s, np.float32) for a, s in zip(ARRAYS, shapes, strict=True)}
    return {a: np.concatenate([p[a] for p in (empty, *parts)]) for a in ARRAYS}


def extras(stream, rows):
    """3.10, 4.9: the columns of EXTR, of each the values of the scene's tiers. Each column is done
    with before the next one is read (R-DEC-04)."""
    if b"EXTR" not in stream.ancillary:
        return {}
    read, columns = Reader(stream.ancillary[b"EXTR"]), {}
    total, memory = stream.head.n_gaussians, stream.head.memory
    n_columns = read.varint()
    need(n_columns <= 255, "R-EXTR-03", "too many columns")
    for _ in range(n_columns):
        column = extra_column(read, columns)
        dtype = np.dtype(EXTRA_TYPES[column.dtype])
        memory += total * dtype.itemsize
        stream.limits.check(stream.header.length, memory)
        columns[column.name] = unpack(column.packed, dtype, total)[rows]
    read.end()
    return columns


def unpack(packed, dtype, n):
    """R-EXTR-02: one Zstandard frame with n values. It is fed in pieces, so that what it makes
    beyond the size that is due stays small."""
    frame = zstandard.ZstdDecompressor(max_window_size=2**27).decompressobj()
    size, at, content = n * dtype.itemsize, 0, bytearray()
    need(packed[:4] == b"\x28\xb5\x2f\xfd", "R-EXTR-02", "no Zstandard frame")
    try:
        need(zstandard.get_frame_parameters(packed).dict_id == 0, "R-EXTR-02", "dictionary")
        while at < len(packed) and not frame.eof and len(content) <= size:
            content += frame.decompress(packed[at : at + 256])
            at += 256
    except zstandard.ZstdError as error:
        need(False, "R-EXTR-02", str(error))
    need(frame.eof and at >= len(packed) and not frame.unused_data, "R-EXTR-02", "one whole frame")
    need(len(content) == size, "R-EXTR-02", "size")
    return np.frombuffer(bytes(content), dtype)


def ply(scene):
    """The bytes of a PLY in graphdeco's layout, f_rest channel-major; bit patterns are kept."""
    n, rest = len(scene.means), 3 * (scene.head.k - 1)
    names = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"]
    names += [f"f_rest_{i}" for i in range(rest)] + ["opacity"]
    names += [f"scale_{i}" for i in range(3)] + [f"rot_{i}" for i in range(4)]
    colours = [scene.sh0, scene.shN.transpose(0, 2, 1).reshape(n, rest)]
    shape = [scene.opacity_logits[:, None], scene.log_scales, scene.quats]
    table = np.concatenate([scene.means, np.zeros((n, 3), np.float32), *colours, *shape], 1)
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {n}"]
    header += [f"property float {name}" for name in names] + ["end_header", ""]
    return "\n".join(header).encode() + table.astype("<f4").tobytes()
