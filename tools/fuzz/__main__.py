"""Fuzz the library for a long time, one harness after the other, round after round.

    python -m tools.fuzz [HARNESS ...] [--executions 2000000] [--slice 60] [--work demo_out/fuzz]

Goes on where the last run stopped: the corpus lies under --work, the tallies in --json. A crash,
a hang (30 s) or more than 1 GB is a finding: its input is kept under --work/crashes and the exit
code is 1. Needs atheris (`pip install 'nfx[fuzz]'`), CPython 3.11 to 3.13.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import re
import struct
import subprocess
import sys
import time
from pathlib import Path

MEMORY_LIMIT_MB = 1024
HANG_SECONDS = 30
ROOT = Path(__file__).resolve().parents[2]
# Time of a round that each harness gets; the first six are the way of a hostile .nfx file.
WEIGHTS = {
    "container": 3, "decode": 3, "attributes": 3, "tree": 1, "entropy": 1, "lossless_tile": 2,
    "differential": 2, "ancillary": 1, "restorer": 2, "ply": 2, "spz": 1, "glb": 1, "sog": 1,
    "splat32": 0.2,
    "cameras": 2, "roundtrip": 2,
}


def run_slice(name: str, work: Path, seconds: float) -> dict:
    """Run one harness for a while; returns executions, crashes, peak memory in MB, coverage."""
    from tools.fuzz.seeds import write_seeds

    corpus, crashes = work / "corpus" / name, work / "crashes" / name
    crashes.mkdir(parents=True, exist_ok=True)
    if not corpus.exists():
        write_seeds(name, corpus)
    counter = work / f"{name}.count"
    counter.write_bytes(bytes(8))
    command = [
        sys.executable, "-m", "tools.fuzz.child", name, str(counter), str(corpus),
        f"-max_total_time={max(1, round(seconds))}", f"-rss_limit_mb={MEMORY_LIMIT_MB}",
        f"-timeout={HANG_SECONDS}", "-max_len=4096", f"-artifact_prefix={crashes}/",
        "-print_final_stats=1",
    ]
    log = work / f"{name}.log"
    with log.open("wb") as out:
        child = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return {
        "executions": struct.unpack("<Q", counter.read_bytes())[0],
        "failed": child.returncode != 0,
        "peak_mb": round(usage.ru_maxrss / 1024),
        "coverage": _coverage(log.read_text("utf-8", "replace")),
    }


def _coverage(log: str) -> int:
    """Edges libFuzzer has seen, as its last status line says."""
    found = re.findall(r"cov: (\d+)", log)
    return int(found[-1]) if found else 0


def versions() -> dict:
    names = ("atheris", "numpy", "constriction", "zstandard")
    return {"python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in names}}


def load(path: Path) -> dict:
    return json.loads(path.read_text("utf-8")) if path.exists() else {"harnesses": {}}


def add(tallies: dict, name: str, found: dict) -> None:
    """Add a slice to the tallies; `clean` counts executions since the harness last failed."""
    entry = tallies["harnesses"].setdefault(
        name, {"executions": 0, "clean": 0, "findings": 0, "peak_mb": 0, "coverage": 0})
    entry["executions"] += found["executions"]
    entry["findings"] += found["failed"]
    entry["clean"] = 0 if found["failed"] else entry["clean"] + found["executions"]
    if not found["failed"]:
        entry["peak_mb"] = max(entry["peak_mb"], found["peak_mb"])
    entry["coverage"] = max(entry["coverage"], found["coverage"])
    entries = tallies["harnesses"].values()
    tallies["total"] = {k: sum(e[k] for e in entries) for k in ("executions", "clean", "findings")}
    tallies["limits"] = {"memory_mb": MEMORY_LIMIT_MB, "hang_seconds": HANG_SECONDS}
    tallies["versions"] = versions()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("harness", nargs="*", metavar="HARNESS", help=", ".join(WEIGHTS))
    parser.add_argument("--executions", type=int, default=2_000_000,
                        help="of all harnesses together, in this run")
    parser.add_argument("--slice", type=float, default=60.0, help="seconds of a weight of 1")
    parser.add_argument("--work", type=Path, default=Path("demo_out/fuzz"))
    parser.add_argument("--json", type=Path, default=ROOT / "tools" / "results" / "fuzz.json")
    args = parser.parse_args()
    if unknown := set(args.harness) - set(WEIGHTS):
        parser.error(f"unknown harness {', '.join(sorted(unknown))}")
    work, failed, done = args.work.resolve(), False, 0
    tallies = load(args.json)
    while done < args.executions:
        for name in args.harness or WEIGHTS:
            found = run_slice(name, work, args.slice * WEIGHTS[name])
            if not found["executions"]:
                print((work / f"{name}.log").read_text("utf-8", "replace")[-2000:])
                return 2
            failed |= found["failed"]
            done += found["executions"]
            add(tallies, name, found)
            args.json.parent.mkdir(parents=True, exist_ok=True)
            args.json.write_text(json.dumps(tallies, indent=1) + "\n", "utf-8")
            state = "FINDING" if found["failed"] else "ok"
            print(f"{time.strftime('%H:%M:%S')} {name:14} {found['executions']:>8} executions, "
                  f"{found['peak_mb']} MB, {found['coverage']} edges, {state}; "
                  f"{tallies['total']['clean']} since the last finding", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
