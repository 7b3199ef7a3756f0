"""Plain 3DGS training from posed photos: an honest float32 scene with held-out views.

    python -m tools.train_scene COLMAP_DIR -o scene.ply [--max-gaussians 100000]

COLMAP_DIR holds sparse/0 (or transforms.json, cameras.json) and images/. Every 8th view by sorted
name is held out. Writes scene.ply, scene.cameras.json (all views), scene.train.json (options,
times, PSNR) and, while it runs, scene.train.npz to resume from: run the same command again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import warnings
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from codec.errors import NfxError, SceneError, UsageError
from codec.io.cameras import read_cameras, write_cameras
from codec.io.colmap import find_model, read_points
from codec.io.ply import write_ply
from codec.optimize.loop import Best, Loop, Record, mean_psnr, mean_ssim, sample_views
from codec.optimize.options import STRATEGIES, TrainOptions
from codec.optimize.photos import PhotoSet, find_photo, split_views, with_photos
from codec.optimize.start import random_points, scene_extent, splats_from_points
from codec.optimize.trainer import Trainer, render_options
from codec.rendering import RenderOptions, resolve_backend
from codec.scene import Camera, Splats

RANDOM_START = 20_000


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    d = TrainOptions()
    parser = argparse.ArgumentParser(prog="train_scene", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("source", type=Path, metavar="COLMAP_DIR")
    add("-o", "--output", type=Path, required=True, metavar="SCENE.ply")
    add("--iterations", type=int, default=d.iterations)
    add("--max-gaussians", type=int, default=d.cap)
    add("--width", type=int, default=d.width, help="photos at most this wide, pixels")
    add("--sh-degree", type=int, default=d.sh_degree, choices=range(4))
    add("--strategy", choices=STRATEGIES, default=d.strategy)
    add("--white-background", action="store_true")
    add("--antialiased", action="store_true", help="Mip-Splatting's compensation")
    add("--seed", type=int, default=d.seed)
    add("--threads", type=int, default=d.threads, help="0 = all cores")
    add("--backend", choices=("auto", "cpu", "cuda"), default="auto")
    add("--images", type=Path, help="folder of the photos (default COLMAP_DIR/images)")
    add("--time-budget", type=float, default=0.0, metavar="SECONDS",
        help="stop this call after so long; the same command goes on from there")
    add("--eval-every", type=int, default=0, help="iterations between measurements")
    add("--restart", action="store_true", help="ignore and replace what an earlier run left")
    add("--set", action="append", default=[], metavar="NAME=VALUE",
        help="any other number of TrainOptions, e.g. opacity_rate=0.03")
    add("--quiet", action="store_true")
    return parser


def options_of(args: argparse.Namespace) -> TrainOptions:
    """TrainOptions of a parsed command line; UsageError for an impossible --set."""
    white = (1.0, 1.0, 1.0) if args.white_background else (0.0, 0.0, 0.0)
    options = TrainOptions(
        iterations=args.iterations, cap=args.max_gaussians, sh_degree=args.sh_degree,
        width=args.width, background=white, strategy=args.strategy,
        antialiased=args.antialiased, seed=args.seed, threads=args.threads)
    for item in args.set:
        name, _, value = item.partition("=")
        old = getattr(options, name, None)
        if not isinstance(old, (int, float)) or isinstance(old, bool):
            raise UsageError(f"--set {item}: {name!r} is not a number of TrainOptions")
        try:
            options = replace(options, **{name: type(old)(float(value))})
        except ValueError as error:
            raise UsageError(f"--set {item}: {value!r} is not a number") from error
    return options


def read_source(source: Path, images: Path, options: TrainOptions):
    """(training photos, held-out photos, first Gaussians) of a posed photo set."""
    if not source.is_dir():
        raise SceneError(f"{source} is not a folder: give one that holds sparse/0 and images/")
    if not images.is_dir():
        raise SceneError(f"{images} does not exist: put the photos there or give --images")
    train, held = split_views(with_photos(images, read_cameras(source)))
    for camera in (*train, *held):
        find_photo(images, camera)
    if not train:
        raise SceneError(f"{source}: at least two views are needed, one is held out")
    photos = (PhotoSet(views, images, options.width, options.background)
              for views in (train, held))
    return *photos, first_splats(source, train, options)


def first_splats(source: Path, train: list[Camera], options: TrainOptions) -> Splats:
    """Gaussians at the sparse points, or at random points where there are none."""
    model = find_model(source)
    points, colours = read_points(model) if model else (np.zeros((0, 3)), None)
    rng = np.random.Generator(np.random.PCG64([options.seed, 3]))
    if not len(points):
        points = random_points(train, min(RANDOM_START, options.cap), options.seed)
        colours = rng.integers(0, 256, points.shape, np.uint8)
    if len(points) > options.cap:
        chosen = np.sort(rng.permutation(len(points))[: options.cap])
        points, colours = points[chosen], colours[chosen]
    return splats_from_points(points, colours, sh_degree=options.sh_degree)


def make_trainer(backend: str, photos: PhotoSet, options: TrainOptions, splats: Splats):
    """The CUDA trainer where asked for or usable, else the CPU's."""
    extent = scene_extent(photos.cameras)
    if resolve_backend(backend) == "cuda":
        from codec.optimize.cuda import CudaTrainer

        return CudaTrainer(photos, options, splats, extent)
    return Trainer(photos, options, splats, extent)


def train(args: argparse.Namespace) -> dict:
    """Train, write the files, and return the report that went into scene.train.json."""
    options = options_of(args)
    paths = output_paths(args)
    photos, held, splats = read_source(args.source, args.images or args.source / "images", options)
    trainer = make_trainer(args.backend, photos, options, splats)
    record, best = Record(), Best()
    if paths["checkpoint"].exists():
        extra, best.splats = trainer.load(paths["checkpoint"])
        record = Record(**extra["record"])
        best.psnr, best.step = extra["best"]
        say(args, f"going on from iteration {trainer.step}")
    how = replace(render_options(options), backend=resolve_backend(args.backend))
    sample, out = sample_views(len(photos)), range(len(held))

    def measure(scene: Splats) -> dict:
        return {"psnr_held_out": mean_psnr(scene, held, out, how),
                "psnr_train": mean_psnr(scene, photos, sample, how)}

    def save() -> None:
        trainer.save(paths["checkpoint"], {"record": asdict(record),
                                           "best": [float(best.psnr), best.step]}, best.splats)

    loop = Loop(trainer, options.iterations, measure, record, best,
                measure_every=args.eval_every or max(1, options.iterations // 12), save=save,
                budget=args.time_budget, progress=lambda line: say(args, line))
    scene = loop.run()
    report = report_of(args, options, record, best, scene, photos, held, how)
    write_outputs(paths, scene, photos, held, report)
    return report


def output_paths(args: argparse.Namespace) -> dict[str, Path]:
    """Every file of a training by role; UsageError when the scene is there and none to resume."""
    out = args.output
    if out.suffix != ".ply":
        raise UsageError(f"-o {out}: the output must end in .ply")
    if not out.parent.is_dir():
        raise UsageError(f"the folder {out.parent} does not exist; create it first")
    paths = {"scene": out, "cameras": out.with_suffix(".cameras.json"),
             "report": out.with_suffix(".train.json"), "checkpoint": out.with_suffix(".train.npz")}
    if args.restart:
        paths["checkpoint"].unlink(missing_ok=True)
    elif out.exists() and not paths["checkpoint"].exists():
        raise UsageError(f"{out} exists; choose another name or give --restart")
    return paths


def report_of(args, options: TrainOptions, record: Record, best: Best, scene: Splats,
              photos: PhotoSet, held: PhotoSet, how: RenderOptions) -> dict:
    """The content of scene.train.json."""
    return {
        "source": args.source.name, "ended": record.ended, "backend": how.backend,
        "iterations": best.step,
        "gaussians": scene.n_gaussians, "seconds": round(record.seconds, 3),
        "cpu_seconds": round(record.cpu_seconds, 3),
        "psnr_held_out_db": mean_psnr(scene, held, range(len(held)), how),
        "ssim_held_out": mean_ssim(scene, held, range(len(held)), how),
        "psnr_train_db": mean_psnr(scene, photos, range(len(photos)), how),
        "held_out_views": [camera.name for camera in held.cameras],
        "training_views": len(photos), "width": options.width,
        "photos": "Lanczos-filtered to the width, sRGB as stored", "options": options.to_dict(),
        "history": record.history, "versions": versions(), "hardware": hardware(),
    }


def versions() -> dict[str, str]:
    """Of Python, the codec and the libraries used."""
    from importlib.metadata import PackageNotFoundError, version

    import codec

    found = {"python": platform.python_version(), "nfx": codec.__version__}
    for name in ("numpy", "numba", "pillow", "torch", "gsplat"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def hardware() -> str:
    """Processor and the number of cores this process may use."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        name = next(x.split(":", 1)[1].strip() for x in lines if x.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {os.cpu_count()} cores"


def write_outputs(paths: dict[str, Path], scene: Splats, photos: PhotoSet, held: PhotoSet,
                  report: dict) -> None:
    """Scene, cameras in string order of their names, and report."""
    from codec.io.atomic import atomic_write

    cameras = sorted((*photos.cameras, *held.cameras), key=lambda camera: camera.name)
    write_ply(paths["scene"], scene, overwrite=True)
    write_cameras(paths["cameras"], cameras, overwrite=True)
    atomic_write(paths["report"], json.dumps(report, indent=1).encode(), True)


def say(args: argparse.Namespace, line: str) -> None:
    """One line of progress."""
    if not args.quiet:
        print(line, file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    # Waiting threads sleep instead of spinning: costs nothing, and spares a shared machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    args = make_parser().parse_args(argv)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            report = train(args)
    except NfxError as problem:
        print(f"train_scene: {problem}", file=sys.stderr)
        return problem.exit_code
    print(f"{args.output}: {report['gaussians']} Gaussians, "
          f"{report['psnr_held_out_db']:.2f} dB on {len(report['held_out_views'])} held-out views, "
          f"{report['seconds']:.0f} s ({report['ended']})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
