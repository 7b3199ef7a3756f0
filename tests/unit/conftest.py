"""Fixtures of more than one module."""

from __future__ import annotations

import json

import pytest

from codec.rendering import orbit_cameras
from tests.conftest import coloured_ball


@pytest.fixture(scope="module")
def ball():
    """A small open scene to train on; modules with other needs have their own."""
    return coloured_ball(1_500, 3, -2.6)


@pytest.fixture(scope="module")
def cameras(ball):
    return orbit_cameras(ball, 6, 96, 72)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A folder with a stand-in for the packaged network."""
    from safetensors.torch import save_file

    from codec.restore import small_backend
    from tests.unit.restore_nets import TinyPixels

    monkeypatch.delenv("NFX_WEIGHTS", raising=False)
    config = {"channels": [64, 96, 160], "noise_level": 0.3, "mask": True}
    save_file(TinyPixels().state_dict(), tmp_path / "nfx-small.safetensors",
              {"config": json.dumps(config)})
    monkeypatch.setattr(small_backend, "load_net", lambda path: TinyPixels())
    return tmp_path
