"""PSNR on the photos of views that an encode never saw: every 8th by name."""

from __future__ import annotations

import warnings
from pathlib import Path

import codec
from codec.optimize.loop import mean_psnr
from codec.optimize.options import TrainOptions
from codec.optimize.photos import PhotoSet
from codec.optimize.trainer import render_options
from codec.scene import Splats

WIDTH = 480


def photo_folder(path: Path) -> Path:
    """The folder of a set's photos: `path`, or `images` in it."""
    return path / "images" if (path / "images").is_dir() else path


class HeldOut:
    """Judge of files by held-out views, at most WIDTH pixels wide."""

    def __init__(self, cameras: list, folder: Path) -> None:
        self._photos = PhotoSet(cameras, photo_folder(folder), WIDTH)
        self._render = render_options(TrainOptions())

    def psnr(self, scene: bytes | Splats) -> float:
        """Mean over views, dB, of a scene or of a file, which may be cut."""
        if isinstance(scene, bytes):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a cut file says so
                scene = codec.decode(scene)
        return mean_psnr(scene, self._photos, range(len(self._photos)), self._render)
