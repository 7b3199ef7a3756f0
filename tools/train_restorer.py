"""Train the small restorer, in pieces of some minutes; every piece goes on where the last ended.

    python -m tools.make_artifacts photos PHOTOS -o PAIRS
    python -m tools.train_restorer run regress --pairs PAIRS --weights WEIGHTS --run RUNS/a
    python -m tools.train_restorer run prior   --pairs PAIRS --run RUNS/prior
    python -m tools.train_restorer run distill --pairs PAIRS --weights WEIGHTS --run RUNS/d \\
        --start RUNS/a/ema_012000.pt --prior RUNS/prior/ema_008000.pt
    python -m tools.train_restorer export RUNS/d/ema_004000.pt -o codec/restore/weights

`run` ends with status 3 while steps are left: repeat it. On several GPUs: `accelerate launch -m
tools.train_restorer run ... --accelerate`. `recipe` prints the settings of a stage, or a paper's.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from tools.restoring.recipes import FULL_SIZE, SMALL, changed

EXISTING = click.Path(exists=True, path_type=Path)


@click.group()
def main() -> None:
    """Train the restorer that ships."""


@main.command()
@click.argument("stage", type=click.Choice(list(SMALL)))
@click.option("--pairs", type=EXISTING, required=True, help="Folder of pair files.")
@click.option("--weights", type=EXISTING, help="Folder with AlexNet's features for LPIPS.")
@click.option("--run", "folder", type=click.Path(path_type=Path), required=True)
@click.option("--start", type=EXISTING, help="Checkpoint whose weights a new run starts from.")
@click.option("--prior", type=EXISTING, help="Checkpoint of the frozen prior (distill).")
@click.option("--minutes", default=9.0, show_default=True, help="Length of this piece.")
@click.option("--threads", default=1, show_default=True)
@click.option("--accelerate", is_flag=True, help="Device and processes by accelerate.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE")
def run(stage, pairs, weights, folder, start, prior, minutes, threads, accelerate,
        settings) -> None:
    """One piece of a stage."""
    import torch

    from tools.metrics.weights import WeightSource
    from tools.restoring.data import PairPool
    from tools.restoring.losses import LpipsLoss
    from tools.restoring.stages import Run, train

    torch.set_num_threads(threads)
    try:
        recipe = changed(SMALL[stage], settings)
    except KeyError as name:
        raise click.UsageError(f"no setting {name}") from name
    if stage == "distill" and prior is None:
        raise click.UsageError("distill needs the frozen prior: --prior RUNS/prior/ema_....pt")
    accelerator = None
    if accelerate:
        from accelerate import Accelerator

        accelerator = Accelerator()
    device = accelerator.device if accelerator else "cpu"
    lpips = LpipsLoss("alex", WeightSource(weights), device) if recipe.lpips else None
    seed = recipe.seed + 1000 * (accelerator.process_index if accelerator else 0)
    piece = Run(recipe, folder, PairPool(pairs, seed), lpips, start, prior, accelerator)
    raise SystemExit(0 if train(piece, minutes, click.echo) else 3)


@main.command()
@click.argument("name", type=click.Choice([*SMALL, *FULL_SIZE]))
def recipe(name: str) -> None:
    """Print a recipe as JSON: a stage of the small restorer, or a paper's training."""
    click.echo(json.dumps(asdict(SMALL.get(name) or FULL_SIZE[name]), indent=1))


@main.command()
@click.argument("checkpoint", type=EXISTING)
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True)
def export(checkpoint: Path, out: Path) -> None:
    """Write a checkpoint's averaged weights as the file the package ships."""
    from codec.restore.small import FILE_NAME, SmallConfig, write_small
    from tools.restoring.stages import read_weights

    shape = json.loads((checkpoint.parent / "recipe.json").read_text())["net"]
    out.mkdir(parents=True, exist_ok=True)
    path = out / FILE_NAME
    write_small(path, read_weights(checkpoint), SmallConfig.from_dict(shape))
    click.echo(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
