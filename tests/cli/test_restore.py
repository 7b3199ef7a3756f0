"""Restoration on the command line: auto, off, require; what is said when something is missing."""

from __future__ import annotations

import json
import sys
import types

import numpy as np
import pytest

from codec.core.mlra import write_maps
from codec.io.images import png_text
from codec.restore.weights import safetensors_digest
from codec.wire.restorer import BY_NAME, ModelId, RestorerParams, write_restorer
from conformance import restorer_cases
from tests.unit import restore_nets as nets

pytest.importorskip("numba")
PARAMS = restorer_cases.SMALL


def signalled(tmp_path, nfx, rest: bytes, maps: bytes | None = None):
    """The small file with a REST box (and MLRA)."""
    path = tmp_path / "signalled.nfx"
    path.write_bytes(restorer_cases.with_boxes(rest, maps, nfx.read_bytes()))
    return path


@pytest.fixture
def tiny_weights(tmp_path, monkeypatch):
    """A weight folder whose network is the tests' stand-in; returns (folder, its hash)."""
    import torch
    from safetensors.torch import save_file

    from codec.restore import small_backend

    folder = tmp_path / "weights"
    folder.mkdir()
    net = nets.TinyPixels()
    save_file(net.state_dict(), folder / "nfx-small.safetensors")
    monkeypatch.setattr(small_backend, "load_net", lambda path: net)
    assert isinstance(net, torch.nn.Module)
    return folder, safetensors_digest([folder / "nfx-small.safetensors"])


def params(sha: bytes, **changes) -> RestorerParams:
    fields = restorer_cases._fields(PARAMS) | {"backbone": ModelId(1, "", "", sha)} | changes
    return RestorerParams(**fields)


def images(folder):
    pil = pytest.importorskip("PIL.Image")
    return [np.asarray(pil.open(p)) for p in sorted(folder.glob("*.png"))]


def test_auto_restores_and_says_so(dec, nfx, cameras_json, tmp_path, tiny_weights):
    """Restored pictures differ, carry metadata, and the report names kind, weights, time."""
    folder, sha = tiny_weights
    path = signalled(tmp_path, nfx, write_restorer(params(sha)))
    plain, out = tmp_path / "plain", tmp_path / "restored"
    assert dec(nfx, "--views", cameras_json, "--out-dir", plain).exit_code == 0
    done = dec(path, "--views", cameras_json, "--out-dir", out, "--weights", folder, "--json",
               "--contact-sheet", tmp_path / "sheet.png", "--device", "cpu")
    assert done.exit_code == 0, done.stderr
    facts = json.loads(done.stdout)["images"]["restored"]
    assert (facts["kind"], facts["n_restored"], facts["device"]) == ("small", 3, "cpu")
    assert facts["backbone"]["sha256"] == sha.hex()
    assert "invented" in done.stderr or json.loads(done.stdout)["warnings"] == []
    text = png_text(out / "photo_0.png")
    assert sha.hex() in text["Restored"] and "TrainedAlgorithmicMedia" in text["DigitalSourceType"]
    assert "Restored" in png_text(tmp_path / "sheet.png")
    assert png_text(plain / "photo_0.png") == {}
    pairs = list(zip(images(plain), images(out), strict=True))
    assert all(a.shape == b.shape and (a != b).any() for a, b in pairs)


def test_off_and_strength_zero_give_plain_images(dec, nfx, cameras_json, tmp_path, tiny_weights):
    folder, sha = tiny_weights
    path = signalled(tmp_path, nfx, write_restorer(params(sha)))
    dec(nfx, "--views", cameras_json, "--out-dir", tmp_path / "plain")
    for i, given in enumerate((["--restore", "off"], ["--restore-strength", 0])):
        out = tmp_path / f"out{i}"
        done = dec(path, "--views", cameras_json, "--out-dir", out, "--weights", folder, *given)
        assert done.exit_code == 0 and "restor" not in done.stderr
        for a, b in zip(images(tmp_path / "plain"), images(out), strict=True):
            assert np.array_equal(a, b)


def test_restored_twice_is_the_same(dec, nfx, cameras_json, tmp_path, tiny_weights):
    """Same file, same machine, same pictures, byte for byte."""
    folder, sha = tiny_weights
    path = signalled(tmp_path, nfx, write_restorer(params(sha)))
    for name in ("a", "b"):
        dec(path, "--views", cameras_json, "--out-dir", tmp_path / name, "--weights", folder)
    for file in sorted((tmp_path / "a").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_background_is_put_behind_after_restoring(dec, nfx, cameras_json, tmp_path, tiny_weights):
    """The network sees the signalled background; empty pixels end on the one asked for."""
    folder, sha = tiny_weights
    path = signalled(tmp_path, nfx, write_restorer(params(sha, strength=1)))
    out = tmp_path / "white"
    done = dec(path, "--views", cameras_json, "--out-dir", out, "--weights", folder,
               "--background", "white")
    assert done.exit_code == 0
    assert all((image[0, 0] >= 250).all() for image in images(out))


@pytest.mark.parametrize("unknown", [True, False])
def test_a_missing_backbone_gives_plain_images(dec, nfx, cameras_json, tmp_path, unknown):
    """R10: auto: plain render, one warning, exit 0; require: exit 7; both name what to get."""
    model = ModelId(BY_NAME, "someone/some-net", "v2", bytes(32)) if unknown else PARAMS.backbone
    path = signalled(tmp_path, nfx, write_restorer(params(bytes(32), backbone=model)))
    out = tmp_path / "out"
    args = [path, "--views", cameras_json, "--out-dir", out, "--weights", tmp_path, "--overwrite"]
    done = dec(*args)
    assert done.exit_code == 0 and done.stderr.count("warning") == 1
    assert ("someone/some-net" if unknown else "nfx-small") in done.stderr
    assert "NFX_WEIGHTS" in done.stderr or "wanted" in done.stderr
    assert len(images(out)) == 3 and png_text(out / "photo_0.png") == {}
    done = dec(*args, "--restore", "require")
    assert done.exit_code == 7 and done.stderr.count("\n") == 1


def test_wrong_weights_are_refused(dec, nfx, cameras_json, tmp_path, tiny_weights):
    """Weights of another hash never restore."""
    folder, _ = tiny_weights
    path = signalled(tmp_path, nfx, write_restorer(params(bytes(32))))
    done = dec(path, "--views", cameras_json, "--out-dir", tmp_path / "out", "--weights", folder,
               "--restore", "require")
    assert done.exit_code == 7 and "other weights" in done.stderr


def test_an_unknown_record_is_5_where_required(dec, nfx, cameras_json, tmp_path):
    path = signalled(tmp_path, nfx, b"\x02later")
    args = [path, "--views", cameras_json, "--out-dir", tmp_path / "out"]
    done = dec(*args)
    assert done.exit_code == 0 and "version 2" in done.stderr
    assert dec(*args, "--restore", "require", "--overwrite").exit_code == 5


def test_broken_boxes_are_format_errors_where_they_matter(dec, nfx, cameras_json, tmp_path):
    """Images and --verify refuse them with 4; the scene itself is whole."""
    path = signalled(tmp_path, nfx, b"\x01\x01")
    assert dec(path, "--orbit", 1, "--out-dir", tmp_path / "x").exit_code == 4
    assert dec(path, "--verify").exit_code == 4
    assert dec(path, "--info").exit_code == 4
    assert dec(path, "-o", tmp_path / "a.ply").exit_code == 0
    assert dec(path, "--orbit", 1, "--out-dir", tmp_path / "y", "--restore", "off").exit_code == 0


def test_maps_are_merged(dec, nfx, cameras_json, tmp_path, tiny_weights):
    """A file with maps gives other pictures than the same without; wrong factors are refused."""
    from dataclasses import replace

    from codec.core.mlra import MapGroup
    from codec.restore import mlora

    folder, sha = tiny_weights
    layers = mlora.layer_list({"backbone": nets.TinyPixels()}, 4)
    crc = mlora.factor_group(layers, [8, 8]).crc
    group = MapGroup(4, False, 12, (np.full(8, 9, np.int32),) * 2, crc)
    rest = write_restorer(params(sha))
    for name, maps in (("none", None), ("maps", write_maps([group])),
                       ("wrong", write_maps([replace(group, factor_crc=crc ^ 1)]))):
        (tmp_path / name).mkdir()
        path = signalled(tmp_path / name, nfx, rest, maps)
        done = dec(path, "--views", cameras_json, "--out-dir", tmp_path / name, "--weights",
                   folder, "--restore", "require")
        assert done.exit_code == (7 if name == "wrong" else 0), done.stderr
    assert (images(tmp_path / "none")[0] != images(tmp_path / "maps")[0]).any()


def test_missing_packages_are_named_without_importing_any(monkeypatch):
    """Without torch: a BackendError that says what to install."""
    import importlib.util

    from codec.errors import BackendError
    from codec.restore import registry

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match="nfx\\[restore\\]"):
        registry.build(PARAMS)
    assert isinstance(sys.modules["codec.restore.registry"], types.ModuleType)


def test_info_shows_the_restorer(dec, nfx, tmp_path):
    path = signalled(tmp_path, nfx, write_restorer(PARAMS),
                     write_maps(restorer_cases.example_maps()))
    done = dec(path, "--info")
    assert done.exit_code == 0
    for word in ("small", "nfx-small", "full noise", "prompt rows"):
        assert word in done.stdout
