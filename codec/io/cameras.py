"""Camera files: graphdeco cameras.json, nerfstudio / NeRF transforms.json, COLMAP folders.

All readers give `Camera` (x right, y down, z forward, world to camera) in the world frame of the
file, in the file's order. `Camera.image` is the image's path as the file gives it; `Camera.name`
is its stem, without folders, and where several have one stem, made unique by `_2`, `_3`.
"""

from __future__ import annotations

import json
import math
import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.errors import SceneError
from codec.io.atomic import atomic_write
from codec.io.colmap import find_model, read_colmap
from codec.io.images import image_size, image_stem
from codec.io.source import whole_file
from codec.scene import Camera

_FOLDER_FILES = ("transforms.json", "cameras.json")
_OPENGL_TO_OPENCV = np.diag([1.0, -1.0, -1.0, 1.0])


def read_cameras(path: str | os.PathLike[str]) -> list[Camera]:
    """Read cameras from a file or folder; what it is follows from its content.

    A folder: a COLMAP model (text or binary) in it, its sparse/0 or sparse, else its
    transforms.json or cameras.json. A file: JSON of either kind, or a file of a COLMAP model.
    Lens distortion is ignored with a warning. nerfstudio's `applied_transform` is part of the
    stored poses already and is not undone: poses stay in the frame of the file.
    Raises SceneError in one line that says what is missing or damaged.
    """
    path = Path(path)
    cameras = _read_folder(path) if path.is_dir() else _read_file(path)
    if not cameras:
        raise SceneError(f"{path} holds no cameras: its list is empty")
    return _unique_names(cameras)


def find_cameras(scene: Path) -> Path | None:
    """A camera file that seems to belong to a scene file: beside it, or where graphdeco puts it.

    That is `NAME.cameras.json`, `cameras.json` or `transforms.json` in the scene's folder, or for
    `point_cloud/iteration_N/` the `cameras.json` two folders up. Existence decides, not content.
    """
    places = [scene.with_name(f"{scene.stem}.cameras.json"),
              *(scene.with_name(name) for name in ("cameras.json", "transforms.json"))]
    if scene.parent.name.startswith("iteration_"):
        places.append(scene.parent.parent.parent / "cameras.json")
    return next((place for place in places if place.is_file() and place != scene), None)


def _read_file(path: Path) -> list[Camera]:
    data = bytes(whole_file(path))
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        if path.stem in ("cameras", "images") and find_model(path.parent) == path.parent:
            return read_colmap(path.parent)
        raise SceneError(f"{path} is neither JSON nor part of a COLMAP model ({error})") from error
    try:
        return _read_json(content, path)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise SceneError(f"{path}: cannot read the cameras ({what})") from error


def _read_folder(folder: Path) -> list[Camera]:
    model = find_model(folder)
    if model is not None:
        return read_colmap(model)
    for name in _FOLDER_FILES:
        if (folder / name).is_file():
            return _read_file(folder / name)
    raise SceneError(
        f"{folder} holds no cameras: no COLMAP model (cameras and images, .bin or .txt, there, "
        f"in sparse/0 or in sparse), no {' and no '.join(_FOLDER_FILES)}"
    )


def _read_json(content: Any, path: Path) -> list[Camera]:
    if isinstance(content, list):
        return [_graphdeco_camera(item, i, path) for i, item in enumerate(content)]
    if isinstance(content, dict) and isinstance(content.get("frames"), list):
        return _nerf_cameras(content, path)
    raise SceneError(
        f"{path} is JSON, but neither a list of cameras (graphdeco) nor an object with 'frames' "
        "(nerfstudio)"
    )


def _graphdeco_camera(item: dict[str, Any], index: int, path: Path) -> Camera:
    """rotation is camera to world, position the centre; cx, cy are an optional extension."""
    where = f"{path}, camera {index}"
    camera_to_world = np.eye(4)
    camera_to_world[:3, :3] = np.array(item["rotation"], np.float64).reshape(3, 3)
    camera_to_world[:3, 3] = np.array(item["position"], np.float64).reshape(3)
    width, height = _size(item["width"], item["height"], where)
    return Camera(
        _inverse_rigid(camera_to_world, where),
        fx=_focal(item["fx"], where),
        fy=_focal(item["fy"], where),
        cx=_finite(item.get("cx", width / 2), where),
        cy=_finite(item.get("cy", height / 2), where),
        width=width,
        height=height,
        name=str(item.get("img_name", f"view_{index:04d}")),
    )


def _nerf_cameras(content: dict[str, Any], path: Path) -> list[Camera]:
    frames = content["frames"]
    shared = {key: value for key, value in content.items() if key != "frames"}
    cameras = [_nerf_camera({**shared, **frame}, i, path) for i, frame in enumerate(frames)]
    if any(_is_distorted({**shared, **frame}) for frame in frames):
        warnings.warn(f"{path}: lens distortion is ignored", stacklevel=4)
    return cameras


def _nerf_camera(frame: dict[str, Any], index: int, path: Path) -> Camera:
    """`frame` already holds what the file says for all frames, overridden by its own values."""
    where = f"{path}, frame {index}"
    matrix = np.array(frame["transform_matrix"], np.float64)
    if matrix.shape not in ((3, 4), (4, 4)):
        raise SceneError(f"{where}: transform_matrix is {matrix.shape}, expected 4 x 4 or 3 x 4")
    camera_to_world = np.eye(4)
    camera_to_world[:3] = matrix[:3]
    width, height = _frame_size(frame, path, where)
    fx, fy = _nerf_focals(frame, width, height, where)
    return Camera(
        _inverse_rigid(camera_to_world @ _OPENGL_TO_OPENCV, where),
        fx=fx,
        fy=fy,
        cx=_finite(frame.get("cx", width / 2), where),
        cy=_finite(frame.get("cy", height / 2), where),
        width=width,
        height=height,
        name=str(frame.get("file_path", f"view_{index:04d}")),
    )


def _frame_size(frame: dict[str, Any], path: Path, where: str) -> tuple[int, int]:
    if "w" in frame and "h" in frame:
        return _size(frame["w"], frame["h"], where)
    image = path.parent / str(frame.get("file_path", ""))
    for candidate in (image, *(image.with_name(image.name + s) for s in (".png", ".jpg"))):
        if candidate.is_file():
            return image_size(candidate)
    missing = " and ".join(f"'{key}'" for key in ("w", "h") if key not in frame)
    raise SceneError(f"{where}: no image size; add {missing} (pixels), or put the images beside it")


def _nerf_focals(
    frame: dict[str, Any], width: int, height: int, where: str
) -> tuple[float, float]:
    def focal(key: str, angle: str, pixels: int) -> float | None:
        if key in frame:
            return _focal(frame[key], where)
        if angle in frame:
            return _focal(pixels / 2 / math.tan(float(frame[angle]) / 2), where)
        return None

    fx = focal("fl_x", "camera_angle_x", width)
    fy = focal("fl_y", "camera_angle_y", height)
    if fx is None and fy is None:
        raise SceneError(f"{where}: no focal length; add 'fl_x' (pixels) or 'camera_angle_x'")
    return (fx if fx is not None else fy), (fy if fy is not None else fx)  # type: ignore[return-value]


def _is_distorted(frame: dict[str, Any]) -> bool:
    coefficients = [float(frame.get(key) or 0) for key in ("k1", "k2", "k3", "k4", "p1", "p2")]
    model = str(frame.get("camera_model", "PINHOLE"))
    return any(coefficients) or model not in ("PINHOLE", "SIMPLE_PINHOLE", "OPENCV", "PERSPECTIVE")


def _size(width: Any, height: Any, where: str) -> tuple[int, int]:
    """Some writers store sizes as 800.0."""
    w, h = int(width), int(height)
    if w != float(width) or h != float(height) or w < 1 or h < 1:
        raise SceneError(f"{where}: the image size {width} x {height} is not possible")
    return w, h


def _finite(value: Any, where: str) -> float:
    x = float(value)
    if not math.isfinite(x):
        raise SceneError(f"{where}: the principal point {value} is not possible")
    return x


def _focal(value: Any, where: str) -> float:
    f = float(value)
    if not 0 < f < math.inf:
        raise SceneError(f"{where}: the focal length {value} is not possible")
    return f


def _inverse_rigid(camera_to_world: NDArray[np.float64], where: str) -> NDArray[np.float64]:
    """[4, 4] world to camera. A rotation slightly off is replaced by the nearest true one."""
    rotation = camera_to_world[:3, :3]
    if not np.isfinite(camera_to_world).all():
        raise SceneError(f"{where}: the pose holds NaN or infinity")
    error = np.abs(rotation @ rotation.T - np.eye(3)).max()
    if error > 0.01 or np.linalg.det(rotation) < 0:
        raise SceneError(f"{where}: the pose is not a rotation (scaled, mirrored or damaged)")
    if error > 1e-6:
        u, _, vt = np.linalg.svd(rotation)
        rotation = u @ vt
    out = np.eye(4)
    out[:3, :3] = rotation.T
    out[:3, 3] = -rotation.T @ camera_to_world[:3, 3]
    return out


def distinct_names(names: list[str], files: Callable[[str], set[str]] = lambda name: {name},
                   taken: Iterable[str] = ()) -> list[str]:
    """The names, those that clash made distinct by _2, _3, ...; as many, in the same order.

    files: what a name takes up; two names clash where they share any of it.   taken: what none may
    take up. A name goes to the first that has it; names are made up only when all others stand.
    """
    taken, out, numbers = set(taken), {}, {}

    def take(i: int, name: str) -> bool:
        if free := taken.isdisjoint(files(name)):
            taken.update(files(name))
            out[i] = name
        return free

    rest = [(i, name) for i, name in enumerate(names) if not take(i, name)]
    for i, name in rest:
        n = numbers.get(name, 2)
        while not take(i, f"{name}_{n}"):
            n += 1
        numbers[name] = n + 1
    return [out[i] for i in range(len(names))]


def _unique_names(cameras: Iterable[Camera]) -> list[Camera]:
    """The cameras named by their images' stems, their `name` so far kept as `image`.

    The first camera of a stem gets it; each later one gets the first free of STEM_2, STEM_3, ...,
    in file order, and never a stem that another camera really has.
    """
    cameras = list(cameras)
    stems = [image_stem(camera.name) or "view" for camera in cameras]
    names = distinct_names(stems)
    return [replace(camera, name=name, image=camera.name or stem)
            for camera, name, stem in zip(cameras, names, stems, strict=True)]


def write_cameras(
    path: str | os.PathLike[str], cameras: Iterable[Camera], *, overwrite: bool = False
) -> None:
    """Write graphdeco cameras.json, atomically.

    The format has no principal point; cx and cy are added only where they are not the image
    centre (`read_cameras` reads them, other readers ignore them). `img_name` is the camera's name;
    of all cameras the image's path where some name alone would not lead to its image.
    Raises UsageError when `path` exists and `overwrite` is false.
    """
    cameras = list(cameras)
    if any(camera.image and not _is_named_plainly(camera) for camera in cameras):
        cameras = [replace(camera, name=camera.image or camera.name) for camera in cameras]
    items = [_graphdeco_item(camera, i) for i, camera in enumerate(cameras)]
    atomic_write(path, json.dumps(items, indent=1).encode(), overwrite)


def _is_named_plainly(camera: Camera) -> bool:
    """Whether the image is the name with an extension or none, in no folder."""
    return image_stem(camera.image) == camera.name and not set("/\\") & set(camera.image)


def _graphdeco_item(camera: Camera, index: int) -> dict[str, Any]:
    item = {
        "id": index,
        "img_name": camera.name,
        "width": camera.width,
        "height": camera.height,
        "position": camera.position.tolist(),
        "rotation": camera.world_to_camera[:3, :3].T.tolist(),
        "fy": camera.fy,
        "fx": camera.fx,
    }
    if (camera.cx, camera.cy) != (camera.width / 2, camera.height / 2):
        item |= {"cx": camera.cx, "cy": camera.cy}
    return item
