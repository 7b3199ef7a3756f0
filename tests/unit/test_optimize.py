"""The optimizer core: loss, Adam, densification, trainer, on tiny synthetic scenes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("numba")

from codec.errors import SceneError, UsageError
from codec.optimize.adam import ATTRIBUTES, Adam
from codec.optimize.densify import (
    Classic,
    Mcmc,
    Split,
    divide,
    place_copies,
    place_halves,
    shared_appearance,
    sigmoid,
)
from codec.optimize.loop import Best, Loop, Record, mean_psnr, sample_views
from codec.optimize.losses import photo_loss, psnr, ssim
from codec.optimize.options import TrainOptions
from codec.optimize.start import neighbour_distance, random_points, splats_from_points
from codec.optimize.trainer import Trainer, render_options
from codec.rendering import RenderOptions, render
from codec.rendering.backward import Gradients, GradRenderer
from codec.rendering.reference import rotation_matrices
from codec.scene import Camera, Splats

F = np.float32


def make_scene(n=40, degree=1, seed=0):
    rng = np.random.default_rng(seed)
    k = (degree + 1) ** 2 - 1
    return Splats(rng.normal(0, 0.7, (n, 3)).astype(F), rng.normal(-1.6, 0.3, (n, 3)).astype(F),
                  rng.normal(0, 1, (n, 4)).astype(F), rng.normal(0, 1, n).astype(F),
                  rng.normal(0, 0.8, (n, 3)).astype(F), rng.normal(0, 0.1, (n, k, 3)).astype(F))


def make_camera(turn=0.0, width=40, height=32):
    pose = np.eye(4)
    pose[0, 0] = pose[2, 2] = np.cos(turn)
    pose[0, 2], pose[2, 0] = np.sin(turn), -np.sin(turn)
    pose[:3, 3] = [0, 0, 4]
    return Camera(pose, 45.0, 45.0, width / 2, height / 2, width, height)


class RenderedViews:
    """Targets are renders of a known scene."""

    def __init__(self, truth, turns=(0.0, 0.4, 0.8, -0.4)):
        self.cameras = [make_camera(turn) for turn in turns]
        self.images = [render(truth, c, options=RenderOptions(backend="cpu")).rgb
                       for c in self.cameras]

    def __len__(self):
        return len(self.cameras)

    def background(self, index):
        return (0.0, 0.0, 0.0)

    def view(self, index, shrink=1):
        assert shrink == 1
        return self.cameras[index], self.images[index]


SMALL = TrainOptions(iterations=60, cap=60, sh_degree=1, width=40, coarse=(), refine_every=10,
                     refine_start=0.1, growth=0.2, means_rate=3e-3, sh0_rate=0.02, rates_end=1.0,
                     near_plane=0.2)


def start_scene():
    return splats_from_points(make_scene().means.astype(np.float64),
                              np.full((40, 3), 128, np.uint8), sh_degree=1)


# ---- loss --------------------------------------------------------------------------------------


def test_loss_gradient_matches_finite_differences():
    """Along random directions and at pixels of the border, in double the step of float32 noise."""
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 1, (23, 19, 3)).astype(F)
    y = np.clip(x + rng.normal(0, 0.2, x.shape), 0, 1).astype(F)
    _, gradient = photo_loss(x, y)
    for _ in range(4):
        way = rng.normal(0, 1, x.shape).astype(F)
        way[:3] *= 3
        step = F(2e-4)
        numeric = (photo_loss(x + step * way, y)[0] - photo_loss(x - step * way, y)[0]) / (2 * step)
        assert float((gradient * way).sum()) == pytest.approx(numeric, rel=0.03, abs=2e-3)


@pytest.mark.parametrize("squared", [0.0, 30.0])
def test_loss_is_the_one_of_torch(squared):
    """Value and gradient equal those of the plain torch form, which the CUDA path uses."""
    torch = pytest.importorskip("torch")
    from codec.optimize.cuda import photo_loss_torch

    rng = np.random.default_rng(2)
    x, y = rng.uniform(0, 1, (2, 30, 41, 3))
    tensor = torch.tensor(x, requires_grad=True)
    expected = photo_loss_torch(torch, tensor, torch.tensor(y), 0.2, squared)
    expected.backward()
    loss, gradient = photo_loss(x.astype(F), y.astype(F), squared_weight=squared)
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    scale = tensor.grad.abs().max().item()
    np.testing.assert_allclose(gradient, tensor.grad.numpy(), atol=1e-4 * scale)


def test_equal_images_cost_nothing():
    """SSIM 1, PSNR infinite, loss 0; another image is worse in all three."""
    x = np.random.default_rng(3).uniform(0, 1, (20, 24, 3)).astype(F)
    assert photo_loss(x, x)[0] == pytest.approx(0, abs=1e-6)
    assert ssim(x, x) == pytest.approx(1, abs=1e-6) and psnr(x, x) == np.inf
    assert ssim(x, 1 - x) < 0.5 and psnr(x, 1 - x) < 10


# ---- gradients of the renderer -----------------------------------------------------------------


@pytest.mark.parametrize("background", [(0.0, 0.0, 0.0), (1.0, 0.5, 0.2)])
def test_backward_equals_autograd(background):
    """The NumPy entry gives the gradients of the torch entry, with and without background."""
    torch = pytest.importorskip("torch")
    from codec.rendering.autograd import SplatTensors, render_tensors

    splats, camera = make_scene(30, 3), make_camera(0.3)
    options = RenderOptions(background=background)
    d_rgb = np.random.default_rng(4).normal(0, 1, (32, 40, 3)).astype(F)
    renderer = GradRenderer(options)
    ours = renderer.backward(renderer.forward(splats, camera), d_rgb)
    tensors = SplatTensors.from_splats(splats)
    (render_tensors(tensors, camera, options=options)[0] * torch.tensor(d_rgb)).sum().backward()
    for name, tensor in tensors.parameters().items():
        theirs = tensor.grad.numpy()
        np.testing.assert_allclose(getattr(ours, name), theirs, rtol=1e-4,
                                   atol=1e-5 * np.abs(theirs).max())


def test_gradients_overwrite_what_was_there():
    """Reused space holds nothing of the view before, also for Gaussians out of sight."""
    splats = make_scene()
    splats.means[0] = (0, 0, -50)
    renderer, camera = GradRenderer(), make_camera()
    frame = renderer.forward(splats, camera)
    d_rgb = np.ones((32, 40, 3), F)
    space = Gradients.empty_like(splats)
    for name in ATTRIBUTES:
        getattr(space, name)[:] = np.nan
    reused, fresh = renderer.backward(frame, d_rgb, space), renderer.backward(frame, d_rgb)
    for name in (*ATTRIBUTES, "mean2d", "visible"):
        assert np.array_equal(getattr(reused, name), getattr(fresh, name))
    assert not fresh.visible[0] and fresh.visible.any() and not fresh.means[0].any()


def test_mean2d_gradient_is_that_of_a_shifted_image():
    """Moving the principal point moves every centre: the gradients add up to that."""
    splats, camera = make_scene(15), make_camera()
    renderer = GradRenderer(RenderOptions(alpha_cut=1e-6))
    weight = np.random.default_rng(5).normal(0, 1, (32, 40, 3)).astype(F)

    def loss(shift):
        moved = replace(camera, cx=camera.cx + shift)
        return float((renderer.forward(splats, moved).rgb.astype(np.float64) * weight).sum())

    found = renderer.backward(renderer.forward(splats, camera), weight).mean2d[:, 0].sum()
    assert found == pytest.approx((loss(0.01) - loss(-0.01)) / 0.02, rel=0.02)


# ---- Adam --------------------------------------------------------------------------------------


def test_adam_equals_torch():
    """Five steps with all rows seen are torch's Adam."""
    torch = pytest.importorskip("torch")
    splats = make_scene()
    parameter = torch.tensor(splats.means.copy(), requires_grad=True)
    theirs = torch.optim.Adam([parameter], lr=0.01, eps=1e-15)
    adam, rng = Adam.for_splats(splats), np.random.default_rng(6)
    for _ in range(5):
        gradients = make_scene(seed=int(rng.integers(1000)))
        adam.step(splats, gradients, {"means": 0.01})
        parameter.grad = torch.tensor(gradients.means)
        theirs.step()
    np.testing.assert_allclose(splats.means, parameter.detach().numpy(), atol=1e-6)


def test_adam_steps_by_sizes():
    """Factors on the rates scale the first steps of their rows, and of their attribute alone."""
    splats, sizes = make_scene(), np.linspace(0, 2, 40, dtype=F)
    before, gradients = splats.take(np.arange(40)), make_scene(seed=1)
    Adam.for_splats(splats).step(splats, gradients, {"means": 0.01, "sh0": 0.01},
                                 sizes={"means": sizes})
    moved = np.abs(splats.means - before.means)
    np.testing.assert_allclose(moved, 0.01 * np.repeat(sizes[:, None], 3, 1), atol=1e-6)
    np.testing.assert_allclose(np.abs(splats.sh0 - before.sh0), 0.01, atol=1e-6)


def test_means_move_by_their_own_size():
    """By "sigma" the rates do not depend on the scene's extent; larger Gaussians move farther."""
    options = TrainOptions(iterations=2, means_unit="sigma", means_rate=0.1, noise=0.0)
    assert options.rates_at(0, 7.0)["means"] == pytest.approx(0.1)
    assert replace(options, means_unit="extent").rates_at(0, 7.0)["means"] == pytest.approx(0.7)
    for wrong in ({"means_unit": "metre"}, {"noise": 1.0}):
        with pytest.raises(UsageError):
            replace(options, **wrong)


def test_adam_leaves_unseen_rows_and_unrated_attributes():
    """Rows not seen keep value, moments and count; attributes without rate stay."""
    splats, adam = make_scene(), None
    before = splats.take(np.arange(40))
    adam = Adam.for_splats(splats)
    seen = np.arange(40) % 2 == 0
    adam.step(splats, make_scene(seed=9), {"means": 0.1, "sh0": 0.0}, seen)
    assert (splats.means[seen] != before.means[seen]).all()
    assert np.array_equal(splats.means[~seen], before.means[~seen])
    assert np.array_equal(splats.sh0, before.sh0)
    assert adam.steps.tolist() == seen.astype(int).tolist()
    assert not adam.first["means"][~seen].any() and adam.first["means"][seen].all()


def marked_adam(splats):
    """An Adam whose moments name their row."""
    adam = Adam.for_splats(splats)
    n = splats.n_gaussians
    adam.steps[:] = np.arange(1, n + 1)
    for moments in (adam.first, adam.second):
        for values in moments.values():
            values[:] = np.arange(1, n + 1).reshape(-1, *[1] * (values.ndim - 1))
    return adam


def check_aligned(splats, adam):
    for name in ATTRIBUTES:
        shape = getattr(splats, name).shape
        assert adam.first[name].shape == adam.second[name].shape == shape
        rows = adam.first[name].reshape(shape[0], -1)
        assert (rows == rows[:, :1]).all() and np.array_equal(rows[:, 0], adam.steps)


# ---- densification -----------------------------------------------------------------------------


def test_shared_appearance_keeps_the_centre():
    """Copies composited on each other are as opaque as the one before, and no larger."""
    opacity, scales = np.array([0.3, 0.9, 0.99]), np.zeros((3, 3), F)
    for copies in (1, 2, 5):
        new, log_scales = shared_appearance(opacity, scales, np.full(3, copies))
        np.testing.assert_allclose(1 - (1 - new) ** copies, opacity, rtol=1e-6)
        assert (log_scales <= 1e-6).all()
        assert (log_scales < -0.01).all() == (copies > 1)


def test_copies_look_like_their_parent():
    """A relocated pair renders nearly as the single Gaussian did."""
    splats, camera = make_scene(1), make_camera()
    splats.means[:] = 0
    splats.log_scales[:] = -1
    before = render(splats, camera).rgb
    pair = place_copies(splats, Adam.for_splats(splats), np.array([0]), np.zeros(0, np.int64))
    assert pair.n_gaussians == 2
    assert psnr(render(pair, camera).rgb, before) > 30


def test_mcmc_respects_the_cap_and_keeps_moments_aligned():
    """Dead rows are refilled, the count grows to the cap and not beyond."""
    splats = make_scene()
    splats.opacity_logits[:] = np.linspace(-3, 3, 40)
    splats.opacity_logits[[3, 8]] = -12
    adam = marked_adam(splats)
    strategy = Mcmc(replace(SMALL, cap=45, growth=0.5))
    grown = strategy.refine(splats, adam, np.random.default_rng(0), 10)
    assert grown.n_gaussians == 45
    assert sigmoid(grown.opacity_logits).min() > SMALL.min_opacity
    check_aligned(grown, adam)
    assert not adam.steps[[3, 8]].any() and not adam.steps[40:].any()
    kept = adam.steps[:40] > 0
    assert kept.sum() > 20
    assert np.array_equal(adam.steps[:40][kept], np.arange(1, 41)[kept])
    again = strategy.refine(grown, adam, np.random.default_rng(1), 20)
    assert again.n_gaussians == 45
    check_aligned(again, adam)


def test_classic_clones_splits_prunes_under_the_cap():
    """Large gradients grow, faint ones go, and rows that stay keep their moments."""
    splats = make_scene()
    splats.opacity_logits[:] = 1
    splats.opacity_logits[5] = -12
    splats.log_scales[:20] = -6
    adam = marked_adam(splats)
    strategy = Classic(replace(SMALL, cap=44), extent=1.0)
    gradients = Gradients.empty_like(splats)
    gradients.mean2d[:] = 1e-9
    gradients.mean2d[[1, 2, 30, 31, 32, 33]] = 1
    gradients.visible[:] = True
    strategy.observe(splats, gradients, make_camera())
    grown = strategy.refine(splats, adam, np.random.default_rng(0), 10)
    assert grown.n_gaussians == 44  # 39 kept, 5 of the 6 found room
    check_aligned(grown, adam)
    assert 6 not in adam.steps  # row 5 was pruned
    assert (adam.steps[:39] == 0).sum() >= 3  # the halves of splits start anew
    assert not adam.steps[39:].any()
    assert (adam.steps[:5] == np.arange(1, 6)).all()  # clones keep their parents as they were


def test_halves_keep_mass_and_moments():
    """Mean and covariance of a divided Gaussian are kept; a wide faint one looks the same."""
    splats, camera = make_scene(1), make_camera()
    splats.means[:] = 0
    splats.log_scales[:] = [-1.0, -1.2, -1.5]
    half, other = divide(splats, np.array([0]))
    np.testing.assert_allclose(half.means + other.means, 0, atol=1e-6)
    turn = rotation_matrices(splats.quats)[0]
    local = (half.means[0] @ turn) ** 2 + np.exp(2 * half.log_scales[0])
    np.testing.assert_allclose(local, np.exp(2 * splats.log_scales[0]), rtol=1e-4)
    splats.opacity_logits[:] = -2
    before = render(splats, camera).rgb
    pair = place_halves(splats, Adam.for_splats(splats), np.array([0]), np.zeros(0, np.int64))
    assert pair.n_gaussians == 2 and psnr(render(pair, camera).rgb, before) > 30


def test_split_follows_gradients_and_schedule():
    """Only Gaussians with gradients divide; the count is the one of the schedule."""
    splats = make_scene()
    splats.opacity_logits[7] = -12
    adam = marked_adam(splats)
    options = replace(SMALL, strategy="split", cap=60, grown=0.5)
    strategy = Split(options)
    gradients = Gradients.empty_like(splats)
    gradients.mean2d[:] = 0
    gradients.mean2d[10:30] = 1
    gradients.visible[:] = True
    strategy.observe(splats, gradients, make_camera())
    before = splats.means.copy()
    grown = strategy.refine(splats, adam, np.random.default_rng(0), 18)
    assert grown.n_gaussians == options.count_at(18, 40) == 48
    check_aligned(grown, adam)
    moved = np.flatnonzero((grown.means[:40] != before).any(axis=1))
    assert 7 in moved and set(moved) - {7} <= set(range(10, 30)) and len(moved) == 10
    assert not adam.steps[moved].any() and not adam.steps[40:].any()
    assert options.count_at(0, 40) == 40 and options.count_at(60, 40) == 60


def test_noise_moves_only_faint_gaussians():
    """Opaque Gaussians stay where they are, faint ones do not; the same seed moves them alike."""
    splats = make_scene()
    splats.opacity_logits[:20], splats.opacity_logits[20:] = 3, -6
    before, strategy = splats.means.copy(), Mcmc(SMALL)
    strategy.perturb(splats, 1e-4, np.random.default_rng(0))
    moved = (splats.means != before).any(axis=1)
    assert not moved[:20].any() and moved[20:].all()
    other = replace(splats, means=before.copy())
    strategy.perturb(other, 1e-4, np.random.default_rng(0))
    assert np.array_equal(other.means, splats.means)


# ---- start -------------------------------------------------------------------------------------


def test_neighbour_distance_on_a_grid():
    """Points of a unit grid are one apart; far points have far neighbours."""
    grid = np.stack(np.meshgrid(*[np.arange(6.0)] * 3), -1).reshape(-1, 3)
    inner = ((grid > 0) & (grid < 5)).all(1)
    assert np.median(neighbour_distance(grid)[inner]) == pytest.approx(1, abs=0.2)
    assert neighbour_distance(np.array([[0, 0, 0], [9, 0, 0.0]])) == pytest.approx(9)
    assert len(neighbour_distance(np.zeros((1, 3)))) == 1


def test_random_points_lie_in_the_common_volume():
    """Seeded, in every camera's image."""
    cameras = [make_camera(turn) for turn in (0, 1.5, 3.0)]
    points = random_points(cameras, 200, seed=1)
    assert points.shape == (200, 3)
    assert np.array_equal(points, random_points(cameras, 200, seed=1))
    for c in cameras:
        t = points @ c.world_to_camera[:3, :3].T + c.world_to_camera[:3, 3]
        u = c.fx * t[:, 0] / t[:, 2] + c.cx
        assert (t[:, 2] > 0).all() and (u >= 0).all() and (u < c.width).all()


# ---- trainer -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def views():
    return RenderedViews(make_scene())


@pytest.mark.parametrize("strategy", ["mcmc", "split", "classic"])
def test_training_raises_the_psnr(views, strategy):
    """Grey dots become the scene: several dB in 60 steps, never above the cap."""
    options = replace(SMALL, strategy=strategy, grow_gradient=1e-7)
    trainer = Trainer(views, options, start_scene(), extent=1.0)
    how = render_options(options)
    before = mean_psnr(trainer.splats, views, range(4), how)
    losses = []
    while trainer.step < options.iterations:
        losses.append(trainer.advance())
        assert trainer.splats.n_gaussians <= options.cap
        assert len(trainer.adam.steps) == trainer.splats.n_gaussians
    assert trainer.splats.n_gaussians > 40
    assert np.mean(losses[-8:]) < 0.7 * np.mean(losses[:8])
    assert mean_psnr(trainer.splats, views, range(4), how) > before + 3


@pytest.mark.parametrize("strategy", ["mcmc", "split", "classic"])
def test_resumed_equals_uninterrupted(views, strategy, tmp_path):
    """Bit by bit, through a checkpoint in the middle of densification."""
    options = replace(SMALL, iterations=34, strategy=strategy, grow_gradient=1e-7)
    whole = Trainer(views, options, start_scene(), extent=1.0)
    for _ in range(34):
        whole.advance()
    first = Trainer(views, options, start_scene(), extent=1.0)
    for _ in range(17):
        first.advance()
    first.save(tmp_path / "c.npz", {"note": 1}, best=start_scene())
    second = Trainer(views, options, start_scene(), extent=9.0)
    extra, best = second.load(tmp_path / "c.npz")
    assert extra == {"note": 1} and best is not None and second.step == 17
    while second.step < 34:
        second.advance()
    for name in ATTRIBUTES:
        assert np.array_equal(getattr(whole.splats, name), getattr(second.splats, name)), name


def test_checkpoint_of_other_options_or_damaged_is_refused(views, tmp_path):
    """One clear line each."""
    path = tmp_path / "c.npz"
    Trainer(views, SMALL, start_scene(), extent=1.0).save(path)
    other = Trainer(views, replace(SMALL, cap=50, seed=3), start_scene(), extent=1.0)
    with pytest.raises(UsageError, match="cap, seed"):
        other.load(path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(SceneError, match="checkpoint"):
        Trainer(views, SMALL, start_scene(), extent=1.0).load(path)


def test_hooks_of_the_encoder(views):
    """A rendered form passes its gradient straight through."""
    def rounded(splats, step):
        return replace(splats, sh0=np.round(splats.sh0 * 4) / 4)

    plain = Trainer(views, replace(SMALL, strategy="classic"), start_scene(), extent=1.0)
    hooked = Trainer(views, replace(SMALL, strategy="classic"), start_scene(), extent=1.0,
                     parametrize=rounded)
    before = hooked.splats.sh0.copy()
    assert hooked.advance() != plain.advance()
    assert (hooked.splats.sh0 != before).any()
    assert not np.array_equal(hooked.splats.sh0, np.round(hooked.splats.sh0 * 4) / 4)


def test_steps_by_sigma_scale_with_the_gaussian(views):
    """A Gaussian 100 times smaller than the others moves a tenth as far in its first step."""
    options = replace(SMALL, means_unit="sigma", means_rate=0.1, noise=0.0, shn_rate=0.0)
    start = start_scene()
    start.log_scales[0] = start.log_scales[1:].mean() - np.log(100)
    trainer = Trainer(views, options, start, extent=50.0)
    sizes = trainer._sizes()["means"]
    assert sizes[0] / np.median(sizes) == pytest.approx(0.1, rel=0.05)
    before = trainer.splats.means.copy()
    trainer.advance()
    moved = np.abs(trainer.splats.means - before)
    stepped = moved > 0  # those that the view shows
    assert stepped.sum() > 20
    np.testing.assert_allclose(moved[stepped], np.repeat(0.1 * sizes, 3)[stepped.ravel()],
                               rtol=1e-2)


def test_cuda_refuses_steps_by_sigma(views):
    """Said at once, rather than trained by another unit."""
    from codec.optimize.cuda import CudaTrainer

    options = replace(SMALL, means_unit="sigma", noise=0.0)
    with pytest.raises(UsageError, match="extent"):
        CudaTrainer(views, options, start_scene(), extent=1.0)


def test_too_many_gaussians_to_start_with(views):
    """The cap holds from the first step."""
    with pytest.raises(UsageError, match="cap"):
        Trainer(views, replace(SMALL, cap=10), start_scene(), extent=1.0)


# ---- loop --------------------------------------------------------------------------------------


class CountingEngine:
    """Its n-th step yields scene quality from a list."""

    def __init__(self, qualities):
        self.step, self.qualities = 0, qualities
        self.splats = make_scene(2)

    def advance(self):
        self.splats.means[:] = self.qualities[self.step]
        self.step += 1
        return 1.0


def run_loop(engine, n, **settings):
    best, record = Best(), Record()
    loop = Loop(engine, n, lambda s: {"psnr_train": float(s.means[0, 0])}, record, best,
                measure_every=1, **settings)
    return loop.run(), record, best


def test_loop_keeps_the_best():
    """What comes back is the best scene measured, not the last."""
    scene, record, best = run_loop(CountingEngine([1, 5, 2]), 3)
    assert scene.means[0, 0] == 5 and best.step == 2 and record.ended == "finished"
    assert [h["step"] for h in record.history] == [1, 2, 3]


def test_loop_stops_at_its_budget_and_saves():
    """Out of time after one step of several; the checkpoint is written."""
    saved = []
    engine = CountingEngine([1, 2, 3])
    _, record, _ = run_loop(engine, 3, budget=1e-9, save=lambda: saved.append(engine.step))
    assert record.ended == "out of time" and saved == [1]


def test_ctrl_c_ends_after_the_step():
    """SIGINT in a step: the step is finished, the best scene returned, the handler put back."""
    import signal

    class Interrupted(CountingEngine):
        def advance(self):
            if self.step == 1:
                signal.raise_signal(signal.SIGINT)
            return super().advance()

    before = signal.getsignal(signal.SIGINT)
    engine = Interrupted([1, 2, 3, 4])
    scene, record, _ = run_loop(engine, 4)
    assert record.ended == "interrupted" and engine.step == 2 and scene.means[0, 0] == 2
    assert signal.getsignal(signal.SIGINT) is before


def test_sample_views():
    """Spread evenly, none twice."""
    assert sample_views(3) == [0, 1, 2] and sample_views(0) == []
    assert sample_views(100, 3) == [0, 49, 99]


def test_impossible_options():
    """One line that names the option."""
    for wrong in ({"strategy": "none"}, {"cap": 0}, {"sh_degree": 4}, {"width": 3}):
        with pytest.raises(UsageError):
            TrainOptions(**wrong)
