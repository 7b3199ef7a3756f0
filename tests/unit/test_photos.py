"""Which photo belongs to which camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codec.errors import SceneError
from codec.io.cameras import read_cameras
from codec.optimize.photos import find_photo, match_photos, with_photos
from codec.scene import Camera


def cameras_of(*images: str) -> list[Camera]:
    """A camera of each image path, at different places."""
    poses = np.repeat(np.eye(4)[None], len(images), axis=0)
    poses[:, 0, 3] = np.arange(len(images))
    return [Camera(pose, 8.0, 8.0, 4.0, 4.0, 8, 8, f"c{i}", image)
            for i, (pose, image) in enumerate(zip(poses, images, strict=True))]


def fill(folder, *names: str):
    """Empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def matched(folder, *images: str) -> list[str | None]:
    photos = match_photos(folder, cameras_of(*images))
    return [photo and photo.relative_to(folder).as_posix() for photo in photos]


def test_a_tree_of_two_cameras_and_a_name_that_looks_made_up(tmp_path):
    """Each camera of a COLMAP model gets its own photo, whatever its name became."""
    images = ["cam1/0001.jpg", "cam2/0001.jpg", "0001_2.jpg", "with space.tif"]
    (tmp_path / "cameras.txt").write_text("1 PINHOLE 8 8 8 8 4 4\n")
    (tmp_path / "images.txt").write_text(
        "".join(f"{i + 1} 1 0 0 0 {i} 0 0 1 {name}\n\n" for i, name in enumerate(images)))
    cameras = read_cameras(tmp_path)
    assert [c.image for c in cameras] == images
    photos = fill(tmp_path / "ph", *images)
    assert match_photos(photos, cameras) == [photos / name for name in images]
    (photos / images[1]).unlink()
    assert match_photos(photos, cameras)[1] is None  # not 0001_2.jpg
    with pytest.raises(SceneError, match=r"no photo cam2/0001.jpg in .*ph"):
        find_photo(photos, cameras[1])


def test_the_extension_given_comes_first(tmp_path):
    fill(tmp_path, "x.jpg", "x.png", "y.PNG", "z.tiff", "v1.5.jpg", "w.JPG", "w.png")
    images = ["x.png", "y.jpg", "z", "v1.5", "w.jpg"]
    assert matched(tmp_path, *images) == ["x.png", "y.PNG", "z.tiff", "v1.5.jpg", "w.JPG"]
    with pytest.raises(SceneError, match=r"holds x.jpg or x.png: which is the photo of x"):
        matched(tmp_path, "x.bmp")


def test_names_without_extension_are_found_as_jpg(tmp_path):
    """What graphdeco's cameras.json says, and cameras that have a name only."""
    fill(tmp_path, "img_1.jpg", "train/r_0.png", "notes.txt")
    found = matched(tmp_path, "img_1", "./train/r_0", "notes")
    assert found == ["img_1.jpg", "train/r_0.png", None]
    fill(tmp_path, "img_1.png", "two.tif", "two.png")  # such as masks
    assert matched(tmp_path, "img_1") == ["img_1.jpg"]
    with pytest.raises(SceneError, match=r"holds two.png or two.tif"):
        matched(tmp_path, "two")
    (camera,) = cameras_of("")
    assert find_photo(tmp_path, replace(camera, name="img_1")) == tmp_path / "img_1.jpg"
    with pytest.raises(SceneError, match="no photo c0.jpg or .png in"):
        find_photo(tmp_path, camera)


def test_leading_folders_may_be_missing(tmp_path):
    fill(tmp_path, "a/1.jpg", "1.jpg", "2.jpg")
    images = ["images/a/1.jpg", "images/b/2.jpg", "images\\1.jpg"]
    assert matched(tmp_path, *images) == ["a/1.jpg", "2.jpg", "1.jpg"]


@pytest.mark.parametrize("image", ["/etc/x.jpg", "../x.jpg", "a/../../x.jpg", "//h/s/x.jpg", "..",
                                   "a\0b.jpg", "", "n" * 5000 + ".jpg"])
def test_no_path_leads_out_of_the_folder(tmp_path, image):
    inside = fill(tmp_path / "ph" / "a", "y.jpg").parent
    fill(tmp_path, "x.jpg", "etc/x.jpg")
    assert matched(inside, image) == [None]
    fill(inside, "x.jpg")
    if image.endswith("/x.jpg"):
        assert matched(inside, image) == ["x.jpg"]


def test_one_photo_of_two_cameras_is_an_error(tmp_path):
    """The bare name is another camera's, or would be of both."""
    fill(tmp_path, "0001.jpg")
    for images in (["0001.jpg", "cam2/0001.jpg"], ["cam1/0001.jpg", "cam2/0001.jpg"],
                   ["0001", "0001.png"]):
        with pytest.raises(SceneError, match="two cameras, ") as caught:
            matched(tmp_path, *images)
        assert all(image in str(caught.value) for image in images)
        assert "\n" not in str(caught.value)


def test_a_part_of_the_cameras_finds_what_all_find(tmp_path):
    cameras = cameras_of("images/1.jpg", "images/2", "3.jpg")
    bound = with_photos(fill(tmp_path, "1.jpg", "2.png"), cameras)
    assert [c.image for c in bound] == ["1.jpg", "2.png", "3.jpg"]
    assert find_photo(tmp_path, bound[1].resized(4)) == tmp_path / "2.png"


def test_encode_refuses_photos_that_fit_two_cameras(tmp_path):
    """Before any work, whatever views it would have trained towards."""
    from codec.encoder.encode import encode
    from tests.conftest import random_scene

    fill(tmp_path, "0001.jpg")
    with pytest.raises(SceneError, match="two cameras"):
        encode(random_scene(20), cameras=cameras_of("a/0001.jpg", "0001.jpg"), photos=tmp_path)
