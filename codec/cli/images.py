"""Images of a decoded scene as files: views, depth, alpha, contact sheet."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from codec.cli.restoration import Restoration
from codec.errors import UsageError
from codec.io.atomic import atomic_write, check_name, check_writable, same_file
from codec.io.cameras import distinct_names
from codec.io.images import write_png
from codec.scene import Camera, RenderedView, Splats

SHEET_WIDTH = 1920
SHEET_GAP = 8
ORBIT_WIDTH = 800
SCALES = "depth.json"
MAX_NAME = 180  # bytes; file systems allow 255, suffixes and temporary names need some
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt")
                                           for i in range(10))}


def image_names(cameras: list[Camera], kinds: tuple[str, ...] = ("",),
                taken: Iterable[str] = ()) -> list[str]:
    """One safe file name (no extension) a camera, after its name; no two clash.

    kinds: what stands before .png in the files of one name.   taken: names of other files there.
    Camera files give names without folders; a stream may hold any text, and folders in it become
    underscores. Names that some system reserves or finds too long are changed. Where two names
    would share a file the later one gets _2, _3, ..., as `distinct_names` does it.
    """
    return _names_of_files([camera.name for camera in cameras], kinds, taken)


def _names_of_files(names: list[str], kinds: tuple[str, ...], taken: Iterable[str]) -> list[str]:
    def files(name: str) -> set[str]:
        # Some file systems do not tell case apart.
        return {_file_name(name, kind).lower() for kind in kinds}

    return distinct_names([_safe_name(name) for name in names], files,
                          [name.lower() for name in taken])


def _file_name(name: str, kind: str) -> str:
    return f"{name}{kind}.png"


def _safe_name(name: str) -> str:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    base = "_".join(p for p in parts if p not in ("/", "..", ".")) or "view"
    base = "".join(c if c.isprintable() and c not in '<>:"|?*' else "_" for c in base)
    base = base.encode()[:MAX_NAME].decode("utf-8", "ignore")
    return f"_{base}" if base.split(".")[0].strip().lower() in _RESERVED else base


def to_uint8(rgb: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Values in 0..1, clipped, to 0..255, rounded to nearest."""
    return (np.clip(rgb, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class ImageJob:
    """Which images to make, and where.

    cameras: the views; empty means `orbit` views around the scene.
    out_dir: folder of the single images, or None.   sheet: file of the contact sheet, or None.
    others: further files the command reads or writes; no image takes the name of one.
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
    others: tuple[Path, ...] = ()

    def check(self) -> None:
        """Raise UsageError for outputs that exist or cannot be made, before any work."""
        if self.sheet:
            check_writable(self.sheet, self.overwrite)
        if self.out_dir is None:
            return
        files = [self.out_dir / f for f in self._files()]
        if any(same_file(self._scales_file, p) for p in self._others() if self.depth):
            raise UsageError(f"--depth writes {self._scales_file}, which another option names")
        there = [p for p in files if p.exists()]
        if there and not self.overwrite:
            raise UsageError(f"{self.out_dir} already holds {there[0].name}"
                             + (f" and {len(there) - 1} more" if there[1:] else "")
                             + "; choose another --out-dir or give --overwrite")
        for path in there:
            check_name(path, self.overwrite)

    def names(self) -> list[str]:
        """File names of the views, without extension, in their order."""
        names = [c.name for c in self.cameras] or _orbit_names(self.orbit or 0)
        beside = [p.name for p in self._others() if self.out_dir and _is_in(p, self.out_dir)]
        return _names_of_files(names, self._kinds(), beside)

    def _others(self) -> list[Path]:
        return [*self.others, *([self.sheet] if self.sheet else [])]

    def _files(self) -> list[str]:
        """Names of all files that come into `out_dir` by this job, the contact sheet aside."""
        files = [_file_name(name, kind) for name in self.names() for kind in self._kinds()]
        return files + ([SCALES] if self.depth else [])

    @property
    def _scales_file(self) -> Path:
        return self.out_dir / SCALES

    def _kinds(self) -> tuple[str, ...]:
        return ("", *([".depth"] if self.depth else []), *([".alpha"] if self.alpha else []))

    def run(self, splats: Splats, progress: Callable[[str, float, str], None]) -> dict:
        """Render and write every view; returns facts about it, fit for JSON."""
        from codec.rendering import RenderOptions, render, resolve_backend

        backend = resolve_backend(self.backend)
        background = self.restoration.background if self.restoration else self.background
        options = RenderOptions(background=background, backend=backend, threads=self.threads)
        cameras = self._placed(splats)
        names = self.names()
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
        write_png(self.out_dir / _file_name(name, ""), rgb, overwrite=self.overwrite,
                  text=self._text(restored))
        if self.alpha:
            write_png(self.out_dir / _file_name(name, ".alpha"), to_uint8(view.alpha),
                      overwrite=self.overwrite)
        if self.depth:
            step = max(float(view.depth.max()), 1e-12) / 65535
            image = np.round(view.depth / step).astype(np.uint16)
            write_png(self.out_dir / _file_name(name, ".depth"), image, overwrite=self.overwrite)
            scales[name] = step

    def _write_depth_scales(self, scales: dict[str, float]) -> None:
        text = json.dumps({"world_units_per_step": scales}, indent=2) + "\n"
        atomic_write(self._scales_file, text.encode(), overwrite=self.overwrite)


def _is_in(path: Path, folder: Path) -> bool:
    return path.parent.resolve() == folder.resolve()


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
