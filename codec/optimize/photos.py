"""Posed photos as targets: which are held out, at what size, as float images on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.errors import BackendError, SceneError
from codec.scene import Camera

_SUFFIXES = (".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG", ".webp")
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


def find_photo(folder: Path, name: str) -> Path:
    """The image file of a view; SceneError when there is none."""
    for suffix in ("", *_SUFFIXES):
        path = folder / f"{name}{suffix}"
        if path.is_file():
            return path
    raise SceneError(f"no photo {name}.jpg or .png in {folder}: the folder must hold every view")


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
            photo = read_photo(find_photo(self.folder, full.name), (camera.width, camera.height),
                               self.backdrop)
            self._cache[key] = photo.astype(np.float32) / np.float32(255)
        return camera, self._cache[key]
