"""The lossless size to beat: no normals, Morton order, byte planes, xz; against our lossless mode.

    python -m tools.lossless_yardstick scene.ply [--yardstick-only] [--json out.json]

Of scenes in other formats (.spz, .splat, .compressed.ply) also against the file itself.
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.io.scenes import read_scene
from codec.scene import Splats

GOAL = 0.97


def morton_order(means: NDArray[np.float32]) -> NDArray[np.int64]:
    """Indices [N] that sort finite positions along the Morton curve, 21 bits an axis."""
    low, high = means.min(0).astype(np.float64), means.max(0).astype(np.float64)
    cell = ((means - low) / np.maximum(high - low, 1e-30) * (2**21 - 1)).astype(np.uint64)
    for shift, mask in (
        (32, 0x1F00000000FFFF), (16, 0x1F0000FF0000FF), (8, 0x100F00F00F00F00F),
        (4, 0x10C30C30C30C30C3), (2, 0x1249249249249249),
    ):
        cell = (cell | cell << np.uint64(shift)) & np.uint64(mask)
    code = cell[:, 0] << np.uint64(2) | cell[:, 1] << np.uint64(1) | cell[:, 2]
    return np.argsort(code, kind="stable")


def byte_planes(splats: Splats) -> bytes:
    """Every property as four planes, most significant byte last, rows as they are."""
    n = splats.n_gaussians
    rest = splats.shN.transpose(0, 2, 1).reshape(n, 3 * splats.shN.shape[1])
    opacity = splats.opacity_logits[:, None]
    columns = np.concatenate(
        [splats.means, splats.sh0, rest, opacity, splats.log_scales, splats.quats], axis=1
    )
    as_bytes = np.ascontiguousarray(columns.T, "<f4").view(np.uint8).reshape(-1, n, 4)
    return as_bytes.transpose(0, 2, 1).tobytes()


def yardstick_bytes(splats: Splats) -> int:
    """Size of the Morton-ordered byte planes after xz -6."""
    return len(lzma.compress(byte_planes(splats.take(morton_order(splats.means))), preset=6))


def our_bytes(splats: Splats) -> int:
    """Size of our lossless file, free order; raises when it does not decode to the same values."""
    import codec

    data = codec.encode(splats, codec.EncoderOptions(mode="lossless"))
    if row_multiset(codec.decode(data)) != row_multiset(splats):
        raise SystemExit("the lossless file does not hold the scene's values")
    return len(data)


def row_multiset(splats: Splats) -> bytes:
    """The rows of all properties, sorted as byte strings: equal when only the order differs."""
    planes = np.frombuffer(byte_planes(splats), np.uint8).reshape(-1, splats.n_gaussians)
    rows = np.ascontiguousarray(planes.T)
    return np.sort(rows.view(f"S{rows.shape[1]}").ravel()).tobytes()


def main() -> None:
    """Print bytes per Gaussian of both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scene", type=Path)
    parser.add_argument("--yardstick-only", action="store_true")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    splats = read_scene(args.scene)
    n, yardstick = splats.n_gaussians, yardstick_bytes(splats)
    print(f"{args.scene.name}: Morton + planes + xz {yardstick} bytes, {yardstick / n:.2f} B/G")
    result = {"command": " ".join(["python -m tools.lossless_yardstick", *sys.argv[1:]]),
              "scene": args.scene.name, "n_gaussians": n, "yardstick_bytes": yardstick}
    if not args.yardstick_only:
        ours = our_bytes(splats)
        file = args.scene.stat().st_size
        result |= {"our_bytes": ours, "ratio": ours / yardstick, "goal": GOAL,
                   "file_bytes": file, "of_file": ours / file}
        print(f"ours {ours} bytes, {ours / n:.2f} B/G, ratio {ours / yardstick:.4f} (goal {GOAL}), "
              f"{ours / file:.3f} of the file")
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
