"""What each field of a stream costs: bits per Gaussian, from the coder's own tables.

    python -m tools.field_bits SCENE.nfx ... [--json OUT.json]

Entropy-coded fields are summed as -log2 of their symbols' frequencies, raw bits as they are; the
rest (headers, rounding to words) is told apart, so that the sum is the file.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from codec.core import tile
from codec.core.entropy import PRECISION, SymbolDecoder
from codec.decoder.parse import Tier, parse
from codec.options import DecoderLimits

BASE_FIELDS = ("tree", "opacity", "scale0", "scale1", "scale2", "dc0", "dc1", "dc2", "rotation")


class CountingDecoder(SymbolDecoder):
    """Decodes as usual and keeps the bits of each section in `bits`."""

    def __init__(self, payload, where: str) -> None:
        super().__init__(payload, where)
        self.bits: Counter[str] = Counter()
        self._section = ""

    def section(self, name: str) -> None:
        self._section = name

    def symbols(self, frequencies, count: int, values=None):
        out = super().symbols(frequencies, count, values)
        if count:
            self.bits[self._section] += float((PRECISION - np.log2(frequencies[out])).sum())
        return out

    def uniform(self, size, values=None):
        if len(size):
            self.bits[self._section] += float(np.log2(size).sum())
        return super().uniform(size, values)

    def raw(self, n_bits: int, count: int, values=None):
        self.bits[self._section] += n_bits * count
        return super().raw(n_bits, count, values)


def field_bits(data: bytes) -> dict[str, float]:
    """Bits per Gaussian by field, "other", "sum" and "gaussians" of a lossy stream."""
    stream = parse(data, DecoderLimits())
    if stream.lossless:
        raise ValueError("a lossless stream has columns, not fields")
    total: Counter[str] = Counter({name: 0.0 for name in BASE_FIELDS})
    for tier, index in stream.places():
        total += _tile_bits(tier, index)
    n = max(stream.header.n_gaussians, 1)
    further = [name for tier in stream.tiers for name in tier.layers[1:]]
    out = {name: total[name] / n for name in dict.fromkeys((*BASE_FIELDS, *further))}
    out["other"] = 8 * len(data) / n - sum(out.values())
    return out | {"sum": 8 * len(data) / n, "gaussians": stream.header.n_gaussians}


def _tile_bits(tier: Tier, index: int) -> Counter[str]:
    box = tier.payloads[0, index]
    coder = CountingDecoder(box.payload, box.where)
    tile.code_base(coder, tier.params, tier.tiles[index], tile.TileSymbols())
    total = coder.bits
    for layer, name in enumerate(tier.layers[1:], 1):
        total[name] += 8 * len(tier.payloads[layer, index].payload)
    return total


def format_table(rows: dict[str, dict[str, float]]) -> str:
    """Fields down, streams across."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = [f"{'':12s}" + "".join(f"{title[:14]:>16s}" for title in rows)]
    for name in names:
        cells = "".join(f"{row.get(name, 0):16,.2f}" for row in rows.values())
        lines.append(f"{name:12s}{cells}")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Bits per Gaussian by field of NFX streams.")
    parser.add_argument("streams", nargs="+", type=Path)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(argv)
    rows = {path.stem: field_bits(path.read_bytes()) for path in args.streams}
    print(format_table(rows))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
