"""Lossless profile: every float32 bit comes back, whatever the values are."""

from __future__ import annotations

import lzma

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import codec
from codec.core import lossless
from codec.encoder.lossless import bit_columns
from codec.errors import NfxError
from codec.scene import Splats

SPECIAL = np.array(
    [0, 0x80000000, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC12345, 0x7F800001, 1, 0x80000001,
     0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x3F800000], np.uint32)


def scene(n: int, degree: int = 3, seed: int = 0) -> Splats:
    """Colour channels and neighbours correlated, as in a trained scene."""
    rng = np.random.default_rng(seed)
    rest = (degree + 1) ** 2 - 1
    grey = rng.laplace(size=(n, rest, 1)) * np.exp(rng.normal(size=(n, 1, 1)))
    shn = 0.02 * (grey + 0.3 * rng.normal(size=(n, rest, 3)))
    parts = (rng.normal(size=(n, 3)), rng.normal(size=(n, 3)) - 4, rng.normal(size=(n, 4)),
             rng.normal(size=n) * 2, rng.normal(size=(n, 3)), shn)
    return Splats(*(p.astype(np.float32) for p in parts))


def from_bits(patterns: np.ndarray) -> Splats:
    """patterns: [C, N] in coding order."""
    degree = {14: 0, 23: 1, 38: 2, 59: 3}[len(patterns)]
    return Splats(**lossless.decode_columns(patterns.astype(np.int64), degree))


def round_trip(splats: Splats, **options) -> Splats:
    return codec.decode(codec.encode(splats, codec.EncoderOptions(mode="lossless", **options)))


def assert_same_rows(ours: Splats, theirs: Splats, ordered: bool) -> None:
    a, b = bit_columns(ours), bit_columns(theirs)
    if not ordered:
        a, b = a[:, np.lexsort(a)], b[:, np.lexsort(b)]
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("keep_order", [False, True])
@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 700])
def test_round_trip(n, degree, keep_order):
    splats = scene(n, degree)
    assert_same_rows(round_trip(splats, keep_order=keep_order), splats, keep_order)


@pytest.mark.parametrize("keep_order", [False, True])
def test_special_values_everywhere(keep_order):
    rng = np.random.default_rng(1)
    patterns = bit_columns(scene(600, 1))
    where = rng.random(patterns.shape) < 0.2
    patterns[where] = rng.choice(SPECIAL, int(where.sum()))
    splats = from_bits(patterns)
    assert_same_rows(round_trip(splats, keep_order=keep_order), splats, keep_order)


@pytest.mark.parametrize("keep_order", [False, True])
def test_random_bit_patterns(keep_order):
    patterns = np.random.default_rng(2).integers(0, 1 << 32, (23, 900))
    splats = from_bits(patterns)
    assert_same_rows(round_trip(splats, keep_order=keep_order), splats, keep_order)


@pytest.mark.parametrize("pattern", SPECIAL.tolist())
def test_constant_columns(pattern):
    splats = from_bits(np.full((14, 300), pattern))
    assert_same_rows(round_trip(splats), splats, True)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(0, 1 << 30), st.integers(0, 254), st.booleans())
def test_any_magnitude(n, seed, field, keep_order):
    """Columns whose exponents lie around any one value, with outliers."""
    rng = np.random.default_rng(seed)
    exponents = np.clip(field + rng.integers(-3, 4, (14, n)), 0, 255)
    exponents[rng.random((14, n)) < 0.05] = 0
    rest = rng.integers(0, 1 << 23, (14, n))
    patterns = rng.integers(0, 2, (14, n)) << 31 | exponents << 23 | rest
    splats = from_bits(patterns)
    assert_same_rows(round_trip(splats, keep_order=keep_order), splats, keep_order)


def test_tiles_and_clones():
    splats = scene(3000, 1)
    index = np.random.default_rng(3).integers(0, 2000, 3000)
    splats = splats.take(index)
    for keep_order in (False, True):
        decoded = round_trip(splats, tile_size=1024, keep_order=keep_order)
        assert_same_rows(decoded, splats, keep_order)


def test_fixed_point_cuts_toward_zero_and_marks_what_does_not_fit():
    floats = np.array([1.75, -1.75, 0.4, -0.4, -0.0, 2.0**29, 2.0**30, np.inf, np.nan], np.float32)
    values, fits = lossless.fixed_point(floats.view(np.uint32).astype(np.int64), 0)
    assert values[:6].tolist() == [1, ~1, 0, ~0, ~0, 1 << 29]
    assert fits.tolist() == [True] * 6 + [False] * 3


def test_repeated_values_cost_little():
    splats = scene(2000, 3)
    plain = len(codec.encode(splats, codec.EncoderOptions(mode="lossless")))
    splats.shN[500:] = 0
    dark = len(codec.encode(splats, codec.EncoderOptions(mode="lossless")))
    assert dark < 0.55 * plain


def test_smaller_than_byte_planes_and_xz():
    splats = scene(2000, 3)
    planes = bit_columns(splats).astype("<u4").view(np.uint8).reshape(59, -1, 4)
    yardstick = len(lzma.compress(planes.transpose(0, 2, 1).tobytes(), preset=6))
    assert len(codec.encode(splats, codec.EncoderOptions(mode="lossless"))) < 0.95 * yardstick


def test_same_bytes_twice():
    options = codec.EncoderOptions(mode="lossless")
    assert codec.encode(scene(800), options) == codec.encode(scene(800), options)


def test_damaged_streams_raise_only_our_errors():
    data = codec.encode(scene(300, 1), codec.EncoderOptions(mode="lossless"))
    params = lossless.LosslessParams
    payload = _modl(data)
    assert params.read(payload, 20).write() == payload
    for length in range(len(payload)):
        with pytest.raises(NfxError):
            params.read(payload[:length], 20)


def _modl(data: bytes) -> bytes:
    """MODL payload that the fitted parameters of the same scene have."""
    from codec.decoder.parse import parse

    return parse(data, codec.DecoderLimits()).tiers[0].params.write()
