"""Rate-distortion report: every codec at a ladder of rates, every metric, one page.

    python -m tools.rd_report SCENE.ply [SCENE2.ply ...] --views cams.json [--photos DIR] -o report/

Writes report.html, results.csv (the 3DGS.zip survey's columns, means over scenes; results_SCENE.csv
for each scene), points.csv (everything), results.json and summary.json. What is done is kept in the
cache and not done again: rerun the same command to go on. --views and --photos are given once for
all scenes or once for each.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from codec.io.atomic import atomic_write
from tools.ladder import find_codecs
from tools.metrics.image import PSNR_FLOAT_VARIANT
from tools.rd_report import files, html, run, summary
from tools.rd_report.scenes import TEST_STRIDE, SceneSpec

DEFAULT_OFF = ("gaussforge", "lgsc2")
"""Codecs run only when named: the same format as another, or the same coder at another level."""


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Options of the tool."""
    parser = argparse.ArgumentParser(
        "rd_report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("scenes", type=Path, nargs="+", metavar="SCENE.ply")
    add("--views", type=Path, nargs="+", required=True, metavar="CAMS",
        help="cameras.json, transforms.json or COLMAP folder; every 8th view by name is tested")
    add("--photos", type=Path, nargs="+", metavar="DIR",
        help="folder of the cameras' photos: test views are compared with them")
    add("--codecs", nargs="+", metavar="NAME", help="default: all that are installed")
    add("--rates", nargs="+", default=[], metavar="NAME=V,V,...",
        help="values of a codec's knob, or of all with that knob: ratio=20,100 keep=0.1,0.5")
    add("--metrics", nargs="+", metavar="NAME", help="default: all that can run")
    add("--weights", type=Path, metavar="DIR", help="folder with backbone weights")
    add("--download", action="store_true", help="fetch torchvision's backbones if need be")
    add("--width", type=int, default=480, help="pixels of the views, 0 = the cameras' own")
    add("--path-frames", type=int, default=16, help="frames of the camera path (VMAF, consistency)")
    add("--strip-at", type=float, default=0.5,
        help="0..1: which of our points sets the strip's bytes")
    add("--no-strips", action="store_true",
        help="no crops side by side, which every codec encodes once more for")
    add("--timeout", type=float, default=600, help="seconds for one encode or decode")
    add("--jobs", type=int, default=1, help="more than one: on Ray, on this machine")
    add("--ray", metavar="ADDRESS", help="a Ray cluster that sees the same files")
    add("--cache", type=Path, help="default: OUT/cache")
    add("-o", "--output", type=Path, required=True, metavar="OUT")
    args = parser.parse_args(argv)
    for name in ("views", "photos"):
        given = getattr(args, name)
        if given and len(given) not in (1, len(args.scenes)):
            parser.error(f"--{name}: give one, or one for each scene")
    return args


def scene_specs(args: argparse.Namespace) -> list[SceneSpec]:
    """One for each scene; names must differ."""
    def each(values):
        return values * len(args.scenes) if len(values) == 1 else values

    views, photos = each(args.views), each(args.photos or [None])
    specs = [
        SceneSpec(ply.resolve(), cams.resolve(), folder.resolve() if folder else None,
                  args.width, args.path_frames)
        for ply, cams, folder in zip(args.scenes, views, photos, strict=True)
    ]
    if len({spec.name for spec in specs}) < len(specs):
        raise SystemExit("two scenes have the same file name: rename one")
    return specs


def parse_rates(given: list[str]) -> dict[str, tuple[float, ...]]:
    """"ratio=20,100" to {"ratio": (20.0, 100.0)}."""
    rates = {}
    for text in given:
        name, _, values = text.partition("=")
        try:
            rates[name] = tuple(float(v) for v in values.split(","))
        except ValueError:
            raise SystemExit(f"--rates {text}: write NAME=V,V,...") from None
    return rates


def choose_codecs(names: list[str] | None) -> tuple[list[str], dict[str, str]]:
    """(Codecs to run, what is left out and why)."""
    known, left_out = find_codecs()
    if names is None:
        return [name for name in known if name not in DEFAULT_OFF], left_out
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"no codec {unknown[0]} here; there are {', '.join(known)}")
    return names, left_out


def collect(args, specs, codecs, settings) -> tuple[summary.Curves, dict[str, dict], list[str]]:
    """(Curves, scenes as described, failures) of all curve jobs."""
    curves: summary.Curves = {}
    scenes: dict[str, dict] = {}
    failures = []
    jobs = run.curve_jobs(specs, codecs, settings, parse_rates(args.rates))
    for job, result, error in run.run_jobs(jobs, args.jobs, args.ray):
        if result is None:
            failures.append(f"{job.title}: {error}")
            continue
        scenes[job.spec.name] = result["scene"]
        failures += [f"{job.title} {f['rate']}: {f['why']}" for f in result["failed"]]
        if result["points"]:
            points = sorted(result["points"], key=lambda point: point["value"])
            curves[job.spec.name, job.codec] = points
    order = {(s.name, c): i for i, (s, c) in enumerate((s, c) for s in specs for c in codecs)}
    return dict(sorted(curves.items(), key=lambda item: order[item[0]])), scenes, failures


def collect_strips(args, specs, curves, settings) -> tuple[dict[str, dict], list[str]]:
    """(Strips by scene, failures)."""
    measured = [spec for spec in specs if any(scene == spec.name for scene, _ in curves)]
    jobs = run.strip_jobs(curves, measured, settings, args.strip_at)
    jobs += [run.ReferenceJob(spec, settings) for spec in measured if jobs]
    strips: dict[str, dict] = {}
    failures = []
    for job, result, error in run.run_jobs(jobs, args.jobs, args.ray):
        if result is None:
            failures.append(f"{job.title}: {error}")
            continue
        strip = strips.setdefault(job.spec.name, {"codecs": [], "crops": {}, "view": ""})
        if isinstance(job, run.ReferenceJob):
            strip |= result
            strips[job.spec.name] = strip
        else:
            strip["budget"] = job.budget
            strip["codecs"].append(result)
    for strip in strips.values():
        strip["codecs"].sort(key=lambda crop: args.codec_order.index(crop["codec"]))
    return {name: strip for name, strip in strips.items() if strip["codecs"]}, failures


def build_report(args, codecs: list[str], left_out: dict, settings: run.Settings) -> dict:
    """Everything the page and results.json hold."""
    specs = scene_specs(args)
    args.codec_order = codecs
    curves, scenes, failures = collect(args, specs, codecs, settings)
    strips, more = ({}, []) if args.no_strips else collect_strips(args, specs, curves, settings)
    suite = settings.suite()
    names = summary.metric_names(curves)
    known = find_codecs()[0]
    variants = {m.name: m.variant for m in suite.metrics if m.name in names}
    variants["psnr_original"] = f"against the uncompressed scene's renders; {PSNR_FLOAT_VARIANT}"
    photos = args.photos is not None
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": shown_command(args),
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}",
        "reference_line": f"held-out photos (every {TEST_STRIDE}th view by name)" if photos
        else "the original splats' renders",
        "scenes": [scenes[spec.name] for spec in specs if spec.name in scenes],
        "failures": failures + more, "metrics": variants, "metrics_left_out": suite.left_out,
        "metric_names": names, "codec_names": list(dict.fromkeys(c for _, c in curves)),
        "codecs": {n: {"about": known[n].about, "version": known[n].version, "command": command}
                   for n, command in commands_of(curves).items()},
        "codecs_left_out": left_out,
        "bd_rate": summary.bd_table(curves), "averages": summary.averages(curves),
        "curves": {s["name"]: {c: p for (n, c), p in curves.items() if n == s["name"]}
                   for s in scenes.values()},
        "strips": strips, "published": files.read_published(),
    }


def commands_of(curves: summary.Curves) -> dict[str, str]:
    """The encode command of each codec."""
    return {codec: points[0]["command"] for (_, codec), points in curves.items()}


def shown_command(args: argparse.Namespace) -> str:
    """The command as given, file names without this machine's folders."""
    words = [Path(w).name if "/" in w else w for w in args.given]
    return "python -m tools.rd_report " + shlex.join(words)


def link_viewers(folder: Path, report: dict) -> None:
    """Viewer pages from the cache to beside the report, under the names it links."""
    for scene, strip in report["strips"].items():
        for crop in strip["codecs"]:
            page = crop.pop("viewer", "")
            if page and Path(page).exists():
                crop["page"] = f"viewer_{scene}_{crop['codec']}.html"
                shutil.copyfile(page, folder / crop["page"])


def write_report(folder: Path, report: dict) -> None:
    """The page and the files beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    link_viewers(folder, report)
    atomic_write(folder / "report.html", html.page(report).encode(), overwrite=True)
    files.write_files(folder, report)


def main(argv: list[str] | None = None) -> None:
    """Measure, write, and say in one line what came out; exit code 1 when nothing did."""
    args = parse_arguments(argv)
    args.given = list(sys.argv[1:] if argv is None else argv)
    codecs, left_out = choose_codecs(args.codecs)
    for name, why in left_out.items():
        run.say(f"left out: {name}: {why}")
    cache = (args.cache or args.output / "cache").resolve()
    cache.mkdir(parents=True, exist_ok=True)
    settings = run.Settings(
        cache, tuple(args.metrics) if args.metrics else None,
        args.weights.resolve() if args.weights else None, args.download, args.timeout)
    for name, why in settings.suite().left_out.items():
        run.say(f"left out: {name}: {why}")
    report = build_report(args, codecs, left_out, settings)
    if not report["scenes"]:
        raise SystemExit("no scene could be measured:\n" + "\n".join(report["failures"]))
    write_report(args.output, report)
    failed = f", {len(report['failures'])} failures" if report["failures"] else ""
    run.say(f"{args.output / 'report.html'}: {len(report['scenes'])} scenes, "
            f"{len(report['codec_names'])} codecs{failed}")


if __name__ == "__main__":
    main()
