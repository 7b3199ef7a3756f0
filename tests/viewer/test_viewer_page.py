"""The viewer page in headless Chromium: pictures, layers, input, two scenes, no WebGL2."""

from __future__ import annotations

import base64
import threading

import numpy as np
import pytest

import codec
from codec.cli.viewer import ViewerScene, byte_range, make_server, viewer_page, write_viewer
from tests.conftest import random_scene, shared_data

SIZE = (320, 240)


def ball(n=3000, seed=0, sh_degree=2) -> codec.Splats:
    """A ball of Gaussians about 1.5 units across, some opaque, some faint."""
    splats = random_scene(n, sh_degree, seed)
    rng = np.random.default_rng(seed + 1)
    splats.means[:] *= 0.5
    splats.log_scales[:] = rng.uniform(-4.5, -2.5, (n, 3))
    return splats


def camera(width=SIZE[0], height=SIZE[1]) -> codec.Camera:
    """Looks at the origin from three units away, a little from the side."""
    angle = 0.4
    world_to_camera = np.eye(4)
    world_to_camera[:3, :3] = [[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0],
                               [np.sin(angle), 0, np.cos(angle)]]
    world_to_camera[2, 3] = 3.0
    return codec.Camera(world_to_camera, 250.0, 255.0, width / 2, height / 2, width, height, "one")


def encoded(splats, cameras=None, **options) -> bytes:
    from codec.encoder.encode import encode

    return encode(splats, codec.EncoderOptions(effort=1, **options), default_views=cameras)


def open_page(page, path, data, size=SIZE):
    """Writes and opens the page from disk, without any server, and waits for the picture."""
    scenes = [ViewerScene(f"scene {i}", d) for i, d in enumerate(data)]
    write_viewer(path, scenes, overwrite=True)
    page.open(path.as_uri(), *size)
    page.evaluate("nfxViewer.settled()")


def picture(page, width, height, index=0) -> np.ndarray:
    """[height, width, 3] in 0..1 as the page draws scene `index`."""
    data = base64.b64decode(page.evaluate(f"nfxViewer.pixels({index}, {width}, {height})"))
    return np.frombuffer(data, np.uint8).reshape(height, width, 4)[..., :3] / 255


def psnr(a, b) -> float:
    return -10 * np.log10(np.mean((np.clip(a, 0, 1) - np.clip(b, 0, 1)) ** 2))


def facts(page) -> str:
    return page.evaluate("document.getElementById('facts').textContent")


@pytest.mark.parametrize("antialiased", [False, True])
def test_the_picture_is_the_renderers(page, tmp_path, antialiased):
    """Same camera, same size as codec.render: at least 30 dB (the page has 8 bits a blend)."""
    pytest.importorskip("numba")
    from dataclasses import replace

    data = encoded(replace(ball(), antialiased=antialiased), [camera()])
    open_page(page, tmp_path / "scene.html", [data])
    expected = codec.render(codec.decode(data), camera()).rgb
    assert expected.mean() > 0.05
    assert psnr(picture(page, *SIZE), expected) >= 30
    assert page.console == []


def test_the_picture_of_plush(page, tmp_path):
    """A trained scene from a camera that took it."""
    pytest.importorskip("numba")
    cameras = codec.read_cameras(shared_data("data/ply/plush.cameras.json"))
    view = cameras[3].resized(320)
    data = encoded(codec.read_scene(shared_data("data/ply/plush.ply")), [view])
    size = (view.width, view.height)
    open_page(page, tmp_path / "plush.html", [data], size)
    assert psnr(picture(page, *size), codec.render(codec.decode(data), view).rgb) >= 30
    assert page.console == []


def test_coarse_first_then_all_layers(page, tmp_path):
    """Layers arrive in order, the read-out tells size and quality, views are offered."""
    data = encoded(ball(), [camera()])
    open_page(page, tmp_path / "scene.html", [data])
    layers = page.evaluate("nfxViewer.slots[0].stats.layers")
    assert layers == page.evaluate("nfxViewer.slots[0].info.layers")
    assert layers[0] == "base" and len(layers) > 1
    assert "bits per Gaussian" in facts(page) and "full quality" in facts(page)
    assert page.evaluate("document.querySelectorAll('#views button').length") == 1
    marks = page.evaluate("nfxViewer.marks")
    assert marks["firstLayer"] <= marks["firstPicture"] <= marks["decoded"]
    first = page.evaluate("nfxViewer.slots[0].first")  # drawn while the rest was still to come
    assert first["layers"] == ["base"] and first["share"] == 1
    assert page.evaluate("document.getElementById('picture').width") == SIZE[0]


def test_tiers_are_shown_as_they_come(page, tmp_path):
    """One tier after another; a file cut after the first shows it and says what it lacks."""
    from .conftest import ROOT

    data = (ROOT / "conformance/streams/tiers/in.nfx").read_bytes()
    splats = codec.decode(data)
    open_page(page, tmp_path / "tiers.html", [data])
    info = page.evaluate("nfxViewer.slots[0].info")
    assert len(info["tiers"]) == info["nTiers"] > 1
    assert "full quality" in facts(page)
    assert page.evaluate("nfxViewer.slots[0].scene.n") == splats.n_gaussians
    first = codec.decode(data, tiers=1)
    assert page.evaluate("nfxViewer.slots[0].stats.layers").count("base") == info["nTiers"]
    cut = (ROOT / "conformance/streams/cut-after-tier/in.nfx").read_bytes()
    open_page(page, tmp_path / "cut.html", [cut])
    assert "tier 1 of" in facts(page) and "cut short" in facts(page)
    assert page.evaluate("nfxViewer.slots[0].scene.n") == first.n_gaussians < splats.n_gaussians
    page.evaluate("nfxViewer.show(-1)")
    page.evaluate("nfxViewer.settled()")
    assert picture(page, *SIZE).mean() > 0.01
    assert page.console == []


def test_on_a_slow_machine_less_is_drawn_while_the_camera_moves(page, tmp_path):
    """Steps follow from the time a frame takes; a camera at rest has everything again."""
    open_page(page, tmp_path / "scene.html", [encoded(ball(), [camera()])])
    steps = page.evaluate("""(() => {
        const { state, choosePixels } = nfxViewer;
        const after = (active, gap) => {
            choosePixels(active, gap);
            return [state.moving, state.quality];
        };
        const steps = [after(true, 5000), after(true, 200), after(true, 60), after(true, 30)];
        for (let i = 0; i < 10; i++) after(true, 10);
        return [...steps, after(true, 10), after(false, 4000), after(true, 4000)];
    })()""")
    moving = [step[0] for step in steps]
    assert moving[1] - moving[0] >= 2 and moving[2] == moving[1] + 1  # the first gap was no frame's
    assert moving[3] == moving[2] > moving[4]  # several fast frames in a row: more again
    assert steps[5][1] == 0 and moving[6] == moving[5]


def test_mouse_keyboard_and_touch_move_the_camera(page, tmp_path):
    """Each kind of input changes the view; key 1 brings the first view back."""
    open_page(page, tmp_path / "scene.html", [encoded(ball(300), [camera()])])

    def view():
        return np.array(page.evaluate("nfxViewer.camera.view"))

    def key(name, code):
        for kind in ("keyDown", "keyUp"):
            page.call("Input.dispatchKeyEvent", type=kind, key=name, code=code)

    def mouse(kind, x, y, **more):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    start = view()
    key("ArrowLeft", "ArrowLeft")
    by_key = view()
    mouse("mousePressed", 300, 200, button="left", clickCount=1)
    mouse("mouseMoved", 280, 180, button="left", buttons=1)
    mouse("mouseReleased", 280, 180, button="left")
    by_mouse = view()
    mouse("mouseWheel", 300, 200, deltaX=0, deltaY=200)
    by_wheel = view()
    for kind, points in (("touchStart", [(300, 200)]), ("touchMove", [(310, 220)]),
                         ("touchEnd", [])):
        page.call("Input.dispatchTouchEvent", type=kind,
                  touchPoints=[{"x": x, "y": y} for x, y in points])
    by_touch = view()
    seen = [start, by_key, by_mouse, by_wheel, by_touch]
    for before, after in zip(seen, seen[1:], strict=False):
        assert np.abs(before - after).max() > 1e-3
    key("f", "KeyF")
    assert page.evaluate("nfxViewer.state.fly") is True
    key("1", "Digit1")
    np.testing.assert_allclose(view(), start, atol=1e-9)
    assert page.console == []


def test_two_scenes_with_a_slider(page, tmp_path):
    """The left of the slider is the first scene, the right the second; their PSNR is measured."""
    fine = encoded(ball(), [camera()])
    coarse = encoded(ball(), [camera()], quality=20)
    open_page(page, tmp_path / "pair.html", [fine, coarse])
    a, b = picture(page, *SIZE, 0), picture(page, *SIZE, 1)
    measured = page.evaluate("nfxViewer.difference()")
    assert abs(measured - psnr(a, b)) < 0.01
    page.evaluate("nfxViewer.setSplit(0.5)")
    page.evaluate("nfxViewer.settled()")
    shown = page.evaluate("""(() => {
        const gl = document.getElementById("picture").getContext("webgl2");
        const rows = new Uint8Array(320 * 240 * 4);
        gl.readPixels(0, 0, 320, 240, gl.RGBA, gl.UNSIGNED_BYTE, rows);
        return Array.from(rows);
    })()""")
    shown = np.array(shown, np.uint8).reshape(240, 320, 4)[::-1, :, :3] / 255
    np.testing.assert_array_equal(shown[:, :160], a[:, :160])
    np.testing.assert_array_equal(shown[:, 160:], b[:, 160:])


def test_an_empty_scene_says_so(page, tmp_path):
    open_page(page, tmp_path / "empty.html", [encoded(random_scene(0, 0))])
    assert "0 Gaussians" in page.evaluate("document.getElementById('message').textContent")
    assert page.console == []


def test_without_webgl2_the_page_says_so(page, tmp_path):
    """The facts are still read and shown."""
    page.call("Page.addScriptToEvaluateOnNewDocument", source="""
        const real = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
            return kind === "webgl2" ? null : real.call(this, kind, ...rest);
        };""")
    open_page(page, tmp_path / "scene.html", [encoded(ball(200))])
    assert "WebGL2" in page.evaluate("document.getElementById('message').textContent")
    assert "Gaussians" in facts(page)
    assert page.console == []


def test_a_damaged_stream_is_named(page, tmp_path):
    data = bytearray(encoded(ball(200)))
    data[len(data) // 2] ^= 1
    open_page(page, tmp_path / "bad.html", [bytes(data)])
    assert "format" in page.evaluate("document.getElementById('message').textContent")


def test_serving_by_range_requests(page, monkeypatch):
    """The page over HTTP fetches the scene in pieces and shows a picture."""
    from codec.cli import viewer

    asked = []

    def spy(header, size):
        asked.append(header)
        return byte_range(header, size)

    monkeypatch.setattr(viewer, "byte_range", spy)
    data = encoded(ball(20000, sh_degree=3), [camera()], quality=100)
    server = make_server([ViewerScene("served", data)])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        page.open(f"http://127.0.0.1:{server.server_port}/", *SIZE)
        page.evaluate("nfxViewer.settled()")
        assert "full quality" in facts(page)
        assert picture(page, *SIZE).mean() > 0.02
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    ranges = [h for h in asked if h]
    assert len(ranges) >= 3 and ranges[0].startswith("bytes=0-")
    assert page.console == []


@pytest.mark.parametrize("header, expected", [
    (None, (0, 99, 200)), ("bytes=0-9", (0, 9, 206)), ("bytes=90-200", (90, 99, 206)),
    ("bytes=-5", (95, 99, 206)), ("bytes=7-", (7, 99, 206)), ("bytes=100-", (0, -1, 416)),
    ("bytes=5-2", (0, -1, 416)), ("lines=1-2", (0, 99, 200)), ("bytes=0-1,4-5", (0, 99, 200)),
])
def test_byte_ranges(header, expected):
    assert byte_range(header, 100) == expected


def test_names_cannot_break_out_of_the_page():
    """A file name is data, never markup."""
    page = viewer_page([ViewerScene("</script><script>alert(1)</script>", b"x")])
    assert "<script>alert" not in page


def test_the_page_carries_the_decoder_of_the_tree():
    """Else: cd tools/viewer && node build.mjs --decoder-only (after src/: npm run build)."""
    from importlib.resources import files

    from .conftest import ROOT

    template = files("codec.cli").joinpath("viewer.html").read_text("utf-8")
    assert (ROOT / "tools/viewer/nfx.js").read_text("utf-8") in template
    assert "MIT License" in template and "three.js" in template.lower()
    assert "https://" not in template.split("/*! three.js")[0].replace("https://www.w3.org", "")
