"""The accounting of maps: counts of GFix's layers and coded bytes near the model's entropy."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tools import mlora_report

pytest.importorskip("diffusers")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning",
                                        "ignore::FutureWarning", "ignore::UserWarning")


def test_drawn_maps_have_the_density():
    maps = mlora_report.drawn([200, 0, 100], True, 0.05, 1)
    assert [q.shape for q in maps] == [(200, 200), (0, 0), (100, 100)]
    assert abs(np.mean(maps[0] != 0) - 0.05) < 0.01 and set(np.unique(maps[0])) == {-1, 0, 1}
    assert any(q.any() for q in mlora_report.drawn([4, 4], False, 0.0, 1))


def test_accounting_has_the_known_counts(tmp_path, monkeypatch):
    """Symbols by rank and mode, layers, and raw bytes as derived from the paper."""
    monkeypatch.setattr(mlora_report, "RANKS", (16, 64))
    monkeypatch.setattr(mlora_report, "as_the_paper", lambda sizes, density: {
        "layers": {name: len(s) for name, s in sizes.items()}})
    assert mlora_report.main(["accounting", "-o", str(tmp_path / "a.json")]) == 0
    found = json.loads((tmp_path / "a.json").read_text())
    assert found["layers"]["decoder"] == 40 and found["layers"]["U-Net attention"] == 128
    assert found["parameters"] == {"backbone": 865_910_724, "autoencoder": 83_653_863}
    counts = {(r["list"], r["rank"], r["mode"]): r for r in found["rows"]}
    assert counts["decoder", 16, "full"]["symbols"] == 9_753
    assert counts["decoder", 64, "diagonal"]["symbols"] == 2_411
    assert counts["U-Net attention", 16, "full"]["symbols"] == 32_768
    row = counts["U-Net attention", 64, "full"]
    assert row["raw_bytes_f32"] == 4 * 524_288
    assert 0.05 < row["bits_per_symbol"] < 0.08
