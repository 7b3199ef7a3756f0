"""The rule for values no renderer can use."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from codec.io.clean import MAX_OPACITY_LOGIT, MIN_LOG_SCALE, clean
from codec.io.ply import read_ply
from codec.scene import Splats
from tests.conftest import shared_data

FIELDS = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")


def make(n: int = 6) -> Splats:
    rng = np.random.default_rng(1)
    shapes = ((n, 3), (n, 3), (n, 4), (n,), (n, 3), (n, 15, 3))
    arrays = [rng.standard_normal(s).astype(np.float32) for s in shapes]
    return Splats(*arrays, extra={"row": np.arange(n)})


@pytest.mark.parametrize("n", [0, 1, 6])
def test_clean_scenes_pass_untouched(n):
    scene = make(n)
    out, report = clean(scene)
    assert out is scene
    assert not report and report.lines() == []
    assert (report.n_in, report.n_out) == (n, n)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("means", np.nan, "position"),
        ("means", np.inf, "position"),
        ("means", -np.inf, "position"),
        ("log_scales", np.nan, "NaN"),
        ("quats", np.nan, "NaN"),
        ("opacity_logits", np.nan, "NaN"),
        ("sh0", np.nan, "NaN"),
        ("shN", np.nan, "NaN"),
        ("log_scales", np.inf, "scale is infinite"),
        ("quats", -np.inf, "rotation is infinite"),
        ("sh0", np.inf, "colour is infinite"),
        ("shN", -np.inf, "colour is infinite"),
        ("opacity_logits", -np.inf, "never visible"),
    ],
)
def test_rows_that_are_dropped(name, value, reason):
    """One bad value among good rows takes its own row with it, and no other."""
    scene = make()
    getattr(scene, name).reshape(6, -1)[2, -1] = value
    out, report = clean(scene)
    assert out.extra["row"].tolist() == [0, 1, 3, 4, 5]
    assert all(np.isfinite(getattr(out, field)).all() for field in FIELDS)
    assert list(report.dropped.values()) == [1] and not report.changed
    (line,) = report.lines()
    assert line.startswith("dropped 1 Gaussian: ") and reason in line


def test_values_that_are_changed():
    scene = make()
    scene.opacity_logits[[0, 3]] = np.inf
    scene.log_scales[1, :2] = -np.inf
    scene.quats[4] = 0
    scene.quats[5] = 1e-20
    before = {field: getattr(scene, field).copy() for field in FIELDS}
    out, report = clean(scene)
    np.testing.assert_array_equal(out.opacity_logits[[0, 3]], MAX_OPACITY_LOGIT)
    np.testing.assert_array_equal(out.log_scales[1, :2], MIN_LOG_SCALE)
    np.testing.assert_array_equal(out.quats[4:], [[1, 0, 0, 0]] * 2)
    assert out.log_scales[1, 2] == scene.log_scales[1, 2]
    assert out.n_gaussians == 6 and not report.dropped
    assert list(report.changed.values()) == [2, 1, 2]
    assert len(report.lines()) == 3
    for field in FIELDS:  # the caller's arrays stay as they were
        np.testing.assert_array_equal(getattr(scene, field), before[field])


def test_a_row_is_counted_once_and_counts_add_up():
    scene = make()
    scene.means[1] = np.nan
    scene.opacity_logits[1] = np.nan
    scene.opacity_logits[2] = -np.inf
    scene.sh0[2] = np.inf
    scene.quats[1] = 0
    out, report = clean(scene)
    assert sum(report.dropped.values()) == report.n_in - report.n_out == 2
    assert not report.changed
    assert out.extra["row"].tolist() == [0, 3, 4, 5]


def test_everything_may_go():
    scene = make(3)
    scene.means[:] = np.nan
    out, report = clean(scene)
    assert out.n_gaussians == 0 and out.shN.shape == (0, 15, 3)
    assert report.lines() == ["dropped 3 Gaussians: position is NaN or infinite"]


def test_finite_values_of_any_size_stay():
    scene = make()
    scene.means[0] = 3e38
    scene.opacity_logits[1] = 500
    scene.log_scales[2] = -200
    scene.quats[3] = 1e-5
    out, report = clean(scene)
    assert out is scene and not report


def test_cleaning_twice_changes_nothing_more():
    scene = make()
    scene.opacity_logits[0] = np.inf
    scene.means[1] = np.inf
    once, _ = clean(scene)
    twice, report = clean(once)
    assert twice is once and not report


def test_biker_has_opaque_infinities():
    scene = read_ply(shared_data("data/ply/biker.ply"))
    out, report = clean(scene)
    assert list(report.changed.values()) == [198] and not report.dropped
    assert np.isfinite(out.opacity_logits).all()
    assert dataclasses.replace(scene, opacity_logits=out.opacity_logits).sh0 is out.sh0
