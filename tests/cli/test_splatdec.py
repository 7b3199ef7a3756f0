"""splatdec end to end on a small scene."""

from __future__ import annotations

import json

import numpy as np
import pytest

import codec
from codec.cli.images import contact_sheet, image_names, shrink
from codec.io.images import image_size
from codec.scene import Camera
from tests.cli.conftest import N_GAUSSIANS


def test_writes_the_decoded_scene(dec, nfx, tmp_path):
    """The PLY holds what the API decodes."""
    done = dec(nfx, "-o", tmp_path / "out.ply")
    assert done.exit_code == 0, done.stderr
    written, decoded = codec.read_ply(tmp_path / "out.ply"), codec.decode(nfx.read_bytes())
    for name in ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN"):
        assert getattr(written, name).tobytes() == getattr(decoded, name).tobytes(), name


def test_info_as_text_and_json(dec, nfx):
    text = dec(nfx, "--info")
    assert text.exit_code == 0 and "per" in text.stdout and text.stdout.count("\n") > 5
    facts = json.loads(dec(nfx, "--info", "--json").stdout)
    assert facts["bytes"] == nfx.stat().st_size
    assert facts["info"]["n_gaussians"] == codec.decode(nfx.read_bytes()).n_gaussians


def test_verify(dec, nfx, tmp_path):
    done = dec(nfx, "--verify")
    assert done.exit_code == 0 and "ok" in done.stderr
    data = bytearray(nfx.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "bad.nfx").write_bytes(data)
    done = dec(tmp_path / "bad.nfx", "--verify")
    assert done.exit_code == 4 and done.stderr.startswith("splatdec: error: ")
    assert done.stderr.count("\n") == 1


def test_broken_files_write_nothing(dec, scene_ply, tmp_path):
    """A PLY given as NFX is a format error, and leaves no output."""
    done = dec(scene_ply, "-o", tmp_path / "out.ply")
    assert done.exit_code == 4 and not (tmp_path / "out.ply").exists()
    (tmp_path / "empty.nfx").write_bytes(b"")
    assert dec(tmp_path / "empty.nfx", "--info").exit_code == 4


def test_refuses_to_overwrite(dec, nfx, tmp_path):
    out = tmp_path / "out.ply"
    out.write_bytes(b"precious")
    done = dec(nfx, "-o", out)
    assert done.exit_code == 2 and "--overwrite" in done.stderr
    assert out.read_bytes() == b"precious"
    assert dec(nfx, "-o", out, "--overwrite").exit_code == 0


def test_limits(dec, nfx, tmp_path):
    done = dec(nfx, "-o", tmp_path / "out.ply", "--max-gaussians", N_GAUSSIANS // 2)
    assert done.exit_code == 6 and not (tmp_path / "out.ply").exists()
    assert dec(nfx, "-o", tmp_path / "out.ply", "--max-memory", "1kB").exit_code == 6


@pytest.mark.parametrize(("args", "word"), [
    ([], "nothing to do"),
    (["--orbit", "2", "--views", "VIEWS"], "not both"),
    (["--verify", "-o", "x.ply"], "--verify"),
    (["-o", "x.ply", "--depth"], "--depth"),
    (["--orbit", "2", "--contact-sheet", "x.png", "--alpha"], "--out-dir"),
    (["--out-dir", "x"], "default views"),
    (["--orbit", "0"], "--orbit"),
    (["-o", "x.png"], "scenes are written as"),
    (["-o", "views", "--orbit", "2"], "--out-dir"),
    (["--orbit", "2", "--background", "red"], "colour"),
])
def test_impossible_options_are_usage_errors(
    dec, nfx, cameras_json, tmp_path, monkeypatch, args, word
):
    monkeypatch.chdir(tmp_path)
    done = dec(nfx, *[cameras_json if a == "VIEWS" else a for a in args])
    assert done.exit_code == 2 and word in done.stderr
    assert done.stderr.count("\n") == 1 and list(tmp_path.iterdir()) == []


def test_restore_require_says_there_is_none(dec, nfx, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = dec(nfx, "--orbit", 1, "--restore", "require")
    assert done.exit_code == 5 and "restorer" in done.stderr


def test_views_are_named_after_their_images(dec, nfx, cameras_json, tmp_path):
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("numba")
    out = tmp_path / "views"
    args = [nfx, "--views", cameras_json, "--out-dir", out, "--depth", "--alpha", "--backend",
            "cpu", "--background", "white", "--contact-sheet", tmp_path / "sheet.png"]
    done = dec(*args)
    assert done.exit_code == 0, done.stderr
    kinds = ("", ".depth", ".alpha")
    names = {f"photo_{i}{kind}.png" for i in range(3) for kind in kinds} | {"depth.json"}
    assert {p.name for p in out.iterdir()} == names
    rgb = np.asarray(image.open(out / "photo_1.png"))
    assert rgb.shape == (32, 48, 3)
    assert (rgb[0, 0] == 255).all() and not (rgb[16, 24] == 255).all()
    depth = np.asarray(image.open(out / "photo_1.depth.png")).astype(float)
    step = json.loads((out / "depth.json").read_text())["world_units_per_step"]["photo_1"]
    assert 2.0 < depth[16, 24] * step < 6.0  # the camera stands 4 units from the ball
    again = dec(*args)
    assert again.exit_code == 2 and "--overwrite" in again.stderr


def test_orbit_and_width(dec, nfx, tmp_path, monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.chdir(tmp_path)
    done = dec(nfx, "--orbit", 2, "--width", 40, "--backend", "cpu")
    assert done.exit_code == 0, done.stderr
    made = sorted(p.name for p in (tmp_path / "scene_views").iterdir())
    assert made == ["orbit_000.png", "orbit_001.png"]
    assert image_size(tmp_path / "scene_views" / made[0]) == (40, 30)


def camera(name: str) -> Camera:
    return Camera(np.eye(4), 1.0, 1.0, 1.0, 1.0, 2, 2, name)


def test_image_names_are_safe_and_distinct():
    """No name can leave the output folder, and no view overwrites another."""
    given = ["a", "a", "A", "cam0/img", "../../etc/passwd", "/abs", "..\\up", "", ".."]
    names = image_names([camera(n) for n in given])
    assert names[:4] == ["a", "a_2", "A_3", "cam0_img"]
    assert len({n.lower() for n in names}) == len(given)
    assert not any(c in n for n in names for c in "/\\") and ".." not in names


def test_made_up_image_names_are_no_other_views():
    """Real names first, also of names that differ in case alone."""
    given = ["0001", "0001", "0001_2", "A_2", "a", "A"]
    assert image_names([camera(n) for n in given]) == [
        "0001", "0001_3", "0001_2", "A_2", "a", "A_3"]


def test_image_names_reserve_every_file_of_a_view():
    kinds = ("", ".depth", ".alpha")
    names = image_names([camera(n) for n in ("v", "V.Depth", "v.alpha", "sheet")], kinds,
                        ["Sheet.png"])
    files = {f"{name}{kind}.png".lower() for name in names for kind in kinds}
    assert names[0] == "v" and len(files) == 12 and "sheet.png" not in files


@pytest.fixture
def named_views(cameras_json, tmp_path):
    """cameras.json of three views whose names look like outputs."""
    items = json.loads(cameras_json.read_text())
    for item, name in zip(items, ("v.jpg", "v.depth", "v.alpha"), strict=True):
        item["img_name"] = name
    (tmp_path / "c.json").write_text(json.dumps(items))
    return tmp_path / "c.json"


def test_depth_and_alpha_take_no_views_name(dec, nfx, named_views, tmp_path):
    pytest.importorskip("numba")
    out = tmp_path / "k1"
    args = [nfx, "--views", named_views, "--width", 16, "--depth", "--alpha", "--out-dir", out,
            "--backend", "cpu"]
    done = dec(*args)
    assert done.exit_code == 0, done.stderr
    assert len(list(out.iterdir())) == 3 * 3 + 1
    assert len(json.loads((out / "depth.json").read_text())["world_units_per_step"]) == 3


def test_the_sheet_takes_no_views_name(dec, nfx, named_views, tmp_path):
    pytest.importorskip("numba")
    out = tmp_path / "views"
    out.mkdir()
    done = dec(nfx, "--views", named_views, "--width", 16, "--out-dir", out, "--contact-sheet",
               out / "V.png", "--backend", "cpu")
    assert done.exit_code == 0, done.stderr
    assert {p.name for p in out.iterdir()} == {"V.png", "v_2.png", "v.depth.png", "v.alpha.png"}


@pytest.mark.parametrize("there", ["orbit_001.png", "orbit_001.depth.png", "depth.json"])
def test_every_image_is_checked_before_any_is_written(dec, nfx, tmp_path, there):
    out = tmp_path / "views"
    out.mkdir()
    (out / there).write_bytes(b"precious")
    args = [nfx, "--orbit", 2, "--width", 16, "--depth", "--out-dir", out, "--backend", "cpu"]
    done = dec(*args)
    assert done.exit_code == 2 and there in done.stderr and done.stderr.count("\n") == 1
    assert [p.name for p in out.iterdir()] == [there]
    (out / there).unlink()
    (out / there).mkdir()
    done = dec(*args, "--overwrite")
    assert done.exit_code == 2 and "is a folder" in done.stderr
    assert [p.name for p in out.iterdir()] == [there]


@pytest.mark.parametrize("args", [
    ["-o", "w.ply", "--contact-sheet", "w.ply", "--orbit", "1", "--width", "20"],
    ["-o", "q.ply", "--viewer", "./q.ply"],
    ["--viewer", "q.html", "--contact-sheet", "Q.html", "--orbit", "1"],
    ["-o", "x.ply", "--out-dir", "x.ply", "--orbit", "1"],
    ["--tiers", "1", "-o", "in.nfx"],
    ["--viewer", "in.nfx"],
    ["--orbit", "1", "--contact-sheet", "in.nfx"],
    ["--viewer", "c.json", "--compare", "c.json"],
    ["-o", "c.json", "--views", "c.json"],
    ["--orbit", "1", "--depth", "--out-dir", ".", "--contact-sheet", "depth.json"],
])
def test_no_output_is_another_or_an_input(dec, nfx, tmp_path, monkeypatch, args):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.nfx").write_bytes(nfx.read_bytes())
    (tmp_path / "c.json").write_text("[]")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    done = dec("in.nfx", *args, "--overwrite")
    assert done.exit_code == 2 and done.stderr.count("\n") == 1, done.stderr
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_contact_sheet_holds_every_view():
    cells = [np.full((4, 6, 3), 40 * (i + 1), np.uint8) for i in range(5)]
    sheet = contact_sheet(cells, gap=2)
    assert sheet.shape == (2 * 6 + 2, 3 * 8 + 2, 3)
    assert set(np.unique(sheet)) == {40, 80, 120, 160, 200, 255}


def test_shrink_averages():
    image = np.zeros((4, 4, 3), np.uint8)
    image[:, ::2] = 100
    assert (shrink(image, 2) == 50).all() and shrink(image, 2).shape == (2, 2, 3)
    assert shrink(image, 4) is image


def test_viewer_page(dec, nfx, scene_ply, tmp_path):
    """One HTML file with everything inside; --compare takes any scene file."""
    page = tmp_path / "scene.html"
    done = dec(nfx, "--viewer", page, "--compare", scene_ply)
    assert done.exit_code == 0, done.stderr
    text = page.read_text("utf-8")
    assert text.count('id="nfx-scene-') == 2 and "carried losslessly" in text
    assert dec(nfx, "--viewer", page).exit_code == 2
    assert dec(nfx, "--viewer", page, "--overwrite").exit_code == 0
    assert dec(nfx, "--compare", scene_ply, "--info").exit_code == 2


def test_viewer_refuses_what_is_broken(dec, tmp_path):
    """A damaged file gives its own exit code and no page."""
    bad = tmp_path / "bad.nfx"
    bad.write_bytes(b"not a stream")
    assert dec(bad, "--viewer", tmp_path / "bad.html").exit_code == 4
    assert not (tmp_path / "bad.html").exists()
