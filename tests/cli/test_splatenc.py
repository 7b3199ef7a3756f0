"""splatenc end to end on a small scene."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import codec
from codec.io.ply import write_ply
from tests.cli.conftest import N_GAUSSIANS, small_splats


def test_encodes_and_says_what_was_lost(enc, scene_ply, tmp_path):
    done = enc(scene_ply, "-o", tmp_path / "a.nfx", "-e", 1)
    assert done.exit_code == 0 and done.stdout == ""
    summary = done.stderr.splitlines()[-1]
    assert "a.nfx" in summary and f"{N_GAUSSIANS}" in summary and "bits per Gaussian" in summary


def test_json_report(enc, scene_ply, tmp_path):
    """--json puts one JSON object on stdout, and only that."""
    out = tmp_path / "a.nfx"
    done = enc(scene_ply, "-o", out, "-e", 1, "--json")
    report = json.loads(done.stdout)
    assert report["bytes"] == out.stat().st_size
    assert report["n_in"] == N_GAUSSIANS
    assert report["options"]["effort"] == 1


def test_quiet_says_nothing(enc, scene_ply, tmp_path):
    done = enc(scene_ply, "-o", tmp_path / "a.nfx", "-e", 1, "--quiet")
    assert (done.exit_code, done.output) == (0, "")


def test_same_bytes_whatever_the_threads(enc, scene_ply, tmp_path):
    for threads in (1, 2):
        enc(scene_ply, "-o", tmp_path / f"{threads}.nfx", "-e", 1, "--threads", threads)
    assert (tmp_path / "1.nfx").read_bytes() == (tmp_path / "2.nfx").read_bytes()


def test_refuses_to_overwrite(enc, scene_ply, tmp_path):
    out = tmp_path / "a.nfx"
    out.write_bytes(b"precious")
    done = enc(scene_ply, "-o", out, "-e", 1)
    assert done.exit_code == 2 and "--overwrite" in done.stderr
    assert out.read_bytes() == b"precious"
    assert enc(scene_ply, "-o", out, "-e", 1, "--overwrite").exit_code == 0
    assert out.read_bytes() != b"precious"


def test_the_output_is_no_input(enc, scene_ply, cameras_json, tmp_path):
    """Not even with --overwrite, nor through a link or another way to write the path."""
    scene, cameras = tmp_path / "s.ply", tmp_path / "c.json"
    scene.write_bytes(scene_ply.read_bytes())
    cameras.write_bytes(cameras_json.read_bytes())
    (tmp_path / "link.ply").symlink_to(scene)
    for source, out in ((scene, scene), (scene, cameras), (tmp_path / "link.ply", scene),
                        (scene, tmp_path / "." / ".." / tmp_path.name / "s.ply")):
        done = enc(source, "-o", out, "--cameras", cameras, "-e", 1, "--overwrite")
        assert done.exit_code == 2 and "one file" in done.stderr
        assert done.stderr.count("\n") == 1
    assert scene.read_bytes() == scene_ply.read_bytes()
    assert cameras.read_bytes() == cameras_json.read_bytes()


def test_target_size_is_kept(enc, scene_ply, tmp_path):
    """The whole file takes at most the size asked for."""
    done = enc(scene_ply, "-o", tmp_path / "a.nfx", "-e", 1, "--target-size", "6kB")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "a.nfx").stat().st_size <= 6000


def test_lossless_round_trip_keeps_every_bit_and_the_order(enc, dec, scene_ply, tmp_path):
    out, back = tmp_path / "a.nfx", tmp_path / "a.ply"
    assert enc(scene_ply, "-o", out, "--lossless", "--keep-order").exit_code == 0
    assert dec(out, "-o", back).exit_code == 0
    a, b = codec.read_ply(scene_ply), codec.read_ply(back)
    for name in ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN"):
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes(), name


def test_sh_degree_and_max_gaussians(enc, scene_ply, tmp_path):
    out = tmp_path / "a.nfx"
    enc(scene_ply, "-o", out, "-e", 1, "--sh-degree", 0, "--max-gaussians", 100)
    decoded = codec.decode(out.read_bytes())
    assert decoded.sh_degree == 0 and decoded.n_gaussians <= 100


def test_a_nan_row_is_told_of(enc, tmp_path):
    """One NaN among good rows: the row is dropped and the summary says so."""
    splats = small_splats()
    splats.means[7, 1] = np.nan
    write_ply(tmp_path / "nan.ply", splats)
    done = enc(tmp_path / "nan.ply", "-o", tmp_path / "a.nfx", "-e", 1, "--no-prune")
    assert done.exit_code == 0, done.stderr
    assert "NaN" in done.stderr
    assert codec.decode((tmp_path / "a.nfx").read_bytes()).n_gaussians == N_GAUSSIANS - 1


def test_cameras_that_lie_beside_the_scene_are_named(enc, scene_ply, cameras_json, tmp_path):
    """Training with planned views says so where a camera file was not given."""
    pytest.importorskip("numba")
    scene = tmp_path / "scene.ply"
    scene.write_bytes(scene_ply.read_bytes())
    args = (scene, "-o", tmp_path / "a.nfx", "-e", 4, "--target-size", "2kB", "--time-budget", 1,
            "--restore", "off", "--overwrite")
    assert "--cameras" not in enc(*args).stderr
    (tmp_path / "cameras.json").write_text(cameras_json.read_text())
    assert f"--cameras {tmp_path / 'cameras.json'}" in enc(*args).stderr
    assert "views planned" not in enc(*args, "--cameras", cameras_json).stderr


def test_cameras_become_default_views(enc, dec, scene_ply, cameras_json, tmp_path):
    pytest.importorskip("numba")
    out = tmp_path / "a.nfx"
    done = enc(scene_ply, "-o", out, "-e", 1, "--cameras", cameras_json, "--default-views")
    assert done.exit_code == 0, done.stderr
    done = dec(out, "--out-dir", tmp_path / "views")
    assert done.exit_code == 0, done.stderr
    assert {p.name for p in (tmp_path / "views").iterdir()} == {
        "photo_0.png", "photo_1.png", "photo_2.png"}


@pytest.mark.parametrize(("args", "word"), [
    (["--target-size", "lots"], "size"),
    (["--target-size", "1MB", "--target-psnr", "40"], "target"),
    (["--lossless", "--near-lossless"], "not both"),
    (["--lossless", "--target-size", "1MB"], "lossy"),
    (["--keep-order"], "lossless"),
    (["--default-views"], "--cameras"),
    (["--images", "."], "--cameras"),
    (["-q", "0"], "quality"),
    (["-e", "10"], "effort"),
    (["--no-such-option"], "--no-such-option"),
])
def test_impossible_options_are_usage_errors(enc, scene_ply, tmp_path, args, word):
    done = enc(scene_ply, "-o", tmp_path / "a.nfx", *args)
    assert done.exit_code == 2 and word in done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("splatenc: error: ")
    assert not (tmp_path / "a.nfx").exists()


def test_missing_input_and_folder(enc, scene_ply, tmp_path):
    assert enc(tmp_path / "none.ply", "-o", tmp_path / "a.nfx").exit_code == 2
    done = enc(scene_ply, "-o", tmp_path / "no" / "a.nfx")
    assert done.exit_code == 2 and "folder" in done.stderr


def test_what_is_no_scene_exits_3(enc, tmp_path):
    bad = tmp_path / "bad.ply"
    bad.write_bytes(b"this is no scene at all")
    done = enc(bad, "-o", tmp_path / "a.nfx")
    assert done.exit_code == 3 and done.stderr.splitlines()[-1].startswith("splatenc: error: ")
    assert not (tmp_path / "a.nfx").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_ctrl_c_leaves_nothing_behind(scene_ply, tmp_path):
    """SIGINT while encoding: exit code 130, one line, no file, no temporary file."""
    code = (
        "import os, signal, codec.encoder.encode as e\n"
        # a job in the background starts with SIGINT ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def encode(*a, **k):\n    os.kill(os.getpid(), signal.SIGINT)\n    raise SystemExit(99)\n"
        "e.encode = encode\n"
        "from codec.cli.splatenc import main\n"
        f"main({[str(scene_ply), '-o', str(tmp_path / 'a.nfx')]!r}, prog_name='splatenc')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 130 == 128 + signal.SIGINT
    assert done.stderr.splitlines()[-1].startswith("splatenc: error: interrupted")
    assert "Traceback" not in done.stderr and list(tmp_path.iterdir()) == []


def test_what_a_reader_skipped_is_told_of_and_so_are_dropped_properties(enc, tmp_path):
    names = "x y z f_dc_0 f_dc_1 f_dc_2 opacity scale_0 scale_1 scale_2 rot_0 rot_1 rot_2 rot_3 tag"
    lines = ["ply", "format ascii 1.0", "element vertex 1",
             *(f"property {'double' if name == 'x' else 'float'} {name}" for name in names.split()),
             "element face 1", "property list uchar int vertex_indices", "end_header",
             "0 0 0 0 0 0 1 -3 -3 -3 1 0 0 0 7", "3 0 0 0", ""]
    (tmp_path / "s.ply").write_text("\n".join(lines))
    result = enc(tmp_path / "s.ply", "-o", tmp_path / "s.nfx", "--lossless")
    assert result.exit_code == 0
    for words in ("lost: extra properties tag (--keep-extra)", "note: PLY element 'face'",
                  "note: 1 properties stored as double"):
        assert words in result.stderr
