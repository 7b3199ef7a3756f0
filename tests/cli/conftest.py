"""A small scene, its cameras and its NFX file, made once for the command line tests."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from codec.cli.splatdec import main as splatdec
from codec.cli.splatenc import main as splatenc
from codec.io.ply import write_ply
from codec.scene import Splats

N_GAUSSIANS = 400


def small_splats(n: int = N_GAUSSIANS, seed: int = 0) -> Splats:
    """A ball of `n` opaque, SH-1 Gaussians of about unit extent."""
    rng = np.random.default_rng(seed)
    f32 = np.float32
    return Splats(
        means=rng.normal(0, 0.5, (n, 3)).astype(f32),
        log_scales=rng.uniform(-4, -2.5, (n, 3)).astype(f32),
        quats=rng.normal(size=(n, 4)).astype(f32),
        opacity_logits=rng.uniform(0, 4, n).astype(f32),
        sh0=rng.normal(0, 1, (n, 3)).astype(f32),
        shN=rng.normal(0, 0.1, (n, 3, 3)).astype(f32),
    )


@pytest.fixture(scope="session")
def scene_ply(tmp_path_factory):
    path = tmp_path_factory.mktemp("scene") / "scene.ply"
    write_ply(path, small_splats())
    return path


@pytest.fixture(scope="session")
def cameras_json(tmp_path_factory):
    """Three graphdeco cameras, 48 x 32, looking at the origin from three sides."""
    entries = []
    for i, angle in enumerate((0.0, 2.0, 4.0)):
        forward = -np.array([np.cos(angle), 0.0, np.sin(angle)])
        right = np.cross([0.0, -1.0, 0.0], forward) * -1
        rotation = np.stack([right, np.cross(forward, right), forward], 1)
        entries.append({
            "id": i, "img_name": f"photo_{i}", "width": 48, "height": 32,
            "position": (-4 * forward).tolist(), "rotation": rotation.tolist(),
            "fx": 40.0, "fy": 40.0,
        })
    path = tmp_path_factory.mktemp("cameras") / "cameras.json"
    path.write_text(json.dumps(entries))
    return path


@pytest.fixture(scope="session")
def nfx(tmp_path_factory, scene_ply):
    """The small scene, encoded at effort 1."""
    path = tmp_path_factory.mktemp("nfx") / "scene.nfx"
    done = CliRunner().invoke(splatenc, [str(scene_ply), "-o", str(path), "-e", "1"])
    assert done.exit_code == 0, done.stderr
    return path


@pytest.fixture
def enc():
    """Run splatenc with arguments of any type; returns click's result."""
    return lambda *args: CliRunner().invoke(splatenc, [str(a) for a in args])


@pytest.fixture
def dec():
    """Run splatdec with arguments of any type; returns click's result."""
    return lambda *args: CliRunner().invoke(splatdec, [str(a) for a in args])
