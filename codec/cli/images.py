"""Images of a decoded scene as files: views, depth, alpha, contact sheet."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from codec.cli.restoration import Restoration
from codec.errors import UsageError
from codec.io.atomic import atomic_write, check_writable
from codec.io.images import write_png
from codec.scene import Camera, RenderedView, Splats

SHEET_WIDTH = 1920
SHEET_GAP = 8
ORBIT_WIDTH = 800
MAX_NAME = 180  # bytes; file systems allow 255, suffixes and temporary names need some
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt")
                                           for i in range(10))}


def image_names(cameras: list[Camera]) -> list[str]:
    """One safe, distinct file name (no extension) a camera, after the camera's image.

    Folders in a name become underscores; a repeated name gets _2, _3, ... Names that some system
    reserves or finds too long are changed.
    """
    names: list[str] = []
    taken: set[str] = set()
    for camera in cameras:
        parts = PurePosixPath(camera.name.replace("\\", "/")).parts
        base = "_".join(p for p in parts if p not in ("/", "..", ".")) or "view"
        base = "".join(c if c.isprintable() and c not in '<>:"|?*' else "_" for c in base)
        base = base.encode()[:MAX_NAME].decode("utf-8", "ignore")
        if base.split(".")[0].strip().lower() in _RESERVED:
            base = "_" + base
        name, n = base, 1
        while name.lower() in taken:  # some file systems do not tell case apart
            n += 1
            name = f"{base}_{n}"
        taken.add(name.lower())
        names.append(name)
    return names


def to_uint8(rgb: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Values in 0..1, clipped, to 0..255, rounded to nearest."""
    return (np.clip(rgb, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class ImageJob:
    """Which images to make, and where.

    cameras: the views; empty means `orbit` views around the scene.
    out_dir: folder of the single images, or None.   sheet: file of the contact sheet, or None.
    width:   pixels, height in proportion; None keeps the cameras' own size.
    restoration: what restores the images, or None.
    """

    cameras: list[Camera]
    orbit: int | None
    out_dir: Path | None
    sheet: Path | None
    width: int | None
    background: tuple[float, float, float]
    depth: bool
    alpha: bool
    backend: str
    threads: int
    overwrite: bool
    restoration: Restoration | None = None

    def check(self) -> None:
        """Raise UsageError for outputs that exist or cannot be made, before any work."""
        names = image_names(self.cameras) if self.cameras else _orbit_names(self.orbit or 0)
        if self.sheet:
            check_writable(self.sheet, self.overwrite)
        if self.out_dir is None or not self.out_dir.exists() or self.overwrite:
            return
        files = [f"{name}{kind}.png" for name in names for kind in self._kinds()]
        there = [f for f in files if (self.out_dir / f).exists()]
        if there:
            raise UsageError(f"{self.out_dir} already holds {there[0]}"
                             + (f" and {len(there) - 1} more" if there[1:] else "")
                             + "; choose another --out-dir or give --overwrite")

    def _kinds(self) -> list[str]:
        return ["", *([".depth"] if self.depth else []), *([".alpha"] if self.alpha else [])]

    def run(self, splats: Splats, progress: Callable[[str, float, str], None]) -> dict:
        """Render and write every view; returns facts about it, fit for JSON."""
        from codec.rendering import RenderOptions, render, resolve_backend

        backend = resolve_backend(self.backend)
        background = self.restoration.background if self.restoration else self.background
        options = RenderOptions(background=background, backend=backend, threads=self.threads)
        cameras = self._placed(splats)
        names = image_names(cameras)
        if self.out_dir:
            self.out_dir.mkdir(parents=True, exist_ok=True)
        scales: dict[str, float] = {}
        cells: list[NDArray[np.uint8]] = []
        seconds = 0.0
        for i, (camera, name) in enumerate(zip(cameras, names, strict=True)):
            progress("rendering", i / len(cameras), f"{i + 1}/{len(cameras)} {name}")
            started = time.perf_counter()
            view = render(splats, camera, options=options)
            seconds += time.perf_counter() - started
            image, restored = view.rgb, False
            if self.restoration:
                image, restored = self.restoration.apply(view, i, self.background)
            rgb = to_uint8(image)
            if self.sheet:
                cells.append(shrink(rgb, SHEET_WIDTH // 4))
            if self.out_dir:
                self._save(view, rgb, name, scales, restored)
        if scales:
            self._write_depth_scales(scales)
        if self.sheet:
            write_png(self.sheet, contact_sheet(cells), overwrite=self.overwrite,
                      text=self._text(bool(self.restoration and self.restoration.n_restored)))
        facts = {"restored": self.restoration.facts()} if self.restoration else {}
        return facts | {
            "where": str(self.out_dir or self.sheet), "n_views": len(cameras),
            "names": names, "backend": backend,
            "ms_per_view": 1000 * seconds / max(len(cameras), 1),
        }

    def _text(self, restored: bool) -> dict[str, str] | None:
        """Metadata of an image: nothing, or that and by what it was restored."""
        return self.restoration.metadata() if restored else None

    def _placed(self, splats: Splats) -> list[Camera]:
        cameras = self.cameras
        if not cameras:
            from codec.rendering.views import orbit_cameras

            width = self.width or ORBIT_WIDTH
            return orbit_cameras(splats, self.orbit, width, max(1, round(0.75 * width)))
        return [c.resized(self.width) for c in cameras] if self.width else cameras

    def _save(
        self, view: RenderedView, rgb: NDArray[np.uint8], name: str, scales: dict[str, float],
        restored: bool,
    ) -> None:
        write_png(self.out_dir / f"{name}.png", rgb, overwrite=self.overwrite,
                  text=self._text(restored))
        if self.alpha:
            write_png(self.out_dir / f"{name}.alpha.png", to_uint8(view.alpha),
                      overwrite=self.overwrite)
        if self.depth:
            step = max(float(view.depth.max()), 1e-12) / 65535
            image = np.round(view.depth / step).astype(np.uint16)
            write_png(self.out_dir / f"{name}.depth.png", image, overwrite=self.overwrite)
            scales[name] = step

    def _write_depth_scales(self, scales: dict[str, float]) -> None:
        text = json.dumps({"world_units_per_step": scales}, indent=2) + "\n"
        # The images were just written, so an old scale file beside them is stale.
        atomic_write(self.out_dir / "depth.json", text.encode(), overwrite=True)


def _orbit_names(n: int) -> list[str]:
    """The names `codec.rendering.views.orbit_cameras` gives, known before there is a scene."""
    return [f"orbit_{i:03d}" for i in range(n)]


def shrink(image: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """[H, W, 3] reduced by a whole factor, by averaging, to the first width at most `width`."""
    k = -(-image.shape[1] // width)
    if k <= 1:
        return image
    h, w = max(image.shape[0] // k, 1), image.shape[1] // k
    cut = image[: h * k, : w * k].astype(np.float32)
    rows = min(k, image.shape[0])
    return (cut.reshape(h, rows, w, k, 3).mean(axis=(1, 3)) + 0.5).astype(np.uint8)


def contact_sheet(cells: list[NDArray[np.uint8]], gap: int = SHEET_GAP) -> NDArray[np.uint8]:
    """Images [H, W, 3] of any sizes in a near-square grid on white, each in the cell's middle."""
    columns = max(1, min(4, round(len(cells) ** 0.5 + 0.49)))
    rows = -(-len(cells) // columns)
    h, w = (max(c.shape[axis] for c in cells) for axis in (0, 1))
    sheet = np.full((rows * (h + gap) + gap, columns * (w + gap) + gap, 3), 255, np.uint8)
    for i, cell in enumerate(cells):
        y = gap + (i // columns) * (h + gap) + (h - cell.shape[0]) // 2
        x = gap + (i % columns) * (w + gap) + (w - cell.shape[1]) // 2
        sheet[y : y + cell.shape[0], x : x + cell.shape[1]] = cell
    return sheet
