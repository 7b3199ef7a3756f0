"""``splatenc``: a splat scene in, an NFX file out."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

import codec
from codec.cli.common import (
    EXIT_CODES,
    InputPath,
    NfxCommand,
    Progress,
    Size,
    Sizes,
    check_paths,
    format_size,
    plain_numbers,
    warnings_to_stderr,
)
from codec.errors import UsageError
from codec.options import ADAPT_CHOICES, PRUNE_STRATEGIES, RESTORE_CHOICES

MAX_DEFAULT_VIEWS = 16


SECTIONS = {
    "Output": ("output", "overwrite", "as_json", "quiet"),
    "Size and quality": ("quality", "effort", "target_size", "target_psnr", "ladder",
                         "time_budget"),
    "What is kept": ("lossless", "near_lossless", "keep_order", "keep_extra", "sh_degree",
                     "max_gaussians", "prune_by", "no_prune"),
    "Cameras and photos": ("cameras", "images", "default_views", "seed"),
    "Restoring views": ("restore", "adapt", "adapt_iterations", "weights", "device"),
    "Machine and layout": ("threads", "tile_size"),
}


@click.command("splatenc", cls=NfxCommand, epilog=EXIT_CODES, sections=SECTIONS)
@click.argument("source", metavar="IN", type=InputPath())
@click.option("-o", "--output", required=True, metavar="OUT.nfx",
              type=click.Path(path_type=Path), help="The NFX file to write.")
@click.option("-q", "--quality", type=click.FloatRange(1, 100), default=75, show_default=True,
              metavar="Q", help="Higher is closer to the input. From effort 3 on, "
              "renders come within 10 + Q/2 dB PSNR of the input's renders.")
@click.option("-e", "--effort", type=click.IntRange(1, 9), default=5, show_default=True,
              metavar="E", help="Higher is better for its size and slower to encode. 1 and 2 "
              "(the same) plan the steps without rendering; 3 and up search them by rendering; 4 "
              "and up train for low target sizes, 5 to 9 each longer.")
@click.option("--target-size", type=Size(), metavar="SIZE",
              help="The whole file takes at most this: bytes, or with a unit, such as 100kB, "
              "1.5MB, 2MiB (kB is 1000 bytes). Replaces --quality.")
@click.option("--target-psnr", type=float, metavar="DB",
              help="Smallest file whose renders reach this PSNR in dB against the input's "
              "renders. Replaces --quality.")
@click.option("--ladder", type=Sizes(), metavar="SIZES",
              help="One file of several sizes, such as 20kB,80kB,300kB: cut after any of them it "
              "still is a scene, a little worse than a file of that size alone; a page shows the "
              "first before the rest has come. Sizes nearer than 4 times each other need effort 3 "
              "or more and a renderer. Replaces --quality.  [default: one size]")
@click.option("--lossless", is_flag=True,
              help="Keep every float32 bit; the order of Gaussians is free.")
@click.option("--near-lossless", is_flag=True,
              help="Keep all usable Gaussians with tiny, bounded errors.")
@click.option("--keep-order", is_flag=True, help="With --lossless: keep the input order too.")
@click.option("--keep-extra", is_flag=True,
              help="Carry per-Gaussian properties a splat does not need, such as labels; else "
              "they are dropped and named.")
@click.option("--sh-degree", type=click.IntRange(0, 3), metavar="L",
              help="Drop spherical harmonics above this degree.  [default: keep all]")
@click.option("--max-gaussians", type=click.IntRange(0), metavar="N",
              help="Keep at most N Gaussians.  [default: all; fewer at low target sizes]")
@click.option("--prune-by", type=click.Choice(PRUNE_STRATEGIES), default="combined",
              show_default=True, metavar="HOW", help="How Gaussians get fewer, for "
              "--max-gaussians and low target sizes, from effort 3 on: "
              f"{', '.join(PRUNE_STRATEGIES)}.")
@click.option("--no-prune", is_flag=True, help="Keep Gaussians that no view can see or that are "
              "too faint for the quality; at low target sizes, thin and train nothing. Not with "
              "--ladder.")
@click.option("--cameras", type=click.Path(exists=True, path_type=Path), metavar="CAMS",
              help="The views that count: cameras.json, transforms.json or a COLMAP folder.  "
              "[default: views planned from the scene]")
@click.option("--images", type=click.Path(exists=True, file_okay=False, path_type=Path),
              metavar="DIR", help="Photos of the --cameras, to train towards at low target sizes: "
              "DIR holds them under the image paths of the camera file, with or without their "
              "leading folders; another extension will do.  [default: the input's own renders]")
@click.option("--time-budget", type=click.FloatRange(0), default=0.0, metavar="SECONDS",
              help="Most seconds of training, of the scene and of maps; 0 = as many steps as the "
              "effort says. With a budget the bytes depend on the machine's speed.  [default: 0]")
@click.option("--default-views", is_flag=True,
              help=f"Store up to {MAX_DEFAULT_VIEWS} of the --cameras in the file, for viewers.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, metavar="N",
              help="Seed of planned views, of training and of a restorer's noise.")
@click.option("--threads", type=click.IntRange(0), default=0, metavar="N",
              help="0 = all cores. Never changes the bytes written.  [default: 0]")
@click.option("--tile-size", type=click.IntRange(1024, 1 << 20), default=262144,
              show_default=True, metavar="N", help="Most Gaussians in one tile; "
              "tiles decode on their own.")
@click.option("--restore", type=click.Choice(RESTORE_CHOICES), default="auto", show_default=True,
              metavar="HOW", help="Signal a network that restores decoded views. auto: the "
              "packaged one, from effort 3 on, where it brings views measurably nearer to their "
              "targets: in LPIPS when its weights are found (--weights), else by a weaker "
              "gradient measure with a larger margin; never at the cost of over 0.5 dB against "
              "photos, 0.7 dB against renders. off; on: always. Or a kind whose weights must be "
              "at hand: small, nifi, gausspainter, gfix, img2img.")
@click.option("--adapt", type=click.Choice(ADAPT_CHOICES), default="auto", show_default=True,
              metavar="HOW", help="Train small maps that fit the restorer to this scene, a minute "
              "or two; written only where they pay for their bytes. auto: from effort 5 on, at "
              "low target sizes, where --restore allows it. off. gfix: always.")
@click.option("--adapt-iterations", type=click.IntRange(1), default=300, show_default=True,
              metavar="N", help="Training steps of --adapt.")
@click.option("--weights", metavar="DIR", help="Folder of restorer and LPIPS weights besides the "
              "package's own and $NFX_WEIGHTS, or the word hub to fetch from huggingface.co.")
@click.option("--device", default="auto", show_default=True, metavar="NAME",
              help="Where restorers run: auto, cpu or cuda.")
@click.option("--overwrite", is_flag=True, help="Replace an existing output.")
@click.option("--json", "as_json", is_flag=True,
              help="Print the report as JSON on standard output: sizes, what was decided and lost.")
@click.option("--quiet", is_flag=True, help="No progress, no summary.")
@click.version_option(codec.__version__)
def main(source: Path, output: Path, overwrite: bool, as_json: bool, quiet: bool, **given) -> None:
    """Encode the splat scene IN as NFX.

    IN is a .ply, .compressed.ply, .spz, .splat, .sog or .glb file; its content decides, not its
    name (but for .splat, which nothing marks). - is standard input. The same scene, options and
    cameras give the same bytes.

    \b
    Examples:
      splatenc scene.ply -o scene.nfx                        quality 75, effort 5
      splatenc scene.ply -o scene.nfx -q 60 --cameras cameras.json --default-views
      splatenc scene.ply -o scene.nfx -e 1                   fast, nothing rendered
      splatenc scene.ply -o scene.nfx --target-size 1.5MB
      splatenc scene.ply -o scene.nfx --target-size 100kB --cameras cameras.json --images photos
      splatenc scene.ply -o scene.nfx --ladder 50kB,200kB,800kB
      splatenc scene.ply -o scene.nfx --lossless --keep-order
    """
    options = _options(given)
    if given["default_views"] and not given["cameras"]:
        raise UsageError("--default-views stores the given cameras; give --cameras too")
    if given["images"] and not given["cameras"]:
        raise UsageError("--images needs the cameras that took them; give --cameras too")
    check_paths({"-o": output}, {"the input": source, "--cameras": given["cameras"]})

    from codec.cli.share import keep_freed_memory
    from codec.io.atomic import atomic_write, check_writable

    keep_freed_memory()
    check_writable(output, overwrite)
    progress = Progress(quiet)
    started = time.perf_counter()
    with warnings_to_stderr("splatenc") as notes:
        data, report = _encode(source, options, given, progress)
    atomic_write(output, data, overwrite=overwrite)
    progress.clear()
    report |= {
        "warnings": notes, "input": str(source), "output": str(output),
        "bytes": len(data),
        "seconds": round(time.perf_counter() - started, 3), "options": options.to_dict(),
    }
    if as_json:
        click.echo(json.dumps(report, indent=2, default=plain_numbers))
    elif not quiet:
        click.echo(summary(report), err=True)
        for line in (*report["notes"], *filter(None, [report.get("note")])):
            click.echo(f"splatenc: note: {line}", err=True)


def _options(given: dict):
    from codec.options import EncoderOptions

    if given["lossless"] and given["near_lossless"]:
        raise UsageError("give --lossless or --near-lossless, not both")
    if given["restore"] == "off" and given["adapt"] == "gfix":
        raise UsageError("--adapt gfix trains maps for a restorer; leave --restore off out")
    lossy = "near-lossless" if given["near_lossless"] else "lossy"
    same = ("quality", "effort", "target_size", "target_psnr", "sh_degree", "max_gaussians",
            "keep_order", "keep_extra", "seed", "tile_size", "threads", "time_budget", "restore",
            "adapt", "adapt_iterations", "weights", "device")
    return EncoderOptions(
        mode="lossless" if given["lossless"] else lossy,
        prune=not given["no_prune"],
        prune_strategy=given["prune_by"],
        ladder=given["ladder"] or (),
        **{name: given[name] for name in same},
    )


def _encode(source: Path, options, given: dict, progress: Progress) -> tuple[bytes, dict]:
    """Read, clean and encode; the report tells what was noticed, dropped and decided."""
    from codec.encoder.encode import encode
    from codec.io.cameras import find_cameras, read_cameras
    from codec.io.report import ReadReport
    from codec.io.scenes import read_scene

    progress("reading", 0.0, source.name)
    read = ReadReport()
    splats = read_scene(source, report=read)
    cameras = read_cameras(given["cameras"]) if given["cameras"] else None
    report: dict = {}
    data = encode(splats, options, cameras=cameras, photos=given["images"], progress=progress,
                  report=report, default_views=_spread(cameras) if given["default_views"] else None)
    if given["images"] and not report.get("trained") and not report.get("restorer"):
        read.note("the photos of --images are not used: they are for low target sizes")
    beside = find_cameras(source) if report.get("trained") and not cameras else None
    if beside:
        report["cameras_not_used"] = str(beside)
    return data, {"bytes_in": read.n_bytes, "source_format": read.source_format,
                  "notes": read.notes, **report}


def _spread(cameras: list) -> list:
    """At most MAX_DEFAULT_VIEWS of the cameras, evenly over the list, the first among them."""
    n = min(len(cameras), MAX_DEFAULT_VIEWS)
    return [cameras[i * len(cameras) // n] for i in range(n)]


def summary(report: dict) -> str:
    """One line: what went in, what came out, what was lost."""
    n_in, n_out, n_bytes = report["n_in"], report["n_out"], report["bytes"]
    parts = [f"{n_out:,} of {n_in:,} Gaussians", format_size(n_bytes)]
    if n_out:
        parts.append(f"{8 * n_bytes / n_out:.1f} bits per Gaussian")
    if n_bytes:
        parts.append(f"{report['bytes_in'] / n_bytes:.1f}x smaller than the input")
    if report.get("tiers"):
        parts.append("tiers " + ", ".join(
            format_size(tier["bytes"]) + (f" {tier['psnr']:.2f} dB" if tier["psnr"] else "")
            for tier in report["tiers"]))
    elif report.get("psnr") is not None:
        parts.append(f"PSNR {report['psnr']:.2f} dB")
    restorer = report.get("restorer", {})
    if restorer.get("signalled"):
        parts.append(f"restorer {restorer['kind']} signalled")
    if report.get("trained", {}).get("interrupted"):
        parts.append("interrupted: the best so far")
    parts.append(f"{report['seconds']:.1f} s")
    if report.get("cameras_blind"):
        parts.append(f"{report['cameras_blind']} of the cameras see nothing of the scene")
    if report.get("cameras_not_used"):
        parts.append(f"views planned (--cameras {report['cameras_not_used']} may look better)")
    lost = [f"{n:,} Gaussians ({why})" for why, n in report.get("dropped", {}).items()]
    lost += [f"{n:,} values changed ({why})" for why, n in report.get("changed", {}).items()]
    if report.get("extra_dropped"):
        lost.append(f"extra properties {', '.join(report['extra_dropped'])} (--keep-extra)")
    return f"{report['output']}: {', '.join(parts)}; lost: {'; '.join(lost) or _loss(report)}"


def _loss(report: dict) -> str:
    if report["options"]["mode"] != "lossless":
        return "precision only"
    return "nothing but what the notes tell" if report["notes"] else "nothing"


if __name__ == "__main__":
    main()
