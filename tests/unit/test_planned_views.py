"""Views planned from the splats alone: places a camera would have stood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codec.encoder import planned_views
from codec.encoder.planned_views import (
    BINS,
    FOV,
    _Judge,
    _sphere,
    known_edge,
    opened,
    plan_views,
    sharpness,
)
from codec.encoder.pruning import ScoreViews
from codec.encoder.pruning.views import blending_weights
from codec.rendering.reference import sh_basis
from codec.rendering.views import has_background, measure_extent
from codec.scene import Splats

RNG = 11


def scene(means, sizes, rng) -> Splats:
    n = len(means)
    return Splats(
        means=means.astype(np.float32),
        log_scales=np.log(np.repeat(np.broadcast_to(sizes, n)[:, None], 3, 1)).astype(np.float32),
        quats=np.tile(np.array([1, 0, 0, 0], np.float32), (n, 1)),
        opacity_logits=np.full(n, 3, np.float32),
        sh0=rng.normal(size=(n, 3)).astype(np.float32), shN=np.zeros((n, 0, 3), np.float32))


def room() -> Splats:
    """Fine walls of a box of side 4 about the origin, seen from within; coarse haze outside."""
    rng = np.random.default_rng(RNG)
    walls = rng.uniform(-2, 2, (3000, 3))
    walls[np.arange(3000), rng.integers(0, 3, 3000)] = rng.choice([-2.0, 2.0], 3000)
    haze = rng.normal(size=(300, 3))
    haze *= rng.uniform(3, 8, (300, 1)) / np.linalg.norm(haze, axis=1, keepdims=True)
    return scene(np.concatenate([walls, haze]), np.repeat([0.06, 0.8], [3000, 300]), rng)


def thing() -> Splats:
    """A ball of radius 1 about (5, 0, 0), no background."""
    rng = np.random.default_rng(RNG)
    means = rng.normal(size=(2000, 3))
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return scene(means + (5, 0, 0), 0.05, rng)


@pytest.fixture(scope="module")
def in_the_room():
    return plan_views(room(), 6, 64, 48, seed=1, threads=1)


def test_a_room_is_seen_from_within(in_the_room):
    assert len(in_the_room) == 6
    inside = [np.abs(camera.position).max() < 2 for camera in in_the_room]
    assert sum(inside) >= 5


def test_a_thing_is_seen_from_outside_and_all_round():
    cameras = plan_views(thing(), 8, 64, 48, seed=1, threads=1)
    away = np.array([camera.position for camera in cameras]) - (5, 0, 0)
    distance = np.linalg.norm(away, axis=1)
    assert (distance > 1.5).all() and (distance < 8).all()
    assert np.linalg.norm((away / distance[:, None]).mean(axis=0)) < 0.6


def test_what_is_there_is_seen(in_the_room):
    splats = room()
    weights = blending_weights(splats, ScoreViews.of(in_the_room, threads=1))
    assert (weights[:3000] > 0).mean() > 0.9


def test_repeats_and_follows_the_seed(in_the_room):
    again = plan_views(room(), 6, 64, 48, seed=1, threads=2)
    other = plan_views(room(), 6, 64, 48, seed=2, threads=1)
    poses = [np.array([c.world_to_camera for c in cameras]) for cameras in (
        in_the_room, again, other)]
    assert np.array_equal(poses[0], poses[1])
    assert not np.array_equal(poses[0], poses[2])


def test_what_sh_remembers_does_not_depend_on_threads(monkeypatch):
    """Views of a scene seen from the half where x > 0; candidates alike with one thread and two."""
    splats, rng = room(), np.random.default_rng(4)
    eyes = rng.uniform((0.2, -1, -1), (1.5, 1, 1), (20, 3))
    rest = np.zeros((splats.n_gaussians, 15, 3))
    for eye in eyes:
        away = splats.means - eye
        away /= np.linalg.norm(away, axis=1, keepdims=True)
        rest += rng.normal(size=(len(rest), 1, 3)) * sh_basis(away, 3)[:, 1:, None]
    splats = replace(splats, shN=(0.1 * rest).astype(np.float32))
    cameras = plan_views(splats, 8, 64, 48, seed=1, threads=2)
    assert np.mean([camera.position[0] > 0 for camera in cameras]) >= 0.75
    monkeypatch.setattr(planned_views, "SMALL", 0)
    one, two = ([_Judge(splats, 64, 48, threads=k).look(eye, eye + (1, 0, 0)) for eye in eyes[:5]]
                for k in (1, 2))
    assert [c.familiarity for c in one] == [c.familiarity for c in two]
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(one, two, strict=True))


def test_all_of_an_object_is_seen_though_most_of_it_is_in_one_place():
    """A figure on much ground: no part of it lies outside all views."""
    rng = np.random.default_rng(RNG)
    means = rng.uniform(-1, 1, (3000, 3)) * (0.2, 1, 0.2)
    means[1000:, 1] = 1
    cameras = plan_views(scene(means, 0.01, rng), 12, 64, 48, threads=1)
    inside = np.zeros(3000, bool)
    for camera in cameras:
        x, y, z = camera.world_to_camera[:3, :3] @ means.T + camera.world_to_camera[:3, 3:]
        u, v = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
        inside |= (z > 0) & (u > 0) & (u < camera.width) & (v > 0) & (v < camera.height)
    assert inside.mean() > 0.99


def test_without_anything_finite_there_are_views():
    splats = thing()
    splats.means[:] = np.nan
    assert len(plan_views(splats, 3, 32, 32, threads=1)) == 3


@pytest.mark.parametrize("haze", [0, 60])
def test_an_object_is_seen_from_the_half_that_was_photographed(haze):
    """Also where floaters make up a background: what is familiar from outside is an object."""
    rng = np.random.default_rng(RNG)
    ball = rng.normal(size=(3000, 3))
    ball /= np.linalg.norm(ball, axis=1, keepdims=True)
    far = rng.normal(size=(haze, 3))
    far *= 40 / np.linalg.norm(far, axis=1, keepdims=True)
    sizes = np.repeat([0.05, 0.5], [3000, haze])
    splats = scene(np.concatenate([ball, far]), sizes, rng)
    rest = np.zeros((splats.n_gaussians, 15, 3))
    wanted = rng.normal(size=rest.shape)
    for direction in _sphere(120)[:, [0, 2, 1]]:
        away = splats.means - 4 * direction
        away /= np.linalg.norm(away, axis=1, keepdims=True)
        facing = (away * splats.means).sum(axis=1) < 0
        basis = (sh_basis(away, 3)[:, 1:] * facing[:, None])[:, :, None]
        if direction[2] > 0:
            rest += basis * (basis * wanted).sum(axis=1, keepdims=True)
    splats = replace(splats, shN=(0.1 * rest).astype(np.float32))
    assert has_background(measure_extent(splats)) == bool(haze)
    cameras = plan_views(splats, 20, 64, 48, seed=1, threads=1)
    places = np.array([camera.position for camera in cameras])
    assert len(cameras) == 20 and {(c.width, c.height) for c in cameras} == {(64, 64)}
    assert (np.linalg.norm(places, axis=1) > 1.5).all()
    assert (places[:, 2] > -0.5).all() and len(np.unique(places.round(3), axis=0)) == 20
    other = plan_views(splats, 20, 64, 48, seed=2, threads=1)
    assert not np.array_equal(places, [camera.position for camera in other])


def test_cameras_face_what_is_known_from_their_place():
    """SH of a scene looked at along +x only: a camera turned away by 60 degrees turns back."""
    splats, rng = room(), np.random.default_rng(4)
    eyes = np.array([(-1.2, y, z) for y in (-0.4, 0, 0.4) for z in (-0.4, 0, 0.4)])
    rest = np.zeros((splats.n_gaussians, 15, 3))
    for eye in eyes:
        away = splats.means - eye
        away /= np.linalg.norm(away, axis=1, keepdims=True)
        seen = rng.normal(size=(len(rest), 1, 3)) * (away[:, :1, None] > 0.6)
        rest += seen * sh_basis(away, 3)[:, 1:, None]
    judge = _Judge(replace(splats, shN=(0.1 * rest).astype(np.float32)), 64, 48, threads=1)
    place = eyes[4]
    judge.enough = judge.look(place, place + (1.0, 0, 0)).familiarity
    start = np.array([np.cos(np.pi / 3), 0, np.sin(np.pi / 3)])
    assert judge.facing(place, start, 4)[0] > 0.9


def test_size_names_and_field_of_view(in_the_room):
    for i, camera in enumerate(in_the_room):
        assert (camera.width, camera.height, camera.name) == (64, 48, f"planned_{i:03d}")
        fov = 2 * np.degrees(np.arctan(24 / camera.fy))
        assert abs(fov - opened(FOV)) < 1e-6


def test_scenes_of_nothing_or_one_point():
    splats = thing()
    for n in (0, 1):
        cameras = plan_views(splats.take(np.arange(n)), 3, 32, 32, threads=1)
        assert len(cameras) == 3
        assert all(np.isfinite(camera.world_to_camera).all() for camera in cameras)
    assert plan_views(splats, 0, 32, 32, threads=1) == []


def test_blur_is_less_sharp_and_flat_is_nothing():
    fine = np.random.default_rng(RNG).random((40, 40, 3))
    blurred = sum(np.roll(fine, k, axis) for k in (-1, 0, 1) for axis in (0, 1)) / 6
    assert sharpness(blurred) < sharpness(fine)
    assert sharpness(np.full((8, 8, 3), 0.5)) == 0


def test_scenes_without_anything_sharp_still_get_views():
    splats = room()
    splats.sh0[:] = 0.0
    cameras = plan_views(splats, 4, 64, 48, threads=1)
    assert all(np.isfinite(camera.world_to_camera).all() for camera in cameras)


def test_the_edge_of_what_is_known_is_where_it_falls_to_three_quarters():
    centres = (BINS[1:] + BINS[:-1]) / 2
    pixels = np.full(len(centres), 100.0)
    assert known_edge(pixels, 0.8 * pixels) == centres[-1]  # no edge: wide
    falling = np.interp(centres, [30, 50], [0.8, 0.4])  # 0.6 at 40
    assert known_edge(pixels, falling * pixels) == pytest.approx(40)
    assert known_edge(pixels, (centres < 45) * pixels) == pytest.approx(43.75)
    assert known_edge(np.where(centres < 30, pixels, 0), (centres < 30) * pixels) == 27.5


def test_a_scene_without_view_dependent_colour_tells_no_lens(in_the_room):
    half = np.arctan(min(in_the_room[0].width, in_the_room[0].height) / 2 / in_the_room[0].fy)
    assert 2 * np.degrees(half) == pytest.approx(opened(FOV), abs=0.5)
