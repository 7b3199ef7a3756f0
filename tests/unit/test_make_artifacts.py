"""Training pairs: artificial scenes are seen rightly, degraded by the codec, and stored whole."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("PIL")

from codec.scene import Camera  # noqa: E402
from tools import make_artifacts as artifacts  # noqa: E402
from tools.restoring import data  # noqa: E402
from tools.restoring.data import PairFile, PairPool  # noqa: E402


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Three photos of one colour each with a bright left half, then the drawn ones."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("photos")
    for i in range(3):
        image = np.full((artifacts.TILE, artifacts.TILE, 3), 40 * i, np.uint8)
        image[:, : artifacts.TILE // 2, i] = 255
        Image.fromarray(image).save(folder / f"{i}.jpg", quality=95)
    return artifacts.load_pictures(folder)


def camera_at_origin(width=64, height=48, focal=50.0) -> Camera:
    return Camera(np.eye(4), focal, focal, width / 2, height / 2, width, height)


def wall(z: float, half: float, tile: int, mask=None):
    """One panel facing the camera at depth z."""
    frame = np.concatenate([[0, 0, z], [1, 0, 0], [0, 1, 0], [0, 0, 1], [half, half]])
    return frame, tile, np.ones((32, 32), np.float32) if mask is None else mask


def panels_of(*walls):
    frames, tiles, masks = zip(*walls, strict=True)
    n = len(walls)
    return artifacts.Panels(np.array(frames), np.ones((n, 2), np.int64), np.arange(n),
                            np.array(tiles), np.stack(masks))


def test_a_wall_is_seen_where_it_hangs(pictures):
    """Depth, left and right, and nothing beyond the edge."""
    rgb, depth = artifacts.cast_view(panels_of(wall(2.0, 1.0, 0)), pictures, camera_at_origin())
    assert rgb.shape == (48, 64, 3)
    np.testing.assert_allclose(depth[24, 32], 2.0, atol=1e-6)
    assert rgb[24, 20, 0] > 200 > rgb[24, 44, 0]
    # Half a width of 1 at depth 2 and focal 50 px is 25 px: columns 0..6 see past the wall.
    assert (rgb[:, :6] == 0).all() and rgb[24, 8:31, 0].min() > 200


def test_the_nearer_panel_hides_the_farther_but_for_its_cut_out(pictures):
    hole = np.ones((32, 32), np.float32)
    hole[:, 16:] = -1
    near, far = wall(1.0, 0.4, 1, hole), wall(2.0, 2.0, 2)
    _, depth = artifacts.cast_view(panels_of(near, far), pictures, camera_at_origin())
    assert depth[24, 25] == pytest.approx(1.0) and depth[24, 45] == pytest.approx(2.0)


def test_rooms_follow_their_seed(pictures):
    def made(seed):
        rng = np.random.Generator(np.random.PCG64(seed))
        return artifacts.make_room(rng, len(pictures.full), 400.0)[0]

    np.testing.assert_array_equal(made(1).frames, made(1).frames)
    assert made(1).frames.shape != made(2).frames.shape or (
        made(1).frames != made(2).frames).any()
    assert made(1).tiles.max() < len(pictures.full)


def test_a_scene_gives_pairs_of_all_its_views(pictures, tmp_path, monkeypatch):
    """Degraded views resemble the truth, held-out ones are marked, and nothing is made twice."""
    monkeypatch.setattr(artifacts, "SIZE", (96, 64))
    scores = artifacts.photo_scene(pictures, tmp_path, seed=3, counts=1, views=4,
                                   gaussians=(150, 200), iterations=(20, 30))
    path = tmp_path / "room_00003_0.npz"
    file = PairFile.read(path)
    assert file.clean.shape == file.degraded.shape == (4, 64, 96, 3)
    assert file.alpha.shape == (4, 64, 96) and file.held.tolist() == [True, False] * 2
    assert scores[0] > 10 and (file.clean != file.degraded).any()
    with np.load(path) as data:
        meta = json.loads(str(data["meta"]))
        assert meta["kind"] == "room" and 150 <= meta["count"] <= 200
        assert file.fidelity == pytest.approx(float(data["psnr"][1::2].mean()))
    assert artifacts.photo_scene(pictures, tmp_path, seed=3, counts=1, views=4) == []


def test_crops_of_a_pair_belong_together(tmp_path, monkeypatch):
    """The same flips and turns reach the clean, the degraded crop and the mask."""
    monkeypatch.setattr(data, "MILD", 0.0)
    rng = np.random.default_rng(0)
    clean = rng.integers(0, 256, (2, 40, 48, 3)).astype(np.uint8)
    alpha = clean[..., 0]
    grey = np.repeat(alpha[..., None], 3, -1)
    artifacts.Pairs(grey, grey, alpha, np.array([True, False]), np.float32([20, 22]),
                    {}).save(tmp_path / "a.npz")
    batch = PairPool(tmp_path, 0, size=1).batch(8, 24)
    assert batch.clean.shape == (8, 3, 24, 24) and batch.hole.shape == (8, 1, 24, 24)
    np.testing.assert_allclose(batch.clean, batch.degraded, atol=1e-6)
    shown, covered = (batch.clean[:, :1] + 1) / 2, 1 - batch.hole
    for image, mask in zip(shown, covered, strict=True):  # grey = gain * alpha in each crop
        gain = float(image.max() / mask.max())
        assert 0.69 <= gain <= 1.01
        np.testing.assert_allclose(image, gain * mask, atol=1e-5)
    assert float(batch.clean.min()) >= -1 and float(batch.clean.max()) <= 1


def test_mild_crops_say_how_mild_they_are(tmp_path, monkeypatch):
    """Half way to the truth is 6 dB better, and half of the holes closed."""
    monkeypatch.setattr(data, "MILD", 1.0)
    monkeypatch.setattr(data, "LEAST_MILD", 1.0 - 1e-9)
    monkeypatch.setattr(data, "FIDELITY_JITTER", 0.0)
    monkeypatch.setattr(data, "FIDELITY_DROP", 0.0)
    views = np.full((1, 32, 32, 3), 100, np.uint8)
    artifacts.Pairs(views, views + 50, np.full((1, 32, 32), 51, np.uint8), np.array([True]),
                    np.float32([14.15]), {}).save(tmp_path / "a.npz")
    whole = PairPool(tmp_path, 0, size=1).batch(1, 16)
    monkeypatch.setattr(data, "LEAST_MILD", 0.5)
    part = PairPool(tmp_path, 0, size=1).batch(1, 16)
    share = float((part.degraded - part.clean).mean() / part.clean.add(1).mean()) / 0.5
    assert 0.5 <= share < 1
    assert float(whole.fidelity) == pytest.approx(14.15, abs=0.01)
    assert float(part.fidelity) == pytest.approx(14.15 - 20 * np.log10(share), abs=0.01)
    np.testing.assert_allclose(part.hole, share * 0.8, atol=1e-3)


def test_a_folder_without_pairs_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no pair files"):
        PairPool(tmp_path, 0).batch(1, 8)
