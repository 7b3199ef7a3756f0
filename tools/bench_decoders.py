"""Python's and JavaScript's decoder side by side on one NFX file, in one run.

    python -m tools.bench_decoders SCENE.nfx [--repeats 5]

Each round starts a fresh process of either; a process decodes three times and tells the seconds of
each and of the first layer. Processor time is compared, so that other work on the machine counts
little; wall time is told too. Needs Node. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = """
import json, sys, time
import codec
data = open(sys.argv[1], "rb").read()
limits = codec.DecoderLimits(threads=1)
runs = []
for _ in range(3):
    wall, cpu = time.perf_counter(), time.process_time()
    codec.decode(data, limits)
    runs.append({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu})
print(json.dumps(runs))
"""
NODE = """
import { readFileSync } from "node:fs";
import { BytesSource, decode, decodeProgressive } from "./tools/viewer/nfx.js";
const data = readFileSync(process.argv[1]);
const spent = (since) => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};
const runs = [];
for (let i = 0; i < 3; i++) {
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  decode(data);
  runs.push({ wall: (performance.now() - wall) / 1000, cpu: spent(cpu) });
}
for (let i = 0; i < 3; i++) {
  const cpu = process.cpuUsage();
  for await (const step of decodeProgressive(new BytesSource(data))) {
    if (step.layer === 0 && step.tier === 0) runs[i].first_layer = spent(cpu);
  }
  runs[i].progressive = spent(cpu);
}
console.log(JSON.stringify(runs));
"""


def measure(command: list[str]) -> list[dict]:
    """What one process tells of its runs."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def side_by_side(scene: Path, repeats: int) -> dict:
    """Medians over processes: of the first run in a process, and of the best of three."""
    node = shutil.which("node")
    if node is None:
        raise SystemExit("Node is not installed")
    commands = {
        "python": [sys.executable, "-c", PYTHON, str(scene)],
        "javascript": [node, "--input-type=module", "-e", NODE, str(scene)],
    }
    told: dict[str, list[list[dict]]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            told[name].append(measure(command))

    def middle(name: str, pick) -> float:
        return round(statistics.median(pick(runs) for runs in told[name]), 3)

    found: dict = {}
    for name in commands:
        found[name] = {
            "first_cpu_s": middle(name, lambda runs: runs[0]["cpu"]),
            "best_cpu_s": middle(name, lambda runs: min(r["cpu"] for r in runs)),
            "first_wall_s": middle(name, lambda runs: runs[0]["wall"]),
        }
    for kind in ("first_cpu_s", "best_cpu_s"):
        found[f"ratio_{kind}"] = round(found["javascript"][kind] / found["python"][kind], 2)
    found["first_layer_share"] = middle(
        "javascript", lambda runs: runs[1]["first_layer"] / runs[1]["progressive"])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    print(json.dumps(side_by_side(given.scene.resolve(), given.repeats), indent=1))


if __name__ == "__main__":
    main()
