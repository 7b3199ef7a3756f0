"""tools.train_scene on a tiny photo set made here: outputs, held-out views, resume, bad input."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("PIL")

from codec.errors import SceneError
from codec.io.cameras import read_cameras
from codec.io.colmap import read_points
from codec.io.images import write_png
from codec.io.ply import read_ply
from codec.optimize.photos import PhotoSet, split_views, view_at
from codec.rendering import RenderOptions, orbit_cameras, render
from codec.scene import Splats
from tests.conftest import shared_data
from tools import train_scene
from tools.train_scene import first_splats, main, make_parser, options_of

F = np.float32
N_VIEWS = 10


def truth():
    rng = np.random.default_rng(0)
    n = 50
    return Splats(rng.normal(0, 0.4, (n, 3)).astype(F), np.full((n, 3), -1.8, F),
                  np.tile(np.array([1, 0, 0, 0], F), (n, 1)), np.full(n, 2, F),
                  rng.normal(0, 0.8, (n, 3)).astype(F), np.zeros((n, 0, 3), F))


def quaternion(rotation):
    w = np.sqrt(max(0.0, 1 + np.trace(rotation))) / 2
    if w > 1e-3:
        r = rotation
        return [w, (r[2, 1] - r[1, 2]) / (4 * w), (r[0, 2] - r[2, 0]) / (4 * w),
                (r[1, 0] - r[0, 1]) / (4 * w)]
    values, vectors = np.linalg.eigh(rotation + rotation.T)
    return [0.0, *vectors[:, -1]]


def write_points(folder, points, colours):
    body = struct.pack("<Q", len(points))
    for i, (p, c) in enumerate(zip(points, colours, strict=True)):
        body += struct.pack("<Q3d3BdQ", i, *p, *c, 0.5, 2) + struct.pack("<4i", 1, 0, 2, 0)
    (folder / "points3D.bin").write_bytes(body)


@pytest.fixture(scope="module")
def photo_set(tmp_path_factory):
    """A COLMAP folder of ten renders, 40 x 40; names whose string order is not their own."""
    root = tmp_path_factory.mktemp("set")
    sparse, images = root / "sparse" / "0", root / "images"
    sparse.mkdir(parents=True)
    images.mkdir()
    splats = truth()
    cameras = orbit_cameras(splats, N_VIEWS, width=40, height=40)
    c = cameras[0]
    (sparse / "cameras.txt").write_text(
        f"# one\n1 PINHOLE 40 40 {c.fx} {c.fy} {c.cx} {c.cy}\n", "utf-8")
    lines = []
    for i, camera in enumerate(cameras):
        pose = camera.world_to_camera
        numbers = [*quaternion(pose[:3, :3]), *pose[:3, 3]]
        lines += [f"{i + 1} {' '.join(map(str, numbers))} 1 img_{i + 1}.png", ""]
        write_png(images / f"img_{i + 1}.png",
                  render(splats, camera, options=RenderOptions(backend="cpu")).rgb)
    (sparse / "images.txt").write_text("\n".join(lines), "utf-8")
    write_points(sparse, splats.means.astype(float), np.full((50, 3), 128, np.uint8))
    return root


def arguments(photo_set, out, *more):
    return [str(photo_set), "-o", str(out), "--iterations", "24", "--max-gaussians", "70",
            "--width", "40", "--sh-degree", "1", "--eval-every", "8", "--backend", "cpu",
            "--quiet", "--set", "refine_every=4", *more]


@pytest.fixture(scope="module")
def trained(photo_set, tmp_path_factory):
    """Folder of one finished training."""
    out = tmp_path_factory.mktemp("out")
    assert main(arguments(photo_set, out / "scene.ply")) == 0
    return out


def test_outputs(trained):
    """Scene, cameras of all views, and a report that says what it took and reached."""
    scene = read_ply(trained / "scene.ply")
    assert 50 <= scene.n_gaussians <= 70 and scene.sh_degree == 1
    assert [c.name for c in read_cameras(trained / "scene.cameras.json")] == sorted(
        f"img_{i + 1}" for i in range(N_VIEWS))
    report = json.loads((trained / "scene.train.json").read_text("utf-8"))
    assert report["held_out_views"] == ["img_1", "img_8"]  # 0 and 8 of the string order
    assert report["training_views"] == N_VIEWS - 2 and report["ended"] == "finished"
    assert report["gaussians"] == scene.n_gaussians and report["iterations"] <= 24
    assert report["seconds"] > 0 and report["cpu_seconds"] > 0
    assert report["options"]["cap"] == 70 and "numpy" in report["versions"]
    steps = [entry["step"] for entry in report["history"]]
    assert steps == [8, 16, 24]
    assert report["history"][-1]["psnr_held_out"] > report["history"][0]["psnr_held_out"]


def test_reported_psnr_is_that_of_the_file(trained, photo_set):
    """The figure can be had again from the written files alone."""
    report = json.loads((trained / "scene.train.json").read_text("utf-8"))
    scene = read_ply(trained / "scene.ply")
    values = []
    for camera in read_cameras(trained / "scene.cameras.json"):
        if camera.name in report["held_out_views"]:
            _, photo = PhotoSet([camera], photo_set / "images", 40).view(0)
            image = render(scene, camera).rgb
            values.append(-10 * np.log10(np.mean((np.clip(image, 0, 1) - photo) ** 2)))
    assert report["psnr_held_out_db"] == pytest.approx(np.mean(values), abs=0.01)


def test_held_out_photos_are_not_used(photo_set, trained, tmp_path):
    """Other pixels in every held-out photo: the same scene, bit by bit."""
    other = tmp_path / "images"
    other.mkdir()
    for i in range(N_VIEWS):
        name = f"img_{i + 1}.png"
        if i + 1 in (1, 8):
            write_png(other / name, np.zeros((40, 40, 3)))
        else:
            (other / name).write_bytes((photo_set / "images" / name).read_bytes())
    out = tmp_path / "scene.ply"
    assert main(arguments(photo_set, out, "--images", str(other))) == 0
    assert out.read_bytes() == (trained / "scene.ply").read_bytes()


def test_resumed_run_gives_the_same_file(photo_set, trained, tmp_path):
    """Stopped after every step by its budget, then gone on with by the same command.

    A budget no step can meet, so that the fastest machine stops too.
    """
    out = tmp_path / "scene.ply"
    calls = 0
    while calls < 40:
        assert main(arguments(photo_set, out, "--time-budget", "1e-9")) == 0
        calls += 1
        if json.loads((tmp_path / "scene.train.json").read_text("utf-8"))["ended"] == "finished":
            break
    assert calls == 24
    assert out.read_bytes() == (trained / "scene.ply").read_bytes()


def test_split_is_by_string_order():
    """Indices 0, 8, 16 of the sorted names."""
    cameras = orbit_cameras(truth(), 20, width=16, height=16)
    train, held = split_views(cameras)
    names = sorted(c.name for c in cameras)
    assert [c.name for c in held] == [names[0], names[8], names[16]]
    assert len(train) == 17 and not {c.name for c in train} & {c.name for c in held}


def test_every_view_once_an_epoch():
    """In an order of its own each time."""
    epochs = [[view_at(10 * e + i, 10, seed=1) for i in range(10)] for e in range(3)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_points_binary_and_text_agree(tmp_path):
    """Positions and colours; none when there is no file."""
    points, colours = np.array([[1.5, 2, 3], [4, 5, -6]]), np.array([[1, 2, 3], [250, 5, 6]])
    assert read_points(tmp_path)[0].shape == (0, 3)
    (tmp_path / "points3D.txt").write_text(
        "# comment\n7 1.5 2 3 1 2 3 0.5 1 0 2 4\n8 4 5 -6 250 5 6 0.1\n", "utf-8")
    text = read_points(tmp_path)
    write_points(tmp_path, points, colours)
    binary = read_points(tmp_path)
    for found in (text, binary):
        assert np.array_equal(found[0], points) and np.array_equal(found[1], colours)
    (tmp_path / "points3D.bin").write_bytes((tmp_path / "points3D.bin").read_bytes()[:70])
    with pytest.raises(SceneError, match="damaged"):
        read_points(tmp_path)


def test_start_without_points(photo_set, tmp_path):
    """Seeded random points; with more points than the cap, a part of them."""
    train, _ = split_views(read_cameras(photo_set))
    options = options_of(make_parser().parse_args(["x", "-o", "y.ply", "--max-gaussians", "300"]))
    random = first_splats(tmp_path, train, options)
    assert random.n_gaussians == 300 and np.isfinite(random.log_scales).all()
    few = options_of(make_parser().parse_args(["x", "-o", "y.ply", "--max-gaussians", "20"]))
    assert first_splats(photo_set, train, few).n_gaussians == 20


BAD = {
    "no folder": (["{root}/none"], 3, "not a folder"),
    "no cameras": (["{root}/images"], 3, "images"),
    "no images": (["{root}", "--images", "{root}/none"], 3, "does not exist"),
    "no photo": (["{root}", "--images", "{root}/sparse"], 3, "no photo img_"),
    "not a ply": (["{root}", "-o", "{out}/scene.txt"], 2, ".ply"),
    "no output folder": (["{root}", "-o", "{out}/none/scene.ply"], 2, "does not exist"),
    "unknown option": (["{root}", "--set", "speed=3"], 2, "speed"),
    "not a number": (["{root}", "--set", "opacity_rate=fast"], 2, "fast"),
    "no iterations": (["{root}", "--iterations", "0"], 2, "iterations"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_line(case, photo_set, tmp_path, capsys):
    """Non-zero exit code of its kind, one line on stderr, nothing written."""
    words, code, message = BAD[case]
    words = [w.format(root=photo_set, out=tmp_path) for w in words]
    if "-o" not in words:
        words += ["-o", str(tmp_path / "scene.ply")]
    assert main([*words, "--backend", "cpu"]) == code
    err = capsys.readouterr().err.strip()
    assert message in err and "\n" not in err and "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_existing_scene_is_not_overwritten(photo_set, tmp_path, capsys):
    """Without a checkpoint to go on from, a scene that is there stays."""
    out = tmp_path / "scene.ply"
    out.write_bytes(b"mine")
    assert main(arguments(photo_set, out)) == 2
    assert "exists" in capsys.readouterr().err and out.read_bytes() == b"mine"


def test_checkpoint_of_another_run(photo_set, trained, tmp_path, capsys):
    """Changed options are named; --restart starts anew."""
    for name in ("scene.ply", "scene.train.npz"):
        (tmp_path / name).write_bytes((trained / name).read_bytes())
    more = ("--seed", "5")
    assert main(arguments(photo_set, tmp_path / "scene.ply", *more)) == 2
    assert "seed" in capsys.readouterr().err
    assert main(arguments(photo_set, tmp_path / "scene.ply", *more, "--restart")) == 0
    report = json.loads((tmp_path / "scene.train.json").read_text("utf-8"))
    assert report["options"]["seed"] == 5
    assert train_scene.versions()["nfx"] == report["versions"]["nfx"]


@pytest.mark.slow
def test_real_photos(tmp_path):
    """A few hundred small steps on real photos give a recognisable scene, held-out views too."""
    source = shared_data("data/photos/plush")
    words = [str(source), "-o", str(tmp_path / "plush.ply"), "--iterations", "300", "--width",
             "160", "--max-gaussians", "30000", "--backend", "cpu", "--quiet"]
    assert main(words) == 0
    report = json.loads((tmp_path / "plush.train.json").read_text("utf-8"))
    assert len(report["held_out_views"]) == 13 and report["training_views"] == 84
    assert report["psnr_held_out_db"] > 23
