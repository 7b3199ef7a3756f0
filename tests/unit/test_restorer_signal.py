"""REST and MLRA: fields, integers, error classes, and the exact inputs of part 5.11."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import codec
from codec.core import mlra
from codec.core.mlra import MapGroup, read_maps, write_maps
from codec.decoder.decode import stream_info, verify
from codec.decoder.restorer import read_signalled
from codec.errors import (
    BadValue,
    FormatError,
    LimitExceeded,
    NfxError,
    UnsupportedError,
    UsageError,
)
from codec.restore import noise, schedule
from codec.wire.restorer import KINDS, ModelId, RestorerParams, read_restorer, write_restorer
from conformance import reference_decoder, restorer_cases
from conformance.judge import scene_hash
from conformance.reference_decoder import restorer

CASES = restorer_cases.load()
ANNEX_B = (Path(__file__).parents[2] / "bitstream_spec/annex-b-registries.md").read_text("utf-8")


# --- both decoders on the cases of conformance/restorer -------------------------------------------


def own_result(data: bytes) -> dict:
    try:
        return restorer_cases.facts_of(read_signalled(data))
    except FormatError:
        return {"error": "format"}
    except UnsupportedError:
        return {"error": "unsupported"}


def reference_result(data: bytes) -> dict:
    try:
        rest, groups = reference_decoder.decode_restorer(data)
    except reference_decoder.StreamError as error:
        return {"error": error.kind}
    maps = [restorer_cases.maps_facts(g.list, g.mode, g.step, g.ranks, g.factor_crc,
                                      np.concatenate([m.ravel() for m in g.maps]))
            for g in groups]
    return {"rest": plain(rest), "maps": maps}


def plain(fields) -> dict:
    """The fields of a structure as in case.json."""
    shown = {name: plain(v) if hasattr(v, "__dict__") else v.hex() if isinstance(v, bytes) else v
             for name, v in vars(fields).items()}
    return {name: value for name, value in shown.items() if name != "record"}


def test_the_cases_are_those_of_the_generator():
    """The tree holds what the generator makes, one folder a case."""
    assert set(CASES) == set(restorer_cases.CASES)
    for name in ("small", "maps", "maps-zero"):
        assert restorer_cases.CASES[name].make() == CASES[name][0]


@pytest.mark.parametrize("name", CASES)
def test_our_decoder_reads_the_boxes(name):
    """Fields and maps as in case.json, or the class of error."""
    data, expect = CASES[name]
    wanted = {k: v for k, v in expect.items() if k != "sha256"}
    assert own_result(data) == wanted


@pytest.mark.parametrize("name", CASES)
def test_the_reference_decoder_agrees(name):
    """The reference decoder gives the same fields and integers, or the same class of error."""
    data, expect = CASES[name]
    assert reference_result(data) == {k: v for k, v in expect.items() if k != "sha256"}


@pytest.mark.parametrize("name", ["small", "maps", "kind-reserved", "maps-left", "record-unknown"])
def test_plain_decoding_ignores_the_restorer(name):
    """The scene is the same with good, broken and unknown restorers (R-REST-01)."""
    data, expect = CASES[name]
    assert scene_hash(codec.decode(data)) == expect["sha256"]


@pytest.mark.parametrize("name", ["kind-reserved", "maps-left", "maps-alone"])
def test_verify_and_info_refuse_broken_boxes(name):
    """Who looks at the boxes refuses what breaks their rules."""
    for look in (verify, stream_info):
        with pytest.raises(FormatError):
            look(CASES[name][0])


def test_an_unknown_record_is_reported_not_refused():
    """A record of a later version: the file is in order, the restorer unknown."""
    verify(CASES["record-unknown"][0])
    assert stream_info(CASES["record-unknown"][0])["restorer"]["kind"] == "unknown"


def test_info_tells_the_restorer():
    """Kind, weights, level, noise and maps, ready for JSON."""
    found = stream_info(CASES["small"][0])["restorer"]
    assert found["kind"] == "small" and found["noise"]["seed"] == 42
    assert found["backbone"]["sha256"] == bytes(range(32)).hex()
    assert 0.19 < found["level"] < 0.2
    maps = stream_info(CASES["maps"][0])["restorer"]["maps"]
    assert [m["layers"] for m in maps] == ["prompt rows", "autoencoder decoder",
                                           "backbone convolutions"]
    assert stream_info(restorer_cases._plain())["restorer"] is None


# --- REST -----------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_rest_comes_back(data):
    """Any legal settings are read back as they were, byte for byte."""
    draw = data.draw
    model = st.builds(ModelId, st.sampled_from([1, 2, 3]), st.just(""), st.text(max_size=20),
                      st.binary(min_size=32, max_size=32))
    level = draw(st.integers(2, (1 << 24) - 1))
    tile = draw(st.sampled_from([0, 64, 200]))
    params = RestorerParams(
        kind=draw(st.sampled_from(sorted(KINDS))), backbone=draw(model), autoencoder=draw(model),
        latent_scale=draw(st.integers(1, (1 << 32) - 1)),
        latent_shift=draw(st.integers(-(1 << 28) + 1, (1 << 28) - 1)), schedule=0,
        prediction=draw(st.sampled_from([0, 1, 3])), level=level,
        end_level=draw(st.integers(0, level - 1)), network_time=draw(st.integers(0, 65535)),
        noise_mode=2, noise_scope=draw(st.integers(0, 1)),
        noise_seed=draw(st.integers(0, (1 << 64) - 1)), mask=1,
        mask_grid=draw(st.integers(1, 32)), condition=draw(st.integers(0, 255)),
        strength=draw(st.integers(1, 255)), tile=tile, untiled=12 if tile else 0,
        overlap=draw(st.integers(0, tile // 2)), background=(1, 2, 3),
    )
    payload = write_restorer(params)
    assert read_restorer(payload) == params
    assert write_restorer(read_restorer(payload)) == payload


def test_every_cut_of_rest_is_an_error():
    """No prefix of a REST payload is accepted."""
    payload = write_restorer(restorer_cases.NIFI)
    for n in range(len(payload)):
        with pytest.raises(NfxError):
            read_restorer(payload[:n])


def test_single_bytes_changed_never_crash():
    """A changed byte gives other settings or a typed error."""
    payload = write_restorer(restorer_cases.NIFI)
    for i in range(len(payload)):
        for value in (0, 1, 127, 255):
            try:
                read_restorer(payload[:i] + bytes([value]) + payload[i + 1 :])
            except NfxError:
                pass


def test_settings_the_specification_forbids_are_usage_errors():
    """The encoder's side cannot make a box that decoders refuse."""
    with pytest.raises(UsageError):
        RestorerParams(backbone=ModelId(1, "", "", bytes(32)), level=0)
    with pytest.raises(UsageError):
        write_restorer(RestorerParams(backbone=ModelId(1)))


@pytest.mark.parametrize("name", ["KINDS", "MODELS", "SCHEDULES", "PREDICTIONS", "NOISE_MODES",
                                  "NOISE_SCOPES", "PROMPTS", "MASKS", "PAD_MODES", "WINDOWS",
                                  "COLOUR_FIXES", "DTYPES", "RENDERERS"])
def test_annex_b_lists_the_codes(name):
    """Each code of the code base stands in annex B."""
    from codec.wire import restorer as wire

    for code, text in getattr(wire, name).items():
        assert f"| {code} | {text} |" in ANNEX_B
    for code, text in mlra.LISTS.items():
        assert f"| {code} | {text} |" in ANNEX_B


# --- MLRA -----------------------------------------------------------------------------------------


def same_groups(a, b) -> bool:
    heads = [(g.layers, g.full, g.step, g.factor_crc, g.ranks) for g in a]
    equal = all(np.array_equal(x, y) for g, h in zip(a, b, strict=True)
                for x, y in zip(g.maps, h.maps, strict=True))
    return heads == [(g.layers, g.full, g.step, g.factor_crc, g.ranks) for g in b] and equal


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.floats(0, 0.9), st.floats(0.3, 400))
def test_maps_come_back(seed, full, share, size):
    """Any maps, sparse or dense, small or with escapes, come back exactly."""
    rng = np.random.default_rng(seed)
    ranks = rng.integers(0, 12, int(rng.integers(1, 9))).tolist() + [5]
    maps = [np.rint(rng.laplace(0, size, (r, r) if full else r)) for r in ranks]
    maps = [(m * (rng.random(m.shape) < share)).astype(np.int32) for m in maps]
    maps[-1].flat[0] = 3
    groups = [MapGroup(3, full, 24, tuple(maps), 5)]
    assert same_groups(read_maps(write_maps(groups)), groups)


def test_maps_cost_what_the_model_says():
    """0.7 % of +-1 among 2.6 million symbols: within 1 % of the entropy."""
    rng = np.random.default_rng(0)
    signs = rng.choice([-1, 1], (40, 256, 256)) * (rng.random((40, 256, 256)) < 0.007)
    share = np.count_nonzero(signs) / signs.size
    bits = -(share * np.log2(share / 2) + (1 - share) * np.log2(1 - share))
    payload = write_maps([MapGroup(1, True, 24, tuple(signs.astype(np.int32)))])
    assert 0.99 * bits < 8 * len(payload) / signs.size < 1.01 * bits


def test_maps_that_the_box_cannot_hold_are_refused():
    """All zero, too many symbols, too large values: usage errors, not broken boxes."""
    one = np.ones(1, np.int32)
    for maps in ((0 * one,), (one * 100_000,), tuple(one for _ in range(4097))):
        with pytest.raises(UsageError):
            write_maps([MapGroup(4, False, 24, maps)])


def test_maps_respect_the_memory_limit():
    """A small box that announces many symbols is refused before they are made."""
    payload = write_maps([MapGroup(3, True, 24, (np.eye(600, dtype=np.int32),))])
    with pytest.raises(LimitExceeded):
        read_maps(payload, 1 << 20)


def test_damaged_maps_never_crash():
    """Cuts and flips of MLRA give typed errors, or other maps."""
    payload = write_maps(restorer_cases.example_maps()[1:])
    rng = np.random.default_rng(1)
    for n in range(0, len(payload), 3):
        with pytest.raises(NfxError):
            read_maps(payload[:n])
    for _ in range(200):
        damaged = bytearray(payload)
        damaged[rng.integers(len(payload))] ^= 1 << int(rng.integers(8))
        try:
            read_maps(bytes(damaged), 1 << 26)
        except NfxError:
            pass


def test_step_sizes_are_the_nearest_binary64():
    """2^(-k/4): its fourth power straddles 2^-k within half a unit in the last place."""
    from fractions import Fraction

    for k in range(4):
        value = mlra.step_size(k)
        below, above = (Fraction(float(np.nextafter(value, x))) for x in (0, 2))
        middle = Fraction(value)
        target = Fraction(1, 2**k)
        assert ((below + middle) / 2) ** 4 < target < ((above + middle) / 2) ** 4
    assert mlra.step_size(24) == 1 / 64


# --- exact inputs: levels and noise ---------------------------------------------------------------


def test_levels_as_written():
    """5.11.2 in both decoders: the same binary64, and SD-Turbo's t = 199 to 1e-6 (R2)."""
    for kind in (0, 1):
        for level in (1, 3320487, 6086315, (1 << 24) - 1):
            params = RestorerParams(backbone=ModelId(1, "", "", bytes(32)), schedule=kind,
                                    prediction=3, level=level)
            assert params.signal_and_noise == restorer.level_weights(kind, level)
    level = schedule.to_fixed(schedule.SD_TURBO.level(199))
    a, b = restorer.level_weights(1, level)
    assert abs(a - 0.8690443) < 1e-6 and abs(b - 0.4947342) < 1e-6


def test_noise_as_written():
    """R8: table, words and values of 5.11.3, in both implementations."""
    table = noise.noise_table()
    digest = "1ea009ce409dac97d6bd609266910f809c5fb912f78e16bd89145b08174d6fc5"
    assert hashlib.sha256(table.astype("<i2").tobytes()).hexdigest() == digest
    assert table.tolist() == restorer.noise_table().tolist()
    first = [323, -2121, 60, 3752, -261, -1442, -1025, -3607]
    assert noise.noise_integers(42, 0, 8).tolist() == first == restorer.noise(42, 0, 8).tolist()
    assert restorer.philox(42, 0, 1).tolist() == [0xD1F8817D4D62880E]
    assert restorer.philox(42, 7, 1).tolist() == [0xA64064F34E84B9A3]
    big = (1 << 64) - 1
    assert noise.noise_integers(big, big, 1001).tolist() == restorer.noise(big, big, 1001).tolist()


def test_noise_is_normal_enough_and_in_order():
    """Moments of 10^6 values; the shape only says how they are laid out."""
    values = noise.noise(7, 3, (4, 500, 500))
    assert values.dtype == np.float32 and abs(values.mean()) < 0.005
    assert abs(values.var() - 1) < 0.01
    assert np.array_equal(values.reshape(-1)[:8], noise.noise_integers(7, 3, 8) / np.float32(4096))
    assert not np.array_equal(values, noise.noise(7, 4, (4, 500, 500)))


# --- schedules: R2 and R3 -------------------------------------------------------------------------


def test_schedule_constants():
    """The signal-to-noise ratios that both schedules are known for."""
    turbo, table = schedule.SD_TURBO, schedule.SD_TURBO.alphas_cumprod()
    # the table there is of the float32 product, which differs by 3e-7
    assert abs(table[199] - 0.7552383612) < 1e-9
    for t, abar in ((99, 0.8954625), (149, 0.8292206), (249, 0.6754321), (299, 0.5921828),
                    (999, 0.0046600951)):
        assert abs(table[t] - abar) < 1e-6
    a, b = turbo.signal_and_noise(199)
    assert np.allclose([a, b, b / a, 1 / a], [0.8690443, 0.4947342, 0.5692854, 1.150689], atol=1e-6)
    assert abs(turbo.snr(199) - 3.0856) < 1e-4
    a, b = turbo.signal_and_noise(999)
    assert abs(b / a - 14.6146466) < 1e-5
    assert abs(turbo.level(199) - 0.36277) < 1e-5
    assert abs(schedule.nearest_level(199) - 0.1979167) < 1e-6
    assert abs(schedule.nearest_level(0) - 0.0029940) < 1e-6
    assert abs(schedule.nearest_level(999) - 0.9989980) < 1e-6
    flow = schedule.flow_table()
    assert abs(flow[50] - 0.9827586) < 1e-6 and abs(flow[949] - 0.1388385) < 1e-6
    assert abs(schedule.shifted(0.199) - 0.4270386) < 1e-6


def test_a_learned_step_lies_between_its_neighbours():
    """Real timesteps interpolate the log of the ratio."""
    turbo = schedule.SD_TURBO
    middle = np.sqrt(turbo.snr(199) * turbo.snr(200))
    assert abs(turbo.snr(199.5) - middle) < 1e-9
    slope = np.log(turbo.snr(199.5) / turbo.snr(198.5))
    assert abs(slope + 0.0083) < 1e-4
    with pytest.raises(UsageError):
        turbo.snr(1000)


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("prediction", [0, 1, 2, 3])
def test_conversions_come_back(kind, prediction):
    """R3: a perfect network gives the clean signal and the noise back, in every prediction."""
    if (kind, prediction) in ((0, 2), (1, 0)):
        return
    rng = np.random.default_rng(kind)
    x, e = rng.normal(size=(2, 100))
    for level in (0.05, 0.198, 0.6, 0.95):
        s = schedule.to_fixed(level)
        a, b = restorer.level_weights(kind, s)
        y = a * x + b * e
        output = {0: e - x, 1: e, 2: a * e - b * x, 3: x}[prediction]
        assert np.allclose(schedule.clean_estimate(y, output, prediction, a, b), x)
        assert np.allclose(schedule.as_epsilon(y, output, prediction, a, b), e)
        assert np.allclose(schedule.score(y, output, prediction, a, b), -e / b)


def test_a_step_may_end_above_zero():
    """E8: a velocity step from s to s_end stops there."""
    x, e = np.array([0.3]), np.array([-1.2])
    s, end = 0.1979167, 0.0029940
    y = (1 - s) * x + s * e
    stopped = schedule.clean_estimate(y, e - x, schedule.VELOCITY, 1 - s, s, end)
    assert np.allclose(stopped, (1 - end) * x + end * e)


def test_a_group_reader_says_which_rule_broke():
    """Errors name the requirement."""
    with pytest.raises(BadValue, match="R-MLRA-05"):
        read_maps(restorer_cases._at(7, 0)(write_maps(restorer_cases.example_maps()[2:])))
    changed = replace(restorer_cases.SMALL, strength=1)
    assert read_restorer(write_restorer(changed)).strength == 1
