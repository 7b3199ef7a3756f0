"""Nested streams: tiers in the bitstream, and the encoder that makes them."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import codec
from codec.cli.splatdec import main as splatdec
from codec.cli.splatenc import main as splatenc
from codec.decoder.info import stream_info
from codec.encoder import balance, nested, search
from codec.encoder.container import first_tiers
from codec.encoder.ladder import Ladder, joined
from codec.encoder.probe import ViewError
from codec.errors import SceneError, UsageError
from codec.io.ply import write_ply
from codec.optimize.densify import Split
from codec.options import EncoderOptions
from codec.rendering import orbit_cameras
from conformance import valid
from tests.conftest import coloured_ball, photographed, random_scene

FIELDS = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")
SIZES = (1600, 3200, 6400)


@pytest.fixture(scope="module")
def ball():
    return coloured_ball(1_200, 5, -2.8)


@pytest.fixture(scope="module")
def cameras(ball):
    return orbit_cameras(ball, 5, 64, 48)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Few rounds of balancing and few iterations, for speed."""
    monkeypatch.setattr(balance, "MOST_ROUNDS", 2)
    monkeypatch.setattr(nested, "ITERATIONS", {4: 8})


@pytest.fixture(scope="module")
def untrained(ball, cameras):
    """(stream, report) at effort 3."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(balance, "MOST_ROUNDS", 2)
        report = {}
        data = codec.encode(ball, EncoderOptions(effort=3, ladder=SIZES), cameras=cameras,
                            report=report)
    return data, report


def same(a: codec.Splats, b: codec.Splats) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in FIELDS)


def cut(data: bytes, size: int, **options) -> codec.Splats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return codec.decode(data[:size], **options)


def test_each_size_is_a_scene_of_its_own(untrained, ball, cameras):
    """Cut at a size, asked for by tiers, and written as a file of its own: the same scene."""
    data, report = untrained
    error, shown = ViewError(ball, cameras), []
    for k, (size, tier) in enumerate(zip(SIZES, report["tiers"], strict=True)):
        assert 0.85 * size < tier["bytes"] <= size
        scene = codec.decode(data, tiers=k + 1)
        assert same(scene, cut(data, size))
        assert same(scene, codec.decode(first_tiers(data, k + 1)))
        shown.append(error.psnr(scene))
        # the report renders the encoder's own views, here all at their size
        assert shown[-1] == pytest.approx(tier["psnr"], abs=1.5)
    assert shown == sorted(shown)
    assert len(data) <= SIZES[-1]


def test_later_tiers_make_earlier_gaussians_smaller(untrained):
    data, _ = untrained
    one, two = codec.decode(data, tiers=1), codec.decode(data, tiers=2)
    n = one.n_gaussians
    assert np.array_equal(one.means, two.means[:n])
    shrink = (one.log_scales - two.log_scales[:n]).astype(np.float64)
    assert shrink.min() == pytest.approx(shrink.max(), abs=1e-5) and 0 < shrink.min() < 1


def test_cut_inside_a_tier_gives_its_whole_layers():
    """A tier cut after its base layer is there, unrefined; cut before that it is not."""
    data = valid._nested()
    boxes = stream_info(data)["boxes"]
    tier = [i for i, box in enumerate(boxes) if box["type"] == "MODL"][2]
    base = [box for box in boxes[tier:] if box["type"] == "TILE" and box["layer"] == 0]
    last = base[-1]["offset"] + base[-1]["bytes"]
    whole, coarse, fewer = codec.decode(data), cut(data, last), cut(data, last - 1)
    n = whole.n_gaussians - sum(t["n"] for t in stream_info(data)["tiles"] if t["tier"] == 2)
    assert coarse.n_gaussians == whole.n_gaussians and fewer.n_gaussians == n
    assert not np.array_equal(coarse.means, whole.means)
    assert np.array_equal(coarse.log_scales, whole.log_scales)
    assert same(fewer, codec.decode(data, tiers=2))


def test_extra_columns_of_a_cut_file_are_the_first_rows():
    data = valid._nested_extra()
    first = codec.decode(data, tiers=1)
    assert first.extra["id"].tolist() == list(range(64))
    assert codec.decode(data).extra["id"].tolist() == list(range(128))
    assert not codec.decode(first_tiers(data, 1)).extra
    assert first_tiers(data, 2) == data
    with pytest.raises(UsageError, match="2 tiers, not 3"):
        first_tiers(data, 3)


def test_training_serves_every_tier(ball, cameras, untrained, monkeypatch):
    monkeypatch.setattr(nested, "ITERATIONS", {4: 40})
    report = {}
    codec.encode(ball, EncoderOptions(effort=4, ladder=SIZES), cameras=cameras, report=report)
    before = [tier["psnr"] for tier in untrained[1]["tiers"]]
    after = [tier["psnr"] for tier in report["tiers"]]
    assert all(b > a for a, b in zip(before, after, strict=True))
    assert report["trained"]["iterations"] == 120  # as many as three files of their own


def test_a_gaussian_may_cost_more_where_a_size_shows_more():
    """Bits rise with the share of the input that a size can show, and not below 2 bits for each."""
    few, some, many = (nested.bits_for(size, 80_000) for size in (5_000, 200_000, 2_000_000))
    assert few == nested.BITS and few + 15 < some and many == pytest.approx(some + 20)


def test_the_last_bytes_do_not_depend_on_threads(ball, cameras):
    one, four = (codec.encode(ball, EncoderOptions(effort=4, ladder=SIZES[:2], threads=t),
                              cameras=cameras) for t in (1, 4))
    assert one == four


def test_a_tier_that_grew_in_training_is_fitted_again(ball, cameras, monkeypatch):
    """Sizes hold although the steps were chosen for 4 % more."""
    monkeypatch.setattr(nested, "SIZE_DRIFT", -0.04)
    report = {}
    data = codec.encode(ball, EncoderOptions(effort=4, ladder=SIZES[:2]), cameras=cameras,
                        report=report)
    assert len(data) <= SIZES[1]
    assert all(tier["bytes"] <= tier["target"] for tier in report["tiers"])


def test_ladder_shows_what_a_decoder_shows():
    """Masking keeps all rows; what is visible equals the scene up to the tier."""
    scene = random_scene(60, 1, 3)
    ladder = Ladder((10, 25, 60), (0, 0, 1))
    masked, upto = ladder.masked(scene, 1), ladder.upto(scene, 1)
    assert masked.n_gaussians == 60 and upto.n_gaussians == 25
    assert (masked.opacity_logits[25:] < -20).all()
    for name in FIELDS:
        assert np.array_equal(getattr(masked, name)[:25], getattr(upto, name)), name
    assert not upto.shN.any() and ladder.upto(scene, 2).shN[25:].any()
    assert np.allclose(upto.log_scales[:10], scene.log_scales[:10] - ladder.shrinks[1] / 64)
    assert np.array_equal(upto.log_scales[10:], scene.log_scales[10:25])


def test_spent_gaussians_stay_in_their_group():
    """A dead row becomes a half of a Gaussian of its own tier."""
    from codec.optimize.adam import Adam
    from codec.optimize.options import TrainOptions

    scene = random_scene(40, 0, 4)
    scene.opacity_logits[:] = 2
    scene.opacity_logits[[3, 30]] = -20
    scene.means[:20], scene.means[20:] = 0.0, 100.0
    options = TrainOptions(groups=(20, 40), cap=40)
    split = Split(options, np.ones(40, np.float32), np.ones(40, np.float32), 40)
    out = split.refine(scene, Adam.for_splats(scene), np.random.default_rng(0), 10)
    assert (np.abs(out.means[:20]) < 50).all() and (out.means[20:] > 50).all()
    assert out.opacity_logits[[3, 30]].min() > -10


@pytest.mark.parametrize("options", [
    {"ladder": (5000,)}, {"ladder": (5000, 5000)}, {"ladder": (9000, 5000)},
    {"ladder": (5000, 9000), "target_size": 9000}, {"ladder": (5000, 9000), "mode": "lossless"},
    {"ladder": (5000, 9000), "max_gaussians": 10}, {"ladder": (5000, 9000), "restore": "on"},
])
def test_a_ladder_that_cannot_be_is_refused(options):
    with pytest.raises(UsageError):
        EncoderOptions(**options)


def test_sizes_that_bring_nothing_are_refused(ball, cameras):
    with pytest.raises(UsageError, match="too close"):
        codec.encode(ball, EncoderOptions(effort=3, ladder=(90_000, 100_000)), cameras=cameras)
    with pytest.raises(SceneError, match="cannot reach 400 bytes"):
        codec.encode(ball, EncoderOptions(effort=3, ladder=(400, 9000)), cameras=cameras)
    with pytest.raises(UsageError, match="effort 3"):
        codec.encode(ball, EncoderOptions(effort=1, ladder=(4000, 9000)))


def test_on_the_command_line(ball, tmp_path, monkeypatch):
    monkeypatch.setattr(search, "PLANNED_VIEWS", 5)
    source, out, small = (tmp_path / name for name in ("a.ply", "a.nfx", "small.nfx"))
    write_ply(source, replace(joined([ball]), comments=("hello",)))
    run = CliRunner().invoke(splatenc, [str(source), "-o", str(out), "-e", "3", "--ladder",
                                        "2kB,4kB"])
    assert run.exit_code == 0 and "tiers" in run.output
    run = CliRunner().invoke(splatdec, [str(out), "--tiers", "1", "-o", str(small)])
    assert run.exit_code == 0
    found = codec.decode(small.read_bytes())
    assert small.stat().st_size < 2100 and found.comments == ("hello",)
    run = CliRunner().invoke(splatdec, [str(out), "--tiers", "1", "-o", str(tmp_path / "a.spz")])
    assert run.exit_code == 0 and f"{found.n_gaussians} Gaussians" in run.output
    for wrong in (["--tiers", "3", "-o", "x.nfx"], ["-o", "x.nfx"], ["--tiers", "1", "--verify"],
                  ["--tiers", "3", "-o", "x.ply"], ["--tiers", "1", "--info"]):
        assert CliRunner().invoke(splatdec, [str(out), *wrong]).exit_code == 2


def test_cost_of_nesting_is_measured_on_cut_files(ball, cameras, tmp_path, monkeypatch, untrained):
    """tools.nested_cost cuts the nested file at its sizes and compares with separate files."""
    from tools import held_out, nested_cost

    scene = held_out.PhotographedScene.read(*photographed(ball, cameras, tmp_path))
    nested_file, asked = untrained[0], []

    def encode(splats, options, cameras):
        asked.append(options)
        if options.ladder:
            return nested_file
        return first_tiers(nested_file, 1 + SIZES.index(options.target_size))

    monkeypatch.setattr(codec, "encode", encode)
    found = nested_cost.compare(scene, SIZES, 3, say=lambda text: None)
    assert [p["bytes"] for p in found["nested"]] == [*SIZES[:2], len(nested_file)]
    both = [[p["psnr"] for p in found[name]] for name in ("nested", "separate")]
    assert both[0] == both[1] and both[0] == sorted(both[0])
    assert [o.target_size for o in asked] == [None, *SIZES]


WIDE_SIZES = (1500, 6000, 24000)


@pytest.fixture(scope="module")
def wide(ball, cameras):
    """(stream, report) of sizes so far apart that each tier stands alone, at effort 3."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(balance, "MOST_ROUNDS", 2)
        report = {}
        data = codec.encode(ball, EncoderOptions(effort=3, ladder=WIDE_SIZES), cameras=cameras,
                            report=report)
    return data, report


def test_a_tier_that_stands_alone_replaces_those_before(wide, ball, cameras):
    """Of wide steps each tier is the scene a file of its own would hold, in little more bytes."""
    data, report = wide
    assert [tier["replaces"] for tier in report["tiers"]] == [False, True, True]
    before, error = 0, ViewError(ball, cameras)
    for k, (size, tier) in enumerate(zip(WIDE_SIZES, report["tiers"], strict=True)):
        assert 0.9 * size < tier["bytes"] <= size
        scene = codec.decode(data, tiers=k + 1)
        assert scene.n_gaussians == tier["n_gaussians"]
        assert same(scene, cut(data, size)) and same(scene, cut(data, tier["bytes"]))
        alone = first_tiers(data, k + 1)
        assert same(scene, codec.decode(alone)) and stream_info(alone)["tiers"][0]["bytes"]
        assert len(stream_info(alone)["tiers"]) == 1 and len(alone) <= tier["bytes"] - before + 150
        own = codec.encode(ball, EncoderOptions(effort=3, target_size=len(alone) + 20,
                                                restore="off"), cameras=cameras)
        assert error.psnr(scene) == pytest.approx(error.psnr(codec.decode(own)), abs=0.3)
        before = tier["bytes"]
    assert stream_info(data)["n_gaussians"] == report["n_out"] == codec.decode(data).n_gaussians


def test_a_replacing_tier_comes_into_force_with_its_first_layer():
    data = valid._replaced()
    boxes = stream_info(data)["boxes"]
    tier = [i for i, box in enumerate(boxes) if box["type"] == "MODL"][2]
    base = [box for box in boxes[tier:] if box["type"] == "TILE" and box["layer"] == 0]
    base = base[:2]  # of the third tier, which has two tiles
    last = base[-1]["offset"] + base[-1]["bytes"]
    assert cut(data, last).n_gaussians == codec.decode(data, tiers=3).n_gaussians == 30
    assert same(cut(data, last - 1), codec.decode(data, tiers=2))
    assert codec.decode(data, tiers=2).n_gaussians == 30
    assert codec.decode(data).n_gaussians == 60


def test_extra_columns_of_the_tier_that_is_left():
    data = valid._replaced_extra()
    assert codec.decode(data).extra["id"].tolist() == list(range(32, 48))
    assert codec.decode(data, tiers=2).extra["id"].tolist() == list(range(16, 32))
    assert not codec.decode(first_tiers(data, 3)).extra  # the columns belong to all Gaussians
    assert codec.decode(first_tiers(data, 3)).n_gaussians == 16


def test_wide_steps_need_no_renderer(ball):
    """At effort 1 nothing is rendered; a ladder of wide steps works all the same."""
    data = codec.encode(ball, EncoderOptions(effort=1, ladder=WIDE_SIZES))
    assert len(data) <= WIDE_SIZES[-1]
    assert codec.decode(data, tiers=1).n_gaussians < codec.decode(data).n_gaussians


def test_tiers_of_lower_degree_in_a_file_of_a_higher_one(ball, cameras, monkeypatch):
    from codec.encoder import sparse

    monkeypatch.setattr(sparse, "SH_DEGREES", ((2000, 0), (8000, 1)))
    rest = np.random.default_rng(3).normal(0, 0.2, (ball.n_gaussians, 8, 3)).astype(np.float32)
    rest[:, :3] += ball.shN
    rich = replace(ball, shN=rest)
    data = codec.encode(rich, EncoderOptions(effort=3, ladder=WIDE_SIZES), cameras=cameras)
    shown = [codec.decode(data, tiers=k + 1) for k in range(3)]
    assert {scene.sh_degree for scene in shown} == {2}
    assert not shown[0].shN.any() and shown[1].shN[:, :3].any() and not shown[1].shN[:, 3:].any()
    assert shown[2].shN[:, 3:].any()
