"""The table of foreign readers: rows hold for whoever is installed, and a change is noticed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import codec
from tests.conftest import random_scene
from tools import formats


@pytest.fixture(scope="module")
def scene() -> codec.Splats:
    return formats.make_small_scene(400)


def reader(kind: str, change=lambda s: s, **more) -> formats.Reader:
    """A foreign reader that reads as we do, and then changes something."""
    return formats.Reader("other", "1", (kind,),
                          lambda source, _: change(codec.read_scene(source)), **more)


@pytest.mark.parametrize("kind", formats.FORMATS)
def test_ours_read_by_ours(scene, tmp_path, kind):
    """Every format within its own precision, and near it: the bound is not a barn door."""
    rows = formats.table(scene, [], tmp_path, kinds=(kind,))
    assert [r["reader"] for r in rows] == ["NFX"]
    row = rows[0]
    assert row["unchanged"], row
    if kind not in (".ply", ".glb"):
        assert row["largest_error"]["opacity"] > 0.4 * row["allowed"]["opacity"]
        assert row["largest_error"]["sh0"] > 0.4 * row["allowed"]["sh0"]


@pytest.mark.parametrize("kind", [".ply", ".compressed.ply", "v3.spz", ".sog", ".glb"])
def test_a_changed_scene_is_noticed(scene, tmp_path, kind):
    """Axes swapped, one Gaussian moved, SH in another order, one Gaussian lost."""
    def moved(s):
        means = s.means.copy()
        means[7] += 0.2
        return replace(s, means=means)

    changes = [lambda s: replace(s, means=np.ascontiguousarray(s.means[:, [1, 0, 2]])), moved,
               lambda s: replace(s, shN=np.ascontiguousarray(s.shN[:, ::-1])),
               lambda s: s.take(np.arange(1, s.n_gaussians)),
               lambda s: replace(s, quats=np.ascontiguousarray(s.quats[:, [1, 2, 3, 0]]))]
    rows = formats.table(scene, [reader(kind, c) for c in changes], tmp_path, kinds=(kind,))
    assert [r["unchanged"] for r in rows] == [True] + [False] * len(changes)


def test_order_and_duplicates_do_not_matter(tmp_path):
    """A reader may sort; two Gaussians at one place with other colours are two."""
    half = random_scene(60, 1, 3)
    other = replace(half, sh0=(half.sh0 + np.float32(0.3)))
    both = replace(half, **{name: np.concatenate([getattr(half, name), getattr(other, name)])
                            for name in ("means", "log_scales", "quats", "opacity_logits", "sh0",
                                         "shN")})
    turned = reader(".ply", lambda s: s.take(np.arange(s.n_gaussians)[::-1]))
    rows = formats.table(both, [turned], tmp_path, kinds=(".ply",))
    assert [r["unchanged"] for r in rows] == [True, True]


READERS, MISSING = formats.find_readers()


@pytest.mark.parametrize("name", ["splat-transform", "PlayCanvas engine", "Babylon.js", "gsply",
                                  "gaussforge", "plyfile"])
def test_foreign_readers(scene, tmp_path, name):
    if name in MISSING:
        pytest.skip(f"{name} is not installed")
    chosen = [r for r in READERS if r.name == name]
    # gsply compiles at every start.
    kinds = ("v2.spz",) if name == "gsply" else tuple(k for r in chosen for k in r.formats)
    rows = [r for r in formats.table(scene, chosen, tmp_path, kinds=kinds) if r["reader"] == name]
    assert len(rows) == len(kinds)
    assert [r for r in rows if not r["unchanged"]] == []


def test_the_validator_finds_nothing_but_names_it_does_not_know(scene, tmp_path):
    codec.write_scene(tmp_path / "scene.glb", scene)
    found = formats.validate_glb(tmp_path / "scene.glb")
    if found is None:
        pytest.skip("gltf-validator is not installed")
    # Rotation, scale, opacity and the coefficients of SH.
    assert found["errors"] == 0 and found["names_it_does_not_know"] == 3 + 16


def test_the_lines_name_what_is_missing(scene, tmp_path):
    rows = formats.table(scene, [reader(".ply", lambda s: s.take(np.arange(3)))], tmp_path,
                         kinds=(".ply",))
    text = "\n".join(formats.lines({"scenes": {"s": {
        "n_gaussians": 400, "sh_degree": 3, "rows": rows, "gltf_validator": None}},
        "not_installed": ["gsply"]}))
    assert "CHANGED" in text and "3 Gaussians of 400" in text and "not installed: gsply" in text
