"""Binary glTF with the extension KHR_gaussian_splatting (.glb). NumPy only.

Format facts: a mesh primitive of points whose attributes are POSITION and, with the prefix
``KHR_gaussian_splatting:``, ROTATION (x, y, z, w), SCALE (linear), OPACITY (0..1) and
SH_DEGREE_l_COEF_n (RGB). glTF has y up, 3DGS scenes y down: scenes are turned by half a turn about
z, as splat-transform does it, which changes signs only. Antialiased training has no place in it.
"""

from __future__ import annotations

import json
import struct

import numpy as np
from numpy.typing import NDArray

from codec.errors import SceneError
from codec.io.quantized import SH_C0, alphas, normalized, to_bytes
from codec.io.report import ReadReport
from codec.scene import Splats

MAGIC = b"glTF"
_EXTENSION = "KHR_gaussian_splatting"
_PREFIX = f"{_EXTENSION}:"
_JSON, _BIN = 0x4E4F534A, 0x004E4942
_TYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


def read_glb(data: memoryview, report: ReadReport) -> Splats:
    """Decode a whole file. Raises SceneError when it is damaged or has other things in it."""
    report.source_format = "glb"
    try:
        document, binary = _chunks(data)
        primitive = _splat_primitive(document, report)
        return _to_splats(document, binary, primitive["attributes"])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, struct.error,
            RecursionError, OverflowError) as error:
        raise SceneError(f"the glTF file is damaged ({type(error).__name__}: {error})") from error


def _chunks(data: memoryview) -> tuple[dict, memoryview]:
    magic, version, length = struct.unpack_from("<4sII", data)
    if magic != MAGIC or version != 2 or length > len(data):
        raise SceneError("no glTF 2 binary, or the file is cut")
    found: dict[int, memoryview] = {}
    at = 12
    while at + 8 <= length:
        size, kind = struct.unpack_from("<II", data, at)
        if at + 8 + size > length:
            raise SceneError("a chunk of the glTF file is cut")
        found.setdefault(kind, data[at + 8 : at + 8 + size])
        at += 8 + size
    return json.loads(bytes(found[_JSON])), found.get(_BIN, memoryview(b""))


def _splat_primitive(document: dict, report: ReadReport) -> dict:
    owners = [(m, p) for m, mesh in enumerate(document.get("meshes", []))
              for p in mesh["primitives"] if _EXTENSION in p.get("extensions", {})]
    if len(owners) != 1:
        raise SceneError(f"the glTF file holds {len(owners)} splat primitives; NFX reads one")
    mesh, primitive = owners[0]
    if primitive["extensions"][_EXTENSION].get("extensions"):
        raise SceneError("the splats are compressed by a further glTF extension; convert the file")
    for node in document.get("nodes", []):
        placed = any(key in node for key in ("matrix", "translation", "rotation", "scale"))
        if placed and (node.get("mesh") == mesh or "children" in node):
            raise SceneError("the scene is placed by a node transform; apply it first")
    report.note("glTF axes (y up) turned to those of 3DGS (y down)")
    return primitive


def _to_splats(document: dict, binary: memoryview, attributes: dict) -> Splats:
    def read(name: str) -> NDArray[np.float32]:
        if name not in attributes:
            raise SceneError(f"the glTF splats have no {name}")
        return _accessor(document, binary, attributes[name])

    rest = [read(name) for degree in _degrees(attributes) for name in _coefficients(degree)]
    means = read("POSITION")
    with np.errstate(divide="ignore", invalid="ignore"):  # out of range: NaN, see codec.io.clean
        alpha = read(f"{_PREFIX}OPACITY")[:, 0].astype(np.float64)
        logits = np.log(alpha) - np.log1p(-alpha)
        log_scales = np.log(read(f"{_PREFIX}SCALE"))
    quats = np.ascontiguousarray(read(f"{_PREFIX}ROTATION")[:, [3, 0, 1, 2]])
    shN = np.stack(rest, axis=1) if rest else np.empty((len(means), 0, 3), np.float32)
    return half_turn(Splats(
        means=means, log_scales=log_scales.astype(np.float32), quats=quats,
        opacity_logits=logits.astype(np.float32), sh0=read(f"{_PREFIX}SH_DEGREE_0_COEF_0"),
        shN=shN,
    ))


def _coefficients(degree: int) -> list[str]:
    return [f"{_PREFIX}SH_DEGREE_{degree}_COEF_{n}" for n in range(2 * degree + 1)]


def _degrees(attributes: dict) -> range:
    """SH degrees from 1 on that are there, without a gap."""
    highest = 0
    while highest < 3 and _coefficients(highest + 1)[0] in attributes:
        highest += 1
    return range(1, highest + 1)


def _accessor(document: dict, binary: memoryview, index: int) -> NDArray[np.float32]:
    """[count, width] float32; normalized integers become fractions (glTF 2.0, 3.11)."""
    accessor = document["accessors"][index]
    view = document["bufferViews"][accessor["bufferView"]]
    dtype, width = np.dtype(_TYPES[accessor["componentType"]]), _WIDTHS[accessor["type"]]
    count, row = accessor["count"], dtype.itemsize * width
    stride = view.get("byteStride", row)
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    if count and (start < 0 or stride < row or start + (count - 1) * stride + row > len(binary)):
        raise SceneError("an accessor reaches past the end of the glTF file")
    values = np.ndarray((count, width), dtype, binary, start, (stride, dtype.itemsize))
    out = values.astype(np.float32)
    if accessor.get("normalized") and dtype.kind in "iu":
        out = np.maximum(out / np.iinfo(dtype).max, -1)
    return np.ascontiguousarray(out, np.float32)


def half_turn(splats: Splats) -> Splats:
    """The scene turned by 180 degrees about z, exactly: x and y change sign."""
    from dataclasses import replace

    w, x, y, z = splats.quats.T
    signs = [(-1.0) ** m for d in range(1, splats.sh_degree + 1) for m in range(-d, d + 1)]
    with np.errstate(invalid="ignore"):  # signalling NaNs
        means = splats.means * np.float32([-1, -1, 1])
        rest = splats.shN * np.float32(signs).reshape(1, -1, 1)
    quats = np.ascontiguousarray(np.stack([-z, -y, x, w], axis=1))
    return replace(splats, means=means, quats=quats, shN=rest)


def glb_bytes(splats: Splats) -> bytes:
    """The file of `splats`, float32 throughout; COLOR_0 is there for players without splats."""
    splats = half_turn(splats)
    quats = normalized(splats.quats)[:, [1, 2, 3, 0]]
    alpha = alphas(splats.opacity_logits)
    colour = np.concatenate([splats.sh0 * SH_C0 + 0.5, alpha[:, None]], axis=1)
    columns = {
        "POSITION": splats.means, "COLOR_0": to_bytes(colour * 255), f"{_PREFIX}ROTATION": quats,
        f"{_PREFIX}SCALE": np.exp(splats.log_scales), f"{_PREFIX}OPACITY": alpha[:, None],
        f"{_PREFIX}SH_DEGREE_0_COEF_0": splats.sh0,
    }
    rest = iter(range(splats.shN.shape[1]))
    for degree in range(1, splats.sh_degree + 1):
        columns |= {name: splats.shN[:, next(rest)] for name in _coefficients(degree)}
    return _file({name: np.ascontiguousarray(c if c.dtype == np.uint8 else c.astype("<f4"))
                  for name, c in columns.items()})


def _file(columns: dict[str, NDArray]) -> bytes:
    views, accessors, parts, at = [], [], [], 0
    for name, values in columns.items():
        accessor = {
            "bufferView": len(views), "count": len(values),
            "componentType": 5121 if values.dtype == np.uint8 else 5126,
            "type": {1: "SCALAR", 3: "VEC3", 4: "VEC4"}[values.shape[1]],
        }
        if values.dtype == np.uint8:
            accessor["normalized"] = True
        if name == "POSITION" and len(values):
            accessor |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        views.append({"buffer": 0, "byteOffset": at, "byteLength": values.nbytes, "target": 34962})
        accessors.append(accessor)
        parts.append(values.tobytes())
        at += values.nbytes
    document = {
        "asset": {"version": "2.0", "generator": "NFX"}, "extensionsUsed": [_EXTENSION],
        "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
        "buffers": [{"byteLength": at}], "bufferViews": views, "accessors": accessors,
        "meshes": [{"primitives": [{
            "mode": 0, "attributes": {name: i for i, name in enumerate(columns)},
            "extensions": {_EXTENSION: {
                "kernel": "ellipse", "colorSpace": "srgb_rec709_display",
                "sortingMethod": "cameraDistance", "projection": "perspective",
            }},
        }]}],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary = b"".join(parts)
    length = 12 + 8 + len(text) + 8 + len(binary)
    return b"".join([struct.pack("<4sII", MAGIC, 2, length), struct.pack("<II", len(text), _JSON),
                     text, struct.pack("<II", len(binary), _BIN), binary])
