"""A share of a file's tiles, decoded into an open PLY; also the whole of a worker process.

Imports little: a worker's time to its first tile is time the user waits.
"""

from __future__ import annotations

import contextlib
import sys


def keep_freed_memory() -> None:
    """Let glibc reuse large freed blocks instead of returning each to the system.

    NumPy's temporaries would otherwise be mapped and zeroed anew at every step, a fifth of the
    decoding time. For short-lived processes of our own only; elsewhere nothing happens.
    """
    import ctypes

    trim_threshold, top_pad, mmap_threshold = -1, -2, -3  # malloc.h
    with contextlib.suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(mmap_threshold, 1 << 25)
        mallopt(trim_threshold, 1 << 28)
        mallopt(top_pad, 1 << 24)


def write_share(stream, limits, out, share: dict) -> None:
    """Decode the tiles of `share` and write their rows at its offset into the stream `out`."""
    from codec.decoder.decode import decode_stream
    from codec.io.ply import PlyTable

    out.seek(share["offset"])
    for index in share["tiles"]:
        for block in PlyTable(decode_stream(stream, limits, tiles=[index])).row_blocks():
            out.write(block)


def work() -> None:
    """A worker: loads what decoding takes, then does the one order that stdin brings."""
    import json

    from codec.decoder.decode import parse
    from codec.io import ply as _ply  # noqa: F401  loaded while the parent parses
    from codec.options import DecoderLimits

    keep_freed_memory()
    with open(sys.argv[2], "rb") as file:
        data = file.read()
    text = sys.stdin.buffer.read()
    if text:
        order = json.loads(text)
        limits = DecoderLimits(**order["limits"])
        with open(order["out"], "r+b") as out:
            write_share(parse(data, limits), limits, out, order)
