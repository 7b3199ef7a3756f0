"""What a stream carries beside the splats: EXTR (zstd-compressed columns) and META (spec 04)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from codec.errors import BadValue, UnsupportedError
from codec.scene import Splats
from codec.wire.reader import Reader
from codec.wire.writer import Writer

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


def read_extra(splats: Splats, payload) -> Splats:
    import zstandard

    r, extra = Reader(payload, "box EXTR"), {}
    for _ in range(r.varint()):
        name, code, packed = r.text(), r.u8(), None
        if code >= len(_DTYPES):
            raise UnsupportedError(f"extra property type {code} is reserved", code="extra-type")
        packed = bytes(r.bytes(r.varint()))
        size = splats.n_gaussians * int(_DTYPES[code][2])
        try:
            raw = zstandard.ZstdDecompressor().decompress(
                packed, max_output_size=max(size, 1), allow_extra_data=False
            )
        except zstandard.ZstdError as exc:
            raise BadValue(f"extra property {name!r} cannot be read", where="box EXTR") from exc
        r.require(len(raw) == size, f"extra property {name!r} has the wrong length")
        extra[name] = np.frombuffer(raw, _DTYPES[code]).copy()
    r.end()
    return replace(splats, extra=extra)


def read_comments(payload) -> tuple[str, ...]:
    """The source's comments in a META box; none when it does not hold what it should."""
    import json

    try:
        found = json.loads(bytes(payload))["comments"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    good = isinstance(found, list) and all(isinstance(text, str) for text in found)
    return tuple(found) if good else ()
