"""Metrics of image pairs, each with its exact variant.

    python -m tools.metrics reference.png image.png [more pairs ...] [--weights DIR]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from tools.metrics.suite import NAMES, load_suite


def read_image(path: Path) -> np.ndarray:
    """[H, W, 3] float32 in 0..1."""
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), np.float32) / 255


def main() -> None:
    """Print one JSON object a pair, what each metric is, and what is left out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path, nargs="+", metavar="REFERENCE IMAGE")
    parser.add_argument("--weights", type=Path, help="folder with backbone weights")
    parser.add_argument("--download", action="store_true", help="fetch torchvision's backbones")
    parser.add_argument("--metrics", nargs="*", choices=NAMES)
    args = parser.parse_args()
    if len(args.images) % 2:
        parser.error("give pairs: REFERENCE IMAGE REFERENCE IMAGE ...")
    suite = load_suite(args.metrics, args.weights, args.download)
    pairs = []
    for a, b in zip(args.images[::2], args.images[1::2], strict=True):
        scores = suite.measure([read_image(a)], [read_image(b)])
        pairs.append({"reference": a.name, "image": b.name, **scores})
    variants = {m.name: m.variant for m in suite.metrics if m.kind != "path"}
    print(json.dumps({"pairs": pairs, "variants": variants, "left_out": suite.left_out}, indent=1))


if __name__ == "__main__":
    main()
