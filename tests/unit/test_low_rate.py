"""tools.low_rate: what a low rate owes to each tool."""

import json

import pytest

import codec
from codec.encoder import balance, sparse
from codec.rendering import orbit_cameras
from tests.conftest import coloured_ball, photographed
from tools import low_rate
from tools.held_out import PhotographedScene


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    ball = coloured_ball(1_000, 5, -2.8)
    return photographed(ball, orbit_cameras(ball, 9, 64, 48), tmp_path_factory.mktemp("photos"))


def test_a_variant_is_an_encode_judged_on_views_it_never_saw(files, monkeypatch):
    """The figures are those of the file, and only views left in reach the encoder."""
    monkeypatch.setattr(balance, "MOST_ROUNDS", 2)
    given, encode = [], codec.encode

    def watched(*arguments, **named):
        given.append(named["cameras"])
        return encode(*arguments, **named)

    monkeypatch.setattr(codec, "encode", watched)
    scene = PhotographedScene.read(*files)
    found = low_rate.row(scene, 3000, "effort 3", 50.0)
    assert found["bytes"] <= 3000 and found["psnr"] < scene.judge.psnr(scene.splats)
    assert [c.name for c in given[0]] == [str(i) for i in range(1, 8)]
    assert 0 < found["n_gaussians"] < 1000 and found["seconds"] > 0


def test_a_routine_is_left_out_for_one_variant_alone(files, monkeypatch):
    """Stand-ins are in place while the variant encodes, and gone after it."""
    before, seen = sparse.better_count, []

    def encode(splats, options, report, **named):
        seen.append((sparse.better_count is before, options.effort))
        report["n_out"] = splats.n_gaussians
        return codec_encode(splats, codec.EncoderOptions(effort=1))

    codec_encode = codec.encode
    monkeypatch.setattr(codec, "encode", encode)
    scene = PhotographedScene.read(*files)
    for name in ("count not balanced", "effort 7", "default"):
        low_rate.row(scene, 3000, name, 50.0)
    assert seen == [(False, 5), (True, 7), (True, 5)] and sparse.better_count is before


def test_rows_replace_their_own_kind_and_no_other(files, tmp_path, monkeypatch):
    """Figures of other variants in the JSON stay; a wrong variant is refused by name."""
    out = tmp_path / "rows.json"
    monkeypatch.setattr(low_rate, "row", lambda scene, size, name, before: {
        "scene": scene.name, "size": size, "variant": name, "psnr": len(rows)})
    rows = []
    words = [str(files[0]), "--views", str(files[1]), "--photos", str(files[2]), "--json", str(out)]
    for size, names in (("3kB", "default,effort 4"), ("3kB", "default"), ("4kB", "default")):
        rows.append(names)
        assert low_rate.main([*words, "--size", size, "--variants", names]) == 0
    found = {(e["size"], e["variant"]): e["psnr"] for e in json.loads(out.read_text())}
    assert found == {(3000, "default"): 2, (3000, "effort 4"): 1, (4000, "default"): 3}
    with pytest.raises(SystemExit):
        low_rate.main([*words, "--size", "3kB", "--variants", "efort 4"])
