"""Encode and decode: what comes back, for every kind of scene."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

import codec
from codec.errors import NfxError
from tests.conftest import random_scene as scene


@pytest.mark.parametrize("n", [0, 1, 2, 300, 3000])
@pytest.mark.parametrize("sh_degree", [0, 3])
def test_decoded_scene_has_the_same_shape(n, sh_degree):
    """Every count and SH degree survives."""
    splats = scene(n, sh_degree)
    options = codec.EncoderOptions(effort=1, prune=False)
    decoded = codec.decode(codec.encode(splats, options))
    assert (decoded.n_gaussians, decoded.sh_degree) == (n, sh_degree)


def nearest(points, others):
    return np.sqrt(((points[:, None] - others[None]) ** 2).sum(2)).min(1)


def test_quality_brings_positions_closer():
    """A higher quality gives a larger stream and closer positions."""
    splats, sizes, errors = scene(800), [], []
    for quality in (30, 60, 90):
        data = codec.encode(splats, codec.EncoderOptions(effort=1, quality=quality))
        sizes.append(len(data))
        errors.append(nearest(codec.decode(data).means, splats.means).mean())
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)


def test_tiles_and_threads_do_not_change_bytes():
    """One thread and many write the same bytes, and decode them alike."""
    splats = scene(5000)
    data = [codec.encode(splats, codec.EncoderOptions(effort=1, tile_size=1024, threads=t))
            for t in (1, 4)]
    assert data[0] == data[1]
    a, b = (codec.decode(data[0], codec.DecoderLimits(threads=t)) for t in (1, 4))
    assert all(np.array_equal(getattr(a, f), getattr(b, f)) for f in ("means", "quats", "shN"))


@pytest.fixture(scope="module")
def small_stream():
    return codec.encode(scene(200, 1), codec.EncoderOptions(effort=1))


def test_every_truncation_is_an_error_or_a_coarser_scene(small_stream):
    """A prefix either raises a typed error or gives the whole scene, coarser, with a warning."""
    n = codec.decode(small_stream).n_gaussians
    coarser = 0
    for end in range(len(small_stream)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                assert codec.decode(small_stream[:end]).n_gaussians == n
            except NfxError:
                continue
        assert "cut short" in str(caught[0].message)
        coarser += 1
    assert coarser > 0


def test_bit_flips_never_pass(small_stream):
    """A flipped bit is always a typed error."""
    rng = np.random.default_rng(1)
    for bit in rng.integers(0, 8 * len(small_stream), 400).tolist():
        damaged = bytearray(small_stream)
        damaged[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(NfxError):
            codec.decode(bytes(damaged))


def test_comments_come_back():
    """The source's comments travel in META and reach the decoded scene."""
    splats = replace(scene(20), comments=("made by hand", "größer"))
    decoded = codec.decode(codec.encode(splats, codec.EncoderOptions(effort=1)))
    assert decoded.comments == splats.comments


def test_a_stream_longer_than_its_level_is_refused(monkeypatch):
    """max_bytes of the level bounds the whole stream (R-LVL-01)."""
    from codec.errors import UnsupportedError
    from codec.wire import tables

    data = codec.encode(scene(300), codec.EncoderOptions(effort=1))
    level = replace(tables.LEVELS[1], max_bytes=len(data))
    monkeypatch.setitem(tables.LEVELS, 1, level)
    assert codec.decode(data).n_gaussians
    monkeypatch.setitem(tables.LEVELS, 1, replace(level, max_bytes=len(data) - 1))
    with pytest.raises(UnsupportedError, match="longer than its level"):
        codec.decode(data)
