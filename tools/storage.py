"""The papers' ways to store a pruned scene, as real files with a real decoder.

    python -m tools.storage encode fp16-lzma scene.ply scene.bin
    python -m tools.storage decode fp16-lzma scene.bin scene.ply

ply: the raw file.   ply-zip: the same in a ZIP.   fp16-lzma: float16 attributes, LZMA (ExGS).
fp16-deflate: float16, DEFLATE (LightGaussian's precision).   u8-deflate: 8 bits between each
channel's least and greatest value, DEFLATE (GoDe, NiFi); positions have 16 bits, since 8 over a
whole scene would leave nothing to compare.   png8: Morton order, 8-bit PNG planes, positions
log-mapped to 16 bits in two planes: the layout of gsplat's PNG compression without its PLAS sort
and SH k-means, which need CUDA; not gsplat's codec.   swapped: fp16-deflate with red and blue
exchanged in the decoder, a control that must come out last.
"""

from __future__ import annotations

import argparse
import io
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.io.ply import ply_bytes, read_ply
from codec.scene import Splats

FIELDS = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")
Arrays = dict[str, NDArray]


@dataclass(frozen=True, slots=True)
class Format:
    """Both directions of one way to store a scene."""

    encode: Callable[[Splats], bytes]
    decode: Callable[[bytes], Splats]


def pack(arrays: Arrays) -> bytes:
    """Arrays as one byte string: a JSON header, then the values channel by channel."""
    header = json.dumps([[k, str(a.dtype), list(a.shape)] for k, a in arrays.items()]).encode()
    planes = [np.ascontiguousarray(a.reshape(len(a), -1).T).tobytes() for a in arrays.values()]
    return struct.pack("<I", len(header)) + header + b"".join(planes)


def unpack(data: bytes) -> Arrays:
    """The arrays of `pack`."""
    size = struct.unpack_from("<I", data)[0]
    at, arrays = 4 + size, {}
    for name, dtype, shape in json.loads(data[4:at]):
        count = int(np.prod(shape))
        values = np.frombuffer(data, dtype, count, at)
        columns = count // shape[0] if shape[0] else 0
        arrays[name] = values.reshape(columns, shape[0]).T.reshape(shape)
        at += count * np.dtype(dtype).itemsize
    return arrays


def _fields(splats: Splats) -> Arrays:
    return {name: getattr(splats, name) for name in FIELDS}


def _splats(arrays: Arrays) -> Splats:
    return Splats(**{name: np.ascontiguousarray(arrays[name], np.float32) for name in FIELDS})


# -- float16 and 8 bits ----------------------------------------------------------------------


def _half(splats: Splats) -> bytes:
    limit = np.finfo(np.float16).max
    return pack({k: np.clip(a, -limit, limit).astype(np.float16)
                 for k, a in _fields(splats).items()})


def to_levels(values: NDArray, bits: int) -> tuple[NDArray, NDArray]:
    """(Integers 0..2^bits-1 between each column's ends, the ends [2, C] float32)."""
    flat = values.reshape(len(values), -1).astype(np.float64)
    low, high = (flat.min(0), flat.max(0)) if len(flat) else (np.zeros(flat.shape[1]),) * 2
    span = np.where(high > low, high - low, 1.0)
    levels = np.round((flat - low) / span * (2**bits - 1))
    return levels.astype(np.uint8 if bits <= 8 else np.uint16), np.stack([low, high]).astype("f4")


def from_levels(levels: NDArray, ends: NDArray, bits: int) -> NDArray[np.float32]:
    """The values of `to_levels`."""
    low, high = ends.astype(np.float64)
    return (low + levels / (2**bits - 1) * (high - low)).astype(np.float32)


def _bytes_encode(splats: Splats) -> bytes:
    arrays: Arrays = {}
    for name, values in _fields(splats).items():
        arrays[name], arrays[f"{name}_ends"] = to_levels(values, 16 if name == "means" else 8)
    return pack(arrays)


def _bytes_decode(data: bytes) -> Splats:
    arrays = unpack(data)
    n = len(arrays["means"])
    shapes = {"opacity_logits": (n,), "shN": (n, -1, 3)}
    found = {}
    for name in FIELDS:
        bits = 16 if name == "means" else 8
        values = from_levels(arrays[name], arrays[f"{name}_ends"], bits)
        shape = shapes.get(name, (n, -1))
        found[name] = values.reshape(n, values.shape[1] // 3, 3) if name == "shN" else (
            values.reshape(shape))
    return _splats(found)


# -- PNG planes ------------------------------------------------------------------------------


def _png(values: NDArray) -> bytes:
    """[N, C] uint8, C = 1 or 3, as a square image; the last row is filled up with zeros."""
    from PIL import Image

    n, channels = values.shape
    side = max(1, int(np.ceil(np.sqrt(n))))
    image = np.zeros((side * side, channels), np.uint8)
    image[:n] = values
    image = image.reshape(side, side, channels)
    out = io.BytesIO()
    Image.fromarray(image[..., 0] if channels == 1 else image).save(out, "PNG", optimize=True)
    return out.getvalue()


def _from_png(data: bytes, n: int) -> NDArray[np.uint8]:
    from PIL import Image

    image = np.asarray(Image.open(io.BytesIO(data)))
    return image.reshape(image.shape[0] * image.shape[1], -1)[:n]


def _triples(columns: int) -> list[slice]:
    step = 3 if columns % 3 == 0 else 1
    return [slice(i, i + step) for i in range(0, columns, step)]


def _png_encode(splats: Splats) -> bytes:
    from tools.lossless_yardstick import morton_order

    splats = splats.take(morton_order(splats.means))
    norms = np.linalg.norm(splats.quats, axis=1, keepdims=True)
    fields = _fields(splats) | {"quats": splats.quats / np.maximum(norms, 1e-12)}
    fields["means"] = np.sign(splats.means) * np.log1p(np.abs(splats.means))
    meta: dict = {"n": splats.n_gaussians, "fields": {}}
    planes: dict[str, NDArray] = {}
    for name, values in fields.items():
        levels, ends = to_levels(values, 16 if name == "means" else 8)
        meta["fields"][name] = ends.tolist()
        if name == "means":
            planes["means_high"], planes["means_low"] = levels >> 8, levels & 255
        else:
            planes[name] = levels
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as box:
        box.writestr("meta.json", json.dumps(meta))
        for name, levels in planes.items():
            for i, part in enumerate(_triples(levels.shape[1])):
                box.writestr(f"{name}_{i}.png", _png(levels[:, part].astype(np.uint8)))
    return out.getvalue()


def _png_decode(data: bytes) -> Splats:
    with zipfile.ZipFile(io.BytesIO(data)) as box:
        meta = json.loads(box.read("meta.json"))
        n = meta["n"]

        def plane(name: str, columns: int) -> NDArray:
            parts = range(len(_triples(columns)))
            found = [_from_png(box.read(f"{name}_{i}.png"), n) for i in parts]
            return np.concatenate(found, 1) if found else np.zeros((n, 0), np.uint8)

        found = {}
        for name, ends in meta["fields"].items():
            limits = np.array(ends, np.float32).reshape(2, -1)
            if name == "means":
                high, low = plane("means_high", 3), plane("means_low", 3)
                levels, bits = high.astype(np.uint16) << 8 | low, 16
            else:
                levels, bits = plane(name, limits.shape[1]), 8
            found[name] = from_levels(levels, limits, bits)
    found["means"] = np.sign(found["means"]) * np.expm1(np.abs(found["means"]))
    found["opacity_logits"] = found["opacity_logits"].reshape(n)
    found["shN"] = found["shN"].reshape(n, found["shN"].shape[1] // 3, 3)
    return _splats(found)


# -- formats ---------------------------------------------------------------------------------


def _zip(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as box:
        box.writestr("scene.ply", data)
    return out.getvalue()


def _unzip(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as box:
        return box.read("scene.ply")


def swap_red_and_blue(splats: Splats) -> Splats:
    """The control's broken decoder."""
    return replace(splats, sh0=splats.sh0[:, ::-1].copy(), shN=splats.shN[:, :, ::-1].copy())


def _deflate(data: bytes) -> bytes:
    return zlib.compress(data, 9)


FORMATS = {
    "ply": Format(ply_bytes, read_ply),
    "ply-zip": Format(lambda s: _zip(ply_bytes(s)), lambda d: read_ply(_unzip(d))),
    "fp16-lzma": Format(lambda s: lzma.compress(_half(s), preset=9),
                        lambda d: _splats(unpack(lzma.decompress(d)))),
    "fp16-deflate": Format(lambda s: _deflate(_half(s)),
                           lambda d: _splats(unpack(zlib.decompress(d)))),
    "u8-deflate": Format(lambda s: _deflate(_bytes_encode(s)),
                         lambda d: _bytes_decode(zlib.decompress(d))),
    "png8": Format(_png_encode, _png_decode),
    "swapped": Format(lambda s: _deflate(_half(s)),
                      lambda d: swap_red_and_blue(_splats(unpack(zlib.decompress(d))))),
}


def main() -> None:
    """Encode or decode one file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("direction", choices=("encode", "decode"))
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    chosen = FORMATS[args.format]
    if args.direction == "encode":
        args.out.write_bytes(chosen.encode(read_ply(args.source)))
    else:
        args.out.write_bytes(ply_bytes(chosen.decode(args.source.read_bytes())))


if __name__ == "__main__":
    main()
