"""Directions that a scene's SH coefficients remember."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codec.encoder.seen_from import SeenFrom
from codec.rendering.reference import sh_basis
from codec.scene import Splats


def looked_at(eyes, n: int = 4000, degree: int = 3, noise: float = 0.0) -> Splats:
    """Gaussians in a ball of radius 1 whose SH is a random mix of the bases seen from `eyes`."""
    rng = np.random.default_rng(5)
    means = rng.normal(size=(n, 3))
    means *= rng.random((n, 1)) ** (1 / 3) / np.linalg.norm(means, axis=1, keepdims=True)
    rest = np.zeros((n, (degree + 1) ** 2 - 1, 3))
    for eye in eyes:
        basis = np.asarray(sh_basis(unit(means - eye), degree))[:, 1:]
        rest += 0.1 * rng.normal(size=(n, 1, 3)) * basis[:, :, None]
    rest += noise * rng.normal(size=rest.shape)
    return Splats(
        means=means.astype(np.float32), log_scales=np.full((n, 3), -3, np.float32),
        quats=np.tile(np.array([1, 0, 0, 0], np.float32), (n, 1)),
        opacity_logits=np.zeros(n, np.float32), sh0=np.zeros((n, 3), np.float32),
        shN=rest.astype(np.float32))


def unit(v):
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def familiarity(splats: Splats, eye) -> float:
    rows = np.arange(splats.n_gaussians)
    return SeenFrom(splats).familiarity(rows, np.ones(len(rows)), splats.means - np.array(eye))


EYES = [(4.0, 0, 0), (3.0, 2.5, 0), (3.0, -2.5, 1), (3.5, 0.5, 2), (3.5, 0, -2)]


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_where_cameras_stood_is_familiar_and_the_other_side_is_not(noise):
    splats = looked_at(EYES, noise=noise)
    here = [familiarity(splats, eye) for eye in EYES]
    between = familiarity(splats, (4.0, 0.4, 0.4))
    away = [familiarity(splats, eye) for eye in ((-4, 0, 0), (0, 0, 5), (-2, 3, 0))]
    assert min(*here, between) > 1.15 * max(away)


def test_the_opposite_direction_is_another_one():
    splats = looked_at([(5.0, 0, 0), (5.0, 0.5, 0)])
    assert familiarity(splats, (5, 0.2, 0)) > 1.5 * familiarity(splats, (-5, 0, 0))


def test_a_scene_seen_from_everywhere_knows_no_better_place():
    rng = np.random.default_rng(2)
    splats = looked_at(4 * unit(rng.normal(size=(60, 3))))
    found = [familiarity(splats, eye) for eye in ((4, 0, 0), (-4, 0, 0), (0, 4, 0))]
    assert max(found) < 1.25 * min(found)


def test_without_view_dependent_colour_everything_is_familiar():
    plain = looked_at(EYES).with_sh_degree(0)
    assert familiarity(plain, (9, 9, 9)) == 1.0
    grey = replace(looked_at(EYES), shN=np.zeros((4000, 15, 3), np.float32))
    assert familiarity(grey, (9, 9, 9)) == 1.0
    assert familiarity(looked_at(EYES, n=30), (9, 9, 9)) == 1.0  # too few to tell


def test_broken_coefficients_are_left_out():
    splats = looked_at(EYES)
    splats.shN[::7] = np.nan
    assert np.isfinite(familiarity(splats, EYES[0]))
    assert familiarity(splats, EYES[0]) > 1.15 * familiarity(splats, (-4, 0, 0))
