"""Scenes that do not fill their views are judged and trained on two backdrops."""

import numpy as np
import pytest

import codec
from codec.encoder import reopt
from codec.encoder.backdrop import BLACK, WHITE, composited, is_open, photo_backdrop
from codec.encoder.ladder import joined
from codec.encoder.probe import ViewError
from codec.encoder.restoring import take_pictures
from codec.io.images import write_png
from codec.rendering import RenderOptions, orbit_cameras, render
from tests.conftest import coloured_ball


@pytest.fixture(scope="module")
def ball():
    return coloured_ball(600, 4, -2.2)


@pytest.fixture(scope="module")
def cameras(ball):
    return orbit_cameras(ball, 4, 64, 48)


@pytest.fixture(scope="module")
def walled(ball):
    """The ball inside a much larger one, which is behind it in every view."""
    far = coloured_ball(4_000, 5, 0.6)
    far.means[:] *= 12
    far.opacity_logits[:] = 8
    return joined([ball, far])


def on(splats, camera, background):
    return render(splats, camera, options=RenderOptions(background=background)).rgb


def as_photos(folder, splats, cameras, background, noise=0.0):
    """Renders as the photos of the cameras."""
    rng = np.random.default_rng(0)
    for camera in cameras:
        image = on(splats, camera, background)
        behind = 1 - render(splats, camera).alpha[..., None]
        image = image + noise * behind * rng.uniform(-1, 1, image.shape)
        write_png(folder / f"{camera.name}.png", np.uint8(255 * np.clip(image, 0, 1) + 0.5))
    return folder


def test_open_scenes_are_told_from_those_that_fill_their_views(ball, walled, cameras):
    assert is_open([render(ball, c).alpha for c in cameras])
    assert not is_open([render(walled, c).alpha for c in cameras])
    assert not is_open([])


def test_a_view_moves_to_another_backdrop(ball, cameras):
    view = render(ball, cameras[0])
    for colour in (BLACK, WHITE, (0.2, 0.5, 0.9)):
        assert np.abs(composited(view, colour) - on(ball, cameras[0], colour)).max() < 1e-5


@pytest.mark.parametrize("colour", [BLACK, WHITE, (0.2, 0.6, 0.4)])
def test_photos_tell_their_backdrop(ball, cameras, tmp_path, colour):
    found = photo_backdrop(ball, cameras, as_photos(tmp_path, ball, cameras, colour))
    assert found == pytest.approx(colour, abs=0.01)


def test_what_is_no_backdrop_is_none(ball, walled, cameras, tmp_path):
    """A scene that fills its views has none; behind this one the photos show more than a colour."""
    as_photos(tmp_path, ball, cameras, (0.5, 0.5, 0.5), noise=0.4)
    assert photo_backdrop(ball, cameras, tmp_path) == BLACK
    assert photo_backdrop(walled, cameras, tmp_path) is None


def test_targets_of_an_open_scene_are_on_black_and_on_white(ball, walled, cameras):
    views = reopt.target_views(ball, cameras, None, 0)
    assert len(views) == 8 and views.facts(None)["views"] == 4
    for i in (0, 7):
        camera, image = views.view(i)
        assert views.background(i) == (BLACK, WHITE)[i // 4]
        shown = np.clip(on(ball, camera, views.background(i)), 0, 1)
        assert np.abs(image - shown).max() < 0.01
    filled = reopt.target_views(walled, cameras, None, 0)
    assert len(filled) == 4 and filled.background(3) == BLACK


def test_photos_on_white_stand_beside_renders_on_black(ball, cameras, tmp_path):
    views = reopt.target_views(ball, cameras, as_photos(tmp_path, ball, cameras, WHITE), 0)
    assert [views.background(i) for i in range(8)] == [WHITE] * 4 + [BLACK] * 4
    assert views.view(1)[1][0, 0].min() > 0.98 and views.view(5)[1][0, 0].max() < 0.02


def dark_cloud(n=40):
    """Black, solid Gaussians beside the ball: nothing on black, much on white."""
    cloud = coloured_ball(n, 6, -2.0)
    cloud.means[:] *= 1.25
    cloud.opacity_logits[:] = 4
    cloud.sh0[:] = -5
    cloud.shN[:] = 0
    return cloud


def test_black_gaussians_in_front_of_nothing_are_errors(ball, cameras):
    error, clouded = ViewError(ball, cameras), joined([dark_cloud(), ball])
    assert error.backdrops == (BLACK, WHITE) == error.against(clouded).backdrops
    on_white = error.per_view(clouded)[1]
    on_black = ViewError(ball, cameras, 0, (BLACK,)).per_view(clouded)[1]
    assert on_white > 1.5 * on_black


def test_training_on_two_backdrops_clears_what_black_hides(ball, cameras):
    """From the same start, targets on black and white leave a scene that is right on both."""
    start = joined([dark_cloud(), ball])
    plan = reopt.Reopt(240, 1)

    def trained(backdrops):
        views = reopt.rendered_views(ball, cameras, backdrops=backdrops)
        found = reopt.Retrainer(views, plan, False, lambda *a: None).free(start, 1)
        return ViewError(ball, cameras, 0, (WHITE,)).psnr(found)

    assert trained(()) > trained((BLACK,)) + 1.5


def test_restored_views_are_compared_on_the_networks_backdrop(ball, cameras, tmp_path):
    """Photos on white, a network that wants black: the targets are as on black."""
    data = codec.encode(ball, codec.EncoderOptions(effort=1, quality=90))
    photos = as_photos(tmp_path, ball, cameras, WHITE)
    pictures = take_pictures(data, ball, cameras, photos, BLACK, 0)
    for image, camera in zip(pictures.target, cameras, strict=True):
        assert np.abs(image - np.clip(on(ball, camera, BLACK), 0, 1)).max() < 0.02
