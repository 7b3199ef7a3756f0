"""Decoding shared between processes: same file, whatever happens to the workers."""

import pytest

import codec
from codec.cli import workers
from codec.core import quantize
from codec.errors import FormatError, UsageError
from codec.options import DecoderLimits
from tests.conftest import random_scene


@pytest.fixture
def tiled(tmp_path):
    """A stream of four tiles."""
    splats = random_scene(4000, seed=5)
    path = tmp_path / "scene.nfx"
    path.write_bytes(codec.encode(splats, codec.EncoderOptions(effort=1, tile_size=1024)))
    return path


@pytest.fixture
def expected(tiled, tmp_path):
    """The PLY that one process writes."""
    codec.write_ply(tmp_path / "one.ply", codec.decode(tiled.read_bytes()))
    return (tmp_path / "one.ply").read_bytes()


def share(monkeypatch, count=2):
    monkeypatch.setattr(workers, "worker_count", lambda source, threads: count)


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_same_file_with_any_number_of_workers(tiled, expected, tmp_path, monkeypatch, count):
    """The PLY does not depend on who decoded which tile."""
    share(monkeypatch, count)
    facts = workers.decode_to_ply(tiled, tmp_path / "out.ply", DecoderLimits(), False)
    assert (tmp_path / "out.ply").read_bytes() == expected
    assert facts["sh_degree"] == 1


def test_rows_do_not_depend_on_the_block(tiled, expected, tmp_path, monkeypatch):
    """Blocks that part a tile, the last one not full, give the rows of the whole tile."""
    share(monkeypatch, 0)
    monkeypatch.setattr(quantize, "SH_BLOCK", 384)
    workers.decode_to_ply(tiled, tmp_path / "out.ply", DecoderLimits(), False)
    assert (tmp_path / "out.ply").read_bytes() == expected


@pytest.mark.parametrize("worker", ["raise SystemExit(3)", "import os; os.kill(os.getpid(), 9)"])
def test_share_of_a_dead_worker_is_done_here(tiled, expected, tmp_path, monkeypatch, worker):
    """A worker that fails or is killed costs time, never the file."""
    share(monkeypatch)
    monkeypatch.setattr(workers, "_WORKER", worker)
    workers.decode_to_ply(tiled, tmp_path / "out.ply", DecoderLimits(), False)
    assert (tmp_path / "out.ply").read_bytes() == expected


def test_workers_do_a_share(tiled, tmp_path, monkeypatch):
    """The rows really come from the workers: this process writes only its own."""
    share(monkeypatch)
    written = []
    write = workers.write_share
    monkeypatch.setattr(workers, "write_share",
                        lambda s, out, part: written.append(part["tiles"])
                        or write(s, out, part))
    workers.decode_to_ply(tiled, tmp_path / "out.ply", DecoderLimits(), False)
    assert len(written) == 1 and 0 < len(written[0]) < 4


def test_errors_leave_nothing_behind(tiled, tmp_path, monkeypatch):
    """A broken tile of a worker's share is the error of a single process."""
    share(monkeypatch)
    data = bytearray(tiled.read_bytes())
    data[-200] ^= 1
    tiled.write_bytes(data)
    with pytest.raises(FormatError):
        workers.decode_to_ply(tiled, tmp_path / "out.ply", DecoderLimits(), False)
    assert [p.name for p in tmp_path.iterdir()] == ["scene.nfx"]
    (tmp_path / "out.ply").write_bytes(b"mine")
    with pytest.raises(UsageError):
        workers.decode_to_ply(tiled, tmp_path / "out.ply", DecoderLimits(), False)


def test_small_files_and_one_thread_start_no_worker(tiled):
    """A process starts slower than a small share decodes."""
    assert workers.worker_count(tiled, 0) == 0
    big = tiled.with_name("big.nfx")
    big.write_bytes(bytes(4 * workers.BYTES_PER_WORKER))
    assert workers.worker_count(big, 1) == 0
    assert workers.worker_count(big, 0) <= 3
