"""Metrics: identity, published values, order of quality, and what is missing named."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from codec.scene import Camera, RenderedView
from tests.conftest import shared_data
from tools.metrics import PathViews, load_suite, suite
from tools.metrics.consistency import between, camera_path, consistency, find_warp, sample
from tools.metrics.image import ms_ssim, psnr, ssim, to_8_bits

torch = pytest.importorskip("torch")
pytest.importorskip("torchmetrics")


def picture(seed: int = 0, height: int = 200, width: int = 220) -> np.ndarray:
    """A smooth random picture, [H, W, 3] in 0..1."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x * fx + y * fy + p) for fx, fy, p in rng.uniform(0.02, 0.3, (9, 3))]
    return (0.5 + 0.15 * np.stack(waves, -1).reshape(height, width, 3, 3).sum(-1)).astype("f4")


def noisy(image: np.ndarray, sigma: float) -> np.ndarray:
    return image + np.random.default_rng(1).normal(0, sigma, image.shape).astype("f4")


def test_identical_images_have_no_error():
    image = to_8_bits(picture())
    assert psnr(image, image) == math.inf
    assert ssim(image, image) == pytest.approx(1) and ms_ssim(image, image) == pytest.approx(1)


def test_psnr_of_a_known_error():
    grey = np.full((8, 8, 3), 0.5, np.float32)
    assert psnr(grey, grey + 0.1) == pytest.approx(20, abs=1e-3)


def test_ssim_is_the_formula_on_flat_images():
    """Without variance SSIM is its luminance term alone, (2ab + C1) / (a^2 + b^2 + C1)."""
    a, b = (np.full((40, 40, 3), v, np.float32) for v in (0.25, 0.5))
    assert ssim(a, b) == pytest.approx((0.25 + 1e-4) / (0.3125 + 1e-4), abs=1e-5)


def test_ssim_equals_the_formula_over_scipys_gaussian_windows():
    scipy = pytest.importorskip("scipy.ndimage")
    a, b = picture().astype("f8"), noisy(picture(), 0.05).astype("f8")

    def blur(image):
        return scipy.gaussian_filter(image, 1.5, truncate=3.5, mode="mirror", axes=(0, 1))

    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
    covariance = blur(a * b) - mean_a * mean_b
    similar = (2 * mean_a * mean_b + 1e-4) * (2 * covariance + 9e-4)
    expected = similar / ((mean_a**2 + mean_b**2 + 1e-4) * (var_a + var_b + 9e-4))
    assert ssim(a, b) == pytest.approx(float(expected.mean()), abs=1e-5)


def test_ms_ssim_is_not_given_for_small_images():
    small = picture(height=100)
    assert math.isnan(ms_ssim(small, small))


def test_more_noise_is_worse_in_every_plain_metric():
    loaded = load_suite(["psnr", "ssim", "ms_ssim"])
    mild, strong = (loaded.measure([picture()], [noisy(picture(), s)]) for s in (0.02, 0.1))
    assert not loaded.left_out
    assert all(mild[name] > strong[name] for name in ("psnr", "ssim", "ms_ssim"))


def test_infinite_views_count_only_when_all_are():
    assert suite.mean_of_views([math.inf, 30.0, 40.0]) == 35
    assert suite.mean_of_views([math.inf, math.inf]) == math.inf


def test_missing_weights_are_named_and_nothing_is_faked(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "nowhere"))
    loaded = load_suite(["psnr", "lpips_alex", "lpips_vgg", "dists", "kid"], tmp_path)
    assert [m.name for m in loaded.metrics] == ["psnr"]
    assert set(loaded.left_out) == {"lpips_alex", "lpips_vgg", "dists", "kid"}
    assert "alexnet" in loaded.left_out["lpips_alex"] and "vgg16" in loaded.left_out["dists"]


def test_weights_of_another_network_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "nowhere"))
    torch.save({"features.0.weight": torch.zeros(3)}, tmp_path / "alexnet.pth")
    assert "does not hold" in load_suite(["lpips_alex"], tmp_path).left_out["lpips_alex"]


# -- LPIPS and DISTS ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def weights() -> Path:
    return shared_data("weights/alexnet_features.safetensors").parent


def lpips(net: str, folder: Path):
    from tools.metrics.networks import Lpips
    from tools.metrics.weights import WeightSource

    return Lpips(net, WeightSource(folder))


def test_lpips_agrees_with_the_values_torchmetrics_publishes(weights):
    """Two seeded pairs whose LPIPS (squeeze) stand in torchmetrics' documentation."""
    generator = torch.Generator().manual_seed(42)
    a, b = (torch.rand(2, 3, 100, 100, generator=generator) * 2 - 1 for _ in range(2))
    distances = lpips("squeeze", weights).distance(a, b).tolist()
    assert distances == pytest.approx([0.1024, 0.0938], abs=5e-5)


@pytest.mark.parametrize("net", ["alex", "squeeze"])
def test_lpips_is_zero_for_the_same_image_and_grows_with_noise(weights, net):
    metric, image = lpips(net, weights), picture()
    assert metric(image, image) == 0
    assert 0 < metric(image, noisy(image, 0.05)) < metric(image, noisy(image, 0.2))
    assert net in metric.variant and "[-1, 1]" in metric.variant


def random_vgg(folder: Path) -> None:
    from tools.metrics.networks import _vgg16

    torch.manual_seed(0)
    features = torch.nn.Sequential(*_vgg16())
    torch.save({f"features.{k}": v for k, v in features.state_dict().items()},
               folder / "vgg16.pth")


def test_dists_and_vgg_lpips_run_on_any_vgg16(tmp_path):
    """Random weights: zero for the same image, growing with noise; the values mean nothing."""
    random_vgg(tmp_path)
    loaded = load_suite(["lpips_vgg", "dists"], tmp_path)
    image = picture(height=64, width=64)
    same, mild, strong = (
        loaded.measure([image], [noisy(image, s)]) for s in (0.0, 0.05, 0.3))
    assert not loaded.left_out
    for name in ("lpips_vgg", "dists"):
        assert same[name] == pytest.approx(0, abs=1e-6)
        assert same[name] < mild[name] < strong[name]


def test_patch_kid_is_torchmetrics_on_all_patches():
    """With a toy extractor: far smaller between the same images than between different ones."""
    from tools.metrics.distribution import PatchDistance, patches

    class Extractor(torch.nn.Module):
        num_features = 12

        def forward(self, x):
            return torch.nn.functional.adaptive_avg_pool2d(x.float() / 255, 2).flatten(1)

    images = [picture(i) for i in range(2)]
    assert patches(images).shape == (2 * 2 * 2, 3, 128, 128)
    kid = PatchDistance("kid", Extractor())
    assert kid(images, images) < kid(images, [picture(i) ** 3 for i in range(2)])
    assert math.isnan(PatchDistance("fid", Extractor())(images, images))


# -- Camera path: VMAF and consistency ----------------------------------------------------------


def camera(x: float = 0.0) -> Camera:
    """Looks along +z at a wall, from (x, 0, 0)."""
    pose = np.eye(4)
    pose[0, 3] = -x
    return Camera(pose, 100.0, 100.0, 40.0, 30.0, 80, 60, f"at{x}")


def wall(x: float, depth: float = 4.0) -> RenderedView:
    """A wall whose colour depends on the world position alone."""
    columns, rows = np.meshgrid(np.arange(80) + 0.5, np.arange(60) + 0.5)
    world_x, world_y = (columns - 40) / 100 * depth + x, (rows - 30) / 100 * depth
    rgb = np.stack([0.5 + 0.3 * np.sin(3 * world_x), 0.5 + 0.2 * np.cos(2 * world_y),
                    0.5 + 0.1 * world_x], -1).astype("f4")
    flat = np.full((60, 80), 1, np.float32)
    return RenderedView(camera(x), rgb, flat, flat * np.float32(depth))


def test_warp_finds_the_same_points_of_a_wall():
    here, there = wall(0), wall(0.2)
    warp = find_warp(here, there)
    assert len(warp.pixels) > 0.85 * 60 * 80
    moved = sample(there.rgb, warp.at)
    assert np.abs(moved - here.rgb.reshape(-1, 3)[warp.pixels]).max() < 0.002


def test_errors_on_the_surface_are_steady_and_errors_on_the_screen_flicker():
    views = PathViews(tuple(wall(x) for x in (0, 0.2, 0.4)))
    tinted = [v.rgb + 0.05 * (v.rgb[..., :1] - 0.5) for v in views.views]
    rng = np.random.default_rng(0)
    flickering = [v.rgb + rng.normal(0, 0.02, v.rgb.shape) for v in views.views]
    assert consistency(views.warps, views.images, views.images) == math.inf
    steady = consistency(views.warps, views.images, tinted)
    assert steady > consistency(views.warps, views.images, flickering) + 20


def test_camera_path_runs_from_one_test_view_to_the_next():
    cameras = [camera(float(x)) for x in range(4)]
    path = camera_path(cameras, 5)
    assert [round(c.position[0], 6) for c in path] == [1, 1.25, 1.5, 1.75, 2]
    assert camera_path(cameras[:1], 5) == []
    turned = replace(cameras[1], world_to_camera=np.diag([-1.0, 1, -1, 1]))
    halfway = between(cameras[0], turned, 0.5).world_to_camera[:3, :3]
    assert np.allclose(halfway @ halfway.T, np.eye(3))


def test_vmaf_falls_with_noise():
    from tools.metrics.video import find_ffmpeg, vmaf

    if find_ffmpeg() is None:
        pytest.skip("no ffmpeg with libvmaf")
    frames = [picture(height=181, width=240) for _ in range(3)]
    clean, bad = vmaf(frames, frames), vmaf(frames, [noisy(f, 0.1) for f in frames])
    assert clean > 90 > bad
