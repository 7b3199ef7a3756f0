"""Gradients of the CPU renderer against finite differences of the slow reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")

import torch

from codec.rendering import RenderOptions, render
from codec.rendering.autograd import SplatTensors, render_tensors
from codec.scene import Camera, Splats

NAMES = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")
SMOOTH = {"alpha_cut": 1e-6, "background": (0.3, 0.1, 0.7), "near_plane": 0.5}


def make_scene(n=12, degree=3, seed=0):
    """Soft, wide Gaussians: no stop and no clamp, where finite differences do not hold."""
    rng = np.random.default_rng(seed)
    k = (degree + 1) ** 2 - 1
    f = np.float32
    return Splats(rng.normal(0, 0.6, (n, 3)).astype(f), rng.normal(-1, 0.3, (n, 3)).astype(f),
                  rng.normal(0, 1, (n, 4)).astype(f), rng.normal(-1, 0.5, n).astype(f),
                  rng.normal(1, 0.2, (n, 3)).astype(f), rng.normal(0, 0.1, (n, k, 3)).astype(f))


def make_camera():
    pose = np.eye(4)
    pose[:3, 3] = [0.1, -0.1, 4.0]
    return Camera(pose, 30.0, 33.0, 18.0, 13.0, 37, 27)


def weights_of(shape):
    return np.random.default_rng(9).normal(0, 1, shape)


def reference_loss(splats, camera, options):
    view = render(splats, camera, options=replace(options, backend="reference"))
    return (float((view.rgb * weights_of(view.rgb.shape)).sum())
            + float((view.alpha * weights_of(view.alpha.shape)).sum())
            + float((view.depth * view.alpha * 0.1).sum()))


def fast_gradients(splats, camera, options):
    tensors = SplatTensors.from_splats(splats)
    rgb, alpha, depth = render_tensors(tensors, camera, options=options)
    loss = ((rgb * torch.tensor(weights_of(rgb.shape))).sum()
            + (alpha * torch.tensor(weights_of(alpha.shape))).sum() + (depth * alpha * 0.1).sum())
    loss.backward()
    return {name: t.grad.numpy() for name, t in tensors.parameters().items()}


def finite_difference(splats, name, index, camera, options, step=1e-4):
    losses = []
    for sign in (1, -1):
        moved = np.asarray(getattr(splats, name), np.float64).copy()
        moved[index] += sign * step
        losses.append(reference_loss(replace(splats, **{name: moved}), camera, options))
    return (losses[0] - losses[1]) / (2 * step)


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_match_finite_differences(name, antialiased):
    """A dozen entries of each array, chosen by seed."""
    splats, camera = make_scene(), make_camera()
    options = RenderOptions(antialiased=antialiased, **SMOOTH)
    grads = fast_gradients(splats, camera, options)[name]
    assert np.abs(grads).max() > 0.01
    rng = np.random.default_rng(3)
    scale = float(np.abs(grads).max())
    for _ in range(12):
        index = tuple(rng.integers(s) for s in grads.shape)
        expected = finite_difference(splats, name, index, camera, options)
        assert float(grads[index]) == pytest.approx(expected, rel=0.02, abs=2e-3 * scale)


def test_image_equals_render():
    """The differentiable image is the image of codec.render."""
    splats, camera = make_scene(200, 2, seed=4), make_camera()
    options = RenderOptions(background=(0.1, 0.2, 0.3), backend="cpu")
    rgb, alpha, depth = render_tensors(SplatTensors.from_splats(splats), camera, options=options)
    view = render(splats, camera, options=options)
    np.testing.assert_allclose(rgb.detach().numpy(), view.rgb, atol=1e-4)
    np.testing.assert_allclose(alpha.detach().numpy(), view.alpha, atol=1e-4)
    np.testing.assert_allclose(depth.detach().numpy(), view.depth, atol=1e-3)


def test_unseen_gaussians_get_zero():
    """Behind the camera, at it, or below the cut: gradient zero, never NaN."""
    splats, camera = make_scene(10), make_camera()
    splats.means[0] = (0, 0, -9)
    splats.means[1] = camera.position
    splats.opacity_logits[2] = -30
    grads = fast_gradients(splats, camera, RenderOptions())
    for grad in grads.values():
        assert np.isfinite(grad).all() and not grad[:3].any()
        assert grad[3:].any()


def test_gradients_do_not_depend_on_threads():
    """The same bits with one thread and with all."""
    splats, camera = make_scene(300, 1), make_camera()
    one, many = (fast_gradients(splats, camera, RenderOptions(threads=t)) for t in (1, 0))
    assert all(np.array_equal(one[name], many[name]) for name in one)


def test_empty_scene():
    """No Gaussians: the background, and gradients of no rows."""
    grads = fast_gradients(make_scene(0), make_camera(), RenderOptions())
    assert grads["means"].shape == (0, 3)


def test_descent_lowers_the_loss():
    """A few Adam steps bring a disturbed scene's image nearer to the true one."""
    truth, camera = make_scene(60, 1, seed=6), make_camera()
    target = torch.from_numpy(render(truth, camera).rgb)
    disturbed = replace(truth, sh0=truth.sh0 + 0.3, means=truth.means + np.float32(0.05))
    tensors = SplatTensors.from_splats(disturbed)
    adam = torch.optim.Adam(list(tensors.parameters().values()), lr=0.01)
    losses = []
    for _ in range(25):
        adam.zero_grad()
        loss = (render_tensors(tensors, camera)[0] - target).square().mean()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
    assert tensors.to_splats().n_gaussians == 60


def test_score_by_autograd_is_the_sum_of_weights():
    """R5: the gradient of a view's summed colour by each colour is the explicit sum of alpha T."""
    from codec.rendering.base import SH_C0
    from codec.rendering.cpu import CpuRenderer

    splats, camera = make_scene(degree=0), make_camera()
    tensors = SplatTensors.from_splats(splats)
    rgb, _, _ = render_tensors(tensors, camera, options=RenderOptions())
    rgb[..., 0].sum().backward()
    scores = tensors.parameters()["sh0"].grad.numpy()[:, 0] / SH_C0
    explicit = CpuRenderer(RenderOptions()).contributions(splats, camera)
    assert explicit.max() > 1 and np.allclose(scores, explicit, rtol=1e-4, atol=1e-4)
