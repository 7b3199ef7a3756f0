"""Pruning strategies side by side: PSNR at equal counts, as pruned and after a short training.

    python -m tools.prune_table plush.ply plush.cameras.json photos/plush/images \
        --json tools/results/pruning.json

Held-out photos (every eighth by name) and renders of the input are the references; the training
cameras, or views planned or seeded without them, are what the strategies see. Results of other
scenes already in the JSON stay.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

from codec.encoder.planned_views import plan_views
from codec.encoder.pruning import ScoreViews, strategy
from codec.encoder.pruning.strategies import REGISTER, ExGS
from codec.encoder.pruning.views import blending_weights
from codec.io.atomic import atomic_write
from codec.io.cameras import read_cameras
from codec.io.ply import read_ply
from codec.optimize.losses import psnr
from codec.optimize.options import TrainOptions
from codec.optimize.photos import PhotoSet, split_views, with_photos
from codec.optimize.start import scene_extent
from codec.optimize.trainer import Trainer
from codec.rendering import RenderOptions, render
from codec.rendering.views import seeded_views
from codec.scene import Splats
from tools.held_out import backdrop_of

MADE = 32  # views made where no cameras are used
VARIANTS = {"exgs-none": ExGS(amplifier="none"), "exgs-gap": ExGS(amplifier="gap")}


class Judge:
    """PSNR over the held-out views, against photos and against renders of the input."""

    def __init__(self, splats: Splats, photos: PhotoSet, threads: int) -> None:
        self._photos = photos
        self._options = RenderOptions(threads=threads, background=photos.backdrop)
        self._inputs = self._renders(splats)

    def _renders(self, splats: Splats):
        return [render(splats, self._photos.view(i)[0], options=self._options).rgb
                for i in range(len(self._photos))]

    def measure(self, splats: Splats) -> dict[str, float]:
        """photos_db, renders_db: means over the views."""
        renders = self._renders(splats)
        photos = [psnr(r, self._photos.view(i)[1]) for i, r in enumerate(renders)]
        inputs = [psnr(r, reference) for r, reference in zip(renders, self._inputs, strict=True)]
        return {"photos_db": round(float(np.mean(photos)), 3),
                "renders_db": round(float(min(np.mean(inputs), 99.0)), 3)}


def trained(splats: Splats, photos: PhotoSet, steps: int, threads: int) -> Splats:
    """`steps` of plain Adam on the training photos, the count fixed."""
    options = TrainOptions(
        iterations=steps, cap=splats.n_gaussians, sh_degree=splats.sh_degree, degree_every=0,
        width=photos.width, refine_start=2, refine_stop=2, coarse=(), noise=0,
        opacity_penalty=0, scale_penalty=0, threads=threads)
    trainer = Trainer(photos, options, splats, scene_extent(photos.cameras))
    while trainer.step < steps:
        trainer.advance()
    return trainer.splats


def table(given: argparse.Namespace) -> dict:
    """All rows of one scene."""
    splats = read_ply(given.scene)
    cameras = with_photos(given.photos, read_cameras(given.cameras))
    train, held = split_views(cameras)
    backdrop = backdrop_of(splats, held, given.photos)
    judge = Judge(splats, PhotoSet(held, given.photos, given.width, backdrop), given.threads)
    small = PhotoSet(train, given.photos, 320, backdrop)
    rows = []
    for share in given.shares:
        for name in given.strategies:
            views = ScoreViews.of(train, given.threads)
            row = measured_row(splats, views, name, share, judge)
            if share <= given.train_below and given.steps:
                after = trained(row["splats"], small, given.steps, given.threads)
                row |= {f"trained_{k}": v for k, v in judge.measure(after).items()}
            rows.append(show({"views": "training cameras", **row}))
    rows += made_views(splats, train, held, judge, given)
    return {"gaussians": splats.n_gaussians, "width": given.width, "steps": given.steps,
            "input": judge.measure(splats), "rows": rows}


def measured_row(splats: Splats, views: ScoreViews, name: str, share: float, judge: Judge) -> dict:
    """One strategy at one count; the scene itself under "splats"."""
    start, chosen = time.process_time(), VARIANTS.get(name) or strategy(name)
    kept = chosen.reduce(splats, views, round(share * splats.n_gaussians))
    seconds = time.process_time() - start
    return {"strategy": name, "share": share, "count": kept.n_gaussians,
            "cpu_seconds": round(seconds, 1), **judge.measure(kept), "splats": kept}


def made_views(splats, train, held, judge: Judge, given) -> list[dict]:
    """The default strategy and ExGS with planned and with seeded views, at 20 %.

    overlap: share of the held-out views' blending weight on Gaussians with a weight of at least
    one pixel in the views used.
    """
    size = (MADE, 320, 240)
    start = time.process_time()
    sources = {"planned": plan_views(splats, *size, 0, given.threads)}
    seconds = time.process_time() - start
    sources |= {"seeded": seeded_views(splats, *size, 1), "training cameras": train}
    weights = blending_weights(splats, ScoreViews.of(held, given.threads))
    rows = []
    for source, cameras in sources.items():
        views = ScoreViews.of(cameras, given.threads)
        seen = blending_weights(splats, views) >= 1
        overlap = round(float(weights[seen].sum() / weights.sum()), 4)
        for name in ("exgs", "combined"):
            row = measured_row(splats, views, name, 0.2, judge)
            row |= {"overlap": overlap} | (
                {"planning_cpu_seconds": round(seconds, 1)} if source == "planned" else {})
            rows.append(show({"views": source, **row}))
    return rows


def show(row: dict) -> dict:
    """The row without its scene, printed."""
    row = {key: value for key, value in row.items() if key != "splats"}
    print(json.dumps(row), file=sys.stderr, flush=True)
    return row


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("scene", type=Path)
    parser.add_argument("cameras", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--width", type=int, default=480)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.5, 0.2, 0.1, 0.05])
    parser.add_argument("--strategies", nargs="+", default=[*REGISTER, *VARIANTS])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--train-below", type=float, default=0.1, metavar="SHARE")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)
    found = table(given)
    known = json.loads(given.json.read_text()) if given.json.is_file() else {"scenes": {}}
    names = [given.scene.name, given.cameras.name, f"photos/{given.scene.stem}/images"]
    found["command"] = " ".join(["python -m tools.prune_table", *names, "--json",
                                 "tools/results/pruning.json"])
    known["scenes"][given.scene.stem] = found
    given.json.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(given.json, (json.dumps(known, indent=1) + "\n").encode(), overwrite=True)


if __name__ == "__main__":
    main()
