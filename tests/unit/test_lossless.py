"""Lossless profile: every float32 bit comes back, whatever the values are."""

from __future__ import annotations

import lzma
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import codec
from codec.core import lossless, lossless_model, lossless_rows, lossless_values
from codec.decoder.parse import parse
from codec.encoder import lossless_fit
from codec.encoder.lossless import bit_columns
from codec.errors import NfxError
from codec.scene import Splats
from codec.wire import tables
from codec.wire.reader import Reader
from codec.wire.writer import Writer

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
    values, fits = lossless_values.fixed_point(floats.view(np.uint32).astype(np.int64), 0)
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
    params = lossless_model.LosslessParams
    payload = _modl(data)
    assert params.read(payload, 9).write() == payload
    for length in range(len(payload)):
        with pytest.raises(NfxError):
            params.read(payload[:length], 9)


def _modl(data: bytes) -> bytes:
    """MODL payload that the fitted parameters of the same scene have."""
    return parse(data, codec.DecoderLimits()).tiers[0].params.write()


# -- scenes that were quantized before -------------------------------------------------------------


def quantized(n: int, degree: int = 2, seed: int = 5) -> Splats:
    """Everything on grids, unit quaternions, rows of shN from a palette: as decoded from SOG."""
    rng = np.random.default_rng(seed)
    splats = scene(n, degree, seed)
    parts = {name: (np.rint(getattr(splats, name) * 32) / 32).astype(np.float32)
             for name in ("means", "log_scales", "opacity_logits", "sh0", "shN")}
    quats = splats.quats / np.linalg.norm(splats.quats, axis=1, keepdims=True)
    rows = rng.integers(0, max(n // 4, 1), n)
    return replace(splats, **parts | {"quats": quats.astype(np.float32), "shN": parts["shN"][rows]})


def size(splats: Splats) -> int:
    return len(codec.encode(splats, codec.EncoderOptions(mode="lossless")))


@pytest.mark.parametrize("keep_order", [False, True])
@pytest.mark.parametrize("n", [0, 1, 2, 5, 2100])
def test_quantized_scenes_round_trip(n, keep_order):
    splats = quantized(n)
    assert_same_rows(round_trip(splats, keep_order=keep_order, tile_size=1024), splats, keep_order)


@pytest.mark.parametrize("name", ["means", "log_scales", "opacity_logits", "sh0", "shN", "quats"])
def test_each_old_grid_saves(name):
    """A scene that was quantized takes less for each of its fields than one that was not."""
    fine, coarse = scene(2000, 2, 5), quantized(2000)
    assert size(replace(fine, **{name: getattr(coarse, name)})) < size(fine) - 2000


def test_old_grids_and_special_values_together():
    rng = np.random.default_rng(6)
    patterns = bit_columns(quantized(900))
    where = rng.random(patterns.shape) < 0.004
    patterns[where] = rng.choice(SPECIAL, int(where.sum()))
    splats = from_bits(patterns)
    for keep_order in (False, True):
        assert_same_rows(round_trip(splats, keep_order=keep_order), splats, keep_order)


@pytest.mark.parametrize("bits", [12, 16, 23])
@pytest.mark.parametrize("far", [0.5, 300.0, 2000.0])
def test_fixed_point_positions_round_trip(bits, far):
    """Positions as of SPZ: multiples of a power of two, with both zeros."""
    splats = scene(400, 0, 7)
    unit = 2.0 ** -(bits - int(np.ceil(np.log2(far))) + 1)
    splats.means[:] = np.rint(np.random.default_rng(7).uniform(-far, far, (400, 3)) / unit) * unit
    splats.means[:3, 0] = 0.0, -0.0, unit
    assert_same_rows(round_trip(splats), splats, False)


@given(st.lists(st.integers(0, (1 << 32) - 1), min_size=1, max_size=60, unique=True),
       st.integers(1, 9))
def test_dictionaries_find_what_they_hold(values, length):
    """As runs, a dictionary says the same as the list of its values."""
    values = np.unique(np.concatenate([np.arange(v, min(v + length, 1 << 32)) for v in values]))
    d = lossless_model.Dictionary.of(values)
    out = Writer()
    d.write(out)
    d = lossless_model.Dictionary.read(Reader(out.getvalue(), "test"))
    assert len(d) == len(values)
    np.testing.assert_array_equal(d.value(np.arange(len(values))), values)
    asked = np.clip(np.concatenate([values, values - 1, values + 1]), 0, (1 << 32) - 1)
    ranks, found = d.find(asked)
    np.testing.assert_array_equal(ranks, np.searchsorted(values, asked))
    np.testing.assert_array_equal(found, np.isin(asked, values))


@given(st.integers(-12, 6), st.lists(st.integers(-3000, 3000), min_size=1, max_size=20),
       st.booleans())
def test_a_grid_holds_every_multiple(exponent, places, negative_zero):
    places = np.array(places)
    floats = np.ldexp(places.astype(np.float64), exponent).astype(np.float32)
    floats = np.append(floats, np.float32(-0.0)) if negative_zero else floats
    patterns = floats.view(np.uint32).astype(np.int64)
    grid = lossless_fit._grid(np.unique(lossless_values.ordered(patterns)))
    shift = min((int(p) & -int(p)).bit_length() - 1 for p in places if p) if any(places) else 0
    low, high = min(places.min(), 0 if negative_zero else 9999), places.max()
    high = max(high, 0) if negative_zero else high
    multiples = np.arange(low >> shift, (high >> shift) + 1).astype(np.float64)
    wanted = np.ldexp(multiples, exponent + shift).astype(np.float32)
    wanted = wanted.view(np.uint32).astype(np.int64)
    wanted = np.append(wanted, 1 << 31) if negative_zero else wanted
    np.testing.assert_array_equal(
        grid.value(np.arange(len(grid))), np.unique(lossless_values.ordered(wanted)))


def test_integer_roots_are_exact():
    roots = np.random.default_rng(8).integers(0, 1 << 26, 20000)
    for squares in (roots * roots, roots * roots + 1, np.maximum(roots * roots - 1, 0),
                    np.array([0, 1, 1 << 52])):
        found = lossless_rows.integer_root(squares)
        assert [math.isqrt(s) for s in squares.tolist()] == found.tolist()


def test_a_dictionary_of_four_billion_values_takes_no_memory():
    """Some bytes may say 2^32 values: they are refused or kept as runs."""
    def read(*numbers):
        out = Writer()
        for number in numbers:
            out.varint(number)
        return lossless_model.Dictionary.read(Reader(out.getvalue(), "test"))

    d = read(1 << 32, 1, 1 << 32)
    assert d.find(np.array([0, (1 << 32) - 1]))[0].tolist() == [0, (1 << 32) - 1]
    for numbers in (((1 << 32) + 1, 1, 1), (2, 1, 3), (1, 1, 0), (2, 1, 1, 0, 1),
                    (2, 1 << 32, 1, 1, 1), (1 << 62, 1 << 62, 1 << 62)):
        with pytest.raises(NfxError):
            read(*numbers)


@pytest.mark.parametrize("quantize", [False, True])
def test_damaged_quantized_streams_raise_only_our_errors(quantize):
    """Every byte of MODL and some of the payload changed: an error, or some splats."""
    data = codec.encode(quantized(300, 1) if quantize else scene(300, 1),
                        codec.EncoderOptions(mode="lossless"))
    rng = np.random.default_rng(9)
    from conformance import surgery

    for kind in (tables.MODL, tables.TILE):
        for _ in range(150):
            def change(payload: bytes) -> bytes:
                raw = bytearray(payload)
                raw[rng.integers(0, min(len(raw), 400))] = rng.integers(0, 256)
                return bytes(raw)

            try:
                codec.decode(surgery.edit_payload(data, kind, change))
            except NfxError:
                pass


def test_rows_are_repeated_only_where_that_pays():
    """A palette is coded once; rows of zeros, which cost nothing anyway, are no reason to."""
    rng = np.random.default_rng(10)
    coarse = quantized(2000)
    dark = scene(2000, 2, 10)
    dark.shN[rng.random(2000) < 0.6] = 0
    for splats, repeats in ((coarse, True), (dark, False), (scene(2000, 2), False)):
        data = codec.encode(splats, codec.EncoderOptions(mode="lossless"))
        assert parse(data, codec.DecoderLimits()).tiers[0].params.repeats == repeats


def test_a_flat_scene_pays_nothing_for_its_flat_axis():
    splats = scene(2000, 0, 11)
    splats.means[:, 1] = 0.1
    flat = size(splats)
    splats.means[:, 1] = np.random.default_rng(11).normal(size=2000)
    assert flat < size(splats) - 2000 * 3


def test_lengths_of_one_up_to_rounding():
    """Lengths that are a little off 1: still one component follows."""
    splats = scene(2000, 0, 12)
    quats = splats.quats / np.linalg.norm(splats.quats, axis=1, keepdims=True)
    noise = 1 + 1e-6 * np.random.default_rng(12).normal(size=(2000, 1))
    off = size(replace(splats, quats=(quats * 1.1).astype(np.float32)))
    assert size(replace(splats, quats=(quats * noise).astype(np.float32))) < off - 2000
