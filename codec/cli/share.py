"""A share of a file's tiles, decoded into an open PLY; also the whole of a worker process.

Imports little: a worker's time to its first tile is time the user waits.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys


def start_lightly() -> None:
    """Settings for a process that decodes one file and ends; call before NumPy is imported.

    OpenBLAS would start threads that spin and get no work: products here are small. The cycle
    collector finds nothing, and at the end it would look at every object of every module.
    """
    if "numpy" not in sys.modules:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        gc.disable()
        atexit.register(gc.freeze)


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


def write_share(stream, out, share: dict) -> None:
    """Decode the tiles of `share` and write their rows at its offset into the stream `out`."""
    from codec.decoder.decode import decode_blocks
    from codec.io.ply import PlyTable

    out.seek(share["offset"])
    for index in share["tiles"]:
        for part in decode_blocks(stream, index):
            for block in PlyTable(part).row_blocks():
                out.write(block)


def work() -> None:
    """A worker: loads and parses while its parent does, then does the one order of its stdin."""
    start_lightly()
    import json

    from codec.decoder.decode import parse
    from codec.io import ply as _ply  # noqa: F401  loaded while the parent parses
    from codec.options import DecoderLimits

    keep_freed_memory()
    with open(sys.argv[2], "rb") as file:
        stream = parse(file.read(), DecoderLimits(**json.loads(sys.argv[3])))
    text = sys.stdin.buffer.read()
    if text:
        order = json.loads(text)
        with open(order["out"], "r+b") as out:
            write_share(stream, out, order)
    os._exit(0)  # the parent waits: nothing is left to tidy up
