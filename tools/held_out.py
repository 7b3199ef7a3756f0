"""Scenes judged on the photos of views that an encode never saw: every 8th by name."""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass
from pathlib import Path

import codec
from codec.encoder.backdrop import BLACK, Colour, photo_backdrop
from codec.io.cameras import read_cameras
from codec.optimize.loop import mean_psnr
from codec.optimize.options import TrainOptions
from codec.optimize.photos import PhotoSet, split_views, with_photos
from codec.optimize.trainer import render_options
from codec.scene import Camera, Splats

WIDTH = 480


def photo_folder(path: Path) -> Path:
    """The folder of a set's photos: `path`, or `images` in it."""
    return path / "images" if (path / "images").is_dir() else path


class HeldOut:
    """Judge of files by held-out views, at most WIDTH pixels wide.

    backdrop: what the photos show where the scene has nothing.
    """

    def __init__(self, cameras: list[Camera], folder: Path, backdrop: Colour = BLACK) -> None:
        self._photos = PhotoSet(cameras, folder, WIDTH, backdrop)
        self._render = render_options(TrainOptions())

    def psnr(self, scene: bytes | Splats) -> float:
        """Mean over views, dB, of a scene or of a file, which may be cut."""
        if isinstance(scene, bytes):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a cut file says so
                scene = codec.decode(scene)
        return mean_psnr(scene, self._photos, range(len(self._photos)), self._render)


@dataclass(frozen=True, slots=True)
class PhotographedScene:
    """A scene, the views and photos that encodes may see, and the judge of their files."""

    name: str
    splats: Splats
    cameras: list[Camera]
    photos: Path
    judge: HeldOut

    @classmethod
    def read(cls, scene: Path, views: Path, photos: Path) -> PhotographedScene:
        photos = photo_folder(photos)
        used, left = split_views(with_photos(photos, read_cameras(views)))
        splats = codec.read_ply(scene)
        judge = HeldOut(left, photos, backdrop_of(splats, used, photos))
        return cls(scene.stem, splats, used, photos, judge)


def backdrop_of(splats: Splats, cameras: list[Camera], photos: Path) -> Colour:
    """What photos are compared on: black, or the backdrop that they show of a cut-out scene."""
    small = [c.resized(WIDTH) if c.width > WIDTH else c for c in cameras]
    return photo_backdrop(splats, small, photos) or BLACK


def scene_parser(about: str) -> argparse.ArgumentParser:
    """Options that name a photographed scene, and the JSON to write."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("scene", type=Path)
    parser.add_argument("--views", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    return parser
