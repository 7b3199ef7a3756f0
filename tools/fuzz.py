"""Fuzz the decoder: bit flips, truncations, swapped and random bytes.

    python -m tools.fuzz [FILE.nfx ...] [--flips 10000] [--cuts 1000] [--noise 1000] [--seed 0]

The only assertion: a damaged stream gives an NfxError, or the very same splats, or (when cut) a
warning and a coarser whole scene. Anything else is saved to --crashes and counted; exit code 1.
Without files, three small streams are made here.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import codec
from tools.make_scene import make_synth

LIMITS = codec.DecoderLimits(max_gaussians=1 << 20, max_memory=1 << 30, threads=1)
SLOW_SECONDS = 20.0
FIELDS = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--flips", type=int, default=10000, help="single-bit flips, over all files")
    parser.add_argument("--cuts", type=int, default=1000, help="truncations, over all files")
    parser.add_argument("--noise", type=int, default=1000, help="runs of random bytes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--crashes", type=Path, default=Path("demo_out/crashes"))
    args = parser.parse_args()
    streams = {p.name: p.read_bytes() for p in args.files} or made_streams()
    bad = 0
    for i, (name, data) in enumerate(streams.items()):
        rng = np.random.Generator(np.random.PCG64([args.seed, i]))
        share = len(streams)
        counts: dict[str, int] = {}
        want = fingerprint(codec.decode(data, LIMITS))
        for kind, damaged in damage(data, rng, args.flips // share, args.cuts // share,
                                    args.noise // share):
            verdict = judge(damaged, want, cut=kind == "cut")
            counts[verdict] = counts.get(verdict, 0) + 1
            if verdict.startswith("BAD"):
                bad += 1
                args.crashes.mkdir(parents=True, exist_ok=True)
                (args.crashes / f"{name}.{kind}.{bad}").write_bytes(damaged)
        print(f"{name} ({len(data)} bytes): {dict(sorted(counts.items()))}", flush=True)
    print(f"{bad} bad")
    return 1 if bad else 0


def made_streams() -> dict[str, bytes]:
    """Three small streams: one tile, many tiles, lossless."""
    scene = make_synth(1500, sh_degree=1)
    tiles = codec.EncoderOptions(effort=1, tile_size=1024, prune=False)
    return {
        "lossy": codec.encode(scene, codec.EncoderOptions(effort=1)),
        "tiles": codec.encode(scene, tiles),
        "lossless": codec.encode(scene.take(np.arange(300)), codec.EncoderOptions(mode="lossless")),
    }


def damage(
    data: bytes, rng: np.random.Generator, flips: int, cuts: int, noise: int
) -> Iterator[tuple[str, bytes]]:
    """(kind, damaged bytes) of every sort, all different from `data`."""
    for bit in rng.integers(0, 8 * len(data), flips):
        out = bytearray(data)
        out[bit >> 3] ^= 1 << (bit & 7)
        yield "flip", bytes(out)
    for size in rng.integers(0, len(data), cuts):
        yield "cut", data[:size]
    for _ in range(noise):
        start = int(rng.integers(0, len(data)))
        new = rng.bytes(min(int(rng.integers(1, 64)), len(data) - start))
        out = data[:start] + new + data[start + len(new):]
        if out != data:
            yield "noise", out


def judge(data: bytes, want: bytes, cut: bool) -> str:
    """What the decoder makes of damaged data; starts with BAD for what must not happen."""
    started = time.monotonic()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            got = fingerprint(codec.decode(data, LIMITS))
    except codec.NfxError as error:
        verdict = error.code
    except Exception as error:
        verdict = f"BAD {type(error).__name__}"
    else:
        coarser = cut and caught
        verdict = "same" if got == want else "coarser" if coarser else "BAD other splats"
    return verdict if time.monotonic() - started < SLOW_SECONDS else "BAD slow"


def fingerprint(splats: codec.Splats) -> bytes:
    """The bytes of every array."""
    return b"".join(getattr(splats, name).tobytes() for name in FIELDS)


if __name__ == "__main__":
    sys.exit(main())
