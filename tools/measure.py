"""PSNR of a decoded scene: its renders against the original's renders, by the CPU renderer.

    python -m tools.measure original.ply decoded.ply [--views cameras.json] [--width 480]
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.scene import Camera, Splats

PSNR_CAP = 120.0
"""dB given to identical images, so that means stay finite."""


@dataclass(frozen=True, slots=True)
class Views:
    """Cameras to measure over, and one line that says which they are."""

    cameras: list[Camera]
    statement: str

    def identity(self) -> bytes:
        """Bytes that differ when any camera does."""
        poses = b"".join(camera.world_to_camera.tobytes() for camera in self.cameras)
        lenses = [(c.fx, c.fy, c.cx, c.cy, c.width, c.height) for c in self.cameras]
        return poses + repr(lenses).encode()


@dataclass(frozen=True, slots=True)
class Fidelity:
    """PSNR in dB: mean and least over the views, and by view name."""

    mean_db: float
    worst_db: float
    views_db: dict[str, float] = field(default_factory=dict)


def image_psnr(reference: NDArray[np.float32], image: NDArray[np.float32]) -> float:
    """PSNR in dB of two float RGB images, both clipped to 0..1; at most PSNR_CAP."""
    difference = np.clip(reference, 0, 1).astype(np.float64) - np.clip(image, 0, 1)
    mse = float(np.mean(difference**2))
    return min(PSNR_CAP, float(-10 * np.log10(mse))) if mse > 0 else PSNR_CAP


def render_rgb(splats: Splats, cameras: list[Camera],
               background: tuple[float, float, float] = (0, 0, 0)) -> list[NDArray[np.float32]]:
    """[H, W, 3] of each camera on one colour, by the CPU renderer."""
    from codec.rendering import RenderOptions, render

    options = RenderOptions(backend="cpu", background=background)
    return [render(splats, camera, options=options).rgb for camera in cameras]


def thin_cameras(cameras: list[Camera], count: int) -> list[Camera]:
    """At most `count` cameras, every k-th by name in string order."""
    ordered = sorted(cameras, key=lambda camera: camera.name)
    return ordered[:: max(1, -(-len(ordered) // count))] if count else ordered


def choose_views(
    splats: Splats, cameras_file: Path | None, count: int = 8, width: int = 480, seed: int = 0
) -> Views:
    """The scene's own cameras where given (every k-th, `count` at most; 0 = all), else seeded ones.

    width: pixels of the rendered images, 0 = the cameras' own (seeded: 640x480).
    """
    if cameras_file:
        from codec.io.cameras import read_cameras

        own = read_cameras(cameras_file)
        cameras = thin_cameras(own, count)
        origin = f"{len(cameras)} of {len(own)} cameras of {cameras_file.name}, every k-th by name"
    else:
        from codec.rendering.views import seeded_views

        across = width or 640
        cameras = seeded_views(splats, count or 8, across, across * 3 // 4, seed)
        origin = f"{len(cameras)} seeded views (seed {seed})"
    if width:
        cameras = [c if c.width == width else c.resized(width) for c in cameras]
    sizes = sorted({f"{camera.width}x{camera.height}" for camera in cameras})
    return Views(cameras, f"{origin}, {', '.join(sizes)}, black background")


class Comparison:
    """Measures decoded scenes against one original whose views are rendered once."""

    def __init__(self, original: Splats, cameras: list[Camera]) -> None:
        self.cameras = cameras
        self._references = render_rgb(original, cameras)

    def measure(self, decoded: Splats) -> Fidelity:
        """Mean over the views of each view's PSNR in dB."""
        images = render_rgb(decoded, self.cameras)
        scores = [image_psnr(a, b) for a, b in zip(self._references, images, strict=True)]
        names = [f"{i}:{camera.name}" for i, camera in enumerate(self.cameras)]
        rounded = {name: round(db, 4) for name, db in zip(names, scores, strict=True)}
        return Fidelity(float(np.mean(scores)), min(scores), rounded)


def psnr_of(original: Splats, decoded: Splats, cameras: list[Camera], width: int = 0) -> Fidelity:
    """PSNR of `decoded` against `original` over `cameras`, `width` pixels wide (0: their own)."""
    sized = [camera.resized(width) for camera in cameras] if width else cameras
    return Comparison(original, sized).measure(decoded)


def add_view_options(parser: argparse.ArgumentParser) -> None:
    """The options of `choose_views`, the same in every tool."""
    parser.add_argument("--views", type=Path, help="cameras.json (default: seeded views)")
    parser.add_argument("--count", type=int, default=8, help="most views, 0 = all cameras")
    parser.add_argument("--width", type=int, default=480, help="pixels, 0 = the cameras' own")
    parser.add_argument("--seed", type=int, default=0, help="of the seeded views")


def main() -> None:
    """Print the PSNR of each view and their mean."""
    from codec.io.ply import read_ply

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("original", type=Path)
    parser.add_argument("decoded", type=Path)
    add_view_options(parser)
    args = parser.parse_args()
    original = read_ply(args.original)
    views = choose_views(original, args.views, args.count, args.width, args.seed)
    result = Comparison(original, views.cameras).measure(read_ply(args.decoded))
    print(json.dumps(result.views_db, indent=1))
    print(f"mean {result.mean_db:.3f} dB, worst {result.worst_db:.3f} dB over {views.statement}")


if __name__ == "__main__":
    main()
