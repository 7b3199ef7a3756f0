"""Made-up cameras: deterministic, rigid, facing content."""

from __future__ import annotations

import numpy as np
import pytest

from codec.errors import UsageError
from codec.rendering.views import has_background, measure_extent, orbit_cameras, seeded_views
from codec.scene import Splats


def make_scene(means, log_scale):
    n = len(means)
    return Splats(means.astype(np.float32), np.full((n, 3), log_scale, np.float32),
                  np.tile(np.float32([1, 0, 0, 0]), (n, 1)), np.full(n, 2, np.float32),
                  np.zeros((n, 3), np.float32), np.zeros((n, 0, 3), np.float32))


@pytest.fixture
def blob():
    return make_scene(np.random.default_rng(0).normal(5, 0.5, (500, 3)), -4.0)


@pytest.fixture
def place():
    """A dense middle with a far and coarse background."""
    rng = np.random.default_rng(1)
    far = rng.normal(0, 1, (300, 3))
    far *= 30 / np.linalg.norm(far, axis=1, keepdims=True)
    middle = make_scene(rng.normal(0, 1, (1500, 3)), -3.0)
    scene = make_scene(np.concatenate([middle.means, far]), -3.0)
    scene.log_scales[1500:] = 1.5
    return scene


def assert_rigid(camera):
    r = camera.world_to_camera[:3, :3]
    np.testing.assert_allclose(r @ r.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(r) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["place", "blob"])
def test_orbit_looks_at_the_centre(kind, request):
    """Every orbit camera is rigid, upright and has the centre in the middle of the image."""
    scene = request.getfixturevalue(kind)
    extent = measure_extent(scene)
    cameras = orbit_cameras(scene, 6, 64, 48)
    assert len(cameras) == 6 and len({c.name for c in cameras}) == 6
    for camera in cameras:
        assert_rigid(camera)
        t = camera.world_to_camera[:3, :3] @ extent.centre + camera.world_to_camera[:3, 3]
        np.testing.assert_allclose(t[:2], 0, atol=1e-9 if kind == "place" else 0.2)
        assert t[2] > extent.r90
        assert camera.world_to_camera[1, 1] > 0  # image y runs with world y: -y is up


def test_orbit_shows_the_whole_of_a_tall_object():
    """Head and feet of a figure that stands on much ground are few Gaussians, yet in the image."""
    rng = np.random.default_rng(0)
    figure = make_scene(rng.uniform(-1, 1, (3000, 3)) * (0.2, 1.0, 0.2), -5.0)
    figure.means[1000:, 1] = 1.0
    for camera in orbit_cameras(figure, 4, 64, 48):
        x, y, z = camera.world_to_camera[:3, :3] @ figure.means.T + camera.world_to_camera[:3, 3:]
        u, v = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
        assert ((u > 0) & (u < 64) & (v > 0) & (v < 48)).all()
        assert abs(v.min() + v.max() - 48) < 8  # and in its middle


def test_orbit_ignores_outliers(blob):
    """One Gaussian a million units off does not move the cameras by much."""
    moved = make_scene(np.concatenate([blob.means, [[1e6, 0, 0]]]), -4.0)
    near, far = (np.array([c.position for c in orbit_cameras(s, 4, 9, 9)]) for s in (blob, moved))
    np.testing.assert_allclose(near, far, atol=0.3)


def test_orbit_is_not_thrown_far_by_floaters():
    """Three of a hundred Gaussians thirty radii away."""
    rng = np.random.default_rng(2)
    ball, far = (v / np.linalg.norm(v, axis=1, keepdims=True)
                 for v in (rng.normal(size=(2910, 3)), rng.normal(size=(90, 3))))
    scene = make_scene(np.concatenate([ball, 30 * far]), -4.6)
    assert not has_background(measure_extent(scene))
    for camera in orbit_cameras(scene, 4, 64, 48):
        assert 2 < np.linalg.norm(camera.position) < 5


def test_seeded_views_repeat(place):
    """The same seed gives the same cameras, another seed others."""
    a, b, c = (seeded_views(place, 3, 32, 32, seed) for seed in (5, 5, 6))
    for x, y, z in zip(a, b, c, strict=True):
        assert np.array_equal(x.world_to_camera, y.world_to_camera)
        assert not np.array_equal(x.world_to_camera, z.world_to_camera)


def test_objects_are_seen_from_outside_and_places_from_within(blob, place):
    """The background test tells both apart and puts the cameras accordingly."""
    assert not has_background(measure_extent(blob)) and has_background(measure_extent(place))
    for scene, outside in ((blob, True), (place, False)):
        extent = measure_extent(scene)
        for camera in seeded_views(scene, 5, 32, 32, 0):
            assert_rigid(camera)
            distance = np.linalg.norm(camera.position - extent.centre)
            assert (distance > extent.r90) == outside


@pytest.mark.parametrize("n", [0, 1, 2])
def test_degenerate_scenes(n):
    """Empty scenes, one Gaussian and repeated positions still give finite cameras."""
    scene = make_scene(np.ones((n, 3)), -1.0)
    for camera in (*orbit_cameras(scene, 3, 8, 8), *seeded_views(scene, 3, 8, 8, 0)):
        assert np.isfinite(camera.world_to_camera).all()


def test_impossible_views(blob):
    """A size of zero is refused."""
    with pytest.raises(UsageError):
        orbit_cameras(blob, 1, 0, 8)
