"""The report: what it must show of lossless and broken codecs, its cache, its failures, Ray."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from codec.io.cameras import write_cameras
from codec.io.ply import read_ply, write_ply
from tests.conftest import shared_data
from tools import significance, storage
from tools.ladder import find_codecs
from tools.make_scene import demo_cameras, make_demo, make_synth
from tools.rd_report import __main__ as report
from tools.rd_report import files, run, summary
from tools.rd_report.scenes import SceneSpec, load_scene, split_views
from tools.rd_report.svg import log_ticks, nice_ticks, rd_plot

for needed in ("numba", "torch", "torchmetrics", "bjontegaard", "PIL"):
    pytest.importorskip(needed)

# Fewer rungs than a real report has: 4 are the least a BD-rate takes.
CODECS = ("ply", "nfx-lossless", "lightgaussian", "control-swapped")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def one_version():
    """The cache follows our sources; an edit during the tests must not look like a miss."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tools.ladder.our_version", lambda: "of this test")
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A small scene and its cameras (16 views, 2 of them test views)."""
    place = tmp_path_factory.mktemp("rd")
    write_ply(place / "demo.ply", make_demo(400))
    write_cameras(place / "demo.json", demo_cameras(16, 96, 72))
    return place


def arguments(folder: Path, out: str, *scenes: str, codecs=CODECS, more=()) -> list[str]:
    plys = [str(folder / f"{scene}.ply") for scene in scenes or ("demo",)]
    return [*plys, "--views", str(folder / "demo.json"), "--codecs", *codecs, "--width", "0",
            "--rates", "keep=0.2,0.4,0.7,1", "--path-frames", "3",
            "--metrics", "psnr", "ssim", "consistency", *more, "--cache", str(folder / "cache"),
            "-o", str(folder / out)]


@pytest.fixture(scope="module")
def results(folder) -> dict:
    """results.json of one serial run."""
    report.main(arguments(folder, "first"))
    return json.loads((folder / "first" / "results.json").read_text())


def points(results: dict, codec: str, scene: str = "demo") -> list[dict]:
    return results["curves"][scene][codec]


def test_lossless_is_infinitely_close(results):
    (point,) = points(results, "nfx-lossless")
    assert point["metrics"]["psnr"] == point["metrics"]["psnr_original"] == "inf"
    assert point["metrics"]["consistency"] == "inf"
    assert point["metrics"]["ssim"] == pytest.approx(1)
    assert point["bytes"] < points(results, "ply")[-1]["bytes"]


def test_lpips_of_a_lossless_file_is_zero(folder):
    weights = shared_data("weights/alexnet_features.safetensors").parent
    more = ("lpips_alex", "--weights", str(weights))
    report.main(arguments(folder, "lpips", codecs=("nfx-lossless",), more=more))
    found = json.loads((folder / "lpips" / "results.json").read_text())
    (point,) = points(found, "nfx-lossless")
    assert point["metrics"]["lpips_alex"] == 0
    assert "LPIPS v0.1 alex" in found["metrics"]["lpips_alex"]


def test_swapped_colours_come_last(results):
    """At every rung, and the more so the better the others get."""
    broken = [p["metrics"]["psnr"] for p in points(results, "control-swapped")]
    fair = [p["metrics"]["psnr"] for p in points(results, "lightgaussian")]
    assert all(b < f for b, f in zip(broken, fair, strict=True))
    assert fair[-1] > broken[-1] + 20
    assert broken[-1] < fair[2], "the whole scene broken is worse than a part of it sound"


def test_page_shows_curves_metrics_codecs_and_what_is_left_out(folder, results):
    page = (folder / "first" / "report.html").read_text()
    assert page.count("<svg") >= 4 and "∞" in page and "src=\"http" not in page
    for text in (*CODECS, "RGB clipped and rounded to 8 bits", "gsplat-png", "every byte",
                 "the original splats", "HAC++ low", "2 test views of 16 cameras"):
        assert text in page, text


def test_csv_has_the_surveys_columns(folder, results):
    with (folder / "first" / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == files.COLUMNS
    assert len(rows) == 3 * 4 + 1
    lossless = next(row for row in rows if row["Method"] == "nfx-lossless")
    assert lossless["PSNR"] == "inf" and lossless["#Gaussians"] == "400"


def test_points_and_summary_hold_what_was_measured(folder, results):
    with (folder / "first" / "points.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 13 and {row["scene"] for row in rows} == {"demo"}
    raw = next(row for row in rows if (row["codec"], row["rate"]) == ("ply", "keep 1"))
    assert raw["psnr"] == "inf" and int(raw["bytes"]) == points(results, "ply")[-1]["bytes"]
    short = json.loads((folder / "first" / "summary.json").read_text())
    assert short["command"] == results["command"] and short["metrics"] == results["metrics"]
    assert short["scenes"] == results["scenes"] and "curves" not in short


def test_a_second_run_takes_everything_from_the_cache(folder, results, monkeypatch):
    def refuse(*_):
        raise AssertionError("encoded again")

    monkeypatch.setattr(run, "code", refuse)
    report.main(arguments(folder, "again"))
    again = json.loads((folder / "again" / "results.json").read_text())
    assert again["curves"] == results["curves"] and not again["failures"]


def test_another_version_or_rate_is_not_taken_from_the_cache(folder, results):
    scene = load_scene(SceneSpec(folder / "demo.ply", folder / "demo.json", None, 0, 3))
    codec = find_codecs()[0]["ply"]
    suite = run.Settings(folder, ("psnr",)).suite()
    with pytest.MonkeyPatch.context() as patch:
        ours = find_codecs()[0]["nfx"]
        before = run.point_key(scene, ours, 40.0, suite)
        patch.setattr("tools.ladder.our_version", lambda: "a later one")
        assert run.point_key(scene, ours, 40.0, suite) != before
    keys = {run.point_key(scene, codec, 0.5, suite), run.point_key(scene, codec, 0.4, suite),
            run.point_key(scene, replace(codec, sh_degree=0), 0.5, suite),
            run.point_key(scene, find_codecs()[0]["exgs"], 0.5, suite)}
    assert len(keys) == 4


def test_a_broken_scene_does_not_lose_the_others(folder, results):
    (folder / "broken.ply").write_bytes(b"ply\nnot a scene")
    report.main(arguments(folder, "both", "broken", "demo", codecs=("ply",)))
    both = json.loads((folder / "both" / "results.json").read_text())
    assert [scene["name"] for scene in both["scenes"]] == ["demo"]
    assert both["failures"] and "broken ply: SceneError" in both["failures"][0]
    assert points(both, "ply") == points(results, "ply")


def test_nothing_measured_is_an_error(folder):
    (folder / "broken.ply").write_bytes(b"ply\nnot a scene")
    with pytest.raises(SystemExit, match="no scene could be measured"):
        report.main(arguments(folder, "none", "broken", codecs=("ply",)))


def test_a_failing_codec_is_named_and_the_rest_goes_on(folder, monkeypatch):
    known, left_out = find_codecs()
    bad = replace(known["ply"], name="bad", peer=replace(known["ply"].peer, encode=("false",)))
    monkeypatch.setattr(run, "_codecs", lambda: known | {"bad": bad})
    monkeypatch.setattr(report, "find_codecs", lambda: (known | {"bad": bad}, left_out))
    report.main(arguments(folder, "bad", codecs=("bad", "ply")))
    found = json.loads((folder / "bad" / "results.json").read_text())
    assert len(found["failures"]) == 4 and "exit code 1" in found["failures"][0]
    assert len(points(found, "ply")) == 4


RAY_SCRIPT = """
import sys
from ray.cluster_utils import Cluster
from tools.rd_report.__main__ import main
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
main([*sys.argv[1:], "--ray", cluster.address])
cluster.shutdown()
"""


def test_a_ray_cluster_gives_the_same_points(folder, results):
    """A real cluster on this machine; one of two scenes fails and the other arrives."""
    pytest.importorskip("ray")
    (folder / "broken.ply").write_bytes(b"ply\nnot a scene")
    given = arguments(folder, "ray", "broken", "demo", codecs=("lightgaussian",))
    given[given.index("--cache") + 1] = str(folder / "cache-ray")
    done = subprocess.run([sys.executable, "-c", RAY_SCRIPT, *given, "--rates", "keep=0.4,1"],
                          cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads((folder / "ray" / "results.json").read_text())
    (failure,) = found["failures"]
    assert failure.startswith("broken lightgaussian: SceneError")
    serial = {point["rate"]: point for point in points(results, "lightgaussian")}
    assert [point["rate"] for point in points(found, "lightgaussian")] == ["keep 0.4", "keep 1"]
    for ours in points(found, "lightgaussian"):
        same = serial[ours["rate"]]
        assert (ours["bytes"], ours["metrics"]) == (same["bytes"], same["metrics"])


# -- Views and references ----------------------------------------------------------------------


def test_every_eighth_view_by_name_is_held_out():
    cameras = [replace(demo_cameras(1)[0], name=f"v{i}") for i in range(20)]
    train, test = split_views(cameras)
    assert [c.name for c in test] == ["v0", "v16", "v6"], "string order: v0 v1 v10 v11 ..."
    assert len(train) == 17 and not {c.name for c in train} & {c.name for c in test}
    assert split_views(cameras[:5]) == (sorted(cameras[:5], key=lambda c: c.name),) * 2


def test_photos_are_the_reference_when_given(folder):
    from PIL import Image

    photos = folder / "photos" / "images"
    photos.mkdir(parents=True)
    for camera in demo_cameras(16, 96, 72):
        Image.new("RGB", (192, 144), (255, 0, 0)).save(photos / f"{camera.name}.png")
    scene = load_scene(SceneSpec(folder / "demo.ply", folder / "demo.json", photos.parent, 0, 2))
    assert np.allclose(scene.references[0], [1, 0, 0]) and scene.references[0].shape == (72, 96, 3)
    assert "held-out photos" in scene.statement
    material = scene.material(folder / "work")
    assert len(material.photos) == 14 and not set(material.photos) & {c.name for c in scene.test}


# -- Averages and BD-rates -----------------------------------------------------------------------


def curve(shift: float, scale: float) -> list[dict]:
    sizes = (100, 200, 400, 800, 1600)
    quality = (20.0, 24.0, 27.0, 29.0, 30.0)
    numbers = dict.fromkeys(
        ("n_gaussians", "encode_s", "decode_s", "encode_mb", "decode_mb", "value"), 1.0)
    return [{"codec": "x", "version": "1", "rate": f"r{i}", "command": "", **numbers,
             "bytes": size * scale, "metrics": {"psnr": q + shift, "lpips_alex": 1 - q / 40}}
            for i, (size, q) in enumerate(zip(sizes, quality, strict=True))]


def test_bd_rates_are_the_packages_scene_by_scene():
    import bjontegaard

    curves = {("a", "nfx"): curve(0.5, 0.8), ("a", "spz4"): curve(0, 1),
              ("b", "nfx"): curve(1.0, 1.0), ("b", "spz4"): curve(0, 1)}
    entry = summary.bd_table(curves)["spz4"]["psnr"]
    by_hand = []
    for scene in "ab":
        sides = [[[p["bytes"] for p in curves[scene, c]],
                  [p["metrics"]["psnr"] for p in curves[scene, c]]] for c in ("spz4", "nfx")]
        by_hand.append(bjontegaard.bd_rate(*sides[0], *sides[1], method="pchip", min_overlap=0))
    assert [entry["each"][s]["percent"] for s in "ab"] == by_hand
    assert entry["percent"] == sum(by_hand) / 2 and entry["scenes"] == 2
    lpips = summary.bd_table(curves)["spz4"]["lpips_alex"]["each"]["a"]["percent"]
    assert lpips == pytest.approx(-20), "lower is better: 0.8 of the bytes at equal LPIPS"


def test_control_and_lossless_get_no_bd_rate():
    curves = {("a", name): curve(0, 1) for name in ("nfx", "control-swapped", "nfx-lossless")}
    assert summary.bd_table(curves) == {}


def test_averages_take_each_scene_once():
    means = summary.averages({("a", "x"): curve(0, 1), ("b", "x"): curve(2, 3)})
    assert len(means["x"]) == 5 and means["x"][0]["scenes"] == 2
    assert means["x"][0]["bytes"] == 200 and means["x"][0]["metrics"]["psnr"] == 21


def test_averages_leave_out_a_rung_that_failed_in_one_scene():
    lacking = curve(2, 3)
    del lacking[1]
    means = summary.averages({("a", "x"): curve(0, 1), ("b", "x"): lacking})["x"]
    assert [point["rate"] for point in means] == ["r0", "r2", "r3", "r4"]
    assert means[1]["metrics"]["psnr"] == 28


def test_infinite_and_missing_values_survive_strict_json():
    text = json.dumps(summary.plain({"a": [math.inf, math.nan, 1.5]}), allow_nan=False)
    assert json.loads(text) == {"a": ["inf", None, 1.5]}


def test_published_points_have_a_source_and_a_data_set():
    published = files.read_published()
    assert set(published) == {"Mip-NeRF360", "Tanks&Temples", "Deep Blending"}
    everything = [point for points in published.values() for point in points]
    assert len(everything) > 80 and all(p["source"] and p["metrics"] for p in everything)
    low = next(p for p in published["Mip-NeRF360"] if p["codec"] == "HAC++ low")
    assert low["bytes"] == 8.74e6 and low["metrics"] == {"psnr": 27.6, "ssim": .803, "lpips": .253}


# -- Plots and strips ----------------------------------------------------------------------------


def test_plot_skips_what_is_infinite_and_keeps_within_its_frame():
    plot = rd_plot({"a": [(1e3, 20.0), (1e5, 30.0), (1e6, math.inf)]}, "PSNR", ["a"])
    assert plot.count("<polygon") == 2 and "inf" not in plot
    assert rd_plot({"a": [(1e3, math.inf)]}, "PSNR", ["a"]) == "<p>no points</p>"


def test_ticks_are_round():
    assert nice_ticks(19.2, 31.0) == [20, 22, 24, 26, 28, 30]
    assert log_ticks(90e3, 1.1e6) == [1e5, 2e5, 5e5, 1e6]


def test_strips_interpolate_the_share_to_meet_the_bytes():
    known = ((0.1, 10_000), (0.4, 40_000), (1.0, 100_000))
    assert run.value_at(known, 20_000, "keep") == pytest.approx(0.2)
    assert run.value_at(known, 5_000, "keep") == pytest.approx(0.05)
    assert run.value_at(known, 900_000, "keep") == 1
    assert run.value_at(((20.0, 100), (40.0, 300)), 299, "ratio") == 20
    assert run.value_at(((20.0, 100), (40.0, 300)), 50, "ratio") == 20


def test_strip_shows_every_codec_at_the_budget(folder):
    codecs = ("nfx", "lightgaussian")
    more = ("--rates", "ratio=20", "keep=0.2,0.4,0.7,1")
    given = arguments(folder, "strip", codecs=codecs)
    report.main([*given, *more])
    page = (folder / "strip" / "report.html").read_text()
    strip = json.loads((folder / "strip" / "results.json").read_text())["strips"]["demo"]
    assert page.count("data:image/jpeg;base64,") == 3, "the original and two codecs"
    assert [c["codec"] for c in strip["codecs"]] == list(codecs)
    assert strip["codecs"][1]["bytes"] == pytest.approx(strip["budget"], rel=0.15)
    viewer = folder / "strip" / "viewer_demo_nfx.html"
    assert f'href="{viewer.name}"' in page, "a page to look at the scene and its NFX file"
    assert viewer.read_text("utf-8").count('id="nfx-scene-') == 2
    report.main([*arguments(folder, "bare", codecs=codecs), *more, "--no-strips"])
    assert not json.loads((folder / "bare" / "results.json").read_text())["strips"]
    assert "data:image/jpeg" not in (folder / "bare" / "report.html").read_text()


# -- Storages and pruning scores -----------------------------------------------------------------


@pytest.mark.parametrize("sh_degree", [0, 1, 3])
@pytest.mark.parametrize("name", [n for n in storage.FORMATS if n != "swapped"])
def test_storages_come_back_within_their_precision(name, sh_degree):
    splats = make_synth(300, sh_degree)
    fmt = storage.FORMATS[name]
    decoded = fmt.decode(fmt.encode(splats))
    if name == "png8":  # sorts, and normalizes quaternions
        from tools.lossless_yardstick import morton_order

        splats = splats.take(morton_order(splats.means))
        norms = np.linalg.norm(splats.quats, axis=1, keepdims=True)
        splats = replace(splats, quats=splats.quats / norms)
    for field in storage.FIELDS:
        before, after = getattr(splats, field), getattr(decoded, field)
        span = float(np.ptp(before)) if before.size else 0.0
        exact = name.startswith("ply")
        limit = 0 if exact else span * (1e-3 if field == "means" or "fp16" in name else 1 / 500)
        assert after.shape == before.shape and after.dtype == np.float32
        assert before.size == 0 or np.abs(after - before).max() <= limit + 1e-7 * (not exact), field


def test_the_control_swaps_red_and_blue_and_nothing_else():
    splats = make_synth(50, 2)
    swapped = storage.FORMATS["swapped"]
    decoded = swapped.decode(swapped.encode(splats))
    assert np.allclose(decoded.sh0, splats.sh0[:, ::-1], atol=2e-3)
    assert np.allclose(decoded.shN[..., 0], splats.shN[..., 2], atol=2e-3)
    assert np.allclose(decoded.means, splats.means, rtol=1e-3)


def test_ladder_prunes_by_significance_and_codes_what_is_left(folder):
    from tools.ladder import Material, code

    material = Material(folder / "demo.ply", demo_cameras(4, 96, 72), folder)
    exgs = find_codecs()[0]["exgs"]
    coded = code(exgs, 0.25, material, folder)
    decoded = read_ply(coded.decoded)
    assert coded.n_gaussians == decoded.n_gaussians == 100 and decoded.sh_degree == 0
    assert coded.encode_s > 0 and coded.encode_mb > 10 and str(folder) not in coded.command


def test_blending_weight_of_a_hidden_gaussian_is_small(folder):
    """An opaque Gaussian in front of another takes its weight."""
    splats, cameras = make_demo(400), demo_cameras(3, 96, 72)
    camera = cameras[0]
    ray = np.linalg.inv(camera.world_to_camera)[:3, 2]
    two = replace(
        splats.take(np.array([0, 1])),
        means=np.stack([camera.position + 2 * ray, camera.position + 4 * ray]).astype("f4"),
        log_scales=np.log([[0.3] * 3, [0.1] * 3]).astype("f4"),
        opacity_logits=np.array([9, 9], "f4"))
    front, back = significance.blending_weights(two, [camera])
    assert front > 50 * back >= 0


def test_lightgaussian_score_is_weight_times_relative_volume():
    splats = make_synth(100, 0)
    volume = np.exp(splats.log_scales.astype("f8").sum(1))
    reference = np.sort(volume)[::-1][90]
    weights = np.random.default_rng(0).uniform(0, 1, 100)
    expected = weights * (volume / reference) ** 0.1
    assert np.allclose(significance.lightgaussian_scores(splats, weights), expected, rtol=1e-5)


def test_gradient_scores_rank_the_seen_above_the_unseen():
    splats, cameras = make_demo(200), demo_cameras(2, 48, 36)
    photos = [np.full((36, 48, 3), 0.5, np.float32)] * 2
    far = splats.means.copy()
    far[:20] += 1e4
    scores = significance.gradient_scores(replace(splats, means=far), cameras, photos)
    assert np.all(scores[:20] == 0) and (scores[20:] > 0).mean() > 0.5


@pytest.mark.parametrize("count", [1, 40, 300, 1000, 2000])
def test_exgs_keeps_exactly_the_budget_and_no_full_voxel_empty(count):
    rng = np.random.default_rng(2)
    means = rng.normal(size=(1000, 3))
    scores = np.exp(3 * rng.normal(size=1000)) * (1 + 50 * (means[:, 0] > 0))
    kept = significance.exgs_select(means, scores, count)
    assert len(kept) == len(set(kept.tolist())) == min(count, 1000)
    if count == 300:
        voxel = significance.voxel_ids(means, count / 4)
        full = np.flatnonzero(np.bincount(voxel) >= significance.EXGS_LEAST_POINTS)
        assert set(full) <= set(voxel[kept]), "budget lasted for one Gaussian in each"
        assert set(np.argsort(-scores)[:210]) <= set(kept), "the best 70 % of the budget stay"


def test_gode_levels_are_geometric_up_to_85_percent():
    shares = significance.gode_shares(1_000_000, 3)
    assert [round(share * 1e6) for share in shares] == [4096, 59005, 850000]
