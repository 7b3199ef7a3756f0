"""Fixtures of more than one module."""

from __future__ import annotations

import json

import pytest


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
