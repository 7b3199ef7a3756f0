"""Speed and memory beside other codecs: whole processes, interleaved, medians and ratios.

    python -m tools.bench scene.ply --repeat 5 --effort 1 --json bench.json

Each round runs every command once, so a busy moment hits all alike. Reference of the ratios:
splat-transform's SPZ v4 (GaussForge where it is not installed).
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

import codec
from tools.peers import Timed, choose_peers, fill, find_tool, run_timed, tool_version

REFERENCES = ("spz4", "gaussforge")
GOALS = {"encode": 1.0, "decode": 1.5}


@dataclass(frozen=True, slots=True)
class Job:
    """One command to time, and the file it must leave behind (None: none)."""

    name: str
    command: list[str]
    out: Path | None = None


def our_command(tool: str, variable: str) -> list[str]:
    """splatenc or splatdec: installed, or of this source tree, compiled as pip compiles it."""
    exe = find_tool(tool, variable)
    if exe:
        return [exe]
    compileall.compile_dir(Path(codec.__file__).parent, quiet=1)
    return [sys.executable, "-c", f"from codec.cli.{tool} import main; main()"]


def encode_jobs(scene: Path, folder: Path, effort: int) -> list[Job]:
    """Ours and the SPZ writers, from the same PLY."""
    ours = folder / "ours.nfx"
    command = [*our_command("splatenc", "NFX_SPLATENC"), str(scene), "-o", str(ours),
               "-e", str(effort), "--overwrite", "--quiet"]
    jobs = [Job("nfx", command, ours)]
    for peer in choose_peers(list(REFERENCES)).values():
        out = folder / f"{peer.name}.spz"
        jobs.append(Job(peer.name, fill(peer.encode, scene, out), out))
    return jobs


def decode_jobs(folder: Path) -> list[Job]:
    """Ours and the SPZ readers, each from its own file of `encode_jobs`, to PLY."""
    out = folder / "ours.ply"
    command = [*our_command("splatdec", "NFX_SPLATDEC"), str(folder / "ours.nfx"),
               "-o", str(out), "--overwrite", "--quiet"]
    jobs = [Job("nfx", command, out)]
    for peer in choose_peers(list(REFERENCES)).values():
        out = folder / f"{peer.name}.ply"
        jobs.append(Job(peer.name, fill(peer.decode, folder / f"{peer.name}.spz", out), out))
    return jobs


def run_interleaved(jobs: list[Job], repeat: int) -> dict[str, list[Timed]]:
    """`repeat` rounds over all jobs; stops with the job's command when one fails."""
    times: dict[str, list[Timed]] = {job.name: [] for job in jobs}
    for _ in range(repeat):
        for job in jobs:
            done = run_timed(job.command)
            if done.code or (job.out and not job.out.exists()):
                raise SystemExit(f"exit code {done.code}: {' '.join(job.command)}")
            times[job.name].append(done)
    return times


def summary(jobs: list[Job], times: dict[str, list[Timed]], goal: float | None) -> list[dict]:
    """Median seconds, peak MB and the ratio of our median to each job's."""
    ours = median(t.seconds for t in times["nfx"])
    return [
        {
            "name": job.name,
            "seconds": round(seconds := median(t.seconds for t in times[job.name]), 4),
            "all_seconds": [round(t.seconds, 4) for t in times[job.name]],
            "peak_mb": round(max(t.peak_mb for t in times[job.name]), 1),
            "bytes": job.out.stat().st_size if job.out else None,
            "nfx_over_this": round(ours / seconds, 3),
            "goal": goal if job.name == REFERENCES[0] else None,
        }
        for job in jobs
    ]


def help_seconds(repeat: int) -> float:
    """Median time of `splatdec --help`."""
    command = [*our_command("splatdec", "NFX_SPLATDEC"), "--help"]
    return median(run_timed(command).seconds for _ in range(repeat))


def render_ms(scene: Path, views: Path | None, count: int, repeat: int) -> dict:
    """Median ms a CPU view at 800 pixels wide (800x600 where the cameras are 4:3)."""
    from codec.io.ply import read_ply
    from codec.rendering import RenderOptions, render
    from tools.measure import choose_views

    splats = read_ply(scene)
    chosen = choose_views(splats, views, count, width=800)
    options = RenderOptions(backend="cpu")
    render(splats, chosen.cameras[0], options=options)  # compiles the kernels
    milliseconds = []
    for _ in range(repeat):
        for camera in chosen.cameras:
            start = time.perf_counter()
            render(splats, camera, options=options)
            milliseconds.append(1e3 * (time.perf_counter() - start))
    return {"median_ms": round(median(milliseconds), 1), "max_ms": round(max(milliseconds), 1),
            "views": chosen.statement}


def restore_ms(repeat: int, height: int = 533, width: int = 800) -> dict:
    """Median ms a view of the small restorer on the CPU, for the first view apart.

    Speed does not depend on the weights: without packaged ones the network has random weights.
    """
    from codec.errors import BackendError
    from codec.restore.small import SmallConfig, SmallRestorer, SmallUNet

    try:
        restorer, weights = SmallRestorer.packaged(), "packaged"
    except BackendError:
        restorer, weights = SmallRestorer(SmallUNet(SmallConfig())), "random: none are packaged"
    rng = np.random.default_rng(0)
    rgb = rng.random((1, height, width, 3), np.float32)
    alpha = np.ones((1, height, width), np.float32)
    noise = rng.standard_normal((1, *restorer.noise_shape(height, width)), np.float32)
    milliseconds = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        restorer.restore(rgb, alpha, noise)
        milliseconds.append(1e3 * (time.perf_counter() - start))
    return {"first_ms": round(milliseconds[0], 1), "median_ms": round(median(milliseconds[1:]), 1),
            "size": f"{width}x{height}", "weights": weights}


def hardware() -> dict:
    """What the figures depend on: processor, cores, load, Python, versions."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    peers = choose_peers(list(REFERENCES)).values()
    return {
        "cpu": models[0] if models else platform.processor(), "cores": os.cpu_count(),
        "load": [round(x, 2) for x in os.getloadavg()], "python": platform.python_version(),
        "peers": [tool_version(peer.tool, peer.encode[0]) for peer in peers],
    }


def print_rows(title: str, rows: list[dict]) -> None:
    """One line a job."""
    print(title)
    for row in rows:
        goal = f" (goal {row['goal']})" if row["goal"] else ""
        size = f"{row['bytes']:>10} bytes" if row["bytes"] else ""
        spread = f"{min(row['all_seconds']):.3f} to {max(row['all_seconds']):.3f}"
        print(f"  {row['name']:11} {row['seconds']:7.3f} s ({spread})  "
              f"peak {row['peak_mb']:7.1f} MB {size}  nfx/this {row['nfx_over_this']:.2f}{goal}")


def parse_arguments() -> argparse.Namespace:
    """Options of the tool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scene", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--effort", type=int, default=1)
    parser.add_argument("--render", type=Path, metavar="SCENE.ply", help="also time CPU renders")
    parser.add_argument("--views", type=Path, help="cameras.json of the rendered scene")
    parser.add_argument("--count", type=int, default=4, help="rendered views")
    parser.add_argument("--restore", action="store_true", help="also time the small restorer")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    """Time everything on one scene, print it, write the JSON."""
    args = parse_arguments()
    report: dict = {"command": " ".join(["python -m tools.bench", *sys.argv[1:]]),
                    "scene": args.scene.name, "hardware": hardware()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in ("encode", "decode"):
            encode = kind == "encode"
            jobs = encode_jobs(args.scene, folder, args.effort) if encode else decode_jobs(folder)
            times = run_interleaved(jobs, args.repeat)
            report[kind] = summary(jobs, times, GOALS[kind])
            print_rows(f"{kind} {args.scene.name}, median of {args.repeat}", report[kind])
    report["help_s"] = round(help_seconds(args.repeat), 3)
    print(f"splatdec --help {report['help_s']} s (goal 0.4)")
    if args.render:
        report["render"] = render_ms(args.render, args.views, args.count, args.repeat)
        print(f"render {args.render.name}: {report['render']}")
    if args.restore:
        report["restore"] = restore_ms(args.repeat)
        print(f"restore: {report['restore']}")
    if args.json:
        args.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
