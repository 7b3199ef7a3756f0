"""The viewer: one HTML page with scenes, decoder and renderer inside, or the same over localhost.

The template `viewer.html` is made from `tools/viewer/` by its `build.mjs`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path

SCENES_MARK = "<!--NFX-SCENES-->"


@dataclass(frozen=True, slots=True)
class ViewerScene:
    """What the page shows: name: a text; data: bytes of an NFX stream; note: a line, or ""."""

    name: str
    data: bytes
    note: str = ""


def viewer_scene(path: Path, limits) -> ViewerScene:
    """The NFX stream at `path`, a file or pipe; any other scene file is carried losslessly.

    limits: DecoderLimits. Raises FormatError, UnsupportedError, LimitExceeded or SceneError.
    """
    from codec.cli.common import read_stream
    from codec.decoder.parse import parse
    from codec.wire.tables import MAGIC

    data = read_stream(path)
    if data.startswith(MAGIC) or path.suffix.lower() == ".nfx" or not path.is_file():
        parse(data, limits)
        return ViewerScene(path.name, data)
    from codec.encoder.encode import encode
    from codec.io.scenes import read_scene
    from codec.options import EncoderOptions

    data = encode(read_scene(path), EncoderOptions(mode="lossless"))
    note = f"file of {path.stat().st_size:,} bytes, carried losslessly"
    return ViewerScene(path.name, data, note)


def viewer_page(scenes: list[ViewerScene], urls: list[str] | None = None) -> str:
    """The whole page as text. With `urls` it fetches the scenes, else they are inside."""
    config: dict = {"title": " | ".join(scene.name for scene in scenes), "scenes": []}
    parts = []
    for i, scene in enumerate(scenes):
        entry = {"name": scene.name, "note": scene.note, "bytes": len(scene.data)}
        if urls:
            entry["url"] = urls[i]
        else:
            entry["data"] = f"nfx-scene-{i}"
            text = base64.b64encode(scene.data).decode()
            parts.append(f'<script type="text/plain" id="nfx-scene-{i}">{text}</script>')
        config["scenes"].append(entry)
    text = json.dumps(config).replace("<", "\\u003c")
    parts.insert(0, f'<script type="application/json" id="nfx-config">{text}</script>')
    template = files("codec.cli").joinpath("viewer.html").read_text("utf-8")
    before, after = template.split(SCENES_MARK)
    return before + "\n".join(parts) + after


def write_viewer(path: Path, scenes: list[ViewerScene], overwrite: bool = False) -> int:
    """Write the self-contained page; returns its size in bytes. Raises what atomic_write does."""
    from codec.io.atomic import atomic_write

    page = viewer_page(scenes).encode()
    atomic_write(path, page, overwrite=overwrite)
    return len(page)


def make_server(scenes: list[ViewerScene], port: int = 0) -> ThreadingHTTPServer:
    """Server of the page on 127.0.0.1; scenes by range requests. Port 0: any free one."""
    urls = [f"scene-{i}.nfx" for i in range(len(scenes))]
    found = {f"/{url}": (scene.data, "application/octet-stream")
             for url, scene in zip(urls, scenes, strict=True)}
    found["/"] = (viewer_page(scenes, urls).encode(), "text/html; charset=utf-8")

    class Handler(_RangeHandler):
        content = found

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def serve(scenes: list[ViewerScene], port: int, say: Callable[[str], None]) -> None:
    """Serve until interrupted. Raises OSError when the port is taken."""
    with make_server(scenes, port) as server:
        say(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("stopped")


class _RangeHandler(BaseHTTPRequestHandler):
    """GET and HEAD of `content`, single byte ranges (RFC 9110, 14.2)."""

    protocol_version = "HTTP/1.1"
    content: dict[str, tuple[bytes, str]] = {}

    def do_GET(self) -> None:
        self._answer(True)

    def do_HEAD(self) -> None:
        self._answer(False)

    def _answer(self, with_body: bool) -> None:
        data, kind = self.content.get(self.path.split("?")[0], (b"", ""))
        if not kind:
            self.send_error(404)
            return
        first, last, status = byte_range(self.headers.get("Range"), len(data))
        body = data[first : last + 1]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-store")
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        elif status == 416:
            self.send_header("Content-Range", f"bytes */{len(data)}")
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, *_arguments) -> None:
        """No line a request: standard error belongs to the program."""


def byte_range(header: str | None, size: int) -> tuple[int, int, int]:
    """(first, last, HTTP status) for a Range header; (0, -1, 416) when it cannot be met."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header.strip()) if header else None
    if not found or found[0] == "bytes=-":
        return 0, size - 1, 200
    if not found[1]:
        first, last = max(size - int(found[2]), 0), size - 1
    else:
        first, last = int(found[1]), min(int(found[2] or size), size - 1)
    if first >= size or last < first:
        return 0, -1, 416
    return first, last, 206
