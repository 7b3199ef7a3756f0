"""Scenes out to other formats and back: within each format's own precision, losses named."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from codec.errors import NfxError, SceneError, UsageError
from codec.io.glb import half_turn
from codec.io.ply import read_ply
from codec.io.scenes import read_scene, write_scene
from tests.conftest import random_scene

# Largest errors: position, log-scale, rotation in degrees, opacity, sh0, shN. A .compressed.ply
# keeps 10 or 11 bits of each chunk's range, .spz 8 bits of fixed ranges, .sog codebooks.
BOUNDS = {
    "a.ply": (0, 0, 0, 0, 0, 0),
    "a.compressed.ply": (0.006, 0.004, 0.25, 0.002, 0.015, 0.016),
    "a.splat": (0, 1e-6, 2.0, 0.002, 0.007, None),
    "v2.spz": (1e-5, 0.032, 13.0, 0.002, 0.014, 0.004),
    "v3.spz": (1e-5, 0.032, 0.25, 0.002, 0.014, 0.004),
    "v4.spz": (1e-5, 0.032, 0.25, 0.002, 0.014, 0.004),
    "a.sog": (0.001, 0.03, 1.0, 0.002, 0.02, 0.02),
    "a.glb": (0, 1e-6, 0.1, 1e-6, 0, 0),
}


def scene(n=700, sh_degree=3) -> object:
    """Values that all formats can hold: colours in 0..1, opacities and scales in their ranges."""
    rng = np.random.default_rng(5)
    splats = random_scene(n, sh_degree, 3)
    splats.log_scales[:] = rng.uniform(-6, 1, (n, 3))
    splats.opacity_logits[:] = rng.uniform(-4, 5, n)
    splats.sh0[:] = rng.uniform(-1.6, 1.6, (n, 3))
    return splats


def write(path, splats, **options) -> list[str]:
    version = int(path.name[1]) if path.suffix == ".spz" else 3
    return write_scene(path, splats, spz_version=version, **options)


def unit(quats):
    q = quats.astype(np.float64)
    return q / np.linalg.norm(q, axis=1, keepdims=True)


def check(name, splats, back):
    """Gaussians may come back in another order: they are matched by position."""
    assert back.n_gaussians == splats.n_gaussians
    distance = np.linalg.norm(splats.means[:, None] - back.means[None], axis=2)
    match = distance.argmin(axis=1)
    assert len(set(match.tolist())) == splats.n_gaussians
    back = back.take(match)
    means, scales, degrees, alpha, sh0, rest = BOUNDS[name]
    opacity = [1 / (1 + np.exp(-s.opacity_logits)) for s in (splats, back)]
    turn = np.abs((unit(splats.quats) * unit(back.quats)).sum(axis=1)).min()
    assert np.abs(splats.means - back.means).max() <= means
    assert np.abs(splats.log_scales - back.log_scales).max() <= scales
    assert 2 * np.degrees(np.arccos(min(turn, 1))) <= max(degrees, 0.1)
    assert np.abs(opacity[0] - opacity[1]).max() <= alpha + 1e-6
    assert np.abs(splats.sh0 - back.sh0).max() <= sh0
    if rest is None:
        assert back.sh_degree == 0
    else:
        assert np.abs(splats.shN - back.shN).max(initial=0) <= rest


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("sh_degree", [0, 1, 3])
def test_round_trip(tmp_path, name, sh_degree):
    splats = replace(scene(sh_degree=sh_degree), antialiased=True)
    lost = write(tmp_path / name, splats)
    back = read_scene(tmp_path / name)
    check(name, splats, back)
    says_so = any("antialiased" in line for line in lost)
    assert back.antialiased != says_so
    assert any("SH" in line for line in lost) == (name == "a.splat" and sh_degree > 0)


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("n", [0, 1, 257])
def test_any_number_of_gaussians(tmp_path, name, n):
    write(tmp_path / name, scene(n, 1))
    assert read_scene(tmp_path / name).n_gaussians == n


@pytest.mark.parametrize("name", BOUNDS)
def test_same_scene_same_bytes(tmp_path, name):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / name, scene(50))
    one, two = ((tmp_path / f / name).read_bytes() for f in ("one", "two"))
    assert one == two


def test_what_is_lost_is_named(tmp_path):
    splats = scene(40, 1)
    splats.means[3] = np.nan
    splats.extra["label"] = np.arange(40)
    lost = write_scene(tmp_path / "a.splat", splats)
    assert len(lost) == 3
    assert "label" in lost[1] and "1 Gaussians" in lost[2]


def test_impossible_outputs(tmp_path):
    with pytest.raises(UsageError, match="written as"):
        write_scene(tmp_path / "a.obj", scene(3))
    with pytest.raises(SceneError, match="version 1"):
        write_scene(tmp_path / "a.spz", scene(3), spz_version=1)
    far = scene(3)
    far.means[0] = 1e8
    with pytest.raises(SceneError, match="positions"):
        write_scene(tmp_path / "a.spz", far)
    (tmp_path / "b.glb").write_bytes(b"x")
    with pytest.raises(UsageError, match="exists"):
        write_scene(tmp_path / "b.glb", scene(3))


@pytest.mark.parametrize("name", ["a.glb", "a.sog"])
def test_every_truncation_is_an_error(tmp_path, name):
    write(tmp_path / name, scene(20, 1))
    data = (tmp_path / name).read_bytes()
    for end in range(5, len(data), max(1, len(data) // 60)):
        (tmp_path / name).write_bytes(data[:end])
        with pytest.raises(NfxError):
            read_scene(tmp_path / name)


@pytest.mark.parametrize("name", ["a.glb", "a.sog"])
def test_damage_is_an_error_or_a_scene(tmp_path, name):
    """Random bytes changed: never another exception."""
    write(tmp_path / name, scene(20, 1))
    data = (tmp_path / name).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(data)
        for at in rng.integers(4, len(data) if rng.random() < 0.3 else 1500, 3):
            damaged[at % len(data)] = rng.integers(256)
        (tmp_path / name).write_bytes(bytes(damaged))
        try:
            read_scene(tmp_path / name)
        except NfxError:
            continue


def test_a_half_turn_is_exact():
    """Twice half a turn is the same scene, up to the sign of quaternions."""
    splats = scene(30)
    twice = half_turn(half_turn(splats))
    np.testing.assert_array_equal(twice.means, splats.means)
    np.testing.assert_array_equal(twice.quats, -splats.quats)
    np.testing.assert_array_equal(twice.shN, splats.shN)


def test_glb_with_a_node_transform_is_refused(tmp_path):
    write_scene(tmp_path / "a.glb", scene(5, 0))
    data = (tmp_path / "a.glb").read_bytes()
    size = struct.unpack_from("<I", data, 12)[0]
    text = data[20 : 20 + size].replace(b'{"mesh": 0}', b'{"mesh":0,"scale":[2,2,2]}')
    head = struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(data) - 20 - size, len(text),
                       0x4E4F534A)
    (tmp_path / "b.glb").write_bytes(head + text + data[20 + size :])
    with pytest.raises(SceneError, match="node transform"):
        read_scene(tmp_path / "b.glb")


def test_many_sh_rows_share_means(monkeypatch, tmp_path):
    """Above 65,536 Gaussians (fewer here) SOG rows share the mean of their neighbours."""
    from codec.io import sog

    monkeypatch.setattr(sog, "_MOST_CENTROIDS", 64)
    rows = np.repeat(np.random.default_rng(0).normal(size=(16, 9)), 8, axis=0).astype(np.float32)
    means, labels = sog._centroids(rows)
    assert labels.max() < len(means) <= 65536
    np.testing.assert_allclose(means[labels], rows, atol=1e-6)


@pytest.fixture(scope="module")
def splat_transform():
    """PlayCanvas splat-transform, the reference reader of most of these formats."""
    tool = os.environ.get("NFX_SPLAT_TRANSFORM") or shutil.which("splat-transform")
    if not tool:
        pytest.skip("splat-transform is not installed (NFX_SPLAT_TRANSFORM)")

    def convert(source, target):
        done = subprocess.run([tool, "-q", "-w", "-g", "cpu", str(source), str(target)],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + done.stdout

    return convert


@pytest.mark.parametrize("name", [n for n in BOUNDS if n not in ("a.glb", "v2.spz")])
def test_splat_transform_reads_ours(tmp_path, splat_transform, name):
    """It writes no .splat and reads no .glb."""
    splats = scene()
    write(tmp_path / name, splats)
    splat_transform(tmp_path / name, tmp_path / "back.ply")
    check(name, splats, read_ply(tmp_path / "back.ply"))


@pytest.mark.parametrize("name", ["a.compressed.ply", "v4.spz", "a.sog", "a.glb"])
def test_we_read_what_splat_transform_writes(tmp_path, splat_transform, monkeypatch, name):
    """Its SOG and SPZ encoders quantize SH coarser than ours."""
    splats = scene()
    write_scene(tmp_path / "in.ply", splats)
    splat_transform(tmp_path / "in.ply", tmp_path / name)
    coarse = {"v4.spz": 0.07, "a.sog": 0.4}.get(name, BOUNDS[name][5])
    bounds = {**BOUNDS, name: (*BOUNDS[name][:5], coarse)}
    monkeypatch.setitem(BOUNDS, name, (max(bounds[name][0], 0.001), *bounds[name][1:2], 1.5,
                                       0.004, max(bounds[name][4], 0.02), coarse))
    check(name, splats, read_scene(tmp_path / name))


def test_reading_formats_stays_light(tmp_path):
    """Pillow and torch come only when an image is met."""
    code = ("import sys, codec.io.scenes, codec.io.sog, codec.io.glb\n"
            "assert not {'PIL', 'torch', 'scipy', 'numba'} & set(sys.modules)")
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
