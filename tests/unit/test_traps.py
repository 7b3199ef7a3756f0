"""Traps that other codecs fall into, and damage: what must survive, and what must be said."""

import hashlib
import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import codec
from codec.errors import NfxError, SceneError, Truncated
from tests.conftest import random_scene as scene

ROOT = Path(__file__).parents[2]
FIELDS = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")
FAST = codec.EncoderOptions(effort=1, prune=False)


def changed(splats, name, index, value):
    """The scene with one entry of one array set."""
    array = getattr(splats, name).copy()
    array[index] = value
    return replace(splats, **{name: array})


def roundtrip(splats, options=FAST):
    """Decoded scene and the encoder's report; every decoded value is finite."""
    report = {}
    decoded = codec.decode(codec.encode(splats, options, report=report))
    assert all(np.isfinite(getattr(decoded, name)).all() for name in FIELDS)
    return decoded, report


def distance_to_nearest(points, others):
    """[N] distance from each point to the nearest of `others`."""
    a, b = points.astype(np.float64), others.astype(np.float64)
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2)).min(axis=1)


# -- positions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [0, 2048.5, -3000, 1e5, -1e5])
def test_far_positions_neither_wrap_nor_clip(shift):
    """A scene far from the origin comes back there, no worse than float32 allows."""
    splats = scene()
    moved = replace(splats, means=splats.means + np.float32(shift))
    decoded, _ = roundtrip(moved)
    here = distance_to_nearest(splats.means, roundtrip(splats)[0].means).max()
    spacing = float(np.spacing(np.float32(abs(shift))))
    assert distance_to_nearest(moved.means, decoded.means).max() <= 1.5 * here + 2 * spacing


@pytest.mark.parametrize("factor", [1e-6, 1e5])
def test_scenes_of_any_unit(factor):
    """Scaling a scene scales its error: nothing depends on the unit."""
    splats = scene()
    scaled = replace(splats, means=splats.means * np.float32(factor),
                     log_scales=splats.log_scales + np.float32(np.log(factor)))
    here = distance_to_nearest(splats.means, roundtrip(splats)[0].means).max()
    there = distance_to_nearest(scaled.means, roundtrip(scaled)[0].means).max()
    assert there <= 2 * here * factor


@pytest.mark.parametrize("far", [3000.0, 1e5, -1e6])
def test_one_far_gaussian_costs_the_others_nothing(far):
    """An outlier is kept where it is, and the others stay as precise as without it."""
    splats = scene()
    apart = changed(splats, "means", 7, (far, 0, 0))
    decoded, _ = roundtrip(apart)
    here = distance_to_nearest(splats.means, roundtrip(splats)[0].means).max()
    error = distance_to_nearest(apart.means, decoded.means)
    assert error[7] <= 2 * here + 2 * np.spacing(np.float32(abs(far)))
    assert np.delete(error, 7).max() <= 2.5 * here


def test_repeated_positions_all_survive():
    """Clones: each of ten Gaussians at one place comes back."""
    splats = scene(40).take(np.repeat(np.arange(40), 10))
    decoded, _ = roundtrip(splats)
    assert decoded.n_gaussians == 400
    nearest = np.sqrt(((decoded.means[:, None] - splats.means[::10][None]) ** 2).sum(2)).argmin(1)
    assert np.bincount(nearest, minlength=40).tolist() == [10] * 40


@pytest.mark.parametrize("place", [0.0, 123.456])
def test_all_gaussians_at_one_place(place):
    """A scene of no extent decodes to one place, with all its different colours."""
    splats = replace(scene(), means=np.full((400, 3), place, np.float32))
    decoded, _ = roundtrip(splats)
    assert decoded.n_gaussians == 400
    assert np.abs(decoded.means - place).max() < 0.01
    assert np.abs(np.sort(decoded.sh0, axis=0) - np.sort(splats.sh0, axis=0)).max() < 0.6


def test_identical_gaussians_cost_almost_nothing():
    """Four hundred copies of one Gaussian: all there, in under a tenth of 400 different ones."""
    one = scene().take(np.zeros(400, int))
    data = codec.encode(one, FAST)
    assert codec.decode(data).n_gaussians == 400
    assert len(data) < 1500 < len(codec.encode(scene(), FAST)) / 3


def test_one_gaussian():
    """A single Gaussian keeps its place, size and colour."""
    splats = scene(1)
    decoded, _ = roundtrip(splats)
    assert np.abs(decoded.means - splats.means).max() < 0.01
    assert np.abs(decoded.sh0 - splats.sh0).max() < 0.1
    assert np.abs(np.sort(decoded.log_scales) - np.sort(splats.log_scales)).max() < 0.1


@pytest.mark.parametrize(("name", "value"), [
    ("sh0", 1000), ("sh0", -1e5), ("log_scales", 60), ("log_scales", -90), ("shN", 1e4),
    ("log_scales", -800), ("log_scales", 800),
    ("opacity_logits", 1e4), ("opacity_logits", -1e4), ("quats", 1e15),
])
def test_one_extreme_value_leaves_the_others_alone(name, value):
    """A finite outlier anywhere in the tree order decodes, and costs the others nothing."""
    splats = scene(4500, sh_degree=1)
    want = np.sort(roundtrip(splats)[0].sh0[:, 0])
    for index in (0, 777, 1500, 2900, 4499):
        decoded, _ = roundtrip(changed(splats, name, index, value))
        assert decoded.n_gaussians == 4500
        assert np.median(np.abs(np.sort(decoded.sh0[:, 0]) - want)) < 0.05


def test_values_beyond_any_alphabet_are_refused_or_kept():
    """Absurd finite colours never make a stream that cannot be decoded."""
    for value in (1e9, 1e20, 3e38):
        try:
            decoded, _ = roundtrip(changed(scene(4500), "sh0", 9, value))
        except SceneError as error:
            assert "too far from the others" in str(error)
        else:
            assert decoded.n_gaussians == 4500


# -- values no renderer can use ------------------------------------------------------------------


@pytest.mark.parametrize("name", FIELDS)
def test_one_nan_costs_one_gaussian(name):
    """A NaN anywhere drops that Gaussian alone, and the report says so."""
    splats = scene()
    decoded, report = roundtrip(changed(splats, name, 5, np.nan))
    clean, _ = roundtrip(splats.take(np.arange(400) != 5))
    assert sum(report["dropped"].values()) == 1 and "NaN" in next(iter(report["dropped"]))
    assert all(np.array_equal(getattr(decoded, f), getattr(clean, f)) for f in FIELDS)


def test_only_unusable_gaussians():
    """A scene of NaN alone becomes an empty scene, with a report, not a crash."""
    splats = replace(scene(9), means=np.full((9, 3), np.nan, np.float32))
    decoded, report = roundtrip(splats)
    assert decoded.n_gaussians == 0 and sum(report["dropped"].values()) == 9


def test_minus_infinite_scales_stay_flat():
    """Flat axes come back flat, the others of that Gaussian as they were, and are reported."""
    splats = changed(scene(), "log_scales", (3, 1), -np.inf)
    splats = changed(splats, "log_scales", 4, -np.inf)
    decoded, report = roundtrip(splats)
    assert decoded.n_gaussians == 400 and list(report["changed"].values()) == [2]
    flat = decoded.log_scales < -25
    assert sorted(flat.sum(axis=1).tolist())[-3:] == [0, 1, 3]
    usual = np.sort(splats.log_scales[3])[1:]
    one = np.sort(decoded.log_scales[flat.sum(axis=1) == 1][0])[1:]
    assert np.abs(one - usual).max() < 0.5


def test_plus_infinite_opacity_is_opaque():
    """Alpha 1 comes back as nearly 1, and is reported."""
    decoded, report = roundtrip(changed(scene(), "opacity_logits", 3, np.inf))
    assert list(report["changed"].values()) == [1]
    assert decoded.opacity_logits.max() > 8  # alpha > 0.9996


def test_length_of_quaternions_does_not_matter():
    """Un-normalized and negated quaternions give the very same stream as normalized ones."""
    splats = scene()
    length = np.float32(2.0) ** np.random.default_rng(2).integers(-8, 8, (400, 1))
    signs = np.where(np.arange(400) % 2, -1, 1)[:, None].astype(np.float32)
    other = replace(splats, quats=splats.quats * length.astype(np.float32) * signs)
    assert codec.encode(other, FAST) == codec.encode(splats, FAST)


def test_zero_quaternions_are_the_identity():
    """Ten zero rotations are reported, and encode as the identity would."""
    splats = scene()
    zero = changed(splats, "quats", slice(10), 0)
    identity = changed(splats, "quats", slice(10), (1, 0, 0, 0))
    report = {}
    assert codec.encode(zero, FAST, report=report) == codec.encode(identity, FAST)
    assert report["changed"] == {"zero rotation set to the identity": 10}


def test_lossless_keeps_what_the_lossy_mode_drops():
    """NaN payloads, infinities, -0 and denormals survive bit by bit, in the input's order."""
    splats = scene(50)
    for name, value in zip(FIELDS, (np.nan, -np.inf, 0, np.inf, -0.0, 1e-42), strict=True):
        splats = changed(splats, name, 5, value)
    options = codec.EncoderOptions(mode="lossless", keep_order=True)
    decoded = codec.decode(codec.encode(splats, options))
    assert all(getattr(decoded, f).tobytes() == getattr(splats, f).tobytes() for f in FIELDS)


# -- the same bytes everywhere, and a light decoder ----------------------------------------------

_HASH = """
import hashlib, sys
import numpy as np
import codec
rng = np.random.default_rng(3)
f = lambda *shape: rng.normal(size=shape).astype(np.float32)
splats = codec.Splats(f(2500, 3), f(2500, 3) - 4, f(2500, 4), 2 * f(2500), f(2500, 3),
                      f(2500, 15, 3) / 10)
effort, threads = int(sys.argv[1]), int(sys.argv[2])
data = codec.encode(splats, codec.EncoderOptions(effort=effort, threads=threads, tile_size=1024))
digest = hashlib.sha256(data)
decoded = codec.decode(data, codec.DecoderLimits(threads=threads))
for name in ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN"):
    digest.update(getattr(decoded, name).tobytes())
print(digest.hexdigest())
"""


def in_subprocess(code, *args, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | environment, check=True,
    )
    return done.stdout.strip()


def blas(threads):
    return {name: str(threads) for name in
            ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}


@pytest.mark.parametrize("effort", [1, 3])
def test_threads_change_neither_bytes_nor_arrays(effort):
    """One thread and many, of ours and of BLAS: the same stream and the same arrays."""
    if effort >= 3:
        pytest.importorskip("numba")
    one = in_subprocess(_HASH, effort, 1, **blas(1))
    many = in_subprocess(_HASH, effort, 3, **blas(4))
    assert len(one) == 64 and one == many


def test_encode_and_decode_never_import_heavy_packages():
    """Reading, encoding at effort 1, decoding and writing load no torch, SciPy, Numba or Pillow."""
    code = f"""
import sys
import numpy as np
import codec
{_HASH.split("effort, threads")[0]}
data = codec.encode(splats, codec.EncoderOptions(effort=1))
codec.decode(data)
lossless = codec.encode(splats, codec.EncoderOptions(mode="lossless"))
codec.decode(lossless)
print(sorted({{"torch", "scipy", "numba", "PIL", "gsplat"}} & set(sys.modules)))
"""
    assert in_subprocess(code) == "[]"


def test_readme_python_api(tmp_path):
    """The calls of the README work as written there."""
    codec.write_ply(tmp_path / "scene.ply", scene())
    splats = codec.read_ply(tmp_path / "scene.ply")
    data = codec.encode(splats, codec.EncoderOptions(quality=75, effort=1))
    limits = codec.DecoderLimits(max_gaussians=1_000_000, max_memory=1 << 30)
    decoded = codec.decode(data, limits)
    codec.write_ply(tmp_path / "out.ply", decoded)
    again = codec.read_scene(tmp_path / "out.ply")
    assert all(np.array_equal(getattr(again, f), getattr(decoded, f)) for f in FIELDS)
    try:
        codec.decode(data[:100])
    except codec.NfxError as error:
        assert error.exit_code == 4 and error.code == "truncated"


# -- damage ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def streams():
    """One lossy tile, several lossy tiles, lossless."""
    splats = scene(1500)
    return {
        "lossy": codec.encode(splats.take(np.arange(400)), FAST),
        "tiles": codec.encode(splats, replace(FAST, tile_size=1024)),
        "lossless": codec.encode(splats.take(np.arange(150)),
                                 codec.EncoderOptions(mode="lossless")),
    }


KINDS = ("lossy", "tiles", "lossless")


def fingerprint(splats):
    digest = hashlib.sha256()
    for name in FIELDS:
        digest.update(getattr(splats, name).tobytes())
    return digest.digest()


def check_flips(data, count, seed):
    """Each flipped bit is a typed error; `count` different bits."""
    bits = np.random.default_rng(seed).choice(8 * len(data), min(count, 8 * len(data)), False)
    for bit in bits.tolist():
        damaged = bytearray(data)
        damaged[bit >> 3] ^= 1 << (bit & 7)
        with pytest.raises(NfxError):
            codec.decode(bytes(damaged))


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bits_are_errors(streams, kind):
    """A hundred single-bit flips a stream: a typed error each."""
    check_flips(streams[kind], 100, seed=4)


@pytest.mark.parametrize("kind", KINDS)
def test_every_flip_in_the_first_bytes_is_an_error(streams, kind):
    """Every bit of the first 64 bytes, where magic, version and the first box stand."""
    data = streams[kind]
    for bit in range(512):
        damaged = bytearray(data)
        damaged[bit >> 3] ^= 1 << (bit & 7)
        with pytest.raises(NfxError):
            codec.decode(bytes(damaged))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_flipped_bits_are_errors(streams, kind):
    """10,000 single-bit flips over the three streams: a typed error each."""
    check_flips(streams[kind], 3334, seed=5)


def check_cuts(data, ends):
    """A cut gives a typed error, or all Gaussians, coarser, and a warning; never the original.

    Without allow_partial it is always an error.
    """
    whole = codec.decode(data)
    strict = codec.DecoderLimits(allow_partial=False)
    coarser = 0
    for end in ends:
        with pytest.raises(NfxError):
            codec.decode(data[:end], strict)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                decoded = codec.decode(data[:end])
            except NfxError as error:
                assert end < 16 or isinstance(error, Truncated)
                continue
        assert [w for w in caught if "cut short" in str(w.message)]
        assert decoded.n_gaussians == whole.n_gaussians
        coarser += fingerprint(decoded) != fingerprint(whole)
    return coarser


@pytest.mark.parametrize("kind", KINDS)
def test_cut_streams(streams, kind):
    """Cuts all over the stream."""
    data = streams[kind]
    coarser = check_cuts(data, range(0, len(data), max(1, len(data) // 150)))
    assert (coarser > 0) == (kind != "lossless")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_cut(streams, kind):
    """Every truncation of the three streams."""
    check_cuts(streams[kind], range(len(streams[kind])))
