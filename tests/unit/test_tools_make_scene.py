"""The seeded scenes: their size, determinism and promised statistics."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from codec.io.cameras import read_cameras
from tools.make_scene import (
    cameras_json,
    demo_cameras,
    lobe_sh,
    make_demo,
    make_synth,
    quats_facing,
    sh_basis,
)


def scene_hash(splats) -> str:
    names = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")
    return hashlib.sha256(b"".join(getattr(splats, n).tobytes() for n in names)).hexdigest()


@pytest.mark.parametrize("degree", range(4))
def test_synth_has_the_asked_size(degree):
    splats = make_synth(500, degree)
    assert splats.n_gaussians == 500 and splats.sh_degree == degree
    assert np.isfinite(splats.shN).all() and splats.means.dtype == np.float32


@pytest.mark.parametrize("kind", ["synth", "demo"])
def test_same_seed_same_scene_other_seed_other_scene(kind):
    first, again, other = (
        make_synth(400, 3, seed) if kind == "synth" else make_demo(400, seed) for seed in (5, 5, 6)
    )
    assert scene_hash(first) == scene_hash(again) != scene_hash(other)


def test_synth_statistics_follow_trained_scenes():
    """Flat along one axis, quaternions of both signs and free norm, bimodal opacity, SH decay."""
    splats = make_synth(20000)
    ordered = np.sort(splats.log_scales, axis=1)
    assert np.median(ordered[:, 2] - ordered[:, 0]) > 1
    norms = np.linalg.norm(splats.quats, axis=1)
    assert norms.std() > 0.05 and 0.4 < (splats.quats[:, 0] < 0).mean() < 0.6
    middle = np.abs(splats.opacity_logits - 1) < 0.5
    assert middle.mean() < (np.abs(splats.opacity_logits - 3.5) < 0.5).mean()
    assert splats.shN[:, :3].std() > 1.2 * splats.shN[:, 8:].std()


def test_quats_turn_z_to_the_normal_even_upside_down():
    rng = np.random.default_rng(1)
    normals = rng.standard_normal((50, 3))
    normals[:2] = (0, 0, 1), (0, 0, -1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    w, x, y, z = quats_facing(normals, rng.uniform(0, 6, 50)).T
    turned = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], 1)
    np.testing.assert_allclose(turned, normals, atol=1e-12)


def test_sh_basis_is_orthonormal_and_lobes_peak_on_their_axis():
    rng = np.random.default_rng(2)
    d = rng.standard_normal((200000, 3))
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    gram = sh_basis(d).T @ sh_basis(d) * (4 * np.pi / len(d))
    np.testing.assert_allclose(gram, np.eye(16), atol=0.02)
    axis = d[:1]
    values = (sh_basis(d[:5000]) @ lobe_sh(axis, 8.0).T)[:, 0]
    assert d[:5000][values.argmax()] @ axis[0] > 0.98


def test_demo_cameras_see_the_scene_and_survive_json(tmp_path):
    import json

    path = tmp_path / "cameras.json"
    path.write_text(json.dumps(cameras_json(demo_cameras(4))))
    means = make_demo(500).means
    for made, read in zip(demo_cameras(4), read_cameras(path), strict=True):
        np.testing.assert_allclose(read.world_to_camera, made.world_to_camera, atol=1e-9)
        in_camera = means @ made.world_to_camera[:3, :3].T + made.world_to_camera[:3, 3]
        assert np.linalg.det(made.world_to_camera[:3, :3]) > 0.999
        pixels = in_camera[:, :2] / in_camera[:, 2:] * made.fx + (made.cx, made.cy)
        inside = ((pixels > 0) & (pixels < (made.width, made.height))).all(1)
        assert in_camera[:, 2].min() > 0 and inside.mean() > 0.8
