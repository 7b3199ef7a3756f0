"""What nesting costs: one nested file, cut at its sizes, against a separate file for each size.

    python -m tools.nested_cost SCENE.ply --views CAMERAS --photos DIR --ladder 5kB,20kB,80kB,320kB
        [--effort E] [--json OUT.json]

Every 8th view by name is held out of the encodes (which train towards the input's renders from
the others); PSNR is on the photos of the held-out views. Cut means cut: the first bytes of the
file, up to each size. BD-rate: nested over separate, positive = nesting costs.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import codec
from codec.cli.common import Sizes
from codec.io.cameras import read_cameras
from codec.optimize.photos import split_views
from tools.bdrate import bd_rate
from tools.held_out import HeldOut


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


def compare(scene: Path, views: Path, photos: Path, sizes, effort: int, say=print) -> dict:
    """Both curves and the BD-rate in per cent."""
    splats = codec.read_ply(scene)
    used, left = split_views(read_cameras(views))
    held_out = HeldOut(left, photos)
    nested = nested_points(splats, sizes, effort, used, held_out)
    say(f"{scene.stem} nested: {nested}")
    separate = []
    for size in sizes:
        separate.append(separate_point(splats, size, effort, used, held_out))
        say(f"{scene.stem} separate: {separate[-1]}")
    curves = [[(p["bytes"], p["psnr"]) for p in points] for points in (separate, nested)]
    return {"scene": scene.stem, "effort": effort, "nested": nested, "separate": separate,
            "bd_rate": bd_rate(*curves).percent}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scene", type=Path)
    parser.add_argument("--views", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--ladder", required=True,
                        type=lambda text: Sizes().convert(text, None, None))
    parser.add_argument("--effort", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(argv)
    found = compare(args.scene, args.views, args.photos, args.ladder, args.effort)
    shown = "none" if found["bd_rate"] is None else f"{found['bd_rate']:+.1f} %"
    print(f"BD-rate of the nested file over separate ones: {shown}")
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
