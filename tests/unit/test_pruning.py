"""Pruning strategies: exact counts, determinism, and that each does what its paper says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codec.encoder.encode import encode
from codec.encoder.probe import ViewError
from codec.encoder.pruning import (
    STRATEGIES,
    ScoreViews,
    level_sizes,
    nested_rows,
    reduce_scene,
    strategy,
)
from codec.encoder.pruning.amplify import (
    Predictor,
    features,
    gap_factors,
    shipped_predictor,
)
from codec.encoder.pruning.levels import level_of_rows, steps_down
from codec.encoder.pruning.merge import Moments, merge_pairs, quaternions
from codec.encoder.pruning.neighbours import candidates, nearest_distances
from codec.encoder.pruning.scores import removal_error, volume_weighted
from codec.encoder.pruning.select import select_with_voxels, voxel_numbers
from codec.encoder.pruning.views import blending_weights, targets
from codec.errors import UsageError
from codec.options import PRUNE_STRATEGIES, EncoderOptions
from codec.rendering.reference import rotation_matrices
from codec.rendering.views import orbit_cameras
from codec.scene import Splats
from tools.train_amplifier import first_parameters, parameter_gradient


def ball(n: int = 300, seed: int = 3, degree: int = 1) -> Splats:
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(n, 3))
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return Splats(
        means=means.astype(np.float32),
        log_scales=np.log(rng.uniform(0.03, 0.12, (n, 3))).astype(np.float32),
        quats=rng.normal(size=(n, 4)).astype(np.float32),
        opacity_logits=rng.normal(1, 1.5, n).astype(np.float32),
        sh0=np.sin(3 * means).astype(np.float32),
        shN=rng.normal(0, 0.05, (n, (degree + 1) ** 2 - 1, 3)).astype(np.float32))


@pytest.fixture(scope="module")
def scene() -> Splats:
    return ball()


@pytest.fixture(scope="module")
def views(scene) -> ScoreViews:
    return ScoreViews.of(orbit_cameras(scene, 6, 48, 48), threads=1)


def error(splats: Splats, views: ScoreViews, wanted) -> float:
    found = targets(splats, views)
    return float(np.mean([(a - b) ** 2 for a, b in zip(found, wanted, strict=True)]))


@pytest.mark.parametrize("name", STRATEGIES)
def test_exact_count_and_repeatable(scene, views, name):
    for count in (0, 1, 100, scene.n_gaussians + 5):
        first, second = (strategy(name).reduce(scene, views, count) for _ in range(2))
        assert first.n_gaussians == min(count, scene.n_gaussians)
        assert first.shN.shape[1] == scene.shN.shape[1]
        for attribute in ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN"):
            values = getattr(first, attribute)
            assert np.isfinite(values).all()
            assert np.array_equal(values, getattr(second, attribute))


@pytest.mark.parametrize("name", STRATEGIES)
def test_better_than_the_worst(scene, views, name):
    wanted = targets(scene, views)
    if name in ("merge", "combined"):
        scores = blending_weights(scene, views)
    else:
        scores = strategy(name).scores(scene, views)
    worst = scene.take(np.sort(np.argsort(scores)[:150]))
    kept = strategy(name).reduce(scene, views, 150)
    assert error(kept, views, wanted) < error(worst, views, wanted)


def test_options_know_the_strategies():
    assert sorted(PRUNE_STRATEGIES) == sorted(STRATEGIES)
    with pytest.raises(UsageError, match="combined"):
        EncoderOptions(prune_strategy="nothing")


def test_encoder_limits_the_count(scene):
    sizes = {}
    for name in ("combined", "exgs"):
        report: dict = {}
        encode(scene, EncoderOptions(effort=3, max_gaussians=80, prune_strategy=name, prune=False,
                                     threads=1),
               report=report)
        sizes[name] = report["psnr"]
        assert report["n_out"] == 80 and report["dropped"]["over max_gaussians"] == 220
    assert sizes["combined"] != sizes["exgs"]


def test_unknown_name_lists_the_others():
    with pytest.raises(UsageError, match="combined"):
        strategy("nothing")


def test_weights_of_hidden_gaussians_vanish(scene, views):
    away = replace(scene, means=scene.means.copy())
    away.means[7] = (0, 0, 1e4)
    weights = blending_weights(away, views)
    assert weights[7] == 0 and weights.max() > 0


def test_volume_weight_is_held_at_its_reference(scene):
    scores = volume_weighted(scene, np.ones(scene.n_gaussians))
    assert scores.max() == 1.0
    assert 0.05 < (scores == 1.0).mean() <= 0.11


def test_removal_error_predicts_removal(scene, views):
    few = scene.take(np.arange(40))
    predicted = removal_error(few, views, seed=1)
    wanted = targets(few, views)
    true = [error(few.take(np.delete(np.arange(40), i)), views, wanted) for i in range(40)]
    assert np.corrcoef(np.argsort(np.argsort(predicted)), np.argsort(np.argsort(true)))[0, 1] > 0.75


def test_voxel_supplement_serves_empty_voxels():
    rng = np.random.default_rng(0)
    means = np.concatenate([rng.uniform(0, 1, (200, 3)), rng.uniform(5, 6, (200, 3))])
    scores = np.concatenate([np.full(200, 10.0), np.full(200, 1.0)]) + rng.uniform(0, 0.1, 400)
    plain = select_with_voxels(means, scores, 60, supplement=0.0)
    shared = select_with_voxels(means, scores, 60, supplement=0.3)
    assert len(plain) == len(shared) == 60
    assert (plain < 200).all()
    assert 12 <= (shared >= 200).sum() <= 18


def test_voxels_occupied_as_asked():
    means = np.random.default_rng(1).normal(size=(5000, 3))
    assert abs(voxel_numbers(means, 250).max() + 1 - 250) <= 5


def test_gap_factors_grow_with_the_gap():
    line = np.zeros((100, 3), np.float32)
    line[:, 0] = np.arange(100)
    scene = replace(ball(100), means=line)
    sparse, dense = (np.median(gap_factors(scene, np.arange(0, 100, k))) for k in (3, 1))
    assert dense == pytest.approx(1.0)
    assert sparse == pytest.approx(np.sqrt(3), rel=0.02)


def test_predictor_is_shipped_small_and_within_its_bounds(scene, views):
    network = shipped_predictor()
    assert network is not None and network.parameters.nbytes < 200_000
    kept = select_with_voxels(scene.means, np.arange(300.0), 60)
    inputs = features(scene, kept, blending_weights(scene, views))
    factors = network.factors(inputs)
    assert inputs.shape == (60, 12) and np.isfinite(inputs).all()
    assert (factors >= 1).all() and (factors <= 3).all() and np.ptp(factors) > 0
    doubled = replace(scene, means=2 * scene.means, log_scales=scene.log_scales + np.log(2.0))
    same = features(doubled, kept, blending_weights(scene, views))
    assert np.allclose(same, inputs, atol=1e-5)


def test_predictor_gradient_by_differences():
    rng = np.random.default_rng(8)
    inputs, d_factor = rng.normal(size=(20, 12)), rng.normal(size=20)
    values = first_parameters(rng, inputs).astype(np.float64)
    values[-65:] = rng.normal(size=65) * 0.3
    gradient = parameter_gradient(Predictor(values), inputs, d_factor)
    for at in (24, 24 + 700, 24 + 800, 24 + 2000, len(values) - 66, len(values) - 2, -1):
        ends = []
        for change in (1e-6, -1e-6):
            moved = values.copy()
            moved[at] += change
            ends.append((d_factor * Predictor(moved).factors(inputs)).sum())
        assert gradient[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-7)


def test_levels_are_geometric_and_nested():
    sizes = level_sizes(1_000_000, levels=3)
    assert sizes == (4096, 59005, 850000)
    assert level_sizes(1) == (1,) and max(level_sizes(100)) == 85
    ranked = np.random.default_rng(0).permutation(1_000)
    level = level_of_rows(ranked, (10, 100))
    assert [(level <= k).sum() for k in range(3)] == [10, 100, 1_000]
    assert steps_down(1000, 10, 3)[-1] == 10 and len(steps_down(1000, 10, 3)) == 3


@pytest.mark.parametrize("name", ["gode", "exgs", "footprint"])
def test_levels_lie_within_each_other(scene, views, name):
    sizes = (20, 60, 200)
    rows = nested_rows(strategy(name), scene, views, sizes)
    assert tuple(map(len, rows)) == sizes
    assert set(rows[0]) < set(rows[1]) < set(rows[2])


def test_merging_keeps_moments(scene):
    weight = np.random.default_rng(5).uniform(0.5, 2, scene.n_gaussians)
    moments = Moments.of(scene, weight)
    one = moments.grouped(np.zeros(scene.n_gaussians, int), 1)
    mean = np.average(scene.means, axis=0, weights=weight)
    assert np.allclose(one.mean[0], mean)
    visibility = np.average(weight / moments.mass, weights=weight)
    assert np.isclose(one.mass[0] * visibility, weight.sum())
    away = scene.means - mean
    within = np.average(moments.cov, axis=0, weights=weight)
    between = np.einsum("n,ni,nj->ij", weight, away, away) / weight.sum()
    assert np.allclose(one.cov[0], within + between)
    assert one.row[0] == weight.argmax()


def test_moments_round_trip(scene):
    same = Moments.of(scene, np.ones(scene.n_gaussians)).to_splats(scene)
    again = Moments.of(same, np.ones(scene.n_gaussians))
    assert np.allclose(again.cov, Moments.of(scene, np.ones(scene.n_gaussians)).cov, atol=1e-6)
    assert np.allclose(same.shN, scene.shN)


def test_duplicates_merge_into_the_same_picture(views):
    scene = ball(60)
    faint = replace(scene, opacity_logits=np.full(60, -1.0, np.float32))
    twice = faint.take(np.repeat(np.arange(60), 2))
    merged = strategy("merge").reduce(twice, views, 60)
    wanted = targets(twice, views)
    assert error(merged, views, wanted) < 0.1 * error(faint, views, wanted)


def test_extra_properties_follow_the_heaviest_member(views):
    scene = replace(ball(50), extra={"label": np.arange(50)})
    merged = strategy("combined").reduce(scene, views, 20)
    assert len(np.unique(merged.extra["label"])) == 20


def test_quaternions_of_rotations():
    quats = np.random.default_rng(2).normal(size=(50, 4))
    quats = np.concatenate([quats, np.eye(4)])
    matrices = rotation_matrices(quats)
    assert np.allclose(rotation_matrices(quaternions(matrices)), matrices)


def test_repeats_of_one_point_merge_in_few_rounds():
    scene = ball(1)
    many = scene.take(np.zeros(4000, int))
    merged = merge_pairs(Moments.of(many, np.ones(4000)), 3)
    assert len(merged.weight) == 3 and np.allclose(merged.mean, scene.means[0])


def test_candidates_find_most_nearest_neighbours():
    points = np.random.default_rng(4).uniform(size=(2000, 3))
    near = candidates(points, points, 4)
    exact = np.array([np.argsort(((points - p) ** 2).sum(1))[1] for p in points])
    assert (near == exact[:, None]).any(axis=1).mean() > 0.8
    assert (nearest_distances(points, points, skip_self=True) > 0).all()


def test_colours_are_fitted_again_where_sh_goes():
    """A scene stripped of view-dependent colour comes nearer to its views by DC alone."""
    scene = ball(300, 5, 2)
    cameras = orbit_cameras(scene, 5, 64, 48)
    thin = reduce_scene(scene, 150, "combined", cameras=cameras)
    stripped = reduce_scene(scene, 150, "combined", cameras=cameras, sh_degree=0)
    error = ViewError(scene, cameras)
    assert stripped.sh_degree == 0 and stripped.n_gaussians == 150
    assert error.mse(stripped) < error.mse(thin.with_sh_degree(0))
    plain = reduce_scene(scene, 150, "lightgaussian", cameras=cameras, sh_degree=1)
    assert plain.sh_degree == 1
    same = reduce_scene(scene, 400, "combined", cameras=cameras, sh_degree=3)
    assert same is scene
