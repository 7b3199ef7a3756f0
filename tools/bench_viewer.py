"""The viewer page in headless Chromium with software WebGL: time to the first picture, frames/s.

    python -m tools.bench_viewer [--first SCENE] [--frames SCENE] [-o tools/results/viewer.json]

SCENE is a splat file, encoded at effort 1 here, or an NFX file; without them, `make_synth` with
300,000 Gaussians for the times and 100,000 for the frames, both of SH degree 3. Told are

- the first picture (coarse layer, from the camera the page chooses) and the whole one, ms since the
  page was asked for, from disk and over HTTP; a pixel is read back each time, so drawing has ended;
- frames per second while the camera circles at full resolution with all splats, and as the page
  does it (fewer pixels and splats while the machine is too slow), with what it came down to;
- JavaScript's and Python's decoding time, as `tools.bench_decoders` measures it.

The machine is named in the result. Needs Chromium and Node.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import codec
from codec.cli.viewer import ViewerScene, make_server, write_viewer
from tools.bench_decoders import side_by_side
from tools.browser import Chromium, Page, find_chromium

SIZE = (1280, 720)
WHOLE = """(async () => {
  await nfxViewer.settled();
  const gl = document.getElementById("picture").getContext("webgl2");
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  const { marks, slots } = nfxViewer;
  return { whole: performance.now(), ...marks, coarse: slots[0].first };
})()"""


def machine(page: Page) -> dict:
    """What the figures were taken on."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        name = next((line.split(":")[1].strip() for line in file if line.startswith("model name")),
                    name)
    renderer = page.evaluate("""(() => {
        const gl = document.createElement("canvas").getContext("webgl2");
        const info = gl.getExtension("WEBGL_debug_renderer_info");
        return gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
    })()""")
    return {
        "cpu": name, "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2),
        "browser": page.evaluate("navigator.userAgent").split(") ")[-1], "webgl": renderer,
    }


def stream_of(path: Path | None, n: int) -> tuple[str, bytes]:
    """Name and bytes of the NFX stream to show."""
    from tools.make_scene import make_synth

    if path is not None and path.suffix == ".nfx":
        return path.name, path.read_bytes()
    splats = codec.read_scene(path) if path else make_synth(n, 3)
    name = path.name if path else f"make_synth({n}, 3)"
    return f"{name}, effort 1", codec.encode(splats, codec.EncoderOptions(effort=1))


@contextlib.contextmanager
def served(scene: ViewerScene) -> Iterator[str]:
    """The page's address over HTTP, as --serve gives it."""
    server = make_server([scene])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def first_picture(browser: Chromium, url: str, repeats: int) -> dict:
    """Medians over fresh tabs, in ms; `share` is the median of first over whole."""
    found = []
    for _ in range(repeats):
        page = browser.new_page()
        page.open(url, *SIZE)
        found.append(page.evaluate(WHOLE))
        page.call("Page.close")

    def middle(pick) -> float:
        return round(statistics.median(map(pick, found)), 3)

    return {"first_ms": middle(lambda t: t["firstPicture"]),
            "whole_ms": middle(lambda t: t["whole"]), "decoded_ms": middle(lambda t: t["decoded"]),
            "share": middle(lambda t: t["firstPicture"] / t["whole"]),
            "first_picture": found[0]["coarse"], "repeats": repeats}


def frames(browser: Chromium, url: str) -> dict:
    """Frames per second while the camera circles: everything drawn, and as the page adapts."""
    page = browser.new_page()
    page.open(url, *SIZE)
    full = page.evaluate("nfxViewer.benchmark(6, false)")
    adapted = page.evaluate("nfxViewer.benchmark(6, true, 5)")
    page.call("Page.close")
    return {name: {"frames_per_s": round(got["fps"], 2), "width": got["width"],
                   "share_of_splats": got["share"]}
            for name, got in (("everything", full), ("as_the_page_adapts", adapted))}


def bench(first: Path | None, moving: Path | None, repeats: int, folder: Path) -> dict:
    program = find_chromium()
    if program is None:
        raise SystemExit("Chromium is not installed")
    found: dict = {"command": "python -m tools.bench_viewer", "page_pixels": SIZE}
    browser = Chromium(program, str(folder / "profile"))
    try:
        found["machine"] = machine(browser.new_page())
        name, data = stream_of(first, 300_000)
        scene, page = ViewerScene(name, data), folder / "first.html"
        write_viewer(page, [scene], overwrite=True)
        with served(scene) as url:
            found["first_picture"] = {
                "scene": name, "bytes": len(data),
                "from_disk": first_picture(browser, page.as_uri(), repeats),
                "by_ranges": first_picture(browser, url, repeats)}
        shown, data2 = stream_of(moving, 100_000)
        page = folder / "frames.html"
        write_viewer(page, [ViewerScene(shown, data2)], overwrite=True)
        found["frames"] = {"scene": shown, **frames(browser, page.as_uri())}
    finally:
        browser.close()
    file = folder / "first.nfx"
    file.write_bytes(data)
    found["decoders"] = {"scene": name, **side_by_side(file, repeats)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=Path, metavar="SCENE", help="scene of the times")
    parser.add_argument("--frames", type=Path, metavar="SCENE", help="scene of the frames")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path, help="write the figures as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        found = bench(given.first, given.frames, given.repeats, Path(folder))
    text = json.dumps(found, indent=1) + "\n"
    sys.stdout.write(text)
    if given.output:
        given.output.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
