"""The demo: make a scene, encode, decode, render both, and put it all on one page.

    python -m tools.demo [--out demo_out] [--gaussians 32000] [--qualities 50 75] [--sparse 400]

Once more, --sparse times smaller than the PLY, and its views restored by the network that ships
with the package. The page is one file without links to anything outside it.
"""

from __future__ import annotations

import argparse
import base64
import html
import re
import string
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import codec
from codec.cli.restoration import plan_restoration
from codec.errors import NfxError
from codec.io.atomic import atomic_write
from codec.io.images import png_bytes
from codec.rendering import RenderOptions, render
from codec.scene import Camera, Splats
from tools.make_scene import demo_cameras, make_demo

AMPLIFY = 8
SHOWN_VIEWS = (0, 5, 9)
BACKGROUND = (1.0, 1.0, 1.0)
SPARSE_SECONDS = 12.0
"""Of training for the very small file; more would be better."""


@dataclass(frozen=True, slots=True)
class Result:
    """One file: what it is called, how long it took, and what its decoded scene renders to."""

    name: str
    path: Path
    n_bytes: int
    n_gaussians: int
    encode_seconds: float
    decode_seconds: float
    images: list[NDArray[np.float32]]
    note: str = ""

    @property
    def key(self) -> str:
        """The name as part of an HTML id."""
        return re.sub("[^a-z0-9]+", "-", self.name)


def main() -> None:
    """Run the demo and print where the page is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("demo_out"))
    parser.add_argument("--gaussians", type=int, default=32000)
    parser.add_argument("--qualities", type=float, nargs="+", default=[50, 75])
    parser.add_argument("--sparse", type=int, default=400, help="0: no very small file")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)

    say(f"making the scene ({args.gaussians:,} Gaussians)")
    scene, cameras = make_demo(args.gaussians), demo_cameras()
    ply = args.out / "scene.ply"
    codec.write_ply(ply, scene, overwrite=True)
    say("rendering the original (the first run compiles the renderer)")
    original = render_all(scene, cameras)
    results = [run(scene, cameras, q, args.out) for q in args.qualities]
    if args.sparse:
        size = ply.stat().st_size // args.sparse
        results = sparse_results(scene, cameras, size, args.out) + results
    page = args.out / "index.html"
    atomic_write(page, make_page(scene, ply, cameras, original, results).encode(), overwrite=True)
    for result in results:
        say(f"{result.name}: {ply.stat().st_size / result.n_bytes:.1f}x smaller, "
            f"PSNR {mean_psnr(original, result.images):.2f} dB{result.note}")
    print(f"open {page.resolve()}")


def say(line: str) -> None:
    print(f"demo: {line}", file=sys.stderr, flush=True)


def run(scene: Splats, cameras: list[Camera], quality: float, out: Path) -> Result:
    """Encode at one quality, write the file, decode it again and render that."""
    options = codec.EncoderOptions(quality=quality)
    return coded(f"quality {quality:g}", scene, cameras, options, out / f"scene_q{quality:g}.nfx")


def coded(name: str, scene: Splats, cameras: list[Camera], options: codec.EncoderOptions,
          path: Path) -> Result:
    """The scene through the encoder, a file and the decoder."""
    say(f"encoding, {name}")
    started = time.perf_counter()
    data = codec.encode(scene, options, cameras=cameras)
    encoded = time.perf_counter()
    atomic_write(path, data, overwrite=True)
    before = time.perf_counter()
    decoded = codec.decode(path.read_bytes())
    after = time.perf_counter()
    codec.write_ply(path.with_suffix(".decoded.ply"), decoded, overwrite=True)
    say("rendering the decoded scene")
    images = render_all(decoded, cameras)
    return Result(name, path, len(data), decoded.n_gaussians, encoded - started,
                  after - before, images)


def sparse_results(scene: Splats, cameras: list[Camera], size: int, out: Path) -> list[Result]:
    """A file of at most `size` bytes, plain and restored by what it signals.

    The restored one is left out, with a line that says why, where the restorer cannot run.
    """
    options = codec.EncoderOptions(target_size=size, restore="on", adapt="off",
                                   time_budget=SPARSE_SECONDS)
    try:
        plain = coded("very small", scene, cameras, options, out / "scene_small.nfx")
    except NfxError as problem:
        say(f"nothing is restored: {problem}")
        options = replace(options, restore="off")
        return [coded("very small", scene, cameras, options, out / "scene_small.nfx")]
    say("restoring its views with the network that ships (no download)")
    data = plain.path.read_bytes()
    restoration = plan_restoration(data, "require")
    decoded, options = codec.decode(data), RenderOptions(background=restoration.background)
    views = [render(decoded, camera, options=options) for camera in cameras]
    images = [restoration.apply(view, i, BACKGROUND)[0] for i, view in enumerate(views)]
    note = f"; restored, {1000 * restoration.seconds / len(images):.0f} ms a view: may show " \
           "detail that was never there"
    return [replace(plain, name="very small, restored", images=images, note=note), plain]


def render_all(scene: Splats, cameras: list[Camera]) -> list[NDArray[np.float32]]:
    """[H, W, 3] in 0..1 a camera."""
    options = RenderOptions(background=BACKGROUND)
    return [np.clip(render(scene, c, options=options).rgb, 0, 1) for c in cameras]


def mean_psnr(original: list[NDArray], decoded: list[NDArray]) -> float:
    """Mean over the views of each view's PSNR in dB (peak 1)."""
    return float(np.mean([psnr(a, b) for a, b in zip(original, decoded, strict=True)]))


def psnr(a: NDArray, b: NDArray) -> float:
    """PSNR in dB of images in 0..1; 99 for equal ones."""
    mse = float(np.mean((a.astype(np.float64) - b) ** 2))
    return 99.0 if mse == 0 else min(99.0, -10 * np.log10(mse))


def difference(a: NDArray, b: NDArray) -> NDArray[np.float32]:
    """|a - b| amplified, on black."""
    return np.clip(AMPLIFY * np.abs(a - b), 0, 1)


def make_page(
    scene: Splats, ply: Path, cameras: list[Camera], original: list[NDArray],
    results: list[Result],
) -> str:
    """The page as HTML text."""
    template = string.Template((Path(__file__).parent / "demo_page.html").read_text("utf-8"))
    raw, last = ply.stat().st_size, results[-1]
    shown = [i for i in SHOWN_VIEWS if i < len(cameras)]
    intro = (f"A seeded, procedural scene of {scene.n_gaussians:,} Gaussians (SH degree "
             f"{scene.sh_degree}), made, encoded, decoded and rendered on this machine by "
             "<code>make demo</code>.")
    notes = (f"PSNR is measured: renders of the decoded scene against renders of the original, "
             f"mean over {len(cameras)} views of {cameras[0].width} x {cameras[0].height}, white "
             "background. kB is 1000 bytes. Times are of one run, in this process. Restored views "
             "come from a network that adds detail the file does not hold: nearer to the eye, "
             "not to the truth.")
    return template.substitute(
        aspect=f"{cameras[0].width} / {cameras[0].height}", amplify=AMPLIFY,
        ratio=f"1/{raw / last.n_bytes:.0f}", intro=intro, notes=notes,
        rows="\n".join(table_rows(scene, ply, original, results)),
        view_buttons=buttons("view", [(str(i), cameras[i].name) for i in shown]),
        quality_buttons=buttons("quality", [(r.key, r.name) for r in reversed(results)]),
        figures="\n".join(view_figures(i, cameras[i].name, original, results) for i in shown),
    )


def table_rows(scene: Splats, ply: Path, original: list[NDArray], results: list[Result]):
    """One table row a file."""
    raw, n = ply.stat().st_size, max(scene.n_gaussians, 1)
    yield row(ply.name, kilobytes(raw), "1", f"{8 * raw / n:.0f}", "", "", "")
    for r in results:
        yield row(
            f"{r.path.name} ({r.name})", kilobytes(r.n_bytes),
            f"{raw / r.n_bytes:.1f}", f"{8 * r.n_bytes / n:.1f}",
            f"{mean_psnr(original, r.images):.2f} dB", f"{r.encode_seconds:.1f} s",
            f"{1000 * r.decode_seconds:.0f} ms",
        )


def row(name: str, size: str, ratio: str, *rest: str) -> str:
    cells = "".join(f"<td>{cell}</td>" for cell in rest)
    return (f'<tr><td>{html.escape(name)}</td><td>{size}</td><td class="big">{ratio}</td>'
            f"{cells}</tr>")


def kilobytes(n_bytes: int) -> str:
    return f"{n_bytes / 1000:,.0f} kB"


def buttons(name: str, choices: list[tuple[str, str]]) -> str:
    """Radio buttons (value, text); the first is chosen."""
    return "".join(
        f'<label><input type="radio" name="{name}" value="{value}"{" checked" * (i == 0)}>'
        f"<span>{html.escape(text)}</span></label>"
        for i, (value, text) in enumerate(choices)
    )


def view_figures(i: int, name: str, original: list[NDArray], results: list[Result]) -> str:
    """Original, decoded and difference of view `i`, one row a quality."""
    a = original[i]
    cells = [figure(f"original-{i}", "original", a, f"{name}, original")]
    for r in reversed(results):
        b, q = r.images[i], r.key
        cells += [
            figure(f"decoded-{q}-{i}", "decoded", b, f"{r.name}, {psnr(a, b):.2f} dB"),
            figure(f"difference-{q}-{i}", "difference", difference(a, b),
                   f"difference \u00d7{AMPLIFY}"),
        ]
    return f'<div class="grid">{"".join(cells)}</div>'


def figure(key: str, kind: str, image: NDArray, caption: str) -> str:
    """An image inside the page, with its caption."""
    text = html.escape(caption)
    source = base64.b64encode(png_bytes(image)).decode("ascii")
    return (f'<figure class="{kind}"><img id="{key}" alt="{text}" '
            f'src="data:image/png;base64,{source}"><figcaption>{text}</figcaption></figure>')


if __name__ == "__main__":
    main()
