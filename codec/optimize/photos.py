"""Posed photos as targets: which are held out, at what size, as float images on demand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from codec.errors import BackendError, SceneError
from codec.io.images import PHOTO_SUFFIXES, image_stem
from codec.scene import Camera

HOLD_OUT = 8
"""Every eighth view by sorted name, from the first, is held out."""


def split_views(cameras: list[Camera]) -> tuple[list[Camera], list[Camera]]:
    """(training, held-out) views: sorted by name as plain strings, indices 0, 8, 16, ... out."""
    ordered = sorted(cameras, key=lambda camera: camera.name)
    held = set(range(0, len(ordered), HOLD_OUT))
    return ([c for i, c in enumerate(ordered) if i not in held],
            [c for i, c in enumerate(ordered) if i in held])


def view_at(step: int, count: int, seed: int) -> int:
    """Which of `count` views a step uses: each once an epoch, in an order seeded per epoch."""
    epoch, place = divmod(step, count)
    rng = np.random.Generator(np.random.PCG64([seed, 7, epoch]))
    return int(rng.permutation(count)[place])


class _Folder:
    """A folder of photos; its subfolders are listed once."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._stems: dict[Path, dict[str, list[Path]]] = {}

    def find(self, image: str) -> Path | None:
        """The photo of an image path: by the whole path, else with leading folders left out.

        Camera files and photos may be rooted apart: `images/a/1.jpg` is also looked for as
        `a/1.jpg` and `1.jpg`. Raises SceneError where several files fit equally well.
        """
        parts = _inner_parts(image)
        places = (self.folder.joinpath(*parts[i:]) for i in range(len(parts)))
        return next((photo for place in places if (photo := self._at(place))), None)

    def _at(self, path: Path) -> Path | None:
        """The file itself, else the one of its stem that differs in extension alone."""
        if _is_file(path):
            return path
        found = self._listed(path.parent).get(image_stem(path.name), [])
        # graphdeco's names have no extension and mean JPEG; a PNG beside it may be a mask.
        meant = (".jpg", ".jpeg") if image_stem(path.name) == path.name else (path.suffix.lower(),)
        found = [p for p in found if p.suffix.lower() in meant] or found
        if len(found) > 1:
            names = " or ".join(p.name for p in found)
            raise SceneError(f"{path.parent} holds {names}: which is the photo of {path.name}? "
                             "Remove one, or name it in the camera file")
        return found[0] if found else None

    def _listed(self, folder: Path) -> dict[str, list[Path]]:
        if folder not in self._stems:
            stems: dict[str, list[Path]] = {}
            for path in sorted(_entries(folder)):
                if path.suffix.lower() in PHOTO_SUFFIXES and _is_file(path):
                    stems.setdefault(image_stem(path.name), []).append(path)
            self._stems[folder] = stems
        return self._stems[folder]


def _inner_parts(image: str) -> list[str]:
    """The folders and the name of an image path, without what could lead out of a folder."""
    parts = [p for p in image.replace("\\", "/").split("/") if p not in ("", ".")]
    outer = [i for i, p in enumerate(parts) if p == ".." or Path(p).drive]
    return parts[outer[-1] + 1 if outer else 0:]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (OSError, ValueError):
        return []


def match_photos(folder: Path, cameras: list[Camera]) -> list[Path | None]:
    """The photo of each camera of a set, None where there is none.

    Looked for by `image`, the path in the camera file, or by `name` where that is empty, with and
    without leading folders; other extensions of images are tried after the one given.
    Raises SceneError where several files fit, or one fits two cameras.
    """
    files = _Folder(folder)
    photos = [files.find(camera.image or camera.name) for camera in cameras]
    owners: dict[Path, Camera] = {}
    for camera, photo in zip(cameras, photos, strict=True):
        if photo and owners.setdefault(photo, camera) is not camera:
            images = " and ".join(c.image or c.name for c in (owners[photo], camera))
            raise SceneError(f"{photo} would be the photo of two cameras, {images}: lay the photos "
                             "out as the camera file names them")
    return photos


def with_photos(folder: Path, cameras: list[Camera]) -> list[Camera]:
    """The cameras with their photos' paths in `folder` as `image`, where they have a photo.

    Any part of them finds its photos as the whole set does, whoever else might claim one.
    Raises what `match_photos` raises.
    """
    photos = match_photos(folder, cameras)
    return [replace(camera, image=photo.relative_to(folder).as_posix()) if photo else camera
            for camera, photo in zip(cameras, photos, strict=True)]


def find_photo(folder: Path, camera: Camera) -> Path:
    """The photo of a camera; SceneError when there is none or several fit.

    Of cameras that share image names, use those that `with_photos` gives.
    """
    (photo,) = match_photos(folder, [camera])
    if photo is None:
        raise SceneError(f"no photo {_wanted(camera)} in {folder}: the folder must hold every view")
    return photo


def _wanted(camera: Camera) -> str:
    image = camera.image or camera.name
    return image if image_stem(image) != PurePosixPath(image).name else f"{image}.jpg or .png"


def read_photo(path: Path, size: tuple[int, int],
               background: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> NDArray[np.uint8]:
    """A photo as [H, W, 3] uint8 at size (W, H), Lanczos-filtered as stored (no gamma).

    Transparent pixels are composited on `background`. Raises SceneError for an unreadable file.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise BackendError("reading photos needs Pillow: pip install pillow") from error
    try:
        with Image.open(path) as image:
            if "A" in image.getbands() or "transparency" in image.info:
                rgba = image.convert("RGBA")
                paper = Image.new("RGBA", rgba.size, tuple(round(255 * v) for v in background))
                image = Image.alpha_composite(paper, rgba)
            rgb = image.convert("RGB")
            if rgb.size != size:
                rgb = rgb.resize(size, Image.Resampling.LANCZOS)
            return np.asarray(rgb)
    except (OSError, ValueError) as error:
        raise SceneError(f"cannot read the photo {path}: {error}") from error


@dataclass(slots=True)
class PhotoSet:
    """Views with their photos, at most `width` pixels wide, kept in memory as float32.

    cameras: at full size; photos are read when first asked for.   backdrop: RGB behind the scene.
    """

    cameras: list[Camera]
    folder: Path
    width: int
    backdrop: tuple[float, float, float] = (0.0, 0.0, 0.0)
    _cache: dict[tuple[int, int], NDArray[np.float32]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.cameras)

    def background(self, index: int) -> tuple[float, float, float]:
        """RGB behind the scene in a view's photo: of all views the same."""
        return self.backdrop

    def view(self, index: int, shrink: int = 1) -> tuple[Camera, NDArray[np.float32]]:
        """Camera and photo [H, W, 3] float32 in 0..1, `shrink` times smaller than `width`."""
        full = self.cameras[index]
        width = max(16, min(self.width, full.width) // shrink)
        camera = full if width == full.width else full.resized(width)
        key = (index, width)
        if key not in self._cache:
            photo = read_photo(find_photo(self.folder, full), (camera.width, camera.height),
                               self.backdrop)
            self._cache[key] = photo.astype(np.float32) / np.float32(255)
        return camera, self._cache[key]
