"""Camera files: three kinds, one set of cameras."""

from __future__ import annotations

import json
import struct
import warnings
from dataclasses import fields

import numpy as np
import pytest

from codec.errors import SceneError, UsageError
from codec.io.cameras import find_cameras, read_cameras, write_cameras
from codec.io.images import write_png
from codec.scene import Camera
from tests.conftest import shared_data


def rotation(seed: int) -> np.ndarray:
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))
    return q * np.sign(np.linalg.det(q))


def quaternion(r: np.ndarray) -> np.ndarray:
    """w, x, y, z of a rotation: the null space of the usual 4 x 4 matrix, found by eigh."""
    k = np.array(
        [
            [r[0, 0] + r[1, 1] + r[2, 2], r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]],
            [0, r[0, 0] - r[1, 1] - r[2, 2], r[0, 1] + r[1, 0], r[0, 2] + r[2, 0]],
            [0, 0, r[1, 1] - r[0, 0] - r[2, 2], r[1, 2] + r[2, 1]],
            [0, 0, 0, r[2, 2] - r[0, 0] - r[1, 1]],
        ]
    )
    return np.linalg.eigh(k, UPLO="U")[1][:, -1]


def make(n: int = 3, centered: bool = True) -> list[Camera]:
    cameras = []
    for i in range(n):
        pose = np.eye(4)
        pose[:3, :3] = rotation(i)
        pose[:3, 3] = [i, -2.5, 1e3]
        cx, cy = (320, 240) if centered else (300.5, 250.25)
        cameras.append(Camera(pose, 500.0 + i, 510.0, cx, cy, 640, 480, f"img_{9 - i}"))
    return cameras


def assert_same(got: list[Camera], want: list[Camera]) -> None:
    assert [c.name for c in got] == [c.name for c in want]
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a.world_to_camera, b.world_to_camera, atol=1e-9)
        assert (a.width, a.height) == (b.width, b.height)
        np.testing.assert_allclose((a.fx, a.fy, a.cx, a.cy), (b.fx, b.fy, b.cx, b.cy), rtol=1e-12)


def transforms(cameras: list[Camera], per_frame: bool = False) -> dict:
    """nerfstudio transforms.json, written out independently: OpenGL camera to world."""
    frames = []
    for c in cameras:
        pose = np.linalg.inv(c.world_to_camera)
        pose[:, 1:3] *= -1
        frame = {"file_path": f"images/{c.name}.jpg", "transform_matrix": pose.tolist()}
        frame |= {"fl_x": c.fx}
        if per_frame:
            frame |= {"fl_y": c.fy, "w": c.width, "h": c.height, "cx": c.cx, "cy": c.cy}
        frames.append(frame)
    c = cameras[0]
    shared = {"fl_x": 1.0, "fl_y": c.fy, "w": 640, "h": 480.0, "cx": c.cx, "cy": c.cy}
    return {**({} if per_frame else shared), "frames": frames}


def write_text_model(folder, cameras: list[Camera], model: str = "PINHOLE", tail: str = ""):
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# Camera list", ""]
    images = ["# Image list with two lines of data per image:"]
    for i, c in enumerate(cameras):
        focal = f"{c.fx!r} {c.fy!r}" if model in ("PINHOLE", "OPENCV") else f"{c.fx!r}"
        lines.append(f"{i + 4} {model} {c.width} {c.height} {focal} {c.cx!r} {c.cy!r} {tail}")
        q = " ".join(repr(float(v)) for v in quaternion(c.world_to_camera[:3, :3]))
        t = " ".join(repr(float(v)) for v in c.world_to_camera[:3, 3])
        images.append(f"{i + 1} {q} {t} {i + 4} sub/{c.name}.jpg")
        images.append("" if i % 2 else "1.5 2.5 -1 3.5 4.5 7")
    (folder / "cameras.txt").write_text("\n".join(lines) + "\n")
    (folder / "images.txt").write_text("\n".join(images) + "\n")


def binary_model(cameras: list[Camera]) -> tuple[bytes, bytes]:
    intrinsics = struct.pack("<Q", len(cameras))
    images = struct.pack("<Q", len(cameras))
    for i, c in enumerate(cameras):
        intrinsics += struct.pack("<iiQQ4d", i, 1, c.width, c.height, c.fx, c.fy, c.cx, c.cy)
        q = quaternion(c.world_to_camera[:3, :3])
        images += struct.pack("<i7di", i, *q, *c.world_to_camera[:3, 3], i)
        images += f"{c.name}.JPG".encode() + b"\0" + struct.pack("<Q", i) + bytes(24 * i)
    return intrinsics, images


def write_binary_model(folder, cameras: list[Camera]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in zip(("cameras.bin", "images.bin"), binary_model(cameras), strict=True):
        (folder / name).write_bytes(data)


def dump(path, content):
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("centered", [True, False])
def test_graphdeco_round_trip(tmp_path, centered):
    cameras = make(centered=centered)
    write_cameras(tmp_path / "any.name", cameras)
    assert_same(read_cameras(tmp_path / "any.name"), cameras)
    items = json.loads((tmp_path / "any.name").read_text())
    assert ("cx" in items[0]) is not centered
    np.testing.assert_allclose(items[1]["position"], cameras[1].position)
    with pytest.raises(UsageError, match="--overwrite"):
        write_cameras(tmp_path / "any.name", cameras)
    write_cameras(tmp_path / "any.name", cameras[:1], overwrite=True)
    assert_same(read_cameras(tmp_path / "any.name"), cameras[:1])


def test_graphdeco_convention(tmp_path):
    """rotation is camera to world, its columns the camera's axes; position is the centre."""
    item = {
        "id": 0, "img_name": "v1.2", "width": 8, "height": 6, "fx": 7, "fy": 5,
        "position": [1, 2, 3], "rotation": [[0, 0, 1], [-1, 0, 0], [0, -1, 0]],
    }  # fmt: skip
    (camera,) = read_cameras(dump(tmp_path / "c.json", [item]))
    forward = camera.world_to_camera @ [2, 2, 3, 1]  # one unit along world x
    np.testing.assert_allclose(forward, [0, 0, 1, 1])
    np.testing.assert_allclose(camera.position, [1, 2, 3])
    assert (camera.cx, camera.cy, camera.fx, camera.fy) == (4, 3, 7, 5)
    assert camera.name == "v1.2"


@pytest.mark.parametrize("per_frame", [True, False])
def test_nerfstudio(tmp_path, per_frame):
    cameras = make(centered=False)
    content = transforms(cameras, per_frame)
    content["applied_transform"] = [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, -1, 0]]  # stays applied
    assert_same(read_cameras(dump(tmp_path / "cameras.txt", content)), cameras)
    assert_same(read_cameras(dump(tmp_path / "transforms.json", content)), cameras)
    assert_same(read_cameras(tmp_path), cameras)


def nerf(tmp_path, **changes):
    frame = {"file_path": "./train/r_0", "transform_matrix": np.eye(4).tolist()}
    content = {"camera_angle_x": 2 * np.arctan(0.5), "w": 100, "h": 50, "frames": [frame]}
    content |= changes
    content = {key: value for key, value in content.items() if value is not None}
    return dump(tmp_path / "t.json", content)


def test_nerf_synthetic(tmp_path):
    (camera,) = read_cameras(nerf(tmp_path))
    np.testing.assert_array_equal(camera.world_to_camera, np.diag([1, -1, -1, 1]))
    np.testing.assert_allclose((camera.fx, camera.fy), (100, 100))
    assert (camera.cx, camera.cy, camera.name) == (50, 25, "r_0")
    (camera,) = read_cameras(nerf(tmp_path, camera_angle_y=2 * np.arctan(0.5)))
    np.testing.assert_allclose((camera.fx, camera.fy), (100, 50))
    (camera,) = read_cameras(nerf(tmp_path, camera_angle_x=None, fl_y=70))
    assert (camera.fx, camera.fy) == (70, 70)


def test_nerf_image_size_from_the_image_beside_it(tmp_path):
    (tmp_path / "train").mkdir()
    write_png(tmp_path / "train" / "r_0.png", np.zeros((30, 40), np.uint8))
    (camera,) = read_cameras(nerf(tmp_path, w=None, h=None))
    assert (camera.width, camera.height) == (40, 30)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"w": None, "h": None}, "no image size; add 'w' and 'h'"),
        ({"h": None}, "no image size; add 'h'"),
        ({"camera_angle_x": None}, "no focal length; add 'fl_x'"),
        ({"camera_angle_x": 0}, "division by zero|focal length"),
        ({"w": 0}, "image size 0 x 50"),
        ({"w": 10.5}, "image size 10.5 x 50"),
        ({"cx": float("nan")}, "principal point nan"),
        ({"frames": []}, "holds no cameras"),
        ({"frames": 3}, "neither a list of cameras"),
        ({"frames": [3]}, "cannot read the cameras"),
        ({"frames": [{"file_path": "a"}]}, "no 'transform_matrix'"),
        ({"frames": [{"transform_matrix": [[1, 0], [0, 1]]}]}, "expected 4 x 4"),
        ({"frames": [{"transform_matrix": (np.eye(4) * 2).tolist()}]}, "not a rotation"),
        ({"frames": [{"transform_matrix": np.diag([1, 1, -1, 1]).tolist()}]}, "not a rotation"),
        ({"frames": [{"transform_matrix": np.full((4, 4), np.nan).tolist()}]}, "NaN"),
    ],
)
def test_nerf_says_what_is_missing(tmp_path, changes, message):
    with pytest.raises(SceneError, match=message) as caught:
        read_cameras(nerf(tmp_path, **changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("changes", [{"k1": 0.1}, {"camera_model": "OPENCV_FISHEYE"}])
def test_nerf_distortion_warns(tmp_path, changes):
    with pytest.warns(UserWarning, match="distortion is ignored"):
        assert len(read_cameras(nerf(tmp_path, **changes))) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_cameras(nerf(tmp_path, k1=0.0, camera_model="OPENCV"))


@pytest.mark.parametrize("place", [".", "sparse/0", "sparse"])
@pytest.mark.parametrize("write", [write_text_model, write_binary_model])
def test_colmap(tmp_path, write, place):
    cameras = make(centered=False)
    write(tmp_path / place, cameras)
    assert_same(read_cameras(tmp_path), cameras)
    suffix = "txt" if write is write_text_model else "bin"
    assert_same(read_cameras(tmp_path / place / f"images.{suffix}"), cameras)


@pytest.mark.parametrize(
    ("model", "tail", "warns"),
    [
        ("SIMPLE_PINHOLE", "", False),
        ("SIMPLE_RADIAL", "0", False),
        ("SIMPLE_RADIAL", "0.01", True),
        ("OPENCV", "0 0 0 0.1", True),
        ("RADIAL_FISHEYE", "0 0", True),
    ],
)
def test_colmap_models(tmp_path, model, tail, warns):
    cameras = make(2)
    write_text_model(tmp_path, cameras, model, tail)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        got = read_cameras(tmp_path)
    assert [str(w.message) for w in caught] == (
        [f"COLMAP camera model {model}: lens distortion is ignored"] if warns else []
    )
    fy = 510 if model == "OPENCV" else 500
    assert [(c.fx, c.fy, c.cx) for c in got] == [(500, fy, 320), (501, fy + (fy == 500), 320)]


def test_every_colmap_truncation_is_an_error(tmp_path):
    parts = dict(zip(("cameras.bin", "images.bin"), binary_model(make(2)), strict=True))
    for cut, data in parts.items():
        for size in range(len(data)):
            for name, whole in parts.items():
                (tmp_path / name).write_bytes(whole[:size] if name == cut else whole)
            with pytest.raises(SceneError):
                read_cameras(tmp_path)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("cameras.txt", "PINHOLE", "LENSLESS", "LENSLESS with 4 parameters"),
        ("cameras.txt", "4 PINHOLE", "77 PINHOLE", "uses no known camera"),
        ("cameras.txt", "640 480", "640 0", "impossible intrinsics"),
        ("cameras.txt", "500.0", "-500.0", "impossible intrinsics"),
        ("cameras.txt", "500.0", "inf", "impossible intrinsics"),
        ("images.txt", "4 sub/", "x sub/", "damaged"),
    ],
)
def test_damaged_colmap_text(tmp_path, file, old, new, message):
    write_text_model(tmp_path, make(2))
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1))
    with pytest.raises(SceneError, match=message):
        read_cameras(tmp_path)


def test_zero_rotation_in_colmap(tmp_path):
    write_text_model(tmp_path, make(1))
    text = f"1 0 0 0 0 1 2 3 4 a b.jpg\n\n{'#'} end\n"
    (tmp_path / "images.txt").write_text(text)
    with pytest.raises(SceneError, match="'a b.jpg' has no valid rotation"):
        read_cameras(tmp_path)


def test_names_are_stems_and_unique_in_file_order(tmp_path):
    names = ["b/0.png", "a/0.JPG", "0", "c\\0_2.png", "v1.5", "x.tar.png"]
    (item,) = json.loads(json.dumps(graphdeco_items(1)))
    items = [{**item, "img_name": name} for name in names]
    cameras = read_cameras(dump(tmp_path / "c.json", items))
    assert [c.name for c in cameras] == ["0", "0_3", "0_4", "0_2", "v1.5", "x.tar"]
    assert [c.image for c in cameras] == names


def test_made_up_names_are_no_other_cameras(tmp_path):
    """Duplicates get names only after every camera that really has one."""
    (item,) = graphdeco_items(1)
    names = ["cam1/0001.jpg", "cam2/0001.jpg", "0001_2.jpg", "cam3/0001.jpg", "with space.tif"]
    cameras = read_cameras(dump(tmp_path / "c.json", [item | {"img_name": n} for n in names]))
    assert [c.name for c in cameras] == ["0001", "0001_3", "0001_2", "0001_4", "with space"]


@pytest.mark.parametrize("names", [["a.jpg", "b"], ["cam1/0.jpg", "cam2/0.jpg", "0_2.png"]])
def test_written_cameras_keep_their_images(tmp_path, names):
    """Plain names are written as before; paths where a name would lead to another image."""
    (item,) = graphdeco_items(1)
    cameras = read_cameras(dump(tmp_path / "c.json", [item | {"img_name": n} for n in names]))
    write_cameras(tmp_path / "again.json", cameras)
    written = [item["img_name"] for item in json.loads((tmp_path / "again.json").read_text())]
    plain = "/" not in names[0]
    assert written == (["a", "b"] if plain else names)
    assert [c.name for c in read_cameras(tmp_path / "again.json")] == [c.name for c in cameras]


def test_an_image_does_not_make_another_camera():
    """`image` is left out of comparison and of hashes."""
    (image,) = (f for f in fields(Camera) if f.name == "image")
    assert not image.compare and image.default == ""


def graphdeco_items(n: int) -> list[dict]:
    return [
        {
            "id": i, "img_name": f"i{i}", "width": 4, "height": 4, "fx": 1, "fy": 1,
            "position": [0, 0, 0], "rotation": np.eye(3).tolist(),
        }
        for i in range(n)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "neither JSON nor part of a COLMAP model"),
        ("[" * 100000, "neither JSON"),
        ("[]", "holds no cameras"),
        ("{}", "neither a list of cameras"),
        ("7", "neither a list of cameras"),
        ("[3]", "cannot read the cameras"),
        ('[{"rotation": [[1]]}]', "cannot read the cameras"),
        (json.dumps([{k: v for k, v in graphdeco_items(1)[0].items() if k != "fx"}]), "no 'fx'"),
        (json.dumps([graphdeco_items(1)[0] | {"fx": 0}]), "focal length 0"),
    ],
)
def test_broken_files_say_what_is_wrong_in_one_line(tmp_path, content, message):
    path = tmp_path / "c.json"
    path.write_text(content)
    with pytest.raises(SceneError, match=message) as caught:
        read_cameras(path)
    assert "\n" not in str(caught.value)


def test_folders_without_cameras(tmp_path):
    with pytest.raises(SceneError, match="holds no cameras"):
        read_cameras(tmp_path)
    with pytest.raises(SceneError, match="cannot read"):
        read_cameras(tmp_path / "none.json")


def test_slightly_rounded_rotations_become_rigid(tmp_path):
    item = graphdeco_items(1)[0]
    item["rotation"] = np.round(rotation(5), 3).tolist()
    (camera,) = read_cameras(dump(tmp_path / "c.json", [item]))
    r = camera.world_to_camera[:3, :3]
    np.testing.assert_allclose(r @ r.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(r.T, rotation(5), atol=1e-3)


@pytest.mark.parametrize("name", ["plush", "south-building", "lego"])
def test_shared_sets_agree(name):
    """graphdeco JSON, COLMAP binary and (lego) NeRF JSON of one set are the same cameras."""
    folder = shared_data(f"data/photos/{name}")
    want = {c.name: c for c in read_cameras(folder / "cameras.json")}
    sources = [folder, folder / "transforms.json"] if name == "lego" else [folder]
    for source in sources:
        got = read_cameras(source)
        assert {c.name for c in got} == set(want)
        for c in got:
            other = want[c.name]
            np.testing.assert_allclose(c.world_to_camera, other.world_to_camera, atol=1e-5)
            intrinsics = (other.fx, other.fy, other.cx, other.cy)
            np.testing.assert_allclose((c.fx, c.fy, c.cx, c.cy), intrinsics, rtol=1e-6)


def test_cameras_of_a_scene_are_found_by_place(tmp_path):
    """NAME.cameras.json before cameras.json before transforms.json; graphdeco's folders too."""
    scene = tmp_path / "point_cloud" / "iteration_7000" / "point_cloud.ply"
    scene.parent.mkdir(parents=True)
    assert find_cameras(scene) is None
    places = [tmp_path / "cameras.json", *(scene.parent / name for name in (
        "transforms.json", "cameras.json", "point_cloud.cameras.json"))]
    for place in places:
        place.write_text("[]")
        assert find_cameras(scene) == place
    elsewhere = tmp_path / "point_cloud" / "scene.ply"
    assert find_cameras(elsewhere) is None
