"""The CPU renderer must equal the slow reference and not depend on threads."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("numba")

import codec
from codec.errors import BackendError, UsageError
from codec.rendering import RenderOptions, render
from codec.rendering.cpu import CpuRenderer
from codec.scene import Camera, Splats


def make_splats(n, degree=3, seed=0, scale=-2.5, **kwargs):
    rng = np.random.default_rng(seed)
    k = (degree + 1) ** 2 - 1

    def normal(*shape, s=1.0):
        return rng.normal(0, s, shape).astype(np.float32)

    return Splats(normal(n, 3), normal(n, 3, s=0.8) + np.float32(scale), normal(n, 4),
                  normal(n, s=2.0), normal(n, 3), normal(n, k, 3, s=0.2), **kwargs)


def make_camera(width=75, height=50, distance=4.0, cx=None, angle=0.4):
    c, s = np.cos(angle), np.sin(angle)
    pose = np.eye(4)
    pose[:3, :3] = [[c, 0, s], [0, 1, 0], [-s, 0, c]]
    pose[:3, 3] = [0.1, -0.2, distance]
    return Camera(pose, 60.0, 64.0, width / 2 if cx is None else cx, height / 2, width, height)


def assert_agrees(splats, camera, tolerance=2e-4, **options):
    fast = render(splats, camera, options=RenderOptions(backend="cpu", **options))
    slow = render(splats, camera, options=RenderOptions(backend="reference", **options))
    assert fast.rgb.shape == (camera.height, camera.width, 3) and fast.rgb.dtype == np.float32
    # A pixel where alpha lies on the cut, or T on the stop, may fall either way in float32.
    wrong = np.abs(fast.rgb - slow.rgb).max(axis=2) > tolerance
    assert wrong.mean() <= 0.001
    np.testing.assert_allclose(fast.rgb, slow.rgb, atol=0.01)
    np.testing.assert_allclose(fast.alpha, slow.alpha, atol=0.005)
    solid = slow.alpha > 0.05
    np.testing.assert_allclose(fast.depth[solid], slow.depth[solid], rtol=0.02)
    return slow


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("antialiased", [False, True])
def test_equals_reference(degree, antialiased):
    """Every SH degree, with and without antialiasing, on a background."""
    view = assert_agrees(make_splats(300, degree, seed=degree), make_camera(),
                         antialiased=antialiased, background=(0.2, 0.5, 1.0))
    assert view.alpha.max() > 0.5 and view.alpha.min() < 0.5


def test_antialiasing_follows_the_scene():
    """antialiased=None takes the flag of the splats, and the flag changes the image."""
    camera = make_camera()
    flagged = make_splats(200, seed=5, scale=-4.5, antialiased=True)
    plain = make_splats(200, seed=5, scale=-4.5)
    on = render(plain, camera, options=RenderOptions(backend="cpu", antialiased=True)).rgb
    assert np.array_equal(on, render(flagged, camera, options=RenderOptions(backend="cpu")).rgb)
    assert not np.array_equal(on, render(plain, camera, options=RenderOptions(backend="cpu")).rgb)


@pytest.mark.parametrize("n", [0, 1])
def test_tiny_scenes(n):
    """No Gaussian leaves the background; one is drawn as the reference draws it."""
    view = assert_agrees(make_splats(n), make_camera(), background=(0.25, 0.5, 0.75))
    if n == 0:
        np.testing.assert_array_equal(view.rgb, np.broadcast_to((0.25, 0.5, 0.75), view.rgb.shape))


def test_gaussians_around_and_behind_the_camera():
    """A camera inside the cloud: behind, on the near plane, far off the axis."""
    assert_agrees(make_splats(400, seed=3), make_camera(distance=0.2), near_plane=0.2)


def test_huge_splats():
    """Splats larger than the image, among them thin ones."""
    splats = make_splats(60, seed=4, scale=1.0)
    splats.log_scales[::3, 0] = -7.0
    assert_agrees(splats, make_camera(distance=6.0), tolerance=1e-3)


def test_needles():
    """Long needles across the image do not cancel in float32."""
    splats = make_splats(150, seed=8)
    splats.log_scales[:] = (3.0, -9.0, -9.0)
    assert_agrees(splats, make_camera(160, 130, distance=4.0), tolerance=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (17, 33)])
def test_image_sizes(size):
    """Images that do not fill, or just fill, their tiles; principal point off the centre."""
    assert_agrees(make_splats(200, seed=6), make_camera(*size, cx=3.0))


def test_extreme_values():
    """Infinite logits, NaN and infinite positions: skipped or saturated, never spread."""
    splats = make_splats(100, seed=7)
    splats.opacity_logits[:10] = np.inf
    splats.opacity_logits[10:20] = -np.inf
    splats.means[20] = np.nan
    splats.means[21] = np.inf
    splats.quats[22] = 0
    view = assert_agrees(splats, make_camera())
    assert np.isfinite(view.rgb).all()


def test_equal_depths_keep_the_order():
    """Ties in depth are drawn by index."""
    splats = make_splats(64, seed=9)
    splats.means[:, 2] = 0
    assert_agrees(splats, make_camera(angle=0.0))


def test_sh_degree_limit():
    """sh_degree cuts the harmonics as Splats.with_sh_degree does."""
    splats, camera = make_splats(100), make_camera()
    cut = render(splats, camera, options=RenderOptions(backend="cpu", sh_degree=1))
    same = render(splats.with_sh_degree(1), camera, options=RenderOptions(backend="cpu"))
    assert np.array_equal(cut.rgb, same.rgb)


def test_independent_of_threads():
    """Image and contributions are the same bits with one thread and with all."""
    splats, camera = make_splats(2000, seed=11), make_camera(200, 150)
    one, many = (CpuRenderer(RenderOptions(threads=t)) for t in (1, 0))
    for name in ("rgb", "alpha", "depth"):
        a, b = (getattr(r.render(splats, camera), name) for r in (one, many))
        assert np.array_equal(a, b)
    assert np.array_equal(one.contributions(splats, camera), many.contributions(splats, camera))


def test_image_and_contributions_in_one_go():
    splats, camera = make_splats(300, seed=13), make_camera()
    renderer = CpuRenderer()
    view, weights = renderer.render_weighed(splats, camera)
    assert np.array_equal(view.rgb, renderer.render(splats, camera).rgb)
    assert np.array_equal(weights, renderer.contributions(splats, camera))


def test_contributions_are_the_blend_weights():
    """Each contribution is the red of an image in which that Gaussian alone is red."""
    splats, camera = make_splats(40, degree=0, seed=12), make_camera()
    weights = CpuRenderer().contributions(splats, camera)
    assert weights.shape == (40,) and weights.dtype == np.float32
    for i in (0, 7, 33):
        splats.sh0[:] = -10.0
        splats.sh0[i] = 0.5 / 0.28209479177387814
        red = render(splats, camera, options=RenderOptions(backend="reference")).rgb[..., 0].sum()
        assert weights[i] == pytest.approx(red, rel=1e-3, abs=0.02)


def test_public_face():
    """codec.render is this renderer."""
    splats, camera = make_splats(20), make_camera()
    assert np.array_equal(codec.render(splats, camera).rgb, render(splats, camera).rgb)


def test_no_torch():
    """Rendering on the CPU does not import torch."""
    code = ("import sys, numpy as np; from codec.scene import Camera, Splats; import codec\n"
            "z = np.zeros((1, 3), 'f4')\n"
            "s = Splats(z, z, np.ones((1, 4), 'f4'), z[:, 0], z, np.zeros((1, 0, 3), 'f4'))\n"
            "from codec.rendering import RenderOptions\n"
            "codec.render(s, Camera(np.eye(4), 9, 9, 4, 4, 8, 8),"
            " options=RenderOptions(backend='cpu'))\n"
            "assert 'torch' not in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_missing_numba(monkeypatch):
    """Without Numba the error names the extra to install."""
    monkeypatch.setitem(sys.modules, "numba", None)
    for name in ("codec.rendering.kernels", "codec.rendering.simd"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import codec.rendering as package

    monkeypatch.delattr(package, "kernels", raising=False)
    with pytest.raises(BackendError, match=r"pip install 'nfx\[render\]'"):
        CpuRenderer()


def test_cuda_is_refused_where_absent():
    """The CUDA back end says what is missing."""
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(BackendError, match="cpu"):
        render(make_splats(1), make_camera(), options=RenderOptions(backend="cuda"))


@pytest.mark.parametrize("bad", [{"backend": "gpu"}, {"near_plane": 0.0}, {"threads": -1},
                                 {"sh_degree": 4}, {"alpha_cut": 0.0}, {"max_alpha": 1.5}])
def test_impossible_options(bad):
    """Options are checked when made."""
    with pytest.raises(UsageError):
        RenderOptions(**bad)
