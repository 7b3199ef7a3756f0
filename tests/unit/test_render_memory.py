"""A view that needs too much memory is rendered in parts, or on the CPU; the image is the same."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from codec.rendering import RenderOptions, gsplat_cuda, render
from codec.rendering.cpu import CpuRenderer, tile_runs
from codec.scene import Camera
from tests.conftest import random_scene


def camera(width=75, height=50):
    pose = np.eye(4)
    pose[2, 3] = 4.0
    return Camera(pose, 60.0, 64.0, width / 2, height / 2, width, height)


def assert_same(a, b):
    for name in ("rgb", "alpha", "depth"):
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes(), name


@pytest.mark.parametrize("most", [0, 1, 60, 5000])
def test_parts_give_the_same_image(monkeypatch, most):
    """Lists of a few tiles at a time, down to a single one: bit for bit the whole image."""
    splats, options = random_scene(500), RenderOptions(background=(0.2, 0.4, 0.6), backend="cpu")
    whole = render(splats, camera(), options=options)
    monkeypatch.setattr(CpuRenderer, "most_pairs", most)
    assert_same(render(splats, camera(), options=options), whole)


def test_runs_cover_all_tiles_once():
    """Runs are as long as the bound allows, one tile at least, without gap or overlap."""
    starts = np.array([0, 5, 5, 40, 41, 50])
    assert tile_runs(starts, 10) == [(0, 2), (2, 3), (3, 5)]
    assert tile_runs(starts, 100) == [(0, 5)]
    assert tile_runs(np.array([0]), 10) == []


def test_what_needs_all_lists_says_so(monkeypatch):
    """Contributions cannot be had in parts: a MemoryError, not a crash."""
    monkeypatch.setattr(CpuRenderer, "most_pairs", 10)
    with pytest.raises(MemoryError, match="pairs"):
        CpuRenderer().contributions(random_scene(100), camera())


def test_a_full_gpu_falls_back_to_the_cpu(monkeypatch):
    """Out of memory on the GPU: a warning, and the CPU's image."""
    class OutOfMemoryError(RuntimeError):
        """Stands for torch.cuda.OutOfMemoryError."""

    def full(*_):
        raise OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(gsplat_cuda, "render_cuda", full)
    splats = random_scene(50)
    with pytest.warns(UserWarning, match="too little memory"):
        found = render(splats, camera(), options=RenderOptions(backend="cuda"))
    assert_same(found, render(splats, camera(), options=RenderOptions(backend="cpu")))


def test_other_errors_of_the_gpu_pass_through(monkeypatch):
    def broken(*_):
        raise RuntimeError("illegal address")

    monkeypatch.setattr(gsplat_cuda, "render_cuda", broken)
    with pytest.raises(RuntimeError, match="illegal address"):
        render(random_scene(5), camera(), options=RenderOptions(backend="cuda"))
