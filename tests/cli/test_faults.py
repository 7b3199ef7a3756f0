"""What goes wrong around the tools: full disks, kills, pipes, devices, many readers at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import codec
from codec.cli import common, workers
from codec.cli.images import MAX_NAME, image_names
from codec.errors import UsageError
from codec.io.atomic import atomic_write
from codec.options import DecoderLimits
from codec.scene import Camera
from tests.conftest import random_scene

ROOT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX only")
_LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
from codec.cli.{tool} import main
main(sys.argv[1:], prog_name="{tool}")
"""


def run(code: str, *args, **given) -> subprocess.CompletedProcess:
    command = [sys.executable, "-B", "-c", code, *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, **given)


# -- full disk -------------------------------------------------------------------------------------


@POSIX
@pytest.mark.parametrize("tool", ["splatenc", "splatdec"])
def test_a_full_disk_is_one_line_and_leaves_nothing(tool, nfx, scene_ply, tmp_path):
    """The system refuses to write more: exit code 1, one line, neither file nor temporary file."""
    source, name, options = (nfx, "out.ply", []) if tool == "splatdec" else (
        scene_ply, "out.nfx", ["--lossless", "--quiet"])
    done = run(_LIMITED.format(tool=tool), source, "-o", tmp_path / name, *options)
    line = done.stderr.decode()
    assert done.returncode == 1 and line.count("\n") == 1 and line.startswith(f"{tool}: error: ")
    assert "too large" in line or "space" in line
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_a_full_disk_under_the_workers(tmp_path):
    """Shares that cannot be written by the workers fail here too, and leave nothing."""
    data = codec.encode(random_scene(4000, seed=5), codec.EncoderOptions(effort=1, tile_size=1024))
    (tmp_path / "in.nfx").write_bytes(data)
    code = ("from codec.cli import workers\n"
            "workers.worker_count = lambda source, threads: 2\n") + _LIMITED.format(tool="splatdec")
    done = run(code, tmp_path / "in.nfx", "-o", tmp_path / "out.ply")
    assert done.returncode == 1 and done.stderr.count(b"\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["in.nfx"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_devices_are_never_replaced(tmp_path):
    """Renaming over /dev/null would destroy it: refused, --overwrite or not."""
    for device in ("/dev/full", "/dev/null"):
        for overwrite in (False, True):
            with pytest.raises(UsageError, match="no regular file"):
                atomic_write(device, b"data", overwrite)
        assert not Path(device).is_file()


# -- killed while writing --------------------------------------------------------------------------


@POSIX
@pytest.mark.parametrize("before", [None, b"old"])
def test_killed_while_writing(tmp_path, before):
    """A kill amid writing: the target is what it was before, never half a file."""
    target = tmp_path / "out.nfx"
    if before is not None:
        target.write_bytes(before)
    code = ("import os, signal, sys\nfrom codec.io.atomic import atomic_write\n"
            "def parts():\n    yield b'half' * 100000\n    os.kill(os.getpid(), signal.SIGKILL)\n"
            "atomic_write(sys.argv[1], parts(), overwrite=True)\n")
    assert run(code, target).returncode == -signal.SIGKILL
    assert (target.read_bytes() if target.exists() else None) == before


# -- inputs that cannot be read, pipes -------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no /proc here")
@pytest.mark.parametrize(("tool", "out"), [("splatenc", "a.nfx"), ("splatdec", "a.ply")])
def test_read_errors_name_the_file(enc, dec, tmp_path, tool, out):
    """A file whose reading fails: one line, no output."""
    done = (enc if tool == "splatenc" else dec)("/proc/self/mem", "-o", tmp_path / out, "--quiet")
    assert done.exit_code in (1, 3) and done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr and list(tmp_path.iterdir()) == []


@POSIX
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read all")
def test_forbidden_files_are_refused(dec, nfx, tmp_path):
    secret = tmp_path / "secret.nfx"
    secret.write_bytes(nfx.read_bytes())
    secret.chmod(0)
    assert dec(secret, "--verify").exit_code in (1, 2)


_TOOL = "import sys; from codec.cli.{0} import main; main(sys.argv[1:], prog_name='{0}')"


@POSIX
@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_both_tools_read_pipes(name, nfx, scene_ply, tmp_path):
    """From standard input come the same files as from a path."""
    done = run(_TOOL.format("splatdec"), name, "-o", tmp_path / "a.ply", input=nfx.read_bytes())
    assert done.returncode == 0, done.stderr
    codec.write_ply(tmp_path / "b.ply", codec.decode(nfx.read_bytes()))
    assert (tmp_path / "a.ply").read_bytes() == (tmp_path / "b.ply").read_bytes()
    done = run(_TOOL.format("splatenc"), name, "-o", tmp_path / "a.nfx", "-e", 1,
               input=scene_ply.read_bytes())
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.nfx").read_bytes() == nfx.read_bytes()
    assert b"smaller than the input" in done.stderr and b" 0.0x" not in done.stderr


@POSIX
def test_a_page_is_made_from_a_pipe(nfx, scene_ply, tmp_path):
    """The same page as from the path; other outputs beside it, or another file, are told apart."""
    tool, page = _TOOL.format("splatdec"), tmp_path / "pipe.html"
    done = run(tool, "-", "--viewer", page, input=nfx.read_bytes())
    assert done.returncode == 0, done.stderr
    assert codec.decode(nfx.read_bytes()).n_gaussians and page.stat().st_size > nfx.stat().st_size
    done = run(tool, "-", "--viewer", tmp_path / "b.html", "--info", input=nfx.read_bytes())
    assert done.returncode == 2 and b"only once" in done.stderr
    done = run(tool, "-", "--viewer", tmp_path / "c.html", input=scene_ply.read_bytes())
    assert done.returncode == 4 and not (tmp_path / "c.html").exists()


@POSIX
def test_facts_of_a_pipe_have_its_size(nfx, tmp_path):
    """--json tells the bytes that came through the pipe."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(nfx.read_bytes()))
    writer.start()
    facts = workers.decode_to_ply(fifo, tmp_path / "out.ply", DecoderLimits(), False)
    writer.join()
    assert facts["bytes"] == nfx.stat().st_size


@POSIX
def test_endless_devices_are_not_read_to_the_end(tmp_path):
    """What does not begin as an NFX file is not read on: no more than its first bytes."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    sent = []

    def endless() -> None:
        with open(fifo, "wb", buffering=0) as pipe:
            try:
                while len(sent) < 1000:
                    sent.append(pipe.write(bytes(65536)))
            except BrokenPipeError:
                pass

    writer = threading.Thread(target=endless)
    writer.start()
    assert common.read_stream(fifo) == bytes(8)
    writer.join()
    assert len(sent) < 100


# -- many at once ----------------------------------------------------------------------------------


def test_one_file_decoded_by_many_threads(nfx):
    """Concurrent decodes of the same bytes give the same arrays."""
    data, found = nfx.read_bytes(), []
    want = codec.decode(data)
    threads = [threading.Thread(target=lambda: found.append(codec.decode(data)))
               for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert all(s.shN.tobytes() == want.shN.tobytes() for s in found)
    assert all(s.means.tobytes() == want.means.tobytes() for s in found)


@POSIX
def test_one_output_wanted_by_many_processes(nfx, tmp_path):
    """Without --overwrite one process wins, the others say so; the file is whole."""
    command = [sys.executable, "-c", _TOOL.format("splatdec"), str(nfx), "-o",
               str(tmp_path / "out.ply")]
    running = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) for _ in range(3)]
    assert sorted(p.wait() for p in running) == [0, 2, 2]
    codec.write_ply(tmp_path / "want.ply", codec.decode(nfx.read_bytes()))
    assert (tmp_path / "out.ply").read_bytes() == (tmp_path / "want.ply").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.ply", "want.ply"]


# -- names in a file -------------------------------------------------------------------------------


HOSTILE = ["../../etc/passwd", "/etc/passwd", "..\\..\\x", "C:\\x", "a\0b", "a\nb", "CON",
           "nul.txt",
           "é" * 300, "x" * 5000, ".", "..", "", "~", "-rf", "\ud800", "a" * 200 + "/" + "b" * 200]


def test_no_name_in_a_file_leaves_the_folder():
    """Names of views become plain, distinct file names that every system can hold."""
    cameras = [Camera(np.eye(4), 1.0, 1.0, 1.0, 1.0, 2, 2, name) for name in HOSTILE]
    names = image_names(cameras)
    assert len({n.lower() for n in names}) == len(HOSTILE)
    for name in names:
        assert Path(name).name == name and name not in (".", "..") and "\\" not in name
        assert len(name.encode()) <= MAX_NAME + 8 and name.isprintable()
        assert name.split(".")[0].lower() not in ("con", "nul")


def test_views_with_hostile_names_stay_in_the_folder(dec, tmp_path):
    """splatdec --out-dir writes only there, whatever the file calls its views."""
    pytest.importorskip("numba")
    from codec.wire import tables
    from codec.wire.views import write_views
    from conformance import surgery

    pose = np.eye(4)
    pose[2, 3] = 4.0
    cameras = [Camera(pose, 8.0, 8.0, 4.0, 3.0, 8, 6, name)
               for name in ("../../escaped", "/escaped", "a\0b", "x" * 400)]
    header, boxes = surgery.take_apart(codec.encode(random_scene(20), codec.EncoderOptions(
        effort=1, prune=False)))
    boxes.insert(1, surgery.RawBox(tables.VIEW, write_views(cameras)))
    (tmp_path / "in.nfx").write_bytes(surgery.join(header, boxes))
    out = tmp_path / "deep" / "views"
    out.parent.mkdir()
    done = dec(tmp_path / "in.nfx", "--out-dir", out, "--backend", "cpu", "--quiet")
    assert done.exit_code == 0, done.stderr
    assert len(list(out.iterdir())) == 4
    assert sorted(p.name for p in tmp_path.iterdir()) == ["deep", "in.nfx"]
