"""Degraded / clean pairs for training a restorer: few quantized Gaussians against what they show.

    python -m tools.make_artifacts photos FOLDER -o PAIRS [--scenes 100] [--seed 0]
    python -m tools.make_artifacts scene SCENE.ply --cameras C.json -o PAIRS [--rates 1000,400,200]

`photos` makes artificial scenes out of photos: a room of pictures and cut-outs hung in space is
seen by cameras on a path, so the truth is known from every side. A few Gaussians are trained on
half of the views by the encoder's own re-optimization, quantized by its own steps, and rendered
from all views: the artifacts are those of the codec at low rates (NiFi A.1.1), held-out views
included, and thousands of photos give the content. `scene` encodes a real scene at several rates
and pairs its decoded renders with photos or with the renders of the input.

A pair file is one .npz for each scene and rate: clean, degraded [V, H, W, 3] uint8, alpha
[V, H, W] uint8, held [V] bool, psnr [V] float32 in dB, and meta, a JSON text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from codec.optimize.losses import psnr
from codec.scene import Camera, Splats

TILE = 320
"""Side of the square pictures cut from the photos, pixels."""
SIZE = (448, 320)
"""Width and height of the artificial views, pixels."""
N_DRAWN = 150
"""Drawn pictures among the photos."""
U8 = NDArray[np.uint8]


# -- artificial scenes ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pictures:
    """Square pictures at three sizes, each half of the one before: [K, S, S, 3] uint8."""

    full: U8
    half: U8
    quarter: U8


@dataclass(frozen=True, slots=True)
class Panels:
    """Rectangles in space that carry pictures.

    frames: [P, 14] float64: centre, right, down, normal (3 each), half width, half height.
    grid: [P, 2] int64, pictures across and down.   first: [P] int64 into `tiles`.
    tiles: [T] int64, picture of each cell.   masks: [P, 32, 32] float32, shown where positive.
    """

    frames: NDArray[np.float64]
    grid: NDArray[np.int64]
    first: NDArray[np.int64]
    tiles: NDArray[np.int64]
    masks: NDArray[np.float32]


def load_pictures(folder: Path) -> Pictures:
    """The centre squares of all .jpg photos of a folder, by name, then N_DRAWN drawn ones."""
    from PIL import Image

    squares = []
    for path in sorted(folder.glob("*.jpg")):
        with Image.open(path) as image:
            rgb = image.convert("RGB")
        left, top = (rgb.width - TILE) // 2, (rgb.height - TILE) // 2
        squares.append(np.asarray(rgb.crop((left, top, left + TILE, top + TILE))))
    if not squares:
        raise click.UsageError(f"no .jpg photos in {folder}")
    rng = np.random.Generator(np.random.PCG64(5))
    full = np.stack(squares + [_drawn(rng) for _ in range(N_DRAWN)])
    half = _halved(full)
    return Pictures(full, half, _halved(half))


def _drawn(rng) -> U8:
    """A calm picture as rooms have: a shaded plain ground, at times with flat shapes and text."""
    from PIL import Image, ImageDraw

    y, x = np.mgrid[0 : 1 : TILE * 1j, 0 : 1 : TILE * 1j]
    slope = rng.normal(0, 25, (2, 3))
    ground = rng.uniform(20, 250, 3) + x[..., None] * slope[0] + y[..., None] * slope[1]
    image = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)

    def colour():
        return tuple(int(v) for v in rng.integers(0, 256, 3))

    for _ in range(rng.integers(0, 14) if rng.random() < 0.7 else 0):
        left, top = rng.integers(-40, TILE - 10, 2)
        wide, high = np.exp(rng.uniform(1, 5, 2)).astype(int) + 2
        box = (int(left), int(top), int(left + wide), int(top + high))
        kind = rng.integers(5)
        if kind < 2:
            draw.rectangle(box, fill=colour(), outline=colour() if kind else None)
        elif kind == 2:
            draw.ellipse(box, fill=colour())
        elif kind == 3:
            draw.line(box, fill=colour(), width=int(rng.integers(1, 6)))
        else:
            words = "".join(chr(c) for c in rng.integers(33, 123, 60))
            draw.text(box[:2], "\n".join([words] * int(rng.integers(1, 9))), fill=colour(),
                      font_size=int(rng.integers(7, 28)))
    grain = rng.normal(0, rng.uniform(0, 4), (TILE, TILE, 1))
    return np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)


def _halved(images: U8) -> U8:
    k, h, w, _ = images.shape
    mean = images.reshape(k, h // 2, 2, w // 2, 2, 3).mean(axis=(2, 4), dtype=np.float32)
    return np.rint(mean).astype(np.uint8)


def _rotation(rng, tilt: float) -> NDArray[np.float64]:
    """A random rotation near the identity: angles about x, y, z of `tilt` radians (normal)."""
    x, y, z = rng.normal(0, tilt, 3)
    cx, cy, cz, sx, sy, sz = np.cos(x), np.cos(y), np.cos(z), np.sin(x), np.sin(y), np.sin(z)
    return (np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
            @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
            @ np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]]))


def _blob(rng) -> NDArray[np.float32]:
    """A smooth random outline, [32, 32], positive inside."""
    y, x = np.mgrid[-1:1:32j, -1:1:32j]
    angle, radius = np.arctan2(y, x), np.hypot(x, y)
    edge = 0.75 + sum(rng.normal(0, 0.25 / k) * np.cos(k * angle + rng.uniform(0, 6.3))
                      for k in range(1, 6))
    return (np.clip(edge, 0.3, 1.0) - radius).astype(np.float32)


class _Room:
    """Collects panels; sizes follow from how many screen pixels a picture's texel shall take."""

    def __init__(self, rng, n_pictures: int, focal: float) -> None:
        self.rng, self.focal = rng, focal
        self.n_photos, self.n_drawn = n_pictures - N_DRAWN, N_DRAWN
        self.calm = rng.uniform(0, 0.9)  # share of drawn pictures
        self.spread = rng.uniform(0.9, 2.4)  # largest magnification of a texel
        self.frames, self.grids, self.tiles, self.masks = [], [], [], []

    def hang(self, centre, axes, tile: float, grid: tuple[int, int], mask=None) -> None:
        size = (0.5 * tile * grid[0], 0.5 * tile * grid[1])
        self.frames.append(np.concatenate([centre, axes[:, 0], axes[:, 1], axes[:, 2], size]))
        self.grids.append(grid)
        count = grid[0] * grid[1]
        drawn = self.n_photos + self.rng.integers(0, self.n_drawn, count)
        photo = self.rng.integers(0, self.n_photos, count)
        self.tiles.append(np.where(self.rng.random(count) < self.calm, drawn, photo))
        self.masks.append(np.ones((32, 32), np.float32) if mask is None else mask)

    def tile_at(self, z: float) -> float:
        return self.rng.uniform(0.5, self.spread) * z * TILE / self.focal

    def panels(self) -> Panels:
        first = np.cumsum([0] + [len(t) for t in self.tiles[:-1]])
        return Panels(np.array(self.frames), np.array(self.grids, np.int64),
                      first.astype(np.int64), np.concatenate(self.tiles), np.stack(self.masks))


def make_room(rng, n_pictures: int, focal: float) -> tuple[Panels, float]:
    """Back wall, floor and walls of pictures, and cut-outs in front; (panels, depth)."""
    room, depth = _Room(rng, n_pictures, focal), rng.uniform(3.0, 6.0)
    tile = room.tile_at(depth)
    across = int(np.ceil(3.2 * depth * SIZE[0] / focal / tile))
    room.hang(np.array([0, 0, depth]), _rotation(rng, 0.1), tile, (across, across))
    flat = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]).T
    if rng.random() < 0.6:
        tile = room.tile_at(0.6 * depth)
        room.hang(np.array([0, rng.uniform(0.25, 0.5) * depth * SIZE[1] / focal, 0.6 * depth]),
                  flat @ _rotation(rng, 0.05), tile, (int(np.ceil(4 * depth / tile)),) * 2)
    for _ in range(rng.integers(2, 9)):
        z = depth * rng.uniform(0.3, 0.9)
        centre = np.array([*(rng.uniform(-0.5, 0.5, 2) * z * np.array(SIZE) / focal), z])
        mask = _blob(rng) if rng.random() < 0.7 else None
        room.hang(centre, _rotation(rng, 0.4), room.tile_at(z), (1, 1), mask)
    return room.panels(), depth


def make_cameras(rng, depth: float, focal: float, count: int) -> list[Camera]:
    """Cameras around the origin that look into the room.

    The less they wander, the more Gaussians each thing in view gets, and the better it looks.
    """
    wander = np.exp(rng.uniform(np.log(0.1), 0))
    cameras, reach = [], wander * depth * rng.uniform(0.08, 0.3)
    for i in range(count):
        position = rng.uniform(-1, 1, 3) * reach * np.array([1, 0.5, 0.6])
        target = np.array([0, 0, depth * 0.8]) + rng.normal(0, 0.12 * wander * depth, 3)
        forward = (target - position) / np.linalg.norm(target - position)
        right = np.cross([0.0, 1, 0], forward)
        right /= np.linalg.norm(right)
        pose = np.eye(4)
        pose[:3, :3] = np.stack([right, np.cross(forward, right), forward])
        pose[:3, 3] = -pose[:3, :3] @ position
        cameras.append(Camera(pose, focal, focal, SIZE[0] / 2, SIZE[1] / 2, *SIZE, f"v{i:03d}"))
    return cameras


def cast_view(panels: Panels, pictures: Pictures, camera: Camera, samples: int = 2
              ) -> tuple[U8, NDArray[np.float32]]:
    """What a camera sees: rgb [H, W, 3] uint8 (box-filtered samples^2 rays), depth [H, W]."""
    from tools.restoring.cast import cast

    w, h, s = camera.width, camera.height, samples
    rgb, depth = np.empty((h * s, w * s, 3), np.float32), np.empty((h * s, w * s), np.float32)
    cast(panels.frames, panels.grid, panels.first, panels.tiles, panels.masks,
         pictures.full, pictures.half, pictures.quarter,
         np.ascontiguousarray(camera.world_to_camera[:3, :3]), camera.position,
         camera.fx * s, camera.fy * s, camera.cx * s, camera.cy * s, rgb, depth)
    small = rgb.reshape(h, s, w, s, 3).mean(axis=(1, 3))
    return np.rint(small).astype(np.uint8), depth[::s, ::s]


def sparse_start(rng, views, depths, count: int) -> Splats:
    """`count` Gaussians on what the views see, as sparse points would give them."""
    from codec.optimize.start import splats_from_points

    cameras, images = views.cameras, views.images
    which = rng.integers(0, len(cameras), count)
    points, colours = np.empty((count, 3)), np.empty((count, 3), np.uint8)
    for i, v in enumerate(which):
        camera = cameras[v]
        x, y = rng.integers(0, camera.width), rng.integers(0, camera.height)
        z = depths[v][y, x]
        ray = np.array([(x + 0.5 - camera.cx) / camera.fx, (y + 0.5 - camera.cy) / camera.fy, 1])
        pose = camera.world_to_camera
        points[i] = pose[:3, :3].T @ (ray * z - pose[:3, 3])
        colours[i] = images[v][y, x]
    scale = rng.uniform(0.4, 0.8)
    return splats_from_points(points, colours, sh_degree=0, opacity=0.6, scale=scale)


# -- degradation and pairs -----------------------------------------------------------------------


def degrade(splats: Splats, views, iterations: int, quality: float, seed: int, degree: int
            ) -> Splats:
    """Few Gaussians trained on `views` and quantized, by the encoder's own code.

    quality: of the analytic quantization plan.
    """
    from codec.encoder.plan import plan_steps
    from codec.encoder.prepare import prepare
    from codec.encoder.reopt import Reopt, Retrainer, canonical, quantized_scene

    plan = Reopt(iterations, degree, seed, 1)
    trainer = Retrainer(views, plan, False, lambda *_: None)
    free = canonical(trainer.free(splats, part=1))
    steps = plan_steps(prepare(free), quality)
    scene, params = trainer.incremental(free, steps)
    return quantized_scene(scene, steps, params)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Views of one degraded scene; the arrays of a pair file."""

    clean: U8
    degraded: U8
    alpha: U8
    held: NDArray[np.bool_]
    psnr: NDArray[np.float32]
    meta: dict

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez(part, clean=self.clean, degraded=self.degraded, alpha=self.alpha,
                 held=self.held, psnr=self.psnr, meta=json.dumps(self.meta))
        part.rename(path)


def render_pairs(splats: Splats, cameras: list[Camera], clean: U8, held, meta: dict) -> Pairs:
    """Render a degraded scene from cameras beside the truth [V, H, W, 3]."""
    from codec.rendering import RenderOptions, render

    views = [render(splats, c, options=RenderOptions(backend="cpu", threads=1)) for c in cameras]
    shown = np.stack([np.rint(255 * np.clip(v.rgb, 0, 1)).astype(np.uint8) for v in views])
    alpha = np.stack([np.rint(255 * v.alpha).astype(np.uint8) for v in views])
    score = [psnr(a / np.float32(255), b / np.float32(255))
             for a, b in zip(shown, clean, strict=True)]
    return Pairs(clean, shown, alpha, np.asarray(held), np.float32(score), meta)


def photo_scene(pictures: Pictures, out: Path, seed: int, counts: int = 3, views: int = 32,
                gaussians: tuple[int, int] = (500, 16_000),
                iterations: tuple[int, int] = (200, 700)) -> list[float]:
    """One artificial scene at `counts` rates; writes the pair files, returns mean dB of each.

    gaussians, iterations: ranges, of which the first is drawn evenly in logarithm.
    """
    from codec.encoder.reopt import TargetViews

    rng = np.random.Generator(np.random.PCG64([seed, 1104]))
    focal = SIZE[0] * rng.uniform(0.7, 1.3)
    panels, depth = make_room(rng, len(pictures.full), focal)
    cameras = make_cameras(rng, depth, focal, views)
    seen = [cast_view(panels, pictures, c) for c in cameras]
    clean = np.stack([image for image, _ in seen])
    held = np.arange(views) % 2 == 0
    used = np.flatnonzero(~held)
    targets = TargetViews([cameras[i] for i in used], [clean[i] for i in used])
    scores = []
    for k in range(counts):
        path = out / f"room_{seed:05d}_{k}.npz"
        if path.exists():
            continue
        count = int(np.exp(rng.uniform(*np.log(gaussians))))
        steps, quality = int(rng.uniform(*iterations)), rng.uniform(35, 70)
        start = sparse_start(rng, targets, [seen[i][1] for i in used], count)
        coded = degrade(start, targets, steps, quality, seed, degree=int(count > 3000))
        meta = {"kind": "room", "seed": seed, "count": count, "iterations": steps,
                "quality": quality}
        pairs = render_pairs(coded, cameras, clean, held, meta)
        pairs.save(path)
        scores.append(float(pairs.psnr[held].mean()))
    return scores


# -- real scenes ---------------------------------------------------------------------------------


def scene_pairs(source: Path, cameras: Path, photos: Path | None, out: Path, rate: int,
                effort: int = 5, width: int = 480, most_seen: int = 8) -> Pairs:
    """Encode a scene to 1 / `rate` of its file from its training views; pair held-out views.

    The truth is the photos, or without them the input's own renders. Up to `most_seen` training
    views come along, not marked as held: their PSNR is the fidelity that an encoder can measure.
    The coded file stays beside the pairs and is used again.
    """
    from codec.io.cameras import read_cameras
    from codec.io.ply import read_ply
    from codec.optimize.photos import split_views, with_photos

    everything = [c.resized(width) if c.width > width else c for c in read_cameras(cameras)]
    everything = with_photos(photos, everything) if photos else everything
    seen, held = split_views(everything)
    coded = out / f"{source.stem}.{rate}.nfx"
    original = read_ply(source)
    if not coded.exists():
        encode_scene(original, seen, source.stat().st_size // rate, effort, coded)
    from codec.decoder.decode import decode

    splats = decode(coded.read_bytes())
    chosen = held + seen[:: -(-len(seen) // most_seen)]
    clean = np.stack([_truth(original, camera, photos) for camera in chosen])
    meta = {"kind": "scene", "name": source.stem, "rate": rate, "bytes": coded.stat().st_size,
            "gaussians": splats.n_gaussians, "truth": "photos" if photos else "renders",
            "views": [camera.name for camera in chosen]}
    return render_pairs(splats, chosen, clean, np.arange(len(chosen)) < len(held), meta)


def encode_scene(splats: Splats, cameras: list[Camera], size: int, effort: int, out: Path) -> None:
    """Write the coded scene of at most `size` bytes."""
    from codec.encoder.encode import encode
    from codec.io.atomic import atomic_write
    from codec.options import EncoderOptions

    options = EncoderOptions(target_size=size, effort=effort, threads=1)
    out.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(out, encode(splats, options, cameras=cameras))


def _truth(original: Splats, camera: Camera, photos: Path | None) -> U8:
    from codec.optimize.photos import find_photo, read_photo
    from codec.rendering import RenderOptions, render

    if photos:
        return read_photo(find_photo(photos, camera), (camera.width, camera.height))
    rgb = render(original, camera, options=RenderOptions(backend="cpu", threads=1)).rgb
    return np.rint(255 * np.clip(rgb, 0, 1)).astype(np.uint8)


# -- command line --------------------------------------------------------------------------------


@click.group()
def main() -> None:
    """Make degraded / clean pairs."""


@main.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True)
@click.option("--scenes", default=100, show_default=True, help="How many artificial scenes.")
@click.option("--seed", default=0, show_default=True, help="Seed of the first scene.")
@click.option("--rates", default=3, show_default=True, help="Gaussian counts for each scene.")
def photos(folder: Path, out: Path, scenes: int, seed: int, rates: int) -> None:
    """Artificial scenes made of the photos in FOLDER."""
    import time

    pictures = load_pictures(folder)
    for number in range(seed, seed + scenes):
        start = time.process_time()
        scores = photo_scene(pictures, out, number, rates)
        took = time.process_time() - start
        click.echo(f"scene {number}: {' '.join(f'{s:.1f}' for s in scores)} dB, {took:.0f} CPU s")


@main.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--cameras", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--photos", type=click.Path(exists=True, path_type=Path),
              help="Folder with the photo of every view; without it, the input's renders.")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True)
@click.option("--rates", default="1000,400,200", show_default=True, help="Bytes in / bytes out.")
@click.option("--effort", default=5, show_default=True)
def scene(source: Path, cameras: Path, photos: Path | None, out: Path, rates: str,
          effort: int) -> None:
    """A trained SCENE.ply at several rates of our own encoder."""
    for rate in (int(text) for text in rates.split(",")):
        pairs = scene_pairs(source, cameras, photos, out, rate, effort)
        pairs.save(out / f"{source.stem}_{rate:04d}.npz")
        click.echo(f"{source.stem} 1/{rate}: {pairs.meta['bytes']} bytes, "
                   f"{pairs.psnr[pairs.held].mean():.2f} dB held out, "
                   f"{pairs.psnr[~pairs.held].mean():.2f} dB seen")


if __name__ == "__main__":
    main()
