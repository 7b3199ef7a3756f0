"""What nesting costs: one nested file, cut at its sizes, against a separate file for each size.

    python -m tools.nested_cost SCENE.ply --views CAMERAS --photos DIR --ladder 5kB,20kB,80kB,320kB
        [--effort E] [--json OUT.json]

Every 8th view by name is held out of the encodes (which train towards the input's renders from
the others); PSNR is on the photos of the held-out views. Cut means cut: the first bytes of the
file, up to each size. BD-rate: nested over separate, positive = nesting costs.
"""

from __future__ import annotations

import json
import sys
import time

import codec
from codec.cli.common import Sizes
from tools.bdrate import bd_rate
from tools.held_out import HeldOut, PhotographedScene, scene_parser


def point(target: int, data: bytes, held_out: HeldOut, seconds: float) -> dict:
    """One rate: the bytes used, and what they show."""
    return {"target": target, "bytes": len(data), "psnr": round(held_out.psnr(data), 3),
            "seconds": round(seconds, 1)}


def nested_points(splats, sizes, effort: int, cameras, held_out: HeldOut) -> list[dict]:
    start = time.perf_counter()
    options = codec.EncoderOptions(effort=effort, ladder=sizes)
    data = codec.encode(splats, options, cameras=cameras)
    seconds = time.perf_counter() - start
    return [point(size, data[:size], held_out, seconds) for size in sizes]


def separate_point(splats, size: int, effort: int, cameras, held_out: HeldOut) -> dict:
    start = time.perf_counter()
    options = codec.EncoderOptions(effort=effort, target_size=size)
    data = codec.encode(splats, options, cameras=cameras)
    return point(size, data, held_out, time.perf_counter() - start)


def compare(scene: PhotographedScene, sizes, effort: int, say=print) -> dict:
    """Both curves and the BD-rate in per cent."""
    given = (effort, scene.cameras, scene.judge)
    nested = nested_points(scene.splats, sizes, *given)
    say(f"{scene.name} nested: {nested}")
    separate = []
    for size in sizes:
        separate.append(separate_point(scene.splats, size, *given))
        say(f"{scene.name} separate: {separate[-1]}")
    curves = [[(p["bytes"], p["psnr"]) for p in points] for points in (separate, nested)]
    return {"scene": scene.name, "effort": effort, "nested": nested, "separate": separate,
            "bd_rate": bd_rate(*curves).percent}


def main(argv: list[str] | None = None) -> int:
    parser = scene_parser(__doc__.splitlines()[0])
    parser.add_argument("--ladder", required=True,
                        type=lambda text: Sizes().convert(text, None, None))
    parser.add_argument("--effort", type=int, default=5)
    args = parser.parse_args(argv)
    scene = PhotographedScene.read(args.scene, args.views, args.photos)
    found = compare(scene, args.ladder, args.effort)
    shown = "none" if found["bd_rate"] is None else f"{found['bd_rate']:+.1f} %"
    print(f"BD-rate of the nested file over separate ones: {shown}")
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
