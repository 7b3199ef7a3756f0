"""``splatdec``: an NFX file in; a PLY, images, a viewer page, or facts about the file out."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path

import click

import codec
from codec.cli.common import (
    EXIT_CODES,
    Color,
    InputPath,
    NfxCommand,
    Progress,
    Size,
    check_paths,
    format_size,
    plain_numbers,
    read_stream,
    warnings_to_stderr,
)
from codec.errors import UsageError

SECTIONS = {
    "What to make (at least one)": ("output", "viewer", "serve", "views", "orbit", "out_dir",
                                    "contact_sheet", "info", "verify"),
    "Scene files": ("spz_version", "tiers"),
    "Viewer page": ("compare", "port"),
    "Images": ("width", "background", "depth", "alpha", "image_format", "backend"),
    "Restoring images": ("restore", "restore_strength", "weights", "device"),
    "Limits": ("max_gaussians", "max_memory", "threads"),
    "Output": ("overwrite", "as_json", "quiet"),
}


@click.command("splatdec", cls=NfxCommand, epilog=EXIT_CODES, sections=SECTIONS)
@click.argument("source", metavar="FILE", type=InputPath(folders=False))
@click.option("-o", "--output", metavar="OUT", type=click.Path(path_type=Path),
              help="Write the decoded scene: as .ply, or by the extension as .compressed.ply, "
                   ".spz, .splat, .sog or .glb (KHR_gaussian_splatting). A warning names what "
                   "the format cannot carry.")
@click.option("--spz-version", type=click.IntRange(2, 4), default=3, show_default=True,
              metavar="V", help="Version of an .spz output.")
@click.option("--tiers", type=click.IntRange(1, 16), metavar="K",
              help="Only the first K tiers of a file made with --ladder. An output named .nfx is "
                   "a file of these tiers alone.  [default: all]")
@click.option("--viewer", metavar="OUT.html", type=click.Path(path_type=Path),
              help="Write one HTML page that shows the scene in any browser, without network.")
@click.option("--serve", is_flag=True,
              help="Show the same page on 127.0.0.1 until Ctrl-C; the scene comes by range "
                   "requests.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N",
              help="Port of --serve; 0 = any free one.  [default: 0]")
@click.option("--compare", metavar="OTHER", type=click.Path(exists=True, dir_okay=False,
                                                            path_type=Path),
              help="With --viewer or --serve: a second file (NFX or any scene file) side by side.")
@click.option("--info", is_flag=True, help="Print header, boxes, sizes, bits per Gaussian.")
@click.option("--verify", is_flag=True, help="Check the whole file; write nothing.")
@click.option("--views", type=click.Path(exists=True, path_type=Path), metavar="CAMS",
              help="Render the cameras of a cameras.json, transforms.json or COLMAP folder.")
@click.option("--orbit", type=click.IntRange(1, 3600), metavar="N",
              help="Render N views around the scene.")
@click.option("--out-dir", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Folder for the images; alone, renders the file's own default views.  "
                   "[default with --views or --orbit: FILE's name + _views]")
@click.option("--contact-sheet", type=click.Path(path_type=Path), metavar="OUT.png",
              help="All views on one sheet; without --out-dir only the sheet is written.")
@click.option("--width", type=click.IntRange(1, 16384), metavar="PIXELS",
              help="Image width in pixels, height in proportion.  [default: the cameras' own; "
                   "800 with --orbit]")
@click.option("--background", type=Color(), default="0,0,0", show_default=True, metavar="R,G,B",
              help="Colour behind the scene: three numbers in 0..1, or white or black.")
@click.option("--depth", is_flag=True,
              help="Also NAME.depth.png, 16 bits; world units a step in depth.json.")
@click.option("--alpha", is_flag=True, help="Also NAME.alpha.png, 8 bits, 255 = opaque.")
@click.option("--format", "image_format", type=click.Choice(["png"]), default="png",
              show_default=True, metavar="png", help="Image format.")
@click.option("--backend", type=click.Choice(["auto", "cpu", "cuda"]), default="auto",
              show_default=True, metavar="NAME",
              help="Renderer: auto, cpu or cuda; auto takes CUDA where it works.")
@click.option("--restore", type=click.Choice(["auto", "off", "require"]), default="auto",
              show_default=True, metavar="HOW",
              help="Restore images by the network the file signals. auto: plain images and a "
              "warning where something is missing; off: plain images; require: an error (5 no "
              "restorer known here, 7 package, device or weights missing).")
@click.option("--restore-strength", type=click.FloatRange(0, 1), metavar="S",
              help="0 plain to 1 fully restored. Restored images may show invented detail; their "
                   "metadata says so.  [default: what the file says]")
@click.option("--device", default="auto", show_default=True, metavar="NAME",
              help="Where the restorer runs: auto, cpu or cuda.")
@click.option("--weights", metavar="DIR",
              help="Folder of the restorer's weights besides the package's own and $NFX_WEIGHTS, "
                   "or the word hub to fetch what is missing from huggingface.co.")
@click.option("--max-gaussians", type=click.IntRange(0), metavar="N",
              help="Refuse files with more Gaussians.  [default: 67108864]")
@click.option("--max-memory", type=Size(), metavar="SIZE",
              help="Refuse files that decode to more memory, such as 4GB.  [default: 16GiB, "
                   "and 128MiB plus 4096 times the file's size]")
@click.option("--threads", type=click.IntRange(0), default=0, metavar="N",
              help="0 = all cores. Never changes the decoded scene.  [default: 0]")
@click.option("--overwrite", is_flag=True, help="Replace existing outputs.")
@click.option("--json", "as_json", is_flag=True,
              help="Print facts as JSON on standard output.")
@click.option("--quiet", is_flag=True, help="No progress, no summary.")
@click.version_option(codec.__version__)
def main(source: Path, **given) -> None:
    """Decode the NFX file FILE to a scene file, to images, to a page that shows it, or tell what
    is in it.

    - is standard input. The decoded scene is bit for bit the same on every machine. Outputs are
    whole or not there; existing ones are kept unless --overwrite is given.

    \b
    Examples:
      splatdec scene.nfx -o scene.ply                        for any viewer of 3DGS files
      splatdec scene.nfx -o scene.spz
      splatdec scene.nfx --tiers 1 -o small.nfx              the smallest size of a --ladder
      splatdec scene.nfx --viewer scene.html                 one page, works from disk
      splatdec scene.nfx --serve --compare scene.ply         side by side
      splatdec scene.nfx --views cameras.json --out-dir views
      splatdec scene.nfx --orbit 12 --contact-sheet sheet.png --background white
      splatdec scene.nfx --info --json
      splatdec scene.nfx --verify
    """
    _check_usage(given)
    given["files"] = _check_files(source, given)
    with warnings_to_stderr("splatdec") as notes:
        facts = _run(source, given)
    facts["warnings"] = notes
    if given["as_json"]:
        click.echo(json.dumps(facts, indent=2, default=plain_numbers))
    else:
        _print_text(facts, given)


def _wants_images(given: dict) -> bool:
    return any(given[k] is not None for k in ("views", "orbit", "out_dir", "contact_sheet"))


def _check_usage(given: dict) -> None:
    """Raise UsageError for options that do not go together, before the file is read."""
    images = _wants_images(given)
    pages = bool(given["viewer"] or given["serve"])
    if not (given["output"] or given["info"] or given["verify"] or images or pages):
        raise UsageError("nothing to do; give -o OUT.ply, --viewer OUT.html, --serve, "
                         "--views CAMS, --orbit N, --out-dir DIR, --info or --verify")
    if given["tiers"] and (pages or not (given["output"] or images)):
        raise UsageError("--tiers belongs to -o and to images")
    if _is_nfx(given) and not given["tiers"]:
        raise UsageError("the input is an NFX file already; give --tiers K to cut it down")
    if given["output"]:
        _check_name(given["output"], images)
    if given["compare"] and not pages:
        raise UsageError("--compare belongs to --viewer or --serve")
    if given["views"] and given["orbit"]:
        raise UsageError("give --views or --orbit, not both")
    if given["verify"] and (given["output"] or images or given["viewer"]):
        raise UsageError("--verify writes nothing; leave the outputs out")
    for name in ("depth", "alpha", "width"):
        if given[name] and not images:
            raise UsageError(f"--{name} belongs to images; give --views, --orbit or --out-dir")
    sheet_alone = given["contact_sheet"] and not given["out_dir"]
    if sheet_alone and (given["depth"] or given["alpha"]):
        raise UsageError("--depth and --alpha write one file a view; give --out-dir DIR")


def _check_files(source: Path, given: dict) -> tuple[Path, ...]:
    """All files that the command line names. Raises UsageError where an output is another of them.

    The folder for images counts: it cannot be a file's name at once.
    """
    inputs = {"the input": source, "--views": given["views"], "--compare": given["compare"]}
    outputs = {"-o": given["output"], "--viewer": given["viewer"],
               "--contact-sheet": given["contact_sheet"], "--out-dir": given["out_dir"]}
    check_paths(outputs, inputs)
    return tuple(path for path in (*inputs.values(), *outputs.values()) if path)


def _check_name(output: Path, images: bool) -> None:
    """Raise UsageError for names that a scene file would not be looked for under."""
    if output.suffix.lower() not in ("", ".ply", ".nfx"):
        from codec.io.scenes import suffix_of

        suffix_of(output)
    if images and not output.suffix:
        raise UsageError(f"-o {output} would be the scene file; the folder for images is --out-dir")


def _decode_only(source: Path, limits, given: dict) -> dict:
    from codec.cli.workers import decode_to_ply

    facts = {"input": str(source)}
    facts |= decode_to_ply(source, given["output"], limits, given["overwrite"])
    return facts | {"output": str(given["output"])}


def _run(source: Path, given: dict) -> dict:
    """Do what was asked for; returns the facts that `--json` prints."""
    limits = _limits(given)
    if given["viewer"] or given["serve"]:
        return _view(source, limits, given)
    plain = given["output"] and _is_ply(given["output"]) and not given["tiers"]
    if plain and not given["info"] and not _wants_images(given):
        return _decode_only(source, limits, given)
    if given["output"]:
        from codec.io.atomic import check_writable

        check_writable(given["output"], given["overwrite"])
    from codec.decoder.decode import decode, stream_info, verify

    data = read_stream(source)
    facts: dict = {"input": str(source), "bytes": len(data)}
    if given["info"]:
        facts["info"] = stream_info(data, limits)
    if given["verify"]:
        verify(data, limits)
        facts["verified"] = True
    job = _image_job(data, source, limits, given) if _wants_images(given) else None
    if given["output"] or job:
        splats = decode(data, limits, tiers=given["tiers"])
        facts |= {"n_gaussians": splats.n_gaussians, "sh_degree": splats.sh_degree}
        if given["output"]:
            _write_scene(given, splats, data)
            facts["output"] = str(given["output"])
        if job:
            progress = Progress(given["quiet"])
            facts["images"] = job.run(splats, progress)
            progress.clear()
    return facts


def _view(source: Path, limits, given: dict) -> dict:
    """--viewer and --serve; the other outputs are made first, so that serving can go on and on."""
    from codec.cli.viewer import serve, viewer_scene, write_viewer
    from codec.io.atomic import check_writable

    if given["viewer"]:
        check_writable(given["viewer"], given["overwrite"])
    others = given | {"viewer": None, "serve": False}
    wanted = given["output"] or given["info"] or given["verify"] or _wants_images(given)
    if wanted and not source.is_file():
        raise UsageError("standard input can be read only once: make the page alone, or give a "
                         "file")
    facts = _run(source, others) if wanted else {"input": str(source)}
    scenes = [viewer_scene(path, limits) for path in (source, given["compare"]) if path]
    facts.setdefault("bytes", source.stat().st_size if source.is_file() else len(scenes[0].data))
    if given["viewer"]:
        size = write_viewer(given["viewer"], scenes, given["overwrite"])
        facts["viewer"] = {"output": str(given["viewer"]), "bytes": size}
    if given["serve"]:
        serve(scenes, given["port"], lambda text: click.echo(text, err=True))
    return facts


def _limits(given: dict):
    from codec.options import DecoderLimits

    names = ("max_gaussians", "max_memory", "threads")
    chosen = {n: given[n] for n in names if given[n] is not None}
    if given["max_memory"] is not None:
        chosen["max_expansion"] = 0  # who names a limit has that much to spend
    return DecoderLimits(**chosen)


def _is_nfx(given: dict) -> bool:
    return given["output"] is not None and given["output"].name.lower().endswith(".nfx")


def _write_scene(given: dict, splats, data: bytes) -> None:
    from codec.io.ply import write_ply

    if _is_nfx(given):
        from codec.encoder.container import first_tiers
        from codec.io.atomic import atomic_write

        atomic_write(given["output"], first_tiers(data, given["tiers"]),
                     overwrite=given["overwrite"])
        return
    if _is_ply(given["output"]):
        write_ply(given["output"], splats, overwrite=given["overwrite"])
        return
    from codec.io.scenes import write_scene

    for line in write_scene(given["output"], splats, overwrite=given["overwrite"],
                            spz_version=given["spz_version"]):
        warnings.warn(line, stacklevel=2)


def _is_ply(path: Path) -> bool:
    """Names of no other format mean a plain PLY."""
    name = path.name.lower()
    others = (".compressed.ply", ".spz", ".splat", ".sog", ".glb", ".nfx")
    return not name.endswith(others)


def _image_job(data: bytes, source: Path, limits, given: dict):
    """The images asked for, checked against what exists before anything is decoded."""
    from codec.cli.images import ImageJob
    from codec.cli.restoration import plan_restoration

    out_dir = given["out_dir"]
    if out_dir is None and given["contact_sheet"] is None:
        out_dir = Path(f"{source.stem}_views")
    job = ImageJob(
        cameras=_cameras(data, limits, given), orbit=given["orbit"], out_dir=out_dir,
        sheet=given["contact_sheet"], width=given["width"], background=given["background"],
        depth=given["depth"], alpha=given["alpha"], backend=given["backend"],
        threads=given["threads"], overwrite=given["overwrite"], others=given["files"],
    )
    job.check()
    restoration = plan_restoration(
        data, given["restore"], strength=given["restore_strength"], device=given["device"],
        weights=given["weights"])
    return replace(job, restoration=restoration)


def _cameras(data: bytes, limits, given: dict) -> list:
    """The cameras of --views, else the file's own; empty with --orbit, which needs the scene."""
    if given["orbit"]:
        return []
    if given["views"]:
        from codec.io.cameras import read_cameras

        return read_cameras(given["views"])
    from codec.decoder.decode import default_views

    cameras = default_views(data, limits)
    if not cameras:
        raise UsageError("the file carries no default views; give --views CAMS or --orbit N")
    return cameras


def _print_text(facts: dict, given: dict) -> None:
    if given["info"]:
        click.echo("\n".join(info_lines(facts["info"])))
    if given["quiet"]:
        return
    if given["verify"]:
        click.echo(f"{facts['input']}: ok ({format_size(facts['bytes'])})", err=True)
    if "output" in facts:
        click.echo(f"{facts['output']}: {facts['n_gaussians']:,} Gaussians, "
                   f"SH degree {facts['sh_degree']}", err=True)
    if "viewer" in facts:
        page = facts["viewer"]
        click.echo(f"{page['output']}: {format_size(page['bytes'])}, open it in a browser",
                   err=True)
    if "images" in facts:
        images = facts["images"]
        click.echo(f"{images['where']}: {images['n_views']} views by the {images['backend']} "
                   f"renderer, {images['ms_per_view']:.0f} ms a view", err=True)
        if "restored" in images:
            restored = images["restored"]
            click.echo(f"restored by {restored['kind']} at strength {restored['strength']:.2f}: "
                       f"{restored['n_restored']} views, {restored['ms_per_view']:.0f} ms a view; "
                       "detail may be invented", err=True)


def info_lines(info: dict, indent: str = "") -> list[str]:
    """A nested dictionary as aligned text, lists of dictionaries as one line an entry."""
    lines = []
    width = max((len(str(key)) for key in info), default=0)
    for key, value in info.items():
        if isinstance(value, dict) and value:
            lines += [f"{indent}{key}:", *info_lines(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(f"{indent}{key}:")
            lines += [indent + "  " + "  ".join(f"{k} {_fact(v)}" for k, v in row.items())
                      for row in value]
        else:
            lines.append(f"{indent}{str(key):{width}}  {_fact(value)}")
    return lines


def _fact(value) -> str:
    match value:
        case None | [] | {} | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:.4g}"
        case list() | tuple():
            return " ".join(_fact(v) for v in value)
    return str(value)


if __name__ == "__main__":
    main()
