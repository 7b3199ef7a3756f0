"""mLoRA: factors both sides derive, maps merged, mismatches named; weights found and hashed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from codec.core.mlra import MapGroup
from codec.errors import BackendError
from codec.restore import mlora
from codec.restore.weights import WeightStore, safetensors_digest
from codec.wire.restorer import ModelId
from tests.unit import restore_nets as nets
from tests.unit.restore_nets import one_thread  # noqa: F401

ROOT = Path(__file__).parents[2]


def pixels() -> dict:
    return {"backbone": nets.TinyPixels()}


def group(modules, rank=8, full=False, fill=0, code=mlora.CONVOLUTIONS) -> MapGroup:
    """Maps of a list: all entries `fill`, CRC as an encoder writes it."""
    layers = mlora.layer_list(modules, code)
    ranks = [min(rank, layer.full_rank) for layer in layers]
    maps = tuple(np.full((r, r) if full else r, fill, np.int32) for r in ranks)
    return MapGroup(code, full, 24, maps, mlora.factor_group(layers, ranks).crc)


@pytest.mark.parametrize("shape", [(20, 50), (50, 20), (7, 7)])
def test_factors_are_the_leading_triplets(shape):
    """B A of full rank is W; of lower rank its best approximation; signs by the rule."""
    w = np.random.default_rng(0).normal(size=shape)
    b, a = mlora.factors(w, min(shape))
    assert np.allclose(b @ a, w)
    b, a = mlora.factors(w, 3)
    u, s, vt = np.linalg.svd(w)
    assert np.allclose(b @ a, (u[:, :3] * s[:3]) @ vt[:3])
    assert np.allclose(np.linalg.norm(b, axis=0), np.sqrt(s[:3]))
    assert (b[np.abs(b).argmax(axis=0), range(3)] > 0).all()


def test_factors_of_a_deficient_matrix_are_finite():
    """Null directions give zero columns, a zero matrix nothing at all."""
    w = np.outer(np.arange(1.0, 9), np.ones(30))
    b, a = mlora.factors(w, 4)
    assert np.allclose(b @ a, w) and not b[:, 1:].any() and not a[1:].any()
    b, a = mlora.factors(np.zeros((5, 6)), 5)
    assert not b.any() and not a.any()


@pytest.mark.parametrize("full", [False, True])
def test_zero_maps_change_nothing(full):
    """R7: merged zero maps leave every weight as it was, bit for bit."""
    modules = pixels()
    before = {k: v.clone() for k, v in modules["backbone"].state_dict().items()}
    mlora.apply_maps(modules, (group(modules, full=full),))
    after = modules["backbone"].state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_multiple_of_the_identity_scales_the_leading_values():
    """R7: M = d I multiplies the r leading singular values by 1 + d."""
    modules = pixels()
    weight = modules["backbone"].conv_in.weight
    before = np.linalg.svd(weight.detach().double().reshape(16, -1).numpy(), compute_uv=False)
    mlora.apply_maps(modules, (group(modules, rank=5, fill=6),))  # 6/64
    after = np.linalg.svd(weight.detach().double().reshape(16, -1).numpy(), compute_uv=False)
    wanted = np.sort(np.concatenate([before[:5] * (1 + 6 / 64), before[5:]]))[::-1]
    assert np.allclose(after, wanted, rtol=1e-5)


def test_rank_zero_leaves_a_layer_out():
    """Only the layers with a map change."""
    modules = pixels()
    layers = mlora.layer_list(modules, mlora.CONVOLUTIONS)
    crc = mlora.factor_group(layers, [0, 4]).crc
    maps = (np.zeros(0, np.int32), np.array([9, 0, -3, 1], np.int32))
    before = [x.weight.clone() for x in layers]
    mlora.apply_maps(modules, (MapGroup(4, False, 20, maps, crc),))
    assert torch.equal(before[0], layers[0].weight) and not torch.equal(before[1], layers[1].weight)


def test_maps_for_other_weights_are_refused():
    """A CRC that differs, and ranks that do not fit, are errors that say what is wrong."""
    modules = pixels()
    made = group(modules, fill=1)
    other = {"backbone": nets.TinyPixels(seed=77)}
    with pytest.raises(BackendError, match="CRC"):
        mlora.apply_maps(other, (made,))
    with pytest.raises(BackendError, match="not the weights"):
        mlora.apply_maps({"backbone": nets.tiny_unet()}, (made,))
    with pytest.raises(BackendError, match="no layers"):
        mlora.apply_maps(modules, (MapGroup(1, False, 24, made.maps, 0),))


_CRC_SCRIPT = """
import numpy as np
from codec.restore.mlora import factors, factors_crc
rng = np.random.default_rng(3)
print(factors_crc([factors(rng.normal(size=shape) / 16, 64)[0]
                   for shape in ((256, 2304), (300, 100))]))
"""


def test_factors_have_one_crc_on_any_number_of_threads():
    """R13: recomputed with one and with two threads, the CRC is the same."""
    found = set()
    for threads in ("1", "2"):
        names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
        environment = os.environ | dict.fromkeys(names, threads)
        done = subprocess.run([sys.executable, "-c", _CRC_SCRIPT], env=environment, cwd=ROOT,
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found.add(done.stdout)
    assert len(found) == 1 and found.pop().strip().isdigit()


def test_prompt_rows_are_added_to_the_embedding():
    """The first rows gain map times step; another embedding is refused."""
    prompt = nets.tiny_prompt()
    maps = (np.arange(nets.WIDTH, dtype=np.int32), -np.ones(nets.WIDTH, np.int32))
    rows = MapGroup(0, False, 24, maps, mlora.prompt_crc(prompt.prompt, 2))
    changed = prompt.with_maps((rows,))
    difference = (changed.prompt - prompt.prompt) * 64
    assert torch.allclose(difference[0], torch.arange(nets.WIDTH).float(), atol=1e-4)
    assert torch.allclose(difference[1], torch.tensor(-1.0), atol=1e-4)
    assert torch.equal(changed.prompt[2:], prompt.prompt[2:])
    with pytest.raises(BackendError, match="another prompt"):
        nets.tiny_prompt(8).with_maps((rows,))


# --- weights --------------------------------------------------------------------------------------


def save(path: Path, **tensors) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)


def test_the_hash_is_of_tensors_in_name_order(tmp_path):
    """As written in 4.11; the same whether one file or shards, whatever the file's own order."""
    a, b = torch.arange(6.0).reshape(2, 3), torch.tensor([7], dtype=torch.float16)
    digest = hashlib.sha256(b"a\0F32\x002,3\0" + a.numpy().tobytes()
                            + b"b\0F16\x001\0" + b.numpy().tobytes()).digest()
    save(tmp_path / "one.safetensors", b=b, a=a)
    save(tmp_path / "two" / "b.safetensors", b=b)
    save(tmp_path / "two" / "a.safetensors", a=a)
    assert safetensors_digest([tmp_path / "one.safetensors"]) == digest
    assert safetensors_digest(sorted((tmp_path / "two").iterdir(), reverse=True)) == digest
    save(tmp_path / "other.safetensors", b=b, a=a + 1)
    assert safetensors_digest([tmp_path / "other.safetensors"]) != digest


def test_of_several_precisions_the_signalled_one_is_taken(tmp_path, monkeypatch):
    """Variants beside each other are told apart by the hash."""
    monkeypatch.setenv("NFX_WEIGHTS", str(tmp_path))
    folder = tmp_path / "stabilityai/sd-turbo/unet"
    stem = "diffusion_pytorch_model"
    save(folder / f"{stem}.safetensors", w=torch.ones(3))
    save(folder / f"{stem}.fp16.safetensors", w=torch.ones(3).half())
    store = WeightStore()
    for name in (f"{stem}.safetensors", f"{stem}.fp16.safetensors"):
        model = ModelId(2, "", "", safetensors_digest([folder / name]))
        assert [p.name for p in store.find_model(model, "unet").files] == [name]


def test_missing_and_wrong_weights_are_named(tmp_path, monkeypatch):
    """What to get, where it was looked for, and which hash was wanted."""
    monkeypatch.delenv("NFX_WEIGHTS", raising=False)
    model = ModelId(2, "", "", bytes(32))
    with pytest.raises(BackendError) as caught:
        WeightStore(tmp_path).find_model(model, "unet")
    for word in ("stabilityai/sd-turbo/unet", str(tmp_path), "--weights", "NFX_WEIGHTS"):
        assert word in str(caught.value)
    save(tmp_path / "sd-turbo/unet/diffusion_pytorch_model.safetensors", w=torch.ones(3))
    with pytest.raises(BackendError, match="wanted 0000000000000000"):
        WeightStore(tmp_path).find_model(model, "unet")
    (tmp_path / "prompts").mkdir()
    with pytest.raises(BackendError, match="prompt's embedding"):
        WeightStore(tmp_path).find_prompt(bytes(32))
    (tmp_path / "prompts" / "x.safetensors").write_bytes(b"no safetensors")
    with pytest.raises(BackendError, match="no safetensors file"):
        WeightStore(tmp_path).find_prompt(bytes(32))
