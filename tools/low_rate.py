"""What a low rate owes to each tool, to effort, and to knowing the cameras: PSNR at one size.

    python -m tools.low_rate SCENE.ply --views CAMERAS --photos DIR --size 20kB
        [--variants "default,effort 4,views planned"] [--json OUT.json]

Each variant is a whole encode to the same size, judged by its decoder on the photos of held-out
views (every 8th by name), with its wall and processor seconds. The encoder gets the other
cameras and no photos, where the variant does not say otherwise. Rows of other scenes, sizes and
variants already in the JSON stay.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from unittest.mock import patch

import codec
from codec.cli.common import Sizes
from codec.encoder import balance, reopt, sparse
from tools.held_out import PhotographedScene, scene_parser

DEFAULT = codec.EncoderOptions()


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to encode.   sees: "cameras", "photos" (and cameras) or "nothing".

    changes: of the options.   without: (owner, name, stand-in) of routines left out.
    """

    sees: str = "cameras"
    changes: dict = field(default_factory=dict)
    without: tuple[tuple[object, str, Callable], ...] = ()


def _first_count(balance, retrainer, steps, most) -> int:
    return balance.draft.splats.n_gaussians


def _only_fitted(self, steps, target, progress, octaves=2.0):
    return balance.fitted(steps, self.draft, target, progress)


def _unchanged(self, splats, steps):
    return splats, None


_OPTIONS = reopt.Retrainer._options


def _in_place(self, iterations, **changes):
    return _OPTIONS(self, iterations, **{**changes, "refine_stop": 0.0})


VARIANTS = {
    "default": Variant(),
    "views planned": Variant("nothing"),
    "photos": Variant("photos"),
    **{f"effort {effort}": Variant(changes={"effort": effort}) for effort in range(1, 8)},
    "quantized after the training": Variant(
        without=((reopt.Retrainer, "incremental", _unchanged),)),
    "Gaussians stay where pruning left them": Variant(
        without=((reopt.Retrainer, "_options", _in_place),)),
    "count not balanced": Variant(without=((sparse, "better_count", _first_count),)),
    "steps not balanced by trial": Variant(without=((balance.Balance, "run", _only_fitted),)),
    "pruning by significance alone": Variant(changes={"prune_strategy": "lightgaussian"}),
    "pruning as ExGS": Variant(changes={"prune_strategy": "exgs"}),
}


def row(scene: PhotographedScene, size: int, name: str, psnr_input: float) -> dict:
    """One variant's figures.   psnr_input: of the scene itself, by the same judge."""
    variant = VARIANTS[name]
    options, report = replace(DEFAULT, target_size=size, **variant.changes), {}
    wall, cpu = time.perf_counter(), time.process_time()
    with ExitStack() as patches:
        for owner, routine, stand_in in variant.without:
            patches.enter_context(patch.object(owner, routine, stand_in))
        data = codec.encode(
            scene.splats, options, cameras=None if variant.sees == "nothing" else scene.cameras,
            photos=scene.photos if variant.sees == "photos" else None, report=report)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"scene": scene.name, "size": size, "variant": name, "bytes": len(data),
            "n_gaussians": report["n_out"], "psnr": round(scene.judge.psnr(data), 3),
            "psnr_input": round(psnr_input, 3), "seconds": round(wall, 1),
            "cpu_seconds": round(cpu, 1)}


def merged(old: list[dict], new: dict) -> list[dict]:
    """`old` with `new` in the place of a row of the same scene, size and variant."""
    def key(entry: dict):
        return entry["scene"], entry["size"], entry["variant"]

    return sorted([e for e in old if key(e) != key(new)] + [new], key=key)


def _variants(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in VARIANTS:
            raise argparse.ArgumentTypeError(
                f"no variant {name!r}; there are: {', '.join(VARIANTS)}")
    return names


def main(argv: list[str] | None = None) -> int:
    parser = scene_parser(__doc__.splitlines()[0])
    parser.add_argument("--size", required=True,
                        type=lambda text: Sizes().convert(text, None, None)[0])
    parser.add_argument("--variants", type=_variants, default=list(VARIANTS))
    args = parser.parse_args(argv)
    scene = PhotographedScene.read(args.scene, args.views, args.photos)
    before = scene.judge.psnr(scene.splats)
    for name in args.variants:
        found = row(scene, args.size, name, before)
        print(json.dumps(found), flush=True)
        if args.json:
            old = json.loads(args.json.read_text("utf-8")) if args.json.exists() else []
            args.json.write_text(json.dumps(merged(old, found), indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
