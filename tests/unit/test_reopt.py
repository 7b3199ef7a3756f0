"""Low target sizes: scenes thinned, trained and quantized in the loop."""

import signal
from dataclasses import replace

import numpy as np
import pytest

import codec
from codec.encoder import balance, reopt, search, sparse
from codec.encoder.draft import Draft
from codec.encoder.plan import plan_steps
from codec.encoder.prepare import prepare
from codec.encoder.probe import ViewError
from codec.errors import SceneError
from codec.options import EncoderOptions
from tests.conftest import random_scene


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Few rounds of balancing, for speed."""
    monkeypatch.setattr(balance, "MOST_ROUNDS", 2)


def report_of(ball, cameras, **options):
    report = {}
    data = codec.encode(ball, EncoderOptions(**options), cameras=cameras, report=report)
    return data, report


def test_dequantized_scene_is_what_a_decoder_gives():
    """The quantization in the loop is the decoder's own, bit for bit."""
    splats = random_scene(500, 2, 7)
    steps = plan_steps(prepare(splats), 50)
    from codec.core.params import SceneHeader
    from codec.encoder.assemble import assemble
    from codec.encoder.steps import quantize_scene

    rows = []
    data = assemble(quantize_scene(prepare(splats), steps), SceneHeader(500, 2),
                    lambda order: rows.append(order) or [], tile_size=1 << 18)
    decoded, shown = codec.decode(data), reopt.quantized_scene(splats, steps).take(rows[0])
    for name in ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN"):
        assert np.array_equal(getattr(decoded, name), getattr(shown, name)), name


def test_training_pays_and_the_size_holds(ball, cameras, monkeypatch):
    """At one target size, effort 4 looks closer to the input than effort 3."""
    monkeypatch.setattr(sparse, "ITERATIONS", {4: 60})
    size = 4000
    thin, plain = report_of(ball, cameras, effort=3, target_size=size)
    tuned, trained = report_of(ball, cameras, effort=4, target_size=size)
    assert len(thin) <= size and 0.97 * size < len(tuned) <= size
    assert trained["psnr"] > plain["psnr"] + 0.3
    assert trained["trained"]["towards"] == "renders of the input"
    assert plain["dropped"]["beyond what the target size pays for"] > 0


def test_no_prune_keeps_all(ball, cameras):
    """--no-prune holds at low target sizes too: coarser Gaussians, none fewer."""
    data, report = report_of(ball, cameras, effort=3, target_size=10_000, prune=False)
    assert len(data) <= 10_000 and codec.decode(data).n_gaussians == ball.n_gaussians
    assert not report["dropped"]


def test_same_bytes_for_any_number_of_threads(ball, cameras, monkeypatch):
    """Training is deterministic."""
    monkeypatch.setattr(sparse, "ITERATIONS", {4: 6})
    first, _ = report_of(ball, cameras, effort=4, target_size=3000, threads=1)
    second, _ = report_of(ball, cameras, effort=4, target_size=3000, threads=2)
    assert first == second


def test_without_cameras_views_are_planned(ball, monkeypatch):
    """Only the scene is needed."""
    monkeypatch.setattr(sparse, "ITERATIONS", {4: 4})
    monkeypatch.setattr(search, "PLANNED_VIEWS", 3)
    data, report = report_of(ball, None, effort=4, target_size=3000)
    assert len(data) <= 3000 and report["trained"]["views"] == 3


def test_missing_photo_is_one_clear_line(ball, cameras, tmp_path):
    """A folder without the photos says which one is missing."""
    with pytest.raises(SceneError, match="no photo"):
        codec.encode(ball, EncoderOptions(effort=4, target_size=3000), cameras=cameras,
                     photos=tmp_path)


def test_ctrl_c_keeps_the_best_so_far(ball, cameras):
    """An interrupt ends the training after its step; the next stage does not start."""
    plan = reopt.Reopt(100_000, 1)
    steps = []

    def progress(stage, part, text):
        steps.append(part)
        if len(steps) == 2:  # the first tells how the scene stood before the training
            signal.raise_signal(signal.SIGINT)

    trainer = reopt.Retrainer(reopt.rendered_views(ball, cameras), plan, False, progress)
    dimmed = replace(ball, sh0=0.5 * ball.sh0)
    out = trainer.free(dimmed)
    assert trainer.interrupted and out.n_gaussians == ball.n_gaussians
    seen = len(steps)
    after, _ = trainer.incremental(out, plan_steps(prepare(out), 50))
    assert len(steps) == seen and after.n_gaussians == out.n_gaussians


def test_budget_ends_the_training(ball, cameras):
    """Seconds of wall time end a stage."""
    plan = reopt.Reopt(1_000_000, 1, budget=0.5)
    trainer = reopt.Retrainer(reopt.rendered_views(ball, cameras), plan, False, lambda *a: None)
    trainer.free(ball)
    assert not trainer.interrupted


def test_views_shrink_by_area(ball, cameras):
    """A half-size target is the mean of its pixels, seen by a camera of half the size."""
    views = reopt.rendered_views(ball, cameras)
    camera, image = views.view(0, 2)
    _, full = views.view(0)
    assert image.shape == (36, 48, 3) and camera.width == 48
    assert camera.fx == pytest.approx(cameras[0].fx / 2)
    mean = full.reshape(36, 2, 48, 2, 3).mean(axis=(1, 3))
    assert np.abs(mean - image).max() < 1 / 255


def test_balance_finds_steps_a_plan_missed(ball, cameras, monkeypatch):
    """From positions far too fine, the same size is spent where it shows."""
    monkeypatch.setattr(balance, "MOST_ROUNDS", 6)
    draft = Draft(ball, EncoderOptions())
    error = ViewError(ball, cameras)
    plan = plan_steps(draft.prepared, 45)
    poor = balance.fitted(replace(plan, position=plan.position + 6), draft, 9000)
    judge = balance.Balance(draft, error.psnr)
    before = judge.trial(poor)
    after = judge.trial(balance.fitted(judge.run(poor, 9000, lambda *a: None), draft, 9000))
    assert before.size <= 9000 and after.size <= 9000
    assert after.psnr > before.psnr + 3 and after.steps.position < poor.position - 2


def test_trial_tells_what_the_stream_gives(ball, cameras):
    """Size and PSNR of a trial are those of the written and decoded stream."""
    draft, error = Draft(ball, EncoderOptions()), ViewError(ball, cameras)
    steps = plan_steps(draft.prepared, 50)
    found = balance.Balance(draft, error.psnr).trial(steps)
    data = draft.build(steps)
    assert found.size == len(data)
    decoded = error.psnr(codec.decode(data))  # in tree order: ties in depth fall otherwise
    assert found.psnr == pytest.approx(decoded, abs=0.05)


@pytest.mark.parametrize("target", [6_000, 9_000, 20_000])
def test_fitted_size_is_just_below_the_target(ball, target):
    draft = Draft(ball, EncoderOptions())
    size = len(draft.build(balance.fitted(plan_steps(draft.prepared, 60), draft, target)))
    assert 0.99 * target < size <= target


def test_count_follows_what_limits(ball, cameras):
    """Coarse steps ask for fewer Gaussians, fine ones for more."""
    plan = reopt.Reopt(10, 1)
    retrainer = reopt.Retrainer(reopt.rendered_views(ball, cameras), plan, False, lambda *a: None)
    blurred = replace(ball, sh0=0.9 * ball.sh0)  # as if training had left an error
    draft = Draft(blurred, EncoderOptions())
    trials = balance.Balance(draft, ViewError(blurred, cameras).psnr)
    counts = [sparse.better_count(trials, retrainer, plan_steps(draft.prepared, q), 10_000)
              for q in (20, 50, 90)]
    assert counts[0] < 1500 < counts[2] and counts[0] < counts[1] < counts[2]


def test_ctrl_c_while_balancing_keeps_the_best_so_far(ball, cameras, monkeypatch):
    """An interrupt after the training ends the trials; the stream still meets its size."""
    monkeypatch.setattr(sparse, "ITERATIONS", {4: 6})
    stages = []

    def progress(stage, part, text):
        stages.append(stage)
        if stage == "balancing" and stages.count("balancing") == 1:
            signal.raise_signal(signal.SIGINT)

    report = {}
    data = codec.encode(ball, EncoderOptions(effort=4, target_size=3000), cameras=cameras,
                        report=report, progress=progress)
    assert len(data) <= 3000 and report["trained"]["interrupted"]
    assert stages.count("training quantized") == 0


def test_fixed_gaussians_stay_on_their_grid(ball, cameras):
    """Quantized again by the same parameters they are what they were; the rest has moved."""
    plan = reopt.Reopt(400, 1)
    trainer = reopt.Retrainer(reopt.rendered_views(ball, cameras), plan, False, lambda *a: None)
    steps = plan_steps(prepare(ball), 40)
    scene, params = trainer.incremental(ball, steps)
    n = int(reopt.FIXED[-1] * ball.n_gaussians)
    again = reopt.quantized_scene(scene, steps, params)
    for name in ("means", "log_scales", "opacity_logits", "sh0"):
        assert np.array_equal(getattr(again, name)[:n], getattr(scene, name)[:n]), name
    order = np.random.default_rng(0).permutation(ball.n_gaussians)
    started = reopt.canonical(ball).take(order)
    assert np.abs(scene.sh0[n:] - started.sh0[n:]).max() > 0
    target = ViewError(ball, cameras)
    assert target.psnr(again) > target.psnr(reopt.quantized_scene(started, steps, params)) + 0.1
