"""What a stream carries beside the splats: EXTR (zstd-compressed columns) and META (spec 04)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from codec.errors import UnsupportedError
from codec.scene import Splats
from codec.wire.reader import Reader
from codec.wire.writer import Writer

MAX_COLUMNS = 255
MAX_META = 1 << 20
_DTYPES = ("<i1", "<u1", "<i2", "<u2", "<i4", "<u4", "<f4", "<f8")


def write_extra(splats: Splats) -> bytes:
    """Columns in stream order."""
    import zstandard

    out = Writer()
    out.varint(len(splats.extra))
    for name, values in splats.extra.items():
        little = values.astype(values.dtype.newbyteorder("<"))
        packed = zstandard.ZstdCompressor(level=19).compress(little.tobytes())
        out.text(name)
        out.u8(_DTYPES.index(f"<{values.dtype.kind}{values.dtype.itemsize}"))
        out.varint(len(packed))
        out.bytes(packed)
    return out.getvalue()


def read_extra(splats: Splats, payload, n_all: int, rows: slice,
               check: Callable[[int], None]) -> Splats:
    """`splats` with its columns.

    n_all: Gaussians of the whole stream.   rows: those of the tiers in the scene.
    check: called with the bytes of all columns so far before each is unpacked; may raise.
    """
    r, extra, total = Reader(payload, "box EXTR"), {}, 0
    count = r.varint()
    r.require(count <= MAX_COLUMNS, f"more than {MAX_COLUMNS} extra properties")
    for _ in range(count):
        name, code = r.text(), r.u8()
        if code >= len(_DTYPES):
            raise UnsupportedError(f"extra property type {code} is reserved", code="extra-type")
        r.require(name not in extra, f"extra property {name!r} stands twice")
        packed = bytes(r.bytes(r.varint()))
        size = n_all * int(_DTYPES[code][2])
        total += size
        check(total)
        raw = _unpack(packed, size)
        r.require(raw is not None, f"extra property {name!r} cannot be read")
        extra[name] = np.frombuffer(raw, _DTYPES[code])[rows].copy()
    r.end()
    return replace(splats, extra=extra)


def _unpack(packed: bytes, size: int) -> bytes | None:
    """The content of one Zstandard frame of `size` bytes, None for anything else."""
    import zstandard

    try:
        # decompress() takes the memory that the frame claims, before it looks at its content.
        claimed = zstandard.get_frame_parameters(packed).content_size
        if claimed not in (size, zstandard.CONTENTSIZE_UNKNOWN):
            return None
        raw = zstandard.ZstdDecompressor().decompress(
            packed, max_output_size=max(size, 1), allow_extra_data=False
        )
    except zstandard.ZstdError:
        return None
    return raw if len(raw) == size else None


def read_comments(payload) -> tuple[str, ...]:
    """The source's comments in a META box; none when it does not hold what it should."""
    import json

    if len(payload) > MAX_META:  # JSON takes up to 40 times its length in memory
        return ()
    try:
        found = json.loads(bytes(payload))["comments"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    good = isinstance(found, list) and all(isinstance(text, str) for text in found)
    return tuple(found) if good else ()
