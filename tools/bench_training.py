"""Where the time of a training iteration goes: wall and processor milliseconds per stage.

    python -m tools.bench_training scene.ply PHOTO_SET [--width 480] [--iterations 20]

The scene is trained on a few views of the set with its count held; stages are timed one by one.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from pathlib import Path

from codec.io.cameras import read_cameras
from codec.io.ply import read_ply
from codec.optimize import trainer as trainer_module
from codec.optimize.options import TrainOptions
from codec.optimize.photos import PhotoSet, split_views, with_photos
from codec.optimize.start import scene_extent
from codec.optimize.trainer import Trainer
from codec.rendering import cpu, grad_kernels, kernels, project_grad
from tools.train_scene import hardware, versions


class Stopwatch:
    """Adds up the time spent in functions it has replaced; nested stages are part of outer ones."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)

    def watch(self, owner: object, name: str, label: str) -> None:
        """Replace `owner.name` by a timed form of itself."""
        function = getattr(owner, name)

        def timed(*args, **kwargs):
            wall, busy = time.perf_counter(), time.process_time()
            result = function(*args, **kwargs)
            self.wall[label] += time.perf_counter() - wall
            self.cpu[label] += time.process_time() - busy
            return result

        setattr(owner, name, timed)

    def table(self, n: int) -> dict[str, dict[str, float]]:
        """Milliseconds per iteration by stage."""
        return {k: {"wall_ms": round(1e3 * self.wall[k] / n, 2),
                    "cpu_ms": round(1e3 * self.cpu[k] / n, 2)} for k in self.wall}


def watch_stages(watch: Stopwatch, trainer: Trainer) -> None:
    """Replace every stage of `trainer`, for the rest of this process."""
    watch.watch(kernels, "project", "forward: projection and SH")
    watch.watch(kernels, "depth_order", "forward: depth sort")
    watch.watch(kernels, "bin_tiles", "forward: tile lists")
    watch.watch(grad_kernels, "blend_sums", "forward: blending")
    watch.watch(trainer_module, "photo_loss", "loss: L1 and SSIM")
    watch.watch(grad_kernels, "grad_pairs", "backward: pixels")
    watch.watch(grad_kernels, "sum_gradients", "backward: sums per Gaussian")
    watch.watch(grad_kernels, "scatter_gradients", "backward: rows to their places")
    watch.watch(project_grad, "project_gradient", "backward: projection and SH")
    watch.watch(type(trainer.adam), "step", "Adam")
    watch.watch(type(trainer.strategy), "perturb", "noise")
    watch.watch(type(trainer), "advance", "iteration")


def main() -> None:
    """Print the table as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scene", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--width", type=int, default=480)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    splats = read_ply(args.scene)
    images = args.photos / "images"
    views, _ = split_views(with_photos(images, read_cameras(args.photos)))
    photos = PhotoSet(views[:8], images, args.width)
    n = args.iterations
    options = TrainOptions(iterations=10**6, cap=10**8, sh_degree=splats.sh_degree, coarse=(),
                           degree_every=1e-9, width=args.width, threads=args.threads)
    trainer = Trainer(photos, options, splats, scene_extent(views))
    trainer.step = 1
    for _ in range(len(photos) + 2):  # compile, and read every photo
        trainer.advance()
    watch = Stopwatch()
    watch_stages(watch, trainer)
    for _ in range(n):
        trainer.advance()
    print(json.dumps({"scene": args.scene.name, "gaussians": splats.n_gaussians,
                      "width": args.width, "iterations": n, "load": os.getloadavg()[0],
                      "hardware": hardware(), "threads": cpu_threads(args.threads),
                      "versions": versions(), "stages": watch.table(n)}, indent=1))


def cpu_threads(asked: int) -> int:
    """How many threads the kernels use."""
    with cpu.thread_pool(asked):
        import numba

        return numba.get_num_threads()


if __name__ == "__main__":
    main()
