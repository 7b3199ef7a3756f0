"""tools.restored_rd: what is compared, at which bytes, and the figures drawn from it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import codec
from codec.core.mlra import MapGroup, write_maps
from codec.encoder.container import add_boxes
from codec.encoder.plan_restoring import plan_restoring
from codec.encoder.restoring import take_pictures
from codec.restore import mlora
from codec.wire.boxes import Box
from codec.wire.restorer import write_restorer
from codec.wire.tables import MLRA, REST
from tests.conftest import random_scene
from tests.unit.restore_nets import TinyPixels, one_thread  # noqa: F401
from tools import restored_rd

pytest.importorskip("numba")


def maps():
    """One value in each convolution's map."""
    layers = mlora.layer_list({"backbone": TinyPixels()}, mlora.CONVOLUTIONS)
    crc = mlora.factor_group(layers, [4] * len(layers)).crc
    return [MapGroup(mlora.CONVOLUTIONS, False, 8,
                     tuple(np.array([3, 0, 0, 0], np.int32) for _ in layers), crc)]


def test_cases_differ_by_their_boxes(weights):
    """Plain, restored and adapted: other images, and the bytes of files without the boxes."""
    splats = random_scene(200, 0)
    splats = replace(splats, means=0.4 * splats.means, log_scales=splats.log_scales + 1.5)
    options = codec.EncoderOptions(effort=1, prune=False, restore="on", weights=str(weights))
    settings = plan_restoring(options, 200).settings
    data = codec.encode(splats, replace(options, restore="off"))
    rest = Box(REST, write_restorer(settings))
    adapted = add_boxes(data, [rest, Box(MLRA, write_maps(maps()))])
    views = codec.rendering.orbit_cameras(splats, 2, 64, 48)
    pictures = take_pictures(data, splats, views, None, (0.0, 0.0, 0.0), 1)
    found = restored_rd.cases_of(data, adapted, pictures, weights)
    assert found["plain"][0] == len(data) and found["adapted"][0] == len(adapted)
    assert found["restored"][0] == len(add_boxes(data, [rest]))
    images = [np.stack(found[case][1]) for case in restored_rd.CASES]
    assert np.abs(images[0] - images[1]).max() > 0.01 < np.abs(images[1] - images[2]).max()
    plain = restored_rd.cases_of(data, data, pictures, weights)
    assert all(np.array_equal(plain[case][1], pictures.rgb) for case in restored_rd.CASES)


def rows(scene, ratio, shares):
    return [{"scene": scene, "ratio": ratio, "case": case, "bytes": 1e6 / ratio + i,
             "lpips_alex": 0.5 * share, "lpips_squeeze": 0.4 * share, "psnr": 20.0 - i,
             "target_size": 1e6 / ratio}
            for i, (case, share) in enumerate(zip(restored_rd.CASES, shares, strict=True))]


def test_summary_and_curves(tmp_path):
    """Means of ratios by size and over all; BD-rates of LPIPS; newer rows replace older ones."""
    path = tmp_path / "a.json"
    for ratio, level in ((4000, 1.0), (2000, 0.8), (1000, 0.6), (200, 0.4)):
        restored_rd.merged(path, rows("one", ratio, (level, level, level)), "command")
        restored_rd.merged(path, rows("one", ratio, (level, 0.9 * level, 0.6 * level)), "command")
    found = json.loads(path.read_text())
    assert len(found["rows"]) == 12
    every = found["mean_over_plain"]["adapted, all"]
    assert abs(every["lpips_alex"] - 0.6) < 1e-9 and abs(every["psnr"] + 2) < 1e-9
    curve = found["over_plain_curve"]["one"]
    assert curve["restored, lpips_squeeze"]["percent"] < -10
    shares = curve["adapted, lpips_alex"]["share_of_bytes_at_equal"]
    assert abs(shares[0] - 252 / 1001) < 0.01 and shares[-1] is None


def test_bytes_at_equal_distance():
    """Interpolated on the plain front in log bytes; none where plain never gets as near."""
    plain = [(1000, 0.4), (4000, 0.2), (2000, 0.5)]
    shares = restored_rd.share_of_bytes(plain, [(1000, 0.3), (3000, 0.1), (500, 0.4)])
    assert np.allclose(shares[:2], [0.5, 0.5]) and shares[2] is None


def test_plain_points_of_a_report(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("scene,codec,bytes,lpips_alex,lpips_squeeze\none,nfx,10,0.5,0.4\n"
                    "one,spz,20,0.5,0.4\n")
    assert restored_rd.plain_points(path) == [
        {"scene": "one", "bytes": 10, "lpips_alex": 0.5, "lpips_squeeze": 0.4}]
