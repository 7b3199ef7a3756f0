"""PlayCanvas compressed PLY (.compressed.ply). NumPy only.

Format facts: 256 Gaussians a chunk; element `chunk` holds the ranges, `vertex` four uint32
(position and scale 11/10/11 bits, rotation 2 + 3 x 10 bits, colour and alpha 4 x 8 bits), `sh`
one byte a coefficient over -4..4. Files before 2024 have no colour range in `chunk`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.errors import SceneError
from codec.io.ply_table import Columns, Header, read_elements
from codec.io.quantized import (
    SH_C0,
    alphas,
    logit_of_bytes,
    normalized,
    place_largest,
    split_largest,
    to_bytes,
)
from codec.scene import Splats

_GAUSSIANS_PER_CHUNK = 256
_PACKED = ["packed_position", "packed_rotation", "packed_scale", "packed_color"]
_RANGES = [f"{end}_{what}{axis}" for what in ("", "scale_") for end in ("min", "max")
           for axis in "xyz"]  # fmt: skip
_COLOR_RANGES = ["min_r", "min_g", "min_b", "max_r", "max_g", "max_b"]


def read_compressed_ply(data: memoryview, header: Header, antialiased: bool) -> Splats:
    """Decode the whole file. Raises SceneError when elements or properties are missing."""
    elements = read_elements(data, header, ["chunk", "vertex", "sh"])
    chunk, vertex = elements.get("chunk"), elements["vertex"]
    _check(chunk, vertex, elements.get("sh"))
    assert chunk is not None  # _check
    block = np.arange(vertex.count) // _GAUSSIANS_PER_CHUNK
    position, rotation, scale, color = (
        vertex.column(name).astype(np.uint32, copy=False) for name in _PACKED
    )
    rgba = _bits(color, (24, 16, 8, 0), 8)
    rgb: NDArray[np.floating] = rgba[:, :3] / 255
    if all(name in chunk for name in _COLOR_RANGES):
        rgb = _lerp(chunk, _COLOR_RANGES[:3], _COLOR_RANGES[3:], block, rgb)
    with np.errstate(over="ignore", invalid="ignore"):  # as in _lerp
        sh0 = ((rgb - 0.5) / SH_C0).astype(np.float32)
    return Splats(
        means=_lerp(chunk, _RANGES[0:3], _RANGES[3:6], block, _unpack_11_10_11(position)),
        log_scales=_lerp(chunk, _RANGES[6:9], _RANGES[9:12], block, _unpack_11_10_11(scale)),
        quats=_quats(rotation),
        opacity_logits=logit_of_bytes(rgba[:, 3].astype(np.uint8)),
        sh0=sh0,
        shN=_sh_rest(elements.get("sh"), vertex.count),
        antialiased=antialiased,
        comments=header.comments,
    )


def _check(chunk: Columns | None, vertex: Columns, sh: Columns | None) -> None:
    missing = [name for name in _PACKED if name not in vertex]
    missing += [name for name in _RANGES if chunk is None or name not in chunk]
    if missing:
        raise SceneError(f"compressed PLY without {missing[0]!r}: damaged, or not a splat scene")
    if chunk is not None and chunk.count * _GAUSSIANS_PER_CHUNK < vertex.count:
        raise SceneError(f"compressed PLY: {chunk.count} chunks for {vertex.count} Gaussians")
    if sh is not None and sh.count != vertex.count:
        raise SceneError(f"compressed PLY: {sh.count} SH rows for {vertex.count} Gaussians")


def _bits(words: NDArray[np.uint32], shifts: tuple[int, ...], width: int) -> NDArray[np.uint32]:
    return np.stack([(words >> s) & ((1 << width) - 1) for s in shifts], axis=1)


def _unpack_11_10_11(words: NDArray[np.uint32]) -> NDArray[np.float64]:
    """[N, 3] in 0..1, x in the highest bits."""
    fields = [(words >> 21) / 2047, ((words >> 11) & 1023) / 1023, (words & 2047) / 2047]
    return np.stack(fields, axis=1)


def _lerp(
    chunk: Columns, low: list[str], high: list[str], block: NDArray, t: NDArray[np.floating]
) -> NDArray[np.float32]:
    a, b = chunk.matrix(low)[block], chunk.matrix(high)[block]
    with np.errstate(over="ignore", invalid="ignore"):  # absurd ranges; cleaning names the result
        return (a * (1.0 - t) + b * t).astype(np.float32)


def _quats(words: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Top two bits: which of w, x, y, z is left out; then the others, 10 bits each."""
    others = (_bits(words, (20, 10, 0), 10) / 1023 - 0.5) * np.sqrt(2.0)
    return place_largest(words >> 30, others)


def _sh_rest(sh: Columns | None, count: int) -> NDArray[np.float32]:
    if sh is None or not sh.dtypes:
        return np.empty((count, 0, 3), np.float32)
    k = len(sh.dtypes) // 3
    names = [f"f_rest_{i}" for i in range(3 * k)]
    if k not in (3, 8, 15) or set(names) != set(sh.dtypes):
        raise SceneError(f"compressed PLY: {len(sh.dtypes)} SH properties; expected 9, 24 or 45")
    byte = np.arange(256)
    # Bucket centres, except the end buckets, which stand for the ends of the range.
    unit = np.where(byte == 0, 0.0, np.where(byte == 255, 1.0, (byte + 0.5) / 256))
    table = ((unit - 0.5) * 8).astype(np.float32)
    index = np.stack([sh.column(name) for name in names], axis=1).astype(np.uint8, copy=False)
    return np.ascontiguousarray(table[index].reshape(count, 3, k).transpose(0, 2, 1))


def compressed_ply_bytes(splats: Splats) -> bytes:
    """The file of `splats`, in Morton order, so that chunks are small and their steps fine.

    Log-scales are held within -20..20 and SH of degree 1 and up within -4..4, as the format has
    it; the antialias flag goes into a comment, as in `write_ply`.
    """
    splats = splats.take(morton_order(splats.means))
    n = splats.n_gaussians
    chunks = -(-n // _GAUSSIANS_PER_CHUNK)
    ranges = np.empty((chunks, 18), "<f4")
    vertex = np.zeros((n, 4), "<u4")
    vertex[:, 0] = _pack_11_10_11(_chunked(splats.means, ranges, 0))
    vertex[:, 1] = _pack_rotation(splats.quats)
    vertex[:, 2] = _pack_11_10_11(_chunked(np.clip(splats.log_scales, -20, 20), ranges, 6))
    rgb = to_bytes(_chunked(splats.sh0 * SH_C0 + 0.5, ranges, 12) * 255).astype(np.uint32)
    alpha = to_bytes(alphas(splats.opacity_logits) * 255)
    vertex[:, 3] = (rgb[:, 0] << 24) | (rgb[:, 1] << 16) | (rgb[:, 2] << 8) | alpha
    sh = np.clip(np.floor((splats.shN / 8 + 0.5) * 256), 0, 255).astype(np.uint8)
    sh = np.ascontiguousarray(sh.transpose(0, 2, 1)).reshape(n, 3 * splats.shN.shape[1])
    return b"".join([_header(splats, chunks, sh.shape[1]), ranges.tobytes(), vertex.tobytes(),
                     sh.tobytes()])


def _header(splats: Splats, chunks: int, n_rest: int) -> bytes:
    lines = ["ply", "format binary_little_endian 1.0"]
    if splats.antialiased:
        lines.append("comment SplatRenderMode: mip")
    lines.append(f"element chunk {chunks}")
    lines += [f"property float {name}" for name in (*_RANGES, *_COLOR_RANGES)]
    lines.append(f"element vertex {splats.n_gaussians}")
    lines += [f"property uint {name}" for name in _PACKED]
    if n_rest:
        lines.append(f"element sh {splats.n_gaussians}")
        lines += [f"property uchar f_rest_{i}" for i in range(n_rest)]
    return "\n".join([*lines, "end_header", ""]).encode()


def _chunked(values: NDArray[np.floating], ranges: NDArray, first: int) -> NDArray[np.float64]:
    """[N, 3] within 0..1 of each chunk's range, which goes to ranges[:, first : first + 6]."""
    starts = np.arange(0, len(values), _GAUSSIANS_PER_CHUNK)
    if len(starts):
        ranges[:, first : first + 3] = np.minimum.reduceat(values, starts)
        ranges[:, first + 3 : first + 6] = np.maximum.reduceat(values, starts)
    block = np.arange(len(values)) // _GAUSSIANS_PER_CHUNK
    low = ranges[block, first : first + 3].astype(np.float64)
    extent = ranges[block, first + 3 : first + 6] - low
    return np.clip((values - low) / np.where(extent > 0, extent, 1), 0, 1)


def _pack_11_10_11(unit: NDArray[np.float64]) -> NDArray[np.uint32]:
    x, y, z = np.rint(unit * (2047, 1023, 2047)).astype(np.uint32).T
    return (x << 21) | (y << 11) | z


def _pack_rotation(quats: NDArray[np.float32]) -> NDArray[np.uint32]:
    index, others = split_largest(normalized(quats))
    a, b, c = np.rint((others / np.sqrt(2.0) + 0.5) * 1023).astype(np.uint32).T
    return (index.astype(np.uint32) << 30) | (a << 20) | (b << 10) | c


def morton_order(means: NDArray[np.float32]) -> NDArray[np.intp]:
    """[N] indices along the Z-order curve of a grid of 2^10 cells an axis."""
    if not len(means):
        return np.arange(0)
    low, high = means.min(axis=0), means.max(axis=0)
    cells = ((means - low) / np.where(high > low, high - low, 1) * 1023).astype(np.uint32)
    code = np.zeros(len(means), np.uint32)
    for bit in range(10):
        for axis in range(3):
            code |= ((cells[:, axis] >> bit) & 1) << np.uint32(3 * bit + axis)
    return np.argsort(code, kind="stable")
