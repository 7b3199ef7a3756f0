"""Helpers every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest


def shared_data(name: str) -> Path:
    """Path of a shared test file such as "data/ply/plush.ply"; skips the test when absent.

    Looks in the folder named by NFX_SHARED, else in `../shared` beside the repository.
    """
    root = Path(os.environ.get("NFX_SHARED", Path(__file__).parents[2] / "shared"))
    path = root / name
    if not path.exists():
        pytest.skip(f"shared data {name} is absent")
    return path


def coloured_ball(n: int, seed: int, log_scale: float):
    """n Gaussians of SH degree 1 on a sphere of radius 1, coloured by direction."""
    import codec

    rng = np.random.default_rng(seed)
    direction = rng.normal(size=(n, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return codec.Splats(
        direction.astype(np.float32), rng.normal(log_scale, 0.2, (n, 3)).astype(np.float32),
        rng.normal(size=(n, 4)).astype(np.float32), rng.normal(1, 1, n).astype(np.float32),
        np.sin(3 * direction).astype(np.float32),
        (0.05 * rng.normal(size=(n, 3, 3))).astype(np.float32),
    )


def random_scene(n=400, sh_degree=1, seed=0):
    """n Gaussians of independent normal values: no structure a coder could lean on."""
    import codec

    rng = np.random.default_rng(seed)
    rest = (sh_degree + 1) ** 2 - 1
    return codec.Splats(
        rng.normal(size=(n, 3)).astype(np.float32),
        rng.normal(-4, 1, (n, 3)).astype(np.float32),
        rng.normal(size=(n, 4)).astype(np.float32),
        rng.normal(0, 2, n).astype(np.float32),
        rng.normal(size=(n, 3)).astype(np.float32),
        (0.1 * rng.normal(size=(n, rest, 3))).astype(np.float32),
    )


def photographed(scene, cameras, folder: Path) -> tuple[Path, Path, Path]:
    """scene.ply, cameras.json and a picture for each camera: (scene, views, photos folder)."""
    from dataclasses import replace

    from PIL import Image

    import codec
    from codec.io.cameras import write_cameras
    from codec.io.ply import write_ply

    views = [replace(camera, name=f"{i}.png") for i, camera in enumerate(cameras)]
    for camera in views:
        image = np.clip(codec.render(scene, camera).rgb, 0, 1)
        Image.fromarray(np.rint(255 * image).astype(np.uint8)).save(folder / camera.name)
    write_cameras(folder / "cameras.json", views)
    write_ply(folder / "scene.ply", scene)
    return folder / "scene.ply", folder / "cameras.json", folder
