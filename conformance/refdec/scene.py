"""5.1, 4.9 and the PLY a decoder of the suite writes."""

from __future__ import annotations

import numpy as np
import zstandard

from conformance.refdec.container import Fields, Stream, Unsupported, memory, need, parse
from conformance.refdec.tiles import decode_lossless, decode_tile

TYPES = ("i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8")
PLY_TYPES = ("char", "uchar", "short", "ushort", "int", "uint", "float", "double")


def decode(data: bytes) -> tuple[dict, dict, bool]:
    """(arrays, extra columns, complete)"""
    stream = parse(data)
    rest = stream.head["rest"]
    parts = [{"means": np.zeros((0, 3)), "log_scales": np.zeros((0, 3)), "quats": np.zeros((0, 4)),
              "opacity_logits": np.zeros(0), "sh0": np.zeros((0, 3)),
              "shN": np.zeros((0, rest, 3))}]
    tool = decode_lossless if stream.profile else decode_tile
    there = [tier for tier in stream.tiers if tier.whole_layers]
    for k, tier in enumerate(there):
        shrunk = sum(later.model.get("shrink", 0) for later in there[k + 1 :])
        for t in range(len(tier.tiles)):
            payloads = tier.payloads[t : tier.whole_layers * len(tier.tiles) : len(tier.tiles)]
            parts.append(tool(tier, rest, tier.tiles[t], payloads, shrunk))
    arrays = {k: np.concatenate([np.asarray(p[k], np.float32) for p in parts]) for k in parts[0]}
    return arrays, _extra(stream, len(arrays["means"])), not stream.cut


def _extra(stream: Stream, n: int) -> dict:
    """4.9: all rows are checked, the first n given."""
    if "EXTR" not in stream.ancillary:
        return {}
    f, out = Fields(stream.ancillary["EXTR"]), {}
    count, total = f.varint(), 0
    need(count <= 255, "R-EXTR-03")
    for _ in range(count):
        name, code = f.text(), f.number("B")
        if code > 7:
            raise Unsupported("R-EXTR-01")
        need(name not in out, "R-EXTR-03")
        packed, size = f.take(f.varint()), stream.head["n"] * int(TYPES[code][1])
        total += size
        memory(stream, total)
        raw = _frame(packed, size)
        need(raw is not None and len(raw) == size, "R-EXTR-02")
        out[name] = np.frombuffer(raw, "<" + TYPES[code])[:n]
    f.end()
    return out


def _frame(packed: bytes, size: int) -> bytes | None:
    """Content of a Zstandard frame; a frame that claims another size is not unpacked."""
    try:
        claimed = zstandard.get_frame_parameters(packed).content_size
        if claimed not in (size, zstandard.CONTENTSIZE_UNKNOWN):
            return None
        return zstandard.ZstdDecompressor().decompress(
            packed, max_output_size=max(size, 1), allow_extra_data=False)
    except zstandard.ZstdError:
        return None


def ply(arrays: dict, extra: dict) -> bytes:
    """Graphdeco's layout: f_rest channel-major."""
    n, rest = len(arrays["means"]), arrays["shN"].shape[1]
    names = ["x", "y", "z", *(f"f_dc_{i}" for i in range(3)),
             *(f"f_rest_{i}" for i in range(3 * rest)), "opacity",
             *(f"scale_{i}" for i in range(3)), *(f"rot_{i}" for i in range(4))]
    table = np.concatenate([arrays["means"], arrays["sh0"],
                            arrays["shN"].transpose(0, 2, 1).reshape(n, 3 * rest),
                            arrays["opacity_logits"][:, None], arrays["log_scales"],
                            arrays["quats"]], axis=1)
    columns = [("base", "<f4", (len(names),)), *((k, v.dtype.str) for k, v in extra.items())]
    rows = np.empty(n, np.dtype(columns))
    rows["base"] = table
    for name, values in extra.items():
        rows[name] = values
    kinds = [f"property float {name}" for name in names]
    kinds += [f"property {PLY_TYPES[TYPES.index(v.dtype.str[1:])]} {k}" for k, v in extra.items()]
    head = ["ply", "format binary_little_endian 1.0", f"element vertex {n}", *kinds, "end_header"]
    return "\n".join([*head, ""]).encode("ascii") + rows.tobytes()
