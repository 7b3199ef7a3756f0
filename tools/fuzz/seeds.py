"""Seed inputs of each harness: conformance streams and small files made here."""

from __future__ import annotations

import json
import struct
from functools import lru_cache
from pathlib import Path

import numpy as np

from codec import EncoderOptions, encode
from codec.core.entropy import SymbolEncoder
from codec.core.geometry import code_tree, tree_keys
from codec.core.mlra import write_maps
from codec.errors import NfxError
from codec.io.images import png_bytes
from codec.io.ply import ply_bytes
from codec.wire import tables
from codec.wire.restorer import write_restorer
from conformance import restorer_cases, scenes, surgery
from conformance.judge import HERE

MAX_SEED, MAX_COUNT = 4096, 400
_COUNTS = (1, 2, 9, 20)


@lru_cache(maxsize=1)
def stream_seeds() -> tuple[bytes, ...]:
    """Small streams of every kind: conformance cases under 4 kB, scenes of few Gaussians."""
    cases = [p.read_bytes() for p in sorted(HERE.glob("*/*/in.nfx"))]
    out = [data for data in cases if len(data) <= MAX_SEED]
    for i, n in enumerate(_COUNTS):
        splats = scenes.scene(n, i % 4, 100 + i)
        out.append(encode(splats, EncoderOptions(effort=1, prune=False)))
        out.append(encode(splats, EncoderOptions(mode="near-lossless", prune=False)))
        for keep in (False, True):
            out.append(encode(splats, EncoderOptions(mode="lossless", keep_order=keep)))
    rest = write_restorer(restorer_cases.SMALL)
    maps = write_maps(restorer_cases.example_maps()[2:])
    out.append(restorer_cases.with_boxes(rest, maps, out[-4]))
    return tuple(out)


def _sized(data: bytes) -> bytes:
    return struct.pack("<H", len(data)) + data


def _tile_inputs(profile: int) -> list[bytes]:
    """Inputs of `attributes` (0) and `lossless_tile` (1) from one-tile streams."""
    out = []
    for data in stream_seeds():
        try:
            header, boxes = surgery.take_apart(data)
            head, _, tiles = surgery.read_parts(boxes) if not profile else _lossless(boxes)
        except (NfxError, IndexError, struct.error):  # a bad case: no seed of this harness
            continue
        if header[10] != profile or len(tiles) != 1 or tiles[0].n > MAX_COUNT:
            continue
        modl = boxes[surgery.index_of(boxes, tables.MODL)].payload
        payloads = [b.payload for b in boxes if b.type == tables.TILE]
        t = tiles[0]
        start = struct.pack("<BH", head.sh_degree, t.n - 1) + _sized(modl)
        if profile:
            body = struct.pack("<3I", *t.origin) + bytes(t.bits) + payloads[0]
        else:
            origin = struct.pack("<I", t.origin[0] + (1 << 31) - 1)
            body = bytes(t.bits) + origin + b"".join(map(_sized, payloads))
        out.append(start + body)
    return out


def _lossless(boxes):
    from codec.core.params import SceneHeader, read_index

    head = SceneHeader.read(boxes[surgery.index_of(boxes, tables.HEAD)].payload)
    payload = boxes[surgery.index_of(boxes, tables.INDX)].payload
    return head, None, read_index(payload, 1, tables.LEVELS[4])


def _trees() -> list[bytes]:
    out, rng = [], np.random.default_rng(0)
    for n, bits in ((1, (3, 0, 2)), (2, (0, 0, 0)), (30, (5, 4, 3)), (300, (3, 3, 3)),
                    (40, (21, 21, 21))):
        cells = np.stack([rng.integers(0, 1 << b, n) for b in bits], axis=1)
        cells = cells[np.argsort(tree_keys(cells, bits), kind="stable")]
        coder = SymbolEncoder()
        code_tree(coder, n, bits, cells)
        out.append(struct.pack("<H", n - 1) + bytes(bits) + coder.finish())
    return out


def _programs() -> list[bytes]:
    """Programs of one raw, one uniform and one table step with payloads of words and bytes."""
    uniform = bytes([1, 3]) + b"".join((v - 2).to_bytes(3, "little") for v in (2, 1000, 1 << 20))
    table = bytes([0, 3]) + bytes([9, 1, 4, 200, 7]) + bytes([12])
    raw = bytes([2, 7, 9])
    words = struct.pack("<B4I", 4, 1, 0x01234567, 0x89ABCDEF, 3)
    return [_sized(p) + w for p in (raw, uniform, table, table + uniform + raw)
            for w in (b"\0", words, words + bytes(8))]


def _ancillary() -> list[bytes]:
    from conformance import valid

    out = []
    for name, start in (("default-views", 0), ("extra-columns", 0x60), ("antialiased", 0xC0)):
        _, boxes = surgery.take_apart(valid.CASES[name][1]())
        for box in boxes:
            if box.type in (tables.VIEW, tables.EXTR, tables.META):
                out.append(bytes([start, 64]) + box.payload)
    return out


def _restorers() -> list[bytes]:
    """REST, with its length before it, and MLRA of the cases in conformance/restorer/."""
    out = set()
    for data, _ in restorer_cases.load().values():
        boxes = {box.type: box.payload for box in surgery.take_apart(data)[1]}
        out.add(_sized(boxes.get(tables.REST, b"")) + boxes.get(tables.MLRA, b""))
    return sorted(out)


def _plys() -> list[bytes]:
    splats = scenes.scene(3, 1, 5)
    binary = ply_bytes(splats)
    names = ("x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1",
             "scale_2", "rot_0", "rot_1", "rot_2", "rot_3")
    properties = "".join(f"property float {n}\n" for n in names)
    ascii_file = (f"ply\nformat ascii 1.0\ncomment antialiased 1\nelement vertex 2\n{properties}"
                  f"end_header\n" + " ".join(["0.5"] * 14) + "\n" + " ".join(["-1e3"] * 14) + "\n")
    listed = (f"ply\nformat binary_big_endian 1.0\nelement vertex 2\n{properties}"
              "property list uchar short tags\nproperty double extra\nelement face 1\n"
              "property list uchar int vertex_indices\nend_header\n").encode()
    row = struct.pack(">14f", *range(14)) + b"\2\0\1\0\2" + struct.pack(">d", 3.0)
    crlf = binary.split(b"end_header\n")
    crlf = crlf[0].replace(b"\n", b"\r\n") + b"end_header\r\n" + crlf[1]
    return [binary, ascii_file.encode(), listed + row + row + b"\1" + bytes(4), crlf,
            _compressed_ply()]


def _compressed_ply() -> bytes:
    ranges = [f"{end}_{what}{axis}" for what in ("", "scale_") for end in ("min", "max")
              for axis in "xyz"] + [f"{end}_{c}" for end in ("min", "max") for c in "rgb"]
    packed = [f"packed_{n}" for n in ("position", "rotation", "scale", "color")]
    lines = ["ply", "format binary_little_endian 1.0", "element chunk 1"]
    lines += [f"property float {n}" for n in ranges] + ["element vertex 2"]
    lines += [f"property uint {n}" for n in packed] + ["element sh 2"]
    lines += [f"property uchar f_rest_{i}" for i in range(9)] + ["end_header", ""]
    body = struct.pack("<18f", *range(18)) + struct.pack("<8I", *(0x12345678 * i & 0xFFFFFFFF
                                                                 for i in range(8)))
    return "\n".join(lines).encode() + body + bytes(range(100, 118))


def _glbs() -> list[bytes]:
    from codec.io.glb import glb_bytes

    out = []
    for degree in (0, 1, 3):
        packed = glb_bytes(scenes.scene(3, degree, 7))
        size = struct.unpack_from("<I", packed, 12)[0]
        out.append(b"\xff" + _sized(packed[20 : 20 + size]) + packed[28 + size :])
    return [*out, b"\0" + packed]


def _sogs() -> list[bytes]:
    import io
    import zipfile

    from tools.fuzz.harnesses import small_sog

    with zipfile.ZipFile(io.BytesIO(small_sog())) as archive:
        meta = archive.read("meta.json")
    return [b"\xff" + meta, b"\0" + small_sog()]


def _spzs() -> list[bytes]:
    """Inside of the gzip stream of versions 1 to 3, and of version 4 for `harnesses.spz4`."""
    out = []
    for version, degree, position, rotation in ((1, 0, 6, 3), (2, 1, 9, 3), (3, 3, 9, 4),
                                                (4, 2, 9, 4), (4, 4, 9, 4)):
        sh = {0: 0, 1: 3, 2: 8, 3: 15, 4: 24}[degree]
        head = struct.pack("<4sIIBBBB", b"NGSP", version, 3, degree, 12, 1, 0)
        body = bytes(i * 37 & 255 for i in range(3 * (position + 7 + rotation + 3 * sh)))
        out.append((b"\xc0" if version == 4 else b"\x80") + head + body)
    return [*out, b"\0" + out[2][1:]]


def _cameras() -> list[bytes]:
    pose = np.eye(4).tolist()
    graphdeco = [{"id": 0, "img_name": "a", "width": 8, "height": 6, "fx": 5.0, "fy": 5.0,
                  "position": [0, 0, 1], "rotation": np.eye(3).tolist()}]
    nerf = {"camera_angle_x": 0.7, "w": 8, "h": 6, "k1": 0.1,
            "frames": [{"file_path": "images/a.png", "transform_matrix": pose}]}
    text = b"# cameras\n1 PINHOLE 8 6 5 5 4 3\n2 SIMPLE_RADIAL 8 6 5 4 3 0.1\n"
    images = b"1 1 0 0 0 0 0 0 1 a.png\n1 2 -1\n2 0.5 0.5 0.5 0.5 1 2 3 2 b c.jpg\n\n"
    binary = struct.pack("<QiiQQ4d", 1, 1, 1, 8, 6, 5, 5, 4, 3)
    shots = struct.pack("<Qi7di", 1, 1, 1, 0, 0, 0, 0, 0, 0, 1) + b"a.png\0" + struct.pack("<Q", 0)
    points = struct.pack("<QQ3d3BdQ", 1, 1, 1, 2, 3, 9, 8, 7, 0.5, 0)
    jpeg = b"\xff\xd8\xff\xe0\0\4ab\xff\xc0\0\x11\x08\0\x06\0\x08\3" + bytes(9)
    return [b"\0" + json.dumps(graphdeco).encode(), b"\1" + json.dumps(nerf).encode(),
            b"\2" + _sized(binary) + shots, b"\2" + _sized(binary) + points,
            b"\3" + _sized(text) + images, b"\4" + png_bytes(np.zeros((2, 3), np.uint8)),
            b"\5" + jpeg]


def _scenes() -> list[bytes]:
    out, rng = [], np.random.default_rng(3)
    for mode in range(4):
        n, degree = (0, 1, 7, 20)[mode], mode
        values = rng.normal(size=n * (14 + 3 * ((degree + 1) ** 2 - 1))).astype("<f4")
        values[::17] = (np.nan, np.inf, -np.inf, 1e30, -0.0, 1e-42)[mode]
        out.append(bytes([mode, degree, n]) + values.tobytes())
        out.append(bytes([mode, 0, 5]) + np.full(3, 1e4, "<f4").tobytes())
    return out


def seeds(harness: str) -> list[bytes]:
    """The seed corpus of a harness."""
    if harness in ("container", "decode", "differential"):
        return list(stream_seeds())
    return {
        "entropy": _programs, "tree": _trees, "attributes": lambda: _tile_inputs(0),
        "lossless_tile": lambda: _tile_inputs(1), "ancillary": _ancillary, "ply": _plys,
        "spz": _spzs, "splat32": lambda: [bytes(range(96)), b""], "cameras": _cameras,
        "roundtrip": _scenes, "glb": _glbs, "sog": _sogs, "restorer": _restorers,
    }[harness]()


def write_seeds(harness: str, folder: Path) -> None:
    """The corpus as files, one an input."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, data in enumerate(seeds(harness)):
        (folder / f"seed-{i:03d}").write_bytes(data)


