"""Damage streams as a disk or a network would: bit flips, truncations, runs of random bytes.

    python -m tools.damage [FILE.nfx ...] [--flips 100000] [--cuts 1000] [--noise 1000] [--seed 0]

A flipped bit or a run of noise must end in an NfxError (the whole stream is under checksums); a cut
in an NfxError, or in a warning and a coarser whole scene. Anything else is saved to --crashes and
counted; exit code 1. Without files, three small streams are made here.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections import Counter
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
    parser.add_argument("--flips", type=int, default=100000, help="bit flips, over all files")
    parser.add_argument("--cuts", type=int, default=1000, help="truncations, over all files")
    parser.add_argument("--noise", type=int, default=1000, help="runs of random bytes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--crashes", type=Path, default=Path("demo_out/crashes"))
    parser.add_argument("--json", type=Path, help="write the counts here")
    args = parser.parse_args()
    streams = {p.name: p.read_bytes() for p in args.files} or made_streams()
    share = [count // len(streams) for count in (args.flips, args.cuts, args.noise)]
    facts = {"seed": args.seed, "streams": {}, "bad": 0}
    for i, (name, data) in enumerate(streams.items()):
        rng = np.random.Generator(np.random.PCG64([args.seed, i]))
        counts, bad = damage_one(name, data, damage(data, rng, *share), args.crashes)
        facts["streams"][name] = {"bytes": len(data), **counts}
        facts["bad"] += bad
        print(name, facts["streams"][name], flush=True)
    print(f"{facts['bad']} bad")
    if args.json:
        args.json.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    return 1 if facts["bad"] else 0


def damage_one(name: str, data: bytes, damaged, crashes: Path) -> tuple[dict[str, dict], int]:
    """Verdicts of one stream by kind of damage, and how many are bad; those are kept as files."""
    want = fingerprint(codec.decode(data, LIMITS))
    counts: dict[str, Counter] = {kind: Counter() for kind in ("flip", "cut", "noise")}
    bad = 0
    for kind, changed in damaged:
        verdict = judge(changed, want, cut=kind == "cut")
        counts[kind][verdict] += 1
        if verdict.startswith("BAD"):
            bad += 1
            crashes.mkdir(parents=True, exist_ok=True)
            (crashes / f"{name}.{kind}.{bad}").write_bytes(changed)
    return {kind: dict(sorted(c.items())) for kind, c in counts.items()}, bad


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
        said = any("cut short" in str(w.message) for w in caught)
        verdict = "BAD accepted" if not said else "same, warned"
        if got != want:
            verdict = "coarser, warned" if cut and said else "BAD other splats"
    return verdict if time.monotonic() - started < SLOW_SECONDS else "BAD slow"


def fingerprint(splats: codec.Splats) -> bytes:
    """The bytes of every array."""
    return b"".join(getattr(splats, name).tobytes() for name in FIELDS)


if __name__ == "__main__":
    sys.exit(main())
