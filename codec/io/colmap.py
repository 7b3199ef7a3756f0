"""COLMAP sparse models, text and binary: poses, intrinsics and sparse points. NumPy only.

Format facts: COLMAP documentation, "Output Format". q and t map world to camera; pixel centres
lie at +0.5, as in `Camera`.
"""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.errors import SceneError
from codec.io.source import whole_file
from codec.scene import Camera

# model: (id, number of parameters, one focal length for both axes)
_MODELS = {
    "SIMPLE_PINHOLE": (0, 3, True),
    "PINHOLE": (1, 4, False),
    "SIMPLE_RADIAL": (2, 4, True),
    "RADIAL": (3, 5, True),
    "OPENCV": (4, 8, False),
    "OPENCV_FISHEYE": (5, 8, False),
    "FULL_OPENCV": (6, 12, False),
    "FOV": (7, 5, False),
    "SIMPLE_RADIAL_FISHEYE": (8, 4, True),
    "RADIAL_FISHEYE": (9, 5, True),
    "THIN_PRISM_FISHEYE": (10, 12, False),
    "RAD_TAN_THIN_PRISM_FISHEYE": (11, 16, False),
}
_BY_ID = {model_id: name for name, (model_id, _, _) in _MODELS.items()}


@dataclass(frozen=True, slots=True)
class _Intrinsics:
    model: str
    width: int
    height: int
    params: tuple[float, ...]

    def focal_and_center(self) -> tuple[float, float, float, float]:
        p = self.params
        return (p[0], p[0], p[1], p[2]) if _MODELS[self.model][2] else (p[0], p[1], p[2], p[3])

    def is_distorted(self) -> bool:
        n = 3 if _MODELS[self.model][2] else 4
        return "FISHEYE" in self.model or self.model == "FOV" or any(self.params[n:])


def find_model(folder: Path) -> Path | None:
    """The folder, of `folder`, its sparse/0 and sparse, that holds a COLMAP model."""
    for candidate in (folder, folder / "sparse" / "0", folder / "sparse"):
        for suffix in (".bin", ".txt"):
            if all((candidate / f"{name}{suffix}").is_file() for name in ("cameras", "images")):
                return candidate
    return None


def read_colmap(folder: Path) -> list[Camera]:
    """Cameras of the model in `folder` (see `find_model`), in the order of its images file.

    Lens distortion is ignored with a warning. Raises SceneError for damaged files.
    """
    suffix = ".bin" if (folder / "images.bin").is_file() else ".txt"
    cameras_file, images_file = folder / f"cameras{suffix}", folder / f"images{suffix}"
    try:
        if suffix == ".bin":
            intrinsics = _cameras_binary(whole_file(cameras_file))
            poses = _images_binary(whole_file(images_file))
        else:
            intrinsics = _cameras_text(bytes(whole_file(cameras_file)).decode("utf-8"))
            poses = _images_text(bytes(whole_file(images_file)).decode("utf-8"))
    except (struct.error, ValueError, IndexError, KeyError, OverflowError) as error:
        raise SceneError(f"the COLMAP model in {folder} is damaged ({error})") from error
    distorted = sorted({c.model for c in intrinsics.values() if c.is_distorted()})
    if distorted:
        warnings.warn(
            f"COLMAP camera model {', '.join(distorted)}: lens distortion is ignored", stacklevel=3
        )
    return [_camera(pose, intrinsics, folder) for pose in poses]


def read_points(folder: Path) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Sparse points of the model in `folder`: positions [M, 3] and sRGB colours [M, 3].

    M is 0 when the model has no points file or no points. Raises SceneError for damaged files.
    """
    binary, text = folder / "points3D.bin", folder / "points3D.txt"
    try:
        if binary.is_file():
            xyz, rgb = _points_binary(bytes(whole_file(binary)))
        elif text.is_file():
            xyz, rgb = _points_text(bytes(whole_file(text)).decode("utf-8"))
        else:
            xyz, rgb = [], []
        points = np.array(xyz, np.float64).reshape(-1, 3)
        colours = np.array(rgb, np.uint8).reshape(-1, 3)
        if len(points) != len(colours):
            raise ValueError("a point lacks its colour")
    except (struct.error, ValueError, IndexError, OverflowError) as error:
        raise SceneError(f"the COLMAP points in {folder} are damaged ({error})") from error
    finite = np.isfinite(points).all(axis=1)
    return points[finite], colours[finite]


_Pose = tuple[tuple[float, ...], tuple[float, ...], int, str]  # q wxyz, t, camera id, image name


def _camera(pose: _Pose, intrinsics: dict[int, _Intrinsics], folder: Path) -> Camera:
    q, t, camera_id, name = pose
    if camera_id not in intrinsics:
        raise SceneError(f"the COLMAP model in {folder}: image {name!r} uses no known camera")
    k = intrinsics[camera_id]
    fx, fy, cx, cy = k.focal_and_center()
    world_to_camera = np.eye(4)
    world_to_camera[:3, :3] = _rotation(np.array(q), name)
    world_to_camera[:3, 3] = t
    return Camera(world_to_camera, fx, fy, cx, cy, k.width, k.height, name)


def _rotation(q: np.ndarray, name: str) -> np.ndarray:
    with np.errstate(over="ignore"):  # an absurd length is refused below
        norm = np.linalg.norm(q)
    if not 0 < norm < np.inf:  # also false for NaN
        raise SceneError(f"the COLMAP image {name!r} has no valid rotation")
    w, x, y, z = q / norm
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def _intrinsics(model: str, width: int, height: int, params: tuple[float, ...]) -> _Intrinsics:
    if model not in _MODELS or len(params) != _MODELS[model][1]:
        raise ValueError(f"camera model {model} with {len(params)} parameters is not known")
    camera = _Intrinsics(model, width, height, params)
    fx, fy, _, _ = camera.focal_and_center()
    if not (width > 0 and height > 0 and fx > 0 and fy > 0 and np.isfinite(params).all()):
        raise ValueError(f"impossible intrinsics: {width} x {height}, {params}")
    return camera


def _cameras_binary(data: memoryview) -> dict[int, _Intrinsics]:
    (count,) = struct.unpack_from("<Q", data)
    at, out = 8, {}
    for _ in range(count):  # unpack_from raises at the end of the file, whatever count says
        camera_id, model_id, width, height = struct.unpack_from("<iiQQ", data, at)
        if model_id not in _BY_ID:
            raise ValueError(f"camera model number {model_id} is not known")
        model = _BY_ID[model_id]
        n = _MODELS[model][1]
        params = struct.unpack_from(f"<{n}d", data, at + 24)
        out[camera_id] = _intrinsics(model, width, height, params)
        at += 24 + 8 * n
    return out


def _images_binary(data: memoryview) -> list[_Pose]:
    (count,) = struct.unpack_from("<Q", data)
    raw = bytes(data)
    at, out = 8, []
    for _ in range(count):
        _, *pose, camera_id = struct.unpack_from("<i7di", data, at)
        end = raw.index(b"\0", at + 64)
        name = raw[at + 64 : end].decode("utf-8", "replace")
        (n_points,) = struct.unpack_from("<Q", data, end + 1)
        at = end + 9 + 24 * n_points
        if at > len(raw):
            raise ValueError("the images file is cut")
        out.append((tuple(pose[:4]), tuple(pose[4:]), camera_id, name))
    return out


def _points_binary(data: bytes) -> tuple[list, list]:
    (count,) = struct.unpack_from("<Q", data)
    at, xyz, rgb = 8, [], []
    for _ in range(count):
        _, *values, _, n_track = struct.unpack_from("<Q3d3BdQ", data, at)
        xyz.append(values[:3])
        rgb.append(values[3:])
        at += 51 + 8 * n_track
    if at > len(data):
        raise ValueError("the points file is cut")
    return xyz, rgb


def _cameras_text(text: str) -> dict[int, _Intrinsics]:
    out = {}
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        params = tuple(float(w) for w in words[4:])
        out[int(words[0])] = _intrinsics(words[1], int(words[2]), int(words[3]), params)
    return out


def _images_text(text: str) -> list[_Pose]:
    """Two lines an image; the second (2D points) may be empty."""
    out: list[_Pose] = []
    points_line = False
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if points_line:
            points_line = False
            continue
        words = line.split(maxsplit=9)
        if not words:
            continue
        q, t = tuple(map(float, words[1:5])), tuple(map(float, words[5:8]))
        out.append((q, t, int(words[8]), words[9].strip()))
        points_line = True
    return out


def _points_text(text: str) -> tuple[list, list]:
    lines = (line.split(maxsplit=7) for line in text.splitlines() if not line.startswith("#"))
    rows = [words for words in lines if words]
    return [list(map(float, w[1:4])) for w in rows], [list(map(int, w[4:7])) for w in rows]
