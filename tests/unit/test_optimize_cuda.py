"""The CUDA trainer: its wiring with stand-ins for gsplat on the CPU, and the real one on a GPU."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")

import torch

from codec.errors import BackendError, UsageError
from codec.optimize import cuda
from codec.optimize.options import TrainOptions
from codec.rendering import RenderOptions, render
from codec.rendering.autograd import SplatTensors, render_tensors
from codec.scene import Camera, Splats

F = np.float32
OPTIONS = TrainOptions(iterations=40, cap=60, sh_degree=1, width=40, coarse=(), refine_every=10,
                       refine_start=0.1, means_rate=3e-3, sh0_rate=0.02, near_plane=0.2)


def make_scene(n=40, seed=0, grey=False):
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(0, 0.7, (n, 3)), rng.normal(-1.6, 0.3, (n, 3)), rng.normal(0, 1, (n, 4)),
              rng.normal(0, 1, n), rng.normal(0, 0.8, (n, 3)), np.zeros((n, 3, 3))]
    if grey:
        arrays[4][:] = 0
    return Splats(*(a.astype(F) for a in arrays))


class Views:
    """One view of a known scene."""

    def __init__(self):
        pose = np.eye(4)
        pose[2, 3] = 4
        self.camera = Camera(pose, 45.0, 45.0, 20.0, 16.0, 40, 32)
        self.image = render(make_scene(), self.camera, options=RenderOptions(backend="cpu")).rgb

    def __len__(self):
        return 1

    def background(self, index):
        return (0.0, 0.0, 0.0)

    def view(self, index, shrink=1):
        return self.camera, self.image


class StandInStrategy:
    """Notes how it is called and does nothing."""

    def __init__(self, **settings):
        self.settings, self.calls, self.grow_grad2d = settings, [], 0.0

    def initialize_state(self, **settings):
        return {"grad2d": torch.zeros(3), "scene_scale": settings.get("scene_scale")}

    def check_sanity(self, params, optimizers):
        assert set(params) == set(optimizers) == {"means", "scales", "quats", "opacities", "sh0",
                                                  "shN"}

    def step_pre_backward(self, params, optimizers, state, step, info):
        self.calls.append(("before", step))

    def step_post_backward(self, params, optimizers, state, step, info, **more):
        self.calls.append(("after", step, *more))


def stand_in_rasterization(means, quats, scales, opacities, colors, viewmats, Ks, width, height,
                           near_plane, sh_degree, packed, backgrounds, rasterize_mode):
    """gsplat's call answered by the CPU renderer."""
    lens = Ks[0].numpy()
    camera = Camera(viewmats[0].double().numpy(), float(lens[0, 0]), float(lens[1, 1]),
                    float(lens[0, 2]), float(lens[1, 2]), width, height)
    tensors = SplatTensors(means, scales.log(), quats, opacities.logit(), colors[:, 0],
                           colors[:, 1:])
    options = RenderOptions(near_plane=near_plane, sh_degree=sh_degree,
                            background=tuple(backgrounds[0].tolist()))
    rgb, alpha, _ = render_tensors(tensors, camera, options=options)
    return rgb[None], alpha[None, ..., None], {}


@pytest.fixture
def stand_ins(monkeypatch):
    fake = SimpleNamespace(MCMCStrategy=StandInStrategy, DefaultStrategy=StandInStrategy,
                           rasterization=stand_in_rasterization)
    monkeypatch.setattr(cuda, "_load", lambda: (torch, fake))


@pytest.mark.parametrize("strategy", ["mcmc", "classic"])
def test_wiring(stand_ins, strategy, tmp_path):
    """The loss falls, gsplat's strategy is called as its version 1.5 asks, a checkpoint goes on."""
    options = replace(OPTIONS, strategy=strategy)
    trainer = cuda.CudaTrainer(Views(), options, make_scene(grey=True), 2.0, device="cpu")
    losses = [trainer.advance() for _ in range(30)]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    settings, calls = trainer._strategy.settings, trainer._strategy.calls
    assert settings["refine_every"] == 10 and settings["refine_start_iter"] == 4
    if strategy == "mcmc":
        assert settings["cap_max"] == 60 and calls[0] == ("after", 0, "lr")
    else:
        assert calls[:2] == [("before", 0), ("after", 0, "packed")]
    trainer.save(tmp_path / "c.npz", {"note": 2})
    other = cuda.CudaTrainer(Views(), options, make_scene(grey=True), 9.0, device="cpu")
    assert other.load(tmp_path / "c.npz") == ({"note": 2}, None)
    assert (other.step, other.extent) == (30, 2.0)
    for _ in range(3):
        trainer.advance()
        other.advance()
    # The same Adam moments and rates: the same steps.
    assert np.array_equal(trainer.splats.means, other.splats.means)
    assert trainer.splats.sh0.shape == (40, 3) and trainer.splats.shN.shape == (40, 3, 3)


def test_a_checkpoint_of_the_cpu_is_refused(stand_ins, tmp_path):
    """Moments are not exchanged between the two engines."""
    from codec.optimize.trainer import Trainer

    Trainer(Views(), OPTIONS, make_scene(), 1.0).save(tmp_path / "c.npz")
    trainer = cuda.CudaTrainer(Views(), OPTIONS, make_scene(), 1.0, device="cpu")
    with pytest.raises(UsageError, match="backend cpu"):
        trainer.load(tmp_path / "c.npz")


def test_without_cuda():
    """One line that says what to do."""
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(BackendError, match="--backend cpu"):
        cuda.CudaTrainer(Views(), OPTIONS, make_scene(), 1.0)


@pytest.mark.gpu
@pytest.mark.parametrize("strategy", ["mcmc", "classic"])
def test_training_on_the_gpu(strategy):
    """With the real gsplat: the loss falls and the cap holds."""
    from codec.rendering.gsplat_cuda import is_available

    if not is_available():
        pytest.skip("needs gsplat and a CUDA device")
    trainer = cuda.CudaTrainer(Views(), replace(OPTIONS, strategy=strategy),
                               make_scene(grey=True), 1.0)
    losses = [trainer.advance() for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    assert trainer.splats.n_gaussians <= 60
