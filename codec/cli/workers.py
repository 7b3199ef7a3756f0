"""NFX file -> PLY file with the tiles shared between processes.

Python threads would wait for each other in the entropy decoder. Each process decodes its tiles
and writes its rows into the one output file; the bytes are those of a single process.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from codec.cli.common import read_stream
from codec.cli.share import keep_freed_memory, start_lightly, write_share
from codec.io.atomic import check_writable
from codec.options import DecoderLimits

BYTES_PER_WORKER = 1_500_000
"""Smaller shares decode sooner than a process starts."""

MOST_WORKERS = 8
_ROOT = str(Path(__file__).resolve().parents[2])
_WORKER = "import sys; sys.path.insert(0, sys.argv[1]); from codec.cli.share import work; work()"


def worker_count(source: Path, threads: int) -> int:
    """Processes beside this one that are worth starting for a file."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    most = min(threads or MOST_WORKERS, cores or 1, MOST_WORKERS)
    if not source.is_file():  # a pipe can be read once
        return 0
    return max(0, min(most, source.stat().st_size // BYTES_PER_WORKER) - 1)


@contextlib.contextmanager
def started_workers(source: Path, limits: DecoderLimits,
                    count: int) -> Iterator[list[subprocess.Popen]]:
    """`count` processes that load and parse while this one does, and wait for an order on stdin."""
    command = [sys.executable, "-P", "-c", _WORKER, _ROOT, str(source), json.dumps(asdict(limits))]
    workers: list[subprocess.Popen] = []
    try:
        for _ in range(count):
            with contextlib.suppress(OSError):  # no process to be had: the work is done here
                workers.append(subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL))
        yield workers
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def decode_to_ply(source: Path, output: Path, limits: DecoderLimits, overwrite: bool) -> dict:
    """Decode `source` into the PLY file `output`; returns the facts of the decoded scene.

    Raises and warns as `codec.decode` and `codec.write_ply` do.
    """
    check_writable(output, overwrite)
    start_lightly()
    with started_workers(source, limits, worker_count(source, limits.threads)) as workers:
        from codec.decoder.decode import decode_stream
        from codec.decoder.parse import parse
        from codec.io.ply import write_ply
        from codec.wire.tables import EXTR

        keep_freed_memory()
        stream = parse(read_stream(source), limits)
        whole = not stream.truncated and EXTR not in stream.ancillary
        if whole and stream.places():
            _decode_shared(stream, limits, workers, output, overwrite)
        else:
            write_ply(output, decode_stream(stream, limits), overwrite=overwrite)
    return {"bytes": stream.size, "n_gaussians": stream.n_shown(),
            "sh_degree": stream.header.sh_degree}


def _decode_shared(stream, limits: DecoderLimits, workers, output: Path, overwrite: bool) -> None:
    from codec.decoder.decode import decode_stream
    from codec.io.atomic import atomic_file
    from codec.io.ply import PlyTable

    table = PlyTable(decode_stream(stream, limits, tiles=[]))
    header = table.header(stream.n_shown())
    shares = _shares(stream, len(workers) + 1, len(header), table.row_bytes)
    with atomic_file(output, overwrite) as out:
        out.write(header)
        out.flush()
        orders = [{"out": str(out.name), **share} for share in shares[1:]]
        for worker, order in zip(workers, orders, strict=False):
            with contextlib.suppress(OSError):  # a dead worker's share is done below
                worker.stdin.write(json.dumps(order).encode())
                worker.stdin.close()
        write_share(stream, out, shares[0])
        for i, share in enumerate(shares[1:]):
            if i >= len(workers) or workers[i].wait() != 0:
                write_share(stream, out, share)


def _shares(stream, count: int, header_bytes: int, row_bytes: int) -> list[dict]:
    """Runs of tiles of about equal counts, with the byte where each run's rows begin."""
    total, before = stream.n_shown(), 0
    shares: dict[int, dict] = {}
    for index, (tier, tile) in enumerate(stream.places()):
        n = tier.tiles[tile].n
        middle = (2 * before + n) * count // (2 * total)
        share = shares.setdefault(middle, {"tiles": [],
                                           "offset": header_bytes + before * row_bytes})
        share["tiles"].append(index)
        before += n
    return list(shares.values())
