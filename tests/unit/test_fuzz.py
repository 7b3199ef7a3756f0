"""The fuzz harnesses, bounded: their seeds, seeded mutations, and every input that once failed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec.decoder.parse import parse
from codec.options import DecoderLimits
from conformance import scenes, surgery
from tools import differential
from tools.fuzz import __main__ as runner
from tools.fuzz.harnesses import HARNESSES, OF_STREAMS, Finding, roundtrip, spz4
from tools.fuzz.mutators import fit_index, loose_boxes, mutate_stream, seeded_bytes
from tools.fuzz.seeds import seeds, stream_seeds

REGRESSIONS = sorted((Path(__file__).parents[1] / "fuzz").glob("*/*"))


def mutations(name: str, count: int, seed: int):
    """Seeded mutations of a harness's seeds, streams with their checksums made to fit."""
    rng, inputs = random.Random(seed), seeds(name)
    mutate = seeded_bytes(rng)
    for _ in range(count):
        data = rng.choice(inputs)
        room = len(data) + 64
        yield mutate_stream(data, room, rng, mutate) if name in OF_STREAMS else mutate(data, room)


@pytest.mark.parametrize("name", HARNESSES)
def test_seeds_pass(name):
    """Every seed input goes through its harness."""
    for data in seeds(name):
        HARNESSES[name](data)


@pytest.mark.parametrize("name", HARNESSES)
def test_mutations_pass(name):
    """Mutated inputs: an error on purpose, or a result with the promised properties."""
    for data in mutations(name, 60, seed=1):
        HARNESSES[name](data)


@pytest.mark.slow
@pytest.mark.parametrize("name", HARNESSES)
def test_many_mutations_pass(name):
    for data in mutations(name, 3000, seed=2):
        HARNESSES[name](data)


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_past_findings_stay_fixed(path):
    """Inputs that once crashed a harness (file name: what went wrong)."""
    HARNESSES[path.parent.name](path.read_bytes())


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.binary(max_size=600))
def test_scenes_of_any_floats_come_back(data):
    """Encode and decode whatever bit patterns hypothesis thinks of, in all modes."""
    for mode in range(4):
        roundtrip(bytes([mode]) + data)


def test_every_harness_has_its_share_of_a_long_run():
    assert set(runner.WEIGHTS) == set(HARNESSES)


# -- the mutators get past the checksums -----------------------------------------------------------


def test_mutated_streams_get_past_the_checksums():
    """Most mutations end in the fields or the payloads, few at a checksum."""
    rng = random.Random(3)
    codes = []
    for data in (d for d in stream_seeds() if differential.verdict_of_codec(d) not in
                 ("format", "unsupported", "limit")):
        changed = mutate_stream(data, 8192, rng, seeded_bytes(rng))
        try:
            parse(changed, DecoderLimits())
            codes.append("parsed")
        except Exception as error:
            codes.append(getattr(error, "code", "crash"))
    assert codes.count("parsed") > len(codes) / 4
    assert codes.count("bad-checksum") < len(codes) / 5 and "crash" not in codes


def test_a_mutated_payload_fits_the_index_again():
    """Sizes of TILE boxes follow the payloads, the scene's count follows the tiles'."""
    data = stream_seeds()[-5]
    header, boxes = loose_boxes(data)
    at = surgery.index_of(boxes, b"TILE")
    longer = surgery.RawBox(b"TILE", boxes[at].payload + b"xyz", flags=1)
    fitted = fit_index([*boxes[:at], longer, *boxes[at + 1 :]])
    stream = parse(surgery.join(header, fitted), DecoderLimits())
    assert stream.tiers[0].tiles[0].sizes[0] == len(longer.payload)


def test_hopeless_bytes_have_no_boxes():
    assert loose_boxes(b"no stream") is None
    assert len(mutate_stream(b"no stream", 20, random.Random(0), lambda d, n: d[:n])) <= 20


def test_spz4_wraps_what_its_header_announces():
    """A version 4 file from a header and raw sections is read."""
    from codec.io.report import ReadReport
    from codec.io.spz import read_spz

    body = next(s for s in seeds("spz") if s[:1] == b"\xc0")[1:]
    assert read_spz(memoryview(spz4(body)), ReadReport()).n_gaussians == 3


# -- harnesses that must bark ----------------------------------------------------------------------


def test_a_decoder_that_loses_a_gaussian_is_found(monkeypatch):
    """The round trip notices a wrong scene."""
    import codec

    decode = codec.decode
    monkeypatch.setattr(codec, "decode", lambda *a: decode(*a).take(slice(1, None)))
    with pytest.raises(Finding):
        roundtrip(seeds("roundtrip")[6])


def test_a_difference_between_the_decoders_is_found(monkeypatch):
    """The differential harness notices another error class."""
    monkeypatch.setattr(differential, "verdict_of_reference", lambda data: "unsupported")
    with pytest.raises(Finding):
        HARNESSES["differential"](stream_seeds()[-1])


def test_a_numpy_warning_is_a_finding(monkeypatch):
    """An overflow in the library is not passed over."""
    import numpy as np

    from tools.fuzz import harnesses

    monkeypatch.setattr(harnesses, "read_splat32", lambda data: np.float32(3e38) * np.float32(10))
    with pytest.raises(RuntimeWarning):
        HARNESSES["splat32"](b"")


# -- two decoders ----------------------------------------------------------------------------------


def test_two_decoders_agree_on_mutated_streams():
    """Same arrays or same error class on mutated streams, and on valid ones drawn at random."""
    kinds = set()
    for kind, data in differential.streams(160, seed=7):
        if not differential.too_large(data):
            ours = differential.verdict_of_codec(data)
            assert ours == differential.verdict_of_reference(data)
            kinds.add((kind, ours if len(ours) < 64 else "decoded"))
    assert {("mutated", "format"), ("mutated", "unsupported"), ("random", "decoded")} <= kinds


def test_large_streams_are_left_out():
    """A stream of more than the reference decoder takes is recognized, a small one not."""
    from codec import EncoderOptions, encode

    data = encode(scenes.scene(600, 0, 1), EncoderOptions(effort=1))
    assert differential.too_large(data) and not differential.too_large(stream_seeds()[-2])
