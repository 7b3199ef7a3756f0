"""Peak memory of a process that meets hostile files: all invalid streams, and bombs made here.

    python -m tools.peak_memory [--limit-mb 200] [--json out.json] [BOMB ...]

Every bomb is read in a process of its own; its greatest resident size is asked of the system. A
bomb must end in an NfxError (or, where it is valid, in a scene); more than --limit-mb, another
exception, or more than 60 s is a failure, exit code 1.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import zstandard

from codec import EncoderOptions, encode
from codec.core.fields import FieldModel
from codec.core.params import (
    FIELD_CROSS,
    CodingParams,
    PrecisionRule,
    SceneHeader,
    TileHeader,
    read_index,
    write_index,
)
from codec.wire import tables
from codec.wire.writer import Writer
from conformance import scenes, surgery
from conformance.judge import HERE

SECONDS = 60
_READ = """
import pathlib, sys, warnings
import codec
from codec.io.cameras import read_cameras
from codec.errors import NfxError
warnings.simplefilter("ignore")
readers = {"nfx": lambda p: codec.decode(p.read_bytes()), "json": read_cameras}
for path in map(pathlib.Path, sys.argv[1:]):
    try:
        readers.get(path.suffix[1:], codec.read_scene)(path)
        print("accepted")
    except NfxError as error:
        print(error.code)
status = pathlib.Path("/proc/self/status")
if status.exists():
    print([line.split()[1] for line in status.open() if line.startswith("VmHWM")][0])
"""


def _free_field(value: int, n_cross: int) -> FieldModel:
    """A field whose every value is `value` when all symbols are the lower escape."""
    return FieldModel(1, 0, 0, 0, (value + 2) << 4, (0,) * n_cross, 0, 0, 0, (0,) * 7, (0,) * 8)


def free_scene(n: int, level: int, *boxes: surgery.RawBox, tiles: int = 1, broken: bool = True,
               ) -> bytes:
    """A short stream of n Gaussians, SH degree 3 with all rows, whose symbols cost nothing.

    The entropy coder's state is 0 and stays 0: every symbol is the first of its table, and every
    field is chosen so that this means a legal value. broken: the last layer has a byte too many,
    which shows only when everything is decoded.
    """
    rows = (15, 15, 15)
    none, basis = PrecisionRule(0), np.eye(45, dtype=np.int8)
    fields = {name: _free_field(0, len(cross)) for name, cross in FIELD_CROSS.items()}
    params = CodingParams(8, (0, 0, 0), 0, 0, 64, 1, 1, 1, 0, none, none, none, none, none, basis,
                          rows, fields, _free_field(0, 0), _free_field(15, 0))
    sizes = (1,) * len(params.layers)
    found = [surgery.RawBox(tables.HEAD, SceneHeader(n, 3).write(), flags=1), *boxes,
             surgery.RawBox(tables.MODL, params.write(), flags=1)]
    payloads = [[b"\0"] * len(sizes) for _ in range(tiles)]
    if broken:
        payloads[-1][-1] = b"\0\0"
    index = [TileHeader(n // tiles, (0, 0, 0), (21, 21, 21), tuple(map(len, p))) for p in payloads]
    found.append(surgery.RawBox(tables.INDX, write_index(index), flags=1))
    found += [surgery.RawBox(tables.TILE, payloads[t][k], k, t, 1)
              for k in range(len(sizes)) for t in range(tiles)]
    return surgery.join(surgery.file_header(level=level), found)


@lru_cache(maxsize=1)
def _lossless(n: int = 131072) -> bytes:
    """Equal Gaussians in order, a word too many in the tile's payload."""
    one = scenes.scene(1, 3, 1).take(np.zeros(n, np.int64))
    data = encode(one, EncoderOptions(mode="lossless", keep_order=True))
    header, boxes = surgery.take_apart(data)
    at, index = (surgery.index_of(boxes, kind) for kind in (tables.TILE, tables.INDX))
    boxes[at] = replace(boxes[at], payload=boxes[at].payload + b"\0")
    tile = read_index(boxes[index].payload, 1, tables.LEVELS[4])[0]
    tile = replace(tile, sizes=(len(boxes[at].payload),))
    boxes[index] = replace(boxes[index], payload=write_index([tile]))
    return surgery.join(header, boxes)


def _extra(count: int, n: int) -> surgery.RawBox:
    """`count` columns of n doubles, all zero."""
    out, packed = Writer(), zstandard.ZstdCompressor().compress(bytes(8 * n))
    out.varint(count)
    for i in range(count):
        out.text(str(i))
        out.u8(7)
        out.varint(len(packed))
        out.bytes(packed)
    return surgery.RawBox(tables.EXTR, out.getvalue())


def _claimed_frame() -> bytes:
    """EXTR whose one column's frame announces 2^40 bytes."""
    frame = struct.pack("<IBQ", 0xFD2FB528, 0xE0, 1 << 40) + b"\x41\0\0" + bytes(8)
    box = surgery.RawBox(tables.EXTR, b"\1\1a\1" + bytes([len(frame)]) + frame)
    return free_scene(9, 1, box, broken=False)


def _ply(lines: str, body: bytes = b"", kind: str = "binary_little_endian") -> bytes:
    return f"ply\nformat {kind} 1.0\n{lines}end_header\n".encode() + body


_PROPERTIES = "".join(f"property float {name}\n" for name in (
    "x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2",
    "rot_0", "rot_1", "rot_2", "rot_3"))


def _spz_gzip(count: int) -> bytes:
    """Version 3, SH degree 3, all bytes zero: deflates a thousandfold."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = struct.pack("<4sIIBBBB", b"NGSP", 3, count, 3, 12, 0, 0)
    parts = [squeeze.compress(head)]
    parts += [squeeze.compress(bytes(1 << 20)) for _ in range(200)]
    return b"".join([*parts, squeeze.flush()])


def _spz_zstd(count: int) -> bytes:
    """Version 4: six streams of zeros, each of the size that the count asks for."""
    sizes = [9 * count, count, 3 * count, 3 * count, 4 * count, 45 * count]
    parts = [zstandard.ZstdCompressor(level=19).compress(bytes(size)) for size in sizes]
    head = struct.pack("<4sIIBBBBI12x", b"NGSP", 4, count, 3, 12, 0, 6, 32)
    table = b"".join(struct.pack("<QQ", len(p), s) for p, s in zip(parts, sizes, strict=True))
    return head + table + b"".join(parts)


def _sog(meta: bytes | None = None, image: bytes | None = None) -> bytes:
    """A small scene whose meta.json or first image is replaced, all deflated."""
    from codec.io.sog import sog_bytes

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sog_bytes(scenes.scene(5, 0, 6)))) as good, zipfile.ZipFile(
            out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in good.namelist():
            data = good.read(name)
            data = meta if meta is not None and name == "meta.json" else data
            new.writestr(name, image if image is not None and name == "means_l.webp" else data)
    return out.getvalue()


def _large_webp(width: int, height: int) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGBA", (width, height)).save(out, "WEBP", lossless=True, quality=0, method=0)
    return out.getvalue()


def _glb(count: int) -> bytes:
    """Every accessor announces `count` values in a few bytes."""
    from codec.io.glb import glb_bytes

    packed = glb_bytes(scenes.scene(3, 0, 7))
    size = struct.unpack_from("<I", packed, 12)[0]
    document = packed[20 : 20 + size].replace(b'"count":3', b'"count":%d' % count)
    document = document.replace(b'"count": 3', b'"count": %d' % count)
    chunks = struct.pack("<II", len(document), 0x4E4F534A) + document + packed[20 + size :]
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


BOMBS: dict[str, Callable[[], bytes]] = {
    "level-1.nfx": lambda: free_scene(131072, 1),
    "level-1-tiles.nfx": lambda: free_scene(131072, 1, tiles=64),
    "level-1-lossless.nfx": _lossless,
    "level-2.nfx": lambda: free_scene(1 << 20, 2),
    "level-4.nfx": lambda: free_scene(1 << 26, 4, tiles=64),
    "extra-claim.nfx": _claimed_frame,
    "extra-columns.nfx": lambda: free_scene(131072, 1, _extra(255, 131072), broken=False),
    "meta.nfx": lambda: free_scene(9, 1, surgery.RawBox(
        tables.META, b'{"comments": [' + b"[]," * 3_000_000 + b"[]]}"), broken=False),
    "header.ply": lambda: _ply(f"element vertex {10**18 - 1}\n{_PROPERTIES}"),
    "nothing.ply": lambda: _ply(f"element empty {10**18 - 1}\nelement vertex 0\n{_PROPERTIES}"),
    "lists.ply": lambda: _ply(
        f"element vertex 100000\n{_PROPERTIES}property list uchar int a\n", bytes(5_700_000)),
    "ascii.ply": lambda: _ply(f"element vertex {10**15}\n{_PROPERTIES}", b"0 " * 14, "ascii"),
    "chunks.ply": lambda: _ply(
        f"element chunk {10**12}\nproperty float min_x\nelement vertex {10**14}\n"
        "property uint packed_position\n"),
    "count.spz": lambda: _spz_gzip((1 << 32) - 1),
    "gzip.spz": lambda: _spz_gzip(200_000),
    "zstd.spz": lambda: _spz_zstd(66_000),
    "count.glb": lambda: _glb(10**12),
    "meta.sog": lambda: _sog(meta=b" " * 200_000_000),
    "pixels.sog": lambda: _sog(image=_large_webp(8000, 5000)),
    "deep.json": lambda: b"[" * 1_000_000,
    "digits.json": lambda: b'[{"width": ' + b"9" * 1_000_000 + b"}]",
}


def measure(paths: list[Path]) -> dict:
    """Read files in a fresh process: greatest resident MB, seconds, exit code, what it said."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen([sys.executable, "-c", _READ, *map(str, paths)], stdout=out,
                                 stderr=out, cwd=HERE.parent)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read().decode("utf-8", "replace").split("\n")[:-1]
    # Where there is no /proc: the system's figure, which counts the parent's size too.
    peak = int(said.pop()) if said[-1:] and said[-1].isdigit() else usage.ru_maxrss
    return {"peak_mb": round(peak / 1024), "code": child.returncode,
            "seconds": round(time.monotonic() - started, 1), "said": said}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bomb", nargs="*", help=", ".join(BOMBS))
    parser.add_argument("--limit-mb", type=int, default=200)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found = {"one valid stream": measure([HERE / "streams" / "one" / "in.nfx"])}
    bad = sorted(HERE.glob("bad/*/in.nfx"))
    found[f"{len(bad)} invalid streams of conformance/"] = measure(bad)
    with tempfile.TemporaryDirectory() as folder:
        for name in args.bomb or BOMBS:
            path = Path(folder) / name
            path.write_bytes(BOMBS[name]())
            found[name] = {"bytes": path.stat().st_size, **measure([path])}
            path.unlink()
    failures = 0
    for name, facts in found.items():
        failed = facts["code"] != 0 or facts["peak_mb"] > args.limit_mb
        failed |= facts["seconds"] > SECONDS
        failures += failed
        facts["said"] = facts["said"][-1] if len(facts["said"]) == 1 else len(facts["said"])
        print(f"{name:40} {facts} {'FAILED' if failed else ''}", flush=True)
    if args.json:
        args.json.write_text(json.dumps({"limit_mb": args.limit_mb, **found}, indent=1) + "\n")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
