"""The same bytes and the same arrays everywhere: hashes under many interpreters and settings.

    python -m tools.matrix --python /path/to/other/python [...] [--json out.json]

Each interpreter (this one always) encodes seeded scenes in every mode and decodes every valid
stream of conformance/, with 1 and 2 threads, of ours and of BLAS, and with the SIMD paths of NumPy
on and off; the command line decodes with 0, 1 and 2 workers beside it. Exit code 1 when a hash
differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROBE = r"""
import hashlib, json, pathlib, platform, sys, tempfile, warnings
import numpy as np
import codec, constriction, zstandard
from codec.cli import workers
from conformance import scenes
warnings.simplefilter("ignore")
threads = int(sys.argv[1])
limits = codec.DecoderLimits(threads=threads)
fields = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")
def sha(*parts):
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]
def arrays(s):
    return [np.ascontiguousarray(getattr(s, f), "<f4").tobytes() for f in fields]
splats, out = scenes.scene(3000, 3, 50), {}
modes = {"lossy": {}, "quality 20": {"quality": 20}, "tiles": {"tile_size": 1024},
         "near-lossless": {"mode": "near-lossless"}, "lossless": {"mode": "lossless"},
         "lossless in order": {"mode": "lossless", "keep_order": True}}
streams = {}
for name, given in modes.items():
    options = codec.EncoderOptions(effort=1, threads=threads, **given)
    streams[name] = codec.encode(splats, options)
    out["encode: " + name] = sha(streams[name])
    out["decode: " + name] = sha(*arrays(codec.decode(streams[name], limits)))
found = [arrays(codec.decode(p.read_bytes(), limits))
         for p in sorted(pathlib.Path("conformance/streams").glob("*/in.nfx"))]
out["decode: %d streams of conformance/" % len(found)] = sha(*(b for a in found for b in a))
with tempfile.TemporaryDirectory() as folder:
    source = pathlib.Path(folder) / "in.nfx"
    source.write_bytes(streams["tiles"])
    for count in (0, 1, 2):
        workers.worker_count = lambda *_: count
        target = pathlib.Path(folder) / f"{count}.ply"
        workers.decode_to_ply(source, target, limits, False)
        out["splatdec with %d workers" % count] = sha(target.read_bytes())
versions = {"python": platform.python_version(), "numpy": np.__version__,
            "constriction": __import__("importlib.metadata").metadata.version("constriction"),
            "zstandard": zstandard.__version__, "machine": platform.machine()}
print(json.dumps({"versions": versions, "hashes": out}))
"""


def settings() -> list[dict]:
    """Ways to run one interpreter: threads, and environment."""
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    plain = "AVX512F AVX512CD AVX512_SKX AVX2 FMA3 X86_V3 X86_V4"
    return [{"threads": 1, "environment": one}, {"threads": 2, "environment": {}},
            {"threads": 1, "environment": {**one, "NPY_DISABLE_CPU_FEATURES": plain}}]


def probe(python: str, how: dict) -> dict:
    """Versions and hashes of one interpreter run one way."""
    environment = {**os.environ, **how["environment"], "PYTHONPATH": str(ROOT),
                   "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([python, "-c", PROBE, str(how["threads"])], cwd=ROOT, env=environment,
                          capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{python}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1]) | how


def differences(runs: list[dict]) -> list[str]:
    """Names of hashes that are not the same in all runs (or missing in one)."""
    names = sorted({name for run in runs for name in run["hashes"]})
    return [n for n in names if len({run["hashes"].get(n) for run in runs}) != 1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", nargs="*", default=[], help="other interpreters")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    runs = []
    for python in [sys.executable, *args.python]:
        for how in settings():
            runs.append(probe(python, how))
            versions = " ".join(f"{k} {v}" for k, v in runs[-1]["versions"].items())
            print(f"{versions}, {how['threads']} threads: {len(runs[-1]['hashes'])} hashes",
                  flush=True)
    wrong = differences(runs)
    for name in wrong:
        print(f"DIFFERENT: {name}: {[run['hashes'].get(name) for run in runs]}")
    print(f"{len(runs)} runs, {len(runs[0]['hashes'])} hashes each, {len(wrong)} differ")
    if args.json:
        table = {"hashes": runs[0]["hashes"], "different": wrong,
                 "runs": [{k: run[k] for k in ("versions", "threads", "environment")}
                          for run in runs]}
        args.json.write_text(json.dumps(table, indent=1) + "\n", "utf-8")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
