"""Two decoders on mutated and on random valid streams: the same arrays or the same error class.

    python -m tools.differential [--streams 20000] [--seed 0] [--with javascript] [--json out.json]

The mutated streams are cases of conformance/ and small encoded scenes changed by tools.fuzz's
mutators, checksums made to fit again; one in sixteen is a valid stream with every parameter drawn
at random. A difference is saved to --crashes; exit code 1. The other decoder is the reference
decoder of conformance/ or, with Node, the one of tools/viewer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import struct
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

from codec.decoder.decode import decode
from codec.decoder.parse import parse
from codec.errors import FormatError, LimitExceeded, NfxError, UnsupportedError
from codec.options import DecoderLimits
from codec.scene import Splats
from conformance import reference_decoder

CONFORM = Path(__file__).resolve().parent / "viewer/conform.mjs"
FIELDS = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")
MOST_GAUSSIANS = 512  # the reference decoder takes its time
_CLASSES = ((FormatError, "format"), (UnsupportedError, "unsupported"), (LimitExceeded, "limit"))


def _hash(arrays: dict, extra: dict, complete: bool) -> str:
    digest = hashlib.sha256(b"\1" if complete else b"\0")
    for name in FIELDS:
        digest.update(np.ascontiguousarray(arrays[name], "<f4").tobytes())
    for name, values in sorted(extra.items()):
        digest.update(name.encode() + values.astype(values.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def _decoded(data: bytes) -> tuple[Splats, bool] | str:
    """(scene, complete) by the codec, or the error class."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            splats = decode(data, DecoderLimits(threads=1))
        except NfxError as error:
            return next(name for kind, name in _CLASSES if isinstance(error, kind))
    return splats, not any("cut short" in str(w.message) for w in caught)


def verdict_of_codec(data: bytes) -> str:
    """Hash of the arrays and columns, or the error class."""
    found = _decoded(data)
    if isinstance(found, str):
        return found
    splats, complete = found
    return _hash({f: getattr(splats, f) for f in FIELDS}, splats.extra, complete)


def verdict_of_reference(data: bytes) -> str:
    """The same of the decoder written from the specification alone."""
    try:
        scene = reference_decoder.decode(data)
    except reference_decoder.StreamError as error:
        return error.kind
    return _hash(vars(scene), scene.extra, scene.complete)


class JavaScript:
    """The verdicts of tools/viewer/nfx.js, from one Node process."""

    def __init__(self) -> None:
        node = shutil.which("node")
        if node is None:
            raise SystemExit("Node is not installed")
        words = [node, str(CONFORM), "serve"]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def verdict(self, data: bytes) -> str:
        """Comparable with `verdict_of_fields`."""
        self._process.stdin.write(struct.pack("<I", len(data)) + data)
        self._process.stdin.flush()
        found = json.loads(self._process.stdout.readline())
        if "error" in found:
            return found["error"]
        extra = "".join(found["extra"][name] for name in sorted(found["extra"]))
        return f"{found['sha256']} {found['complete']} {extra}"

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def verdict_of_fields(data: bytes) -> str:
    """Of codec: hashes of the arrays together and of each column, as conform.mjs tells them."""
    found = _decoded(data)
    if isinstance(found, str):
        return found
    splats, complete = found
    digest = hashlib.sha256()
    for name in FIELDS:
        digest.update(np.ascontiguousarray(getattr(splats, name), "<f4").tobytes())
    extra = "".join(
        hashlib.sha256(v.astype(v.dtype.newbyteorder("<")).tobytes()).hexdigest()
        for _, v in sorted(splats.extra.items()))
    return f"{digest.hexdigest()} {complete} {extra}"


def too_large(data: bytes) -> bool:
    """Does the stream parse, and announce more Gaussians than the reference decoder can take?"""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parse(data, DecoderLimits()).header.n_gaussians > MOST_GAUSSIANS
    except NfxError:
        return False


def streams(count: int, seed: int):
    """(kind, stream): mutated ones, and valid ones drawn at random."""
    from conformance.synthetic import random_stream
    from tools.fuzz.mutators import mutate_stream, seeded_bytes
    from tools.fuzz.seeds import stream_seeds

    rng = random.Random(seed)
    seeds = stream_seeds()
    for i in range(count):
        if i % 16 == 15:
            degree = rng.randrange(4)
            counts = [rng.choice((1, 2, 3, 9, 17, 40)) for _ in range(rng.choice((1, 1, 2, 3)))]
            yield "random", random_stream(seed * 1_000_003 + i, counts, degree, rng.randrange(4),
                                          rng.random() < 0.8)
        else:
            data = rng.choice(seeds)
            for _ in range(rng.choice((1, 1, 2))):
                data = mutate_stream(data, len(data) + 64, rng, seeded_bytes(rng))
            yield "mutated", data


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--with", dest="other", choices=["reference", "javascript"],
                        default="reference")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--crashes", type=Path, default=Path("demo_out/crashes"))
    args = parser.parse_args()
    counts: Counter[str] = Counter()
    node = JavaScript() if args.other == "javascript" else None
    verdicts = ((verdict_of_fields, node.verdict) if node
                else (verdict_of_codec, verdict_of_reference))
    for i, (kind, data) in enumerate(streams(args.streams, args.seed)):
        if too_large(data):
            counts["too large for the reference decoder"] += 1
            continue
        ours, theirs = (verdict(data) for verdict in verdicts)
        outcome = ours if len(ours) < 64 else "decoded"
        counts[f"{kind}, {outcome}" if ours == theirs else "DIFFERENT"] += 1
        if ours != theirs:
            args.crashes.mkdir(parents=True, exist_ok=True)
            (args.crashes / f"different.{args.seed}.{i}.nfx").write_bytes(data)
            print(f"stream {i}: codec {ours}, {args.other} {theirs}", flush=True)
    if node:
        node.close()
    facts = {"streams": args.streams, "seed": args.seed, "with": args.other,
             **dict(sorted(counts.items()))}
    print(json.dumps(facts, indent=1))
    if args.json:
        args.json.write_text(json.dumps(facts, indent=1) + "\n")
    return int(counts["DIFFERENT"] > 0)


if __name__ == "__main__":
    sys.exit(main())
