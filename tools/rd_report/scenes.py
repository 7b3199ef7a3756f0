"""A scene ready to be measured: test views, references, camera path, training views."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.encoder.backdrop import BLACK, Colour
from codec.errors import UsageError
from codec.io.cameras import read_cameras
from codec.io.ply import read_ply
from codec.optimize.photos import HOLD_OUT as TEST_STRIDE
from codec.optimize.photos import match_photos, read_photo, with_photos
from codec.optimize.photos import split_views as hold_out
from codec.rendering import RenderOptions, render
from codec.scene import Camera, RenderedView, Splats
from tools.held_out import backdrop_of, photo_folder
from tools.ladder import Material, source_hash
from tools.measure import Views, render_rgb
from tools.metrics import PathViews, Suite
from tools.metrics.consistency import camera_path
from tools.metrics.image import psnr_float
from tools.metrics.suite import mean_of_views

"""Every 8th view by name is a test view, as in the field's papers."""


@dataclass(frozen=True, slots=True)
class SceneSpec:
    """What to measure; small and picklable. width: pixels of the views, 0 = the cameras' own."""

    ply: Path
    cameras: Path
    photos: Path | None = None
    width: int = 480
    path_frames: int = 16

    @property
    def name(self) -> str:
        return self.ply.name.removesuffix(".ply")


def split_views(cameras: list[Camera]) -> tuple[list[Camera], list[Camera]]:
    """(Training, test) views: every 8th by name in string order is a test view.

    With fewer than 8 views nothing is held out: all are both.
    """
    if len(cameras) < TEST_STRIDE:
        ordered = sorted(cameras, key=lambda camera: camera.name)
        return ordered, ordered
    return hold_out(cameras)


def find_photos(folder: Path, cameras: list[Camera]) -> dict[str, Path]:
    """Photo of each camera that has one, in FOLDER/images or FOLDER, by the camera's name."""
    found = {}
    for place in (folder / "images", folder):
        rest = [camera for camera in cameras if camera.name not in found]
        photos = zip(rest, match_photos(place, rest), strict=True)
        found |= {camera.name: photo for camera, photo in photos if photo}
    return found


def file_hash(path: Path) -> str:
    """The first 12 hex digits of a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@dataclass(frozen=True)
class Scene:
    """Everything a measurement needs. references: photos where given, else the original's renders.

    identity: text that differs when views, references, renderer or metrics do.
    """

    spec: SceneSpec
    hash: str
    splats: Splats
    train: list[Camera]
    test: list[Camera]
    references: list[NDArray]
    originals: list[NDArray]
    path: PathViews
    photos: dict[str, Path]
    statement: str
    identity: str
    backdrop: Colour = BLACK

    def material(self, folder: Path) -> Material:
        """What encoders may see: never the test views."""
        folder.mkdir(parents=True, exist_ok=True)
        train_names = {camera.name for camera in self.train}
        photos = {name: p for name, p in self.photos.items() if name in train_names}
        return Material(self.spec.ply, self.train, folder, photos)

    def measure(self, decoded: Splats, suite: Suite) -> dict[str, float]:
        """Every metric of the suite, and the PSNR against the original's renders."""
        images = render_rgb(decoded, self.test, self.backdrop)
        along = render_rgb(decoded, self.path.cameras)
        scores = suite.measure(self.references, images, self.path, along)
        pairs = zip(self.originals, images, strict=True)
        scores["psnr_original"] = mean_of_views([psnr_float(a, b) for a, b in pairs])
        return scores


def _resized(camera: Camera, width: int) -> Camera:
    return camera.resized(width) if width and camera.width != width else camera


def _references(spec: SceneSpec, test: list[Camera], photos: dict[str, Path],
                originals: list[NDArray]) -> tuple[list[NDArray], str]:
    if spec.photos is None:
        return originals, "the original's own renders"
    missing = [camera.name for camera in test if camera.name not in photos]
    if missing:
        raise UsageError(f"{spec.photos} has no photo of test view {missing[0]}"
                         f" ({len(missing)} missing)")
    found = [read_photo(photos[c.name], (c.width, c.height)).astype(np.float32) / 255
             for c in test]
    return found, f"held-out photos (every {TEST_STRIDE}th by name)"


@functools.lru_cache(maxsize=2)
def load_scene(spec: SceneSpec) -> Scene:
    """Read the scene and render what everything is compared with. Raises NfxError."""
    splats = read_ply(spec.ply)
    everything = [_resized(c, spec.width) for c in read_cameras(spec.cameras)]
    if spec.photos:
        everything = with_photos(photo_folder(spec.photos), everything)
    train, test = split_views(everything)
    photos = find_photos(spec.photos, everything) if spec.photos else {}
    backdrop = backdrop_of(splats, test, photo_folder(spec.photos)) if spec.photos else BLACK
    originals = render_rgb(splats, test, backdrop)
    references, kind = _references(spec, test, photos, originals)
    path = PathViews(tuple(_path_views(splats, test, spec.path_frames)))
    size = f"{test[0].width}x{test[0].height}"
    held = "" if train is not test else ", none held out: the encoder sees them too"
    behind = "black" if backdrop == BLACK else f"the photos' {backdrop}"
    statement = (f"{len(test)} test views of {len(everything)} cameras{held}, {size}, {behind} "
                 f"background, against {kind}")
    return Scene(spec, file_hash(spec.ply), splats, train, test, references, originals, path,
                 photos, statement, _identity(train, references, originals, path), backdrop)


def _path_views(splats: Splats, test: list[Camera], frames: int) -> list[RenderedView]:
    options = RenderOptions(backend="cpu")
    return [render(splats, c, options=options) for c in camera_path(test, frames)]


def _identity(train: list[Camera], references: list[NDArray], originals: list[NDArray],
              path: PathViews) -> str:
    """Differs when the pixels compared, the views encoders get, or the metrics' code do."""
    digest = hashlib.sha256(Views(train, "").identity())
    depths = [view.depth for view in path.views]
    for image in (*references, *originals, *path.images, *depths):
        digest.update(np.ascontiguousarray(image).tobytes())
    return f"{digest.hexdigest()[:16]} {source_hash('tools/metrics/*.py')}"
