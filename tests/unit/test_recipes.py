"""The README's Python for gsplat and nerfstudio, run as it is printed, on CPU tensors."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import codec
from tests.conftest import random_scene

pytest.importorskip("numba")
torch = pytest.importorskip("torch")

README = Path(__file__).resolve().parents[2] / "README.md"
SIZE = (48, 32)


def render(splats: codec.Splats, view: codec.Camera):
    from codec.rendering import RenderOptions

    return codec.render(splats, view, options=RenderOptions(backend="cpu"))


def camera() -> codec.Camera:
    pose = np.eye(4)
    pose[2, 3] = 4
    return codec.Camera(pose, 40.0, 42.0, SIZE[0] / 2, SIZE[1] / 2, *SIZE)


def rasterization(means, quats, scales, opacities, colors, viewmats, Ks, width, height, *,
                  sh_degree=None, rasterize_mode="classic"):
    """gsplat's call (1.5, activated values) answered by the CPU renderer."""
    n = len(means)
    assert quats.shape == (n, 4) and scales.shape == (n, 3) and opacities.shape == (n,)
    assert colors.shape[0] == n and colors.shape[2] == 3
    assert colors.shape[1] == (sh_degree + 1) ** 2
    lens = Ks[0]
    view = codec.Camera(viewmats[0].double().numpy(), float(lens[0, 0]), float(lens[1, 1]),
                        float(lens[0, 2]), float(lens[1, 2]), width, height)
    got = render(codec.Splats(
        means.numpy(), scales.log().numpy(), quats.numpy(), opacities.logit().numpy(),
        colors[:, 0].numpy(), colors[:, 1:].numpy(), rasterize_mode == "antialiased"), view)
    return torch.from_numpy(got.rgb)[None], torch.from_numpy(got.alpha)[None, ..., None], {}


def run_recipe(monkeypatch, decoded: codec.Splats) -> dict:
    """Names that the README's code block leaves behind."""
    block = next(b for b in re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.S)
                 if "gauss_params" in b)
    monkeypatch.setitem(sys.modules, "gsplat", SimpleNamespace(rasterization=rasterization))
    view = camera()
    names = {
        "decoded": decoded, "width": view.width, "height": view.height,
        "viewmats": torch.from_numpy(view.world_to_camera).float()[None],
        "Ks": torch.tensor([[[view.fx, 0, view.cx], [0, view.fy, view.cy], [0, 0, 1]]]),
    }
    exec(block, names)
    return names


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("sh_degree", [0, 2, 3])
def test_gsplat(monkeypatch, antialiased, sh_degree):
    """The tensors render to the picture of the decoded scene."""
    from dataclasses import replace

    scene = replace(random_scene(200, sh_degree, 4), antialiased=antialiased)
    decoded = codec.decode(codec.encode(scene, codec.EncoderOptions(effort=1)))
    got = run_recipe(monkeypatch, decoded)
    expected = render(decoded, camera())
    assert expected.rgb.mean() > 0.02
    np.testing.assert_allclose(got["colors"][0].numpy(), expected.rgb, atol=2e-3)
    np.testing.assert_allclose(got["alphas"][0, ..., 0].numpy(), expected.alpha, atol=2e-3)


def test_nerfstudio(monkeypatch):
    """splatfacto's parameters: its names and shapes; its own activations give the same picture."""
    decoded = codec.decode(codec.encode(random_scene(200, 3, 5), codec.EncoderOptions(effort=1)))
    p = run_recipe(monkeypatch, decoded)["gauss_params"]
    n = decoded.n_gaussians
    assert {name: tuple(value.shape) for name, value in p.items()} == {
        "means": (n, 3), "scales": (n, 3), "quats": (n, 4), "features_dc": (n, 3),
        "features_rest": (n, 15, 3), "opacities": (n, 1)}
    assert all(value.dtype == torch.float32 for value in p.values())
    view = camera()
    colors, _, _ = rasterization(
        p["means"], p["quats"], torch.exp(p["scales"]), torch.sigmoid(p["opacities"]).squeeze(-1),
        torch.cat((p["features_dc"][:, None, :], p["features_rest"]), dim=1),
        torch.from_numpy(view.world_to_camera).float()[None],
        torch.tensor([[[view.fx, 0, view.cx], [0, view.fy, view.cy], [0, 0, 1]]]),
        view.width, view.height, sh_degree=3)
    np.testing.assert_allclose(colors[0].numpy(), render(decoded, view).rgb, atol=2e-3)
    module = torch.nn.ParameterDict({k: torch.nn.Parameter(v) for k, v in p.items()})
    assert set(module.state_dict()) == set(p)  # what a checkpoint's load_state_dict takes
