"""What each coding tool brings: bytes at equal PSNR with one tool left out at a time.

    python -m tools.ablation SCENE.ply [--views cams.json] [--db 42]

The analytic plan (effort 1) is used throughout, so that only the tool in question changes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from codec.decoder.decode import decode
from codec.encoder import assemble, plan, steps
from codec.encoder.prepare import Prepared, prepare
from codec.encoder.prune import drop_invisible, prune_plain
from codec.encoder.steps import Quantized, Steps, Weights
from codec.io.clean import clean
from codec.io.ply import read_ply
from codec.scene import Splats
from tools.measure import Comparison, add_view_options, choose_views

FLAT = Weights(0, 0)


@dataclass(frozen=True, slots=True)
class Variant:
    """One row: how steps and field models differ from the codec's own."""

    name: str
    change_steps: Callable[[Steps], Steps] = lambda s: s
    change_models: Callable = lambda params: params
    prune: bool = True


def flat_steps(s: Steps) -> Steps:
    """The same step for every Gaussian of a field."""
    return replace(s, position_weights=FLAT, scale_weights=FLAT, rotation_weights=FLAT,
                   dc_weights=FLAT, sh_weights=FLAT, rotation_cap=0.0)


def without_prediction(params):
    """No prediction from neighbours or earlier fields, no contexts."""
    def plain(model):
        return None if model is None else replace(
            model, near=0, far=0, cross=(0,) * len(model.cross), spread=0, size=0, energy=0)

    fields = {name: plain(model) for name, model in params.fields.items()}
    return replace(params, fields=fields, sh_field=plain(params.sh_field))


VARIANTS = (
    Variant("all tools"),
    Variant("no pruning of faint Gaussians", prune=False),
    Variant("one step per field (no precision classes)", flat_steps),
    Variant("rotation step without anisotropy", lambda s: replace(s, rotation_cap=0.0)),
    Variant("no prediction, no contexts", change_models=without_prediction),
    Variant("SH dropped", lambda s: replace(s, sh_rows=0)),
)


def encode_variant(prepared: Prepared, header, variant: Variant, quality: float) -> bytes:
    """One stream of the variant at a quality."""
    chosen = variant.change_steps(plan.plan_steps(prepared, quality))

    def models(q: Quantized, parts):
        return variant.change_models(assemble.fit_models(q, parts))

    return assemble.assemble(steps.quantize_scene(prepared, chosen), header, lambda rows: [],
                             tile_size=131072, models=models)


def size_at(splats: Splats, compare: Comparison, variant: Variant, db: float):
    """(bytes, dB) of the smallest stream found that reaches `db`; None when none does."""
    from codec.core.params import SceneHeader

    low, high, best = 20.0, 110.0, None
    for _ in range(9):
        quality = (low + high) / 2
        part = prune_plain(splats, quality) if variant.prune else splats
        header = SceneHeader(part.n_gaussians, part.sh_degree)
        data = encode_variant(prepare(part), header, variant, quality)
        reached = compare.measure(decode(data)).mean_db
        if reached >= db:
            high, best = quality, (len(data), reached)
        else:
            low = quality
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scene", type=Path)
    parser.add_argument("--db", type=float, default=42.0)
    parser.add_argument("--json", type=Path)
    add_view_options(parser)
    args = parser.parse_args()
    splats = drop_invisible(clean(read_ply(args.scene))[0])
    views = choose_views(splats, args.views, args.count, args.width, args.seed)
    compare, rows, full = Comparison(splats, views.cameras), [], None
    print(f"{args.scene.name} at {args.db} dB; {views.statement}")
    for variant in VARIANTS:
        found = size_at(splats, compare, variant, args.db)
        full = full or (found and found[0])
        row = {"variant": variant.name, "bytes": found and found[0], "db": found and found[1]}
        rows.append(row)
        text = f"{found[0]} bytes, {found[0] / full:.3f}x" if found else "does not reach it"
        print(f"| {variant.name} | {text} |", flush=True)
    if args.json:
        args.json.write_text(json.dumps({"scene": args.scene.name, "db": args.db,
                                         "views": views.statement, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
