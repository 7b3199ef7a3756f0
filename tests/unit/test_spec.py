"""The specification against the code: requirements, tables, arithmetic, a reference decoder."""

from __future__ import annotations

import hashlib
import math
import re
import struct
from pathlib import Path

import numpy as np
import pytest

import codec
from codec.core import geometry, model, tables
from codec.core.entropy import SymbolEncoder, pack_bits
from codec.scene import Splats
from codec.wire import checksum
from codec.wire import tables as wire
from codec.wire.checksum import crc32c
from conformance import invalid, reference_decoder, surgery
from conformance.judge import FIELDS, Outcome, judge, load_cases, outcome_of
from conformance.reference_decoder import conventions, entropy
from tools.differential import verdict_of_codec, verdict_of_reference

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "bitstream_spec"
DEFINED = re.compile(r"\*\*(R-[A-Z]+-\d\d)\*\*")
PARTS = [*sorted(SPEC.glob("0*.md")), *sorted(SPEC.glob("annex-[abc]-*.md"))]
TEXT = "\n".join(path.read_text("utf-8") for path in PARTS)
ROW = re.compile(r"^\| (R-[A-Z]+-\d\d) \| (.+) \|$", re.M)
ROWS = dict(ROW.findall((SPEC / "annex-d-requirements.md").read_text("utf-8")))


def test_requirements_and_annex_d_agree():
    """Each requirement is defined once or more in the text and has one row in annex D."""
    assert len(ROWS) > 80
    assert set(DEFINED.findall(TEXT)) == set(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_named_checks_exist(row):
    """What annex D names is a case in the tree or a test function; gaps say "none yet"."""
    if ROWS[row] == "none yet":
        return
    for name in re.findall(r"`([^`]+)`", ROWS[row]):
        if "::" in name:
            path, function = name.split("::")
            assert f"def {function}(" in (ROOT / path).read_text("utf-8")
        else:
            assert (ROOT / "conformance" / name / "case.json").exists()


def test_gaps_are_few():
    """Open gaps are listed, and stay few."""
    assert sum(v == "none yet" for v in ROWS.values()) <= 4


# --- tables -------------------------------------------------------------------------------------


def test_tables_are_those_of_annex_c():
    """Size, hash, offsets and formulas of annex C are those of the shipped file."""
    raw = (ROOT / "codec" / "core" / "tables.bin").read_bytes()
    annex = (SPEC / "annex-c-tables.md").read_text("utf-8")
    assert hashlib.sha256(raw).hexdigest() in annex and f"{len(raw)} bytes" in annex
    rows = re.findall(r"^\| \d \| (\w+) \| (\w+) \| (\d+) \| (\d+) \|", annex, re.M)
    kinds = {"binary32": "<f4", "i16": "<i2", "u32": "<u4"}
    shipped = tables.coding_tables()
    assert len(rows) == 7
    for name, kind, count, offset in rows:
        values = np.frombuffer(raw, kinds[kind], int(count), int(offset))
        assert np.array_equal(values, getattr(shipped, name)), name
    i = np.arange(4097)
    formula = np.rint((1 << 20) / (1 + np.exp(-(i - 2048) / 128)))
    assert np.array_equal(formula, shipped.logistic_cdf)


def test_registries_are_those_of_the_code():
    """Levels, box types and codes of the annexes are those of codec.wire.tables."""
    annex = (SPEC / "annex-a-profiles-levels.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", annex, re.M)
    levels = {int(r[0]): wire.Level(*map(int, r[1:])) for r in rows}
    assert levels == wire.LEVELS
    annex = (SPEC / "annex-b-registries.md").read_text("utf-8")
    boxes = dict(re.findall(r"^\| `(.{4})` \| (\w+) \|", annex, re.M))
    assert {k.encode() for k, v in boxes.items() if v == "critical"} == wire.CRITICAL_BOXES
    assert {k.encode() for k, v in boxes.items() if v == "ancillary"} == wire.ANCILLARY_BOXES
    for code, text in {**wire.FRAMES}.items():
        assert f"| {code} | {text} |" in annex
    for code, text in {**wire.COLOUR_SPACES}.items():
        assert f"| {code} | {text} |" in annex


def test_version_is_that_of_the_code():
    """Parts 1 and 3 and the changes name the format version the code writes."""
    syntax = (SPEC / "03-syntax.md").read_text("utf-8")
    for name, number in (("major", wire.MAJOR), ("minor", wire.MINOR)):
        assert re.search(rf"read {name}: u8 +# {number}\n", syntax)
    assert f"**{wire.MAJOR}.{wire.MINOR}**" in TEXT
    assert f"| {wire.MAJOR}.{wire.MINOR} |" in (SPEC / "CHANGES.md").read_text("utf-8")


# --- arithmetic of parts 2 and 6 ----------------------------------------------------------------


def test_crc_of_the_check_string():
    """Both decoders' CRC-32C of `123456789` is the value in part 2."""
    assert crc32c(b"123456789") == conventions.crc32c(b"123456789") == 0xE3069283
    data = np.random.default_rng(0).bytes((1 << 16) + 4099)
    for n in (0, 1, 4095, 4096, 4099, 10240, len(data)):
        assert crc32c(data[:n]) == conventions.crc32c(data[:n])


def test_crc_of_several_blocks(monkeypatch):
    """A state is carried from block to block, also into a last one of a few bytes."""
    data = np.random.default_rng(1).bytes(20003)
    monkeypatch.setattr(checksum, "_BLOCK", 5000)
    assert crc32c(data) == conventions.crc32c(data)


def test_log2_q8_as_written():
    """The formula of 2.5 gives what the code gives, within one of the true logarithm."""
    values = [1, 2, 3, 255, 256, 257, 511, 512, 1 << 40, (1 << 40) + 1, (1 << 53) - 1]
    found = tables.log2_q8(np.array(values, np.int64)).tolist()
    assert found == conventions.log2_q8(values).tolist()
    assert all(abs(f - 256 * math.log2(v)) < 2 for f, v in zip(found, values, strict=True))


def test_frequencies_of_rows_of_several_lengths():
    """Rows of one array give what each gives alone."""
    weights = np.array([[5, 0, 9, 1], [7, 7, 0, 0], [1, 2, 3, 0]])
    used = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0]])
    found = model.frequencies(weights, used).tolist()
    for row, w, n in zip(found, weights.tolist(), used.sum(axis=1).tolist(), strict=True):
        assert row == entropy.frequencies(w[:n]).tolist() + [0] * (len(w) - n)


def test_cells_from_tree_keys():
    """Cells interleaved and taken apart again, for boxes of any shape."""
    rng = np.random.default_rng(2)
    for bits in ((0, 0, 0), (1, 0, 0), (7, 8, 9), (21, 3, 0), (21, 21, 21)):
        cells = np.stack([rng.integers(0, 1 << b, 50) for b in bits], axis=1)
        keys = geometry.tree_keys(cells, bits)
        assert geometry.cells_of_keys(keys, bits).tolist() == cells.tolist()


def test_frequencies_as_written():
    """6.4: integers that sum to 2^24, each at least one."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        weights = rng.integers(0, 1 << 20, int(rng.integers(2, 300)))
        weights[0] += 1
        found = model.frequencies(weights[None, :])[0].tolist()
        assert found == entropy.frequencies(weights.tolist()).tolist()
        assert sum(found) == 1 << 24 and min(found) >= 1


def test_logistic_prior_as_written():
    """6.6, for every scale and phase."""
    for half in (1, 7, 127):
        for phase in (-2, -1, 0, 1):
            found = model.logistic_prior(np.arange(64), np.full(64, phase), half)
            for k in range(64):
                assert found[k].tolist() == entropy.logistic_prior(k, phase, half).tolist()


def test_ans_as_written():
    """6.1 to 6.3 read back what constriction wrote: tables, uniform symbols, raw bits."""
    rng = np.random.default_rng(1)
    for _ in range(60):
        coder, expected = SymbolEncoder(), []
        for _ in range(int(rng.integers(0, 8))):
            m, kind = int(rng.integers(1, 30)), int(rng.integers(0, 3))
            if kind == 0:
                sizes = rng.choice([2, 3, 5, 1000, 99991, (1 << 20) + 1, 1 << 24], m)
                given = np.where(rng.random(m) < 0.3, sizes - 1, rng.integers(0, sizes))
                coder.uniform(sizes, given)
                expected.append((kind, sizes.tolist(), given.tolist()))
            elif kind == 1:
                table = model.frequencies(rng.integers(0, 9, (1, 12)) ** 5 + 1)[0]
                given = rng.integers(0, 12, m)
                coder.symbols(table, m, given)
                expected.append((kind, table.tolist(), given.tolist()))
            else:
                n_bits = int(rng.integers(1, 33))
                given = rng.integers(0, 1 << n_bits, m)
                coder.raw(n_bits, m, given)
                expected.append((kind, n_bits, given.tolist()))
        payload = entropy.Payload(coder.finish())
        for kind, how, given in expected:
            if kind == 0:
                assert [payload.uniform(size) for size in how] == given
            else:
                read = payload.symbols if kind == 1 else payload.raw
                assert read(how, len(given)).tolist() == given
        payload.end()


def test_raw_bits_by_hand():
    """6.3: values 5, 1, 7 of three bits are 10100111 1 and seven bits of padding."""
    assert pack_bits(np.array([5, 1, 7]), 3) == bytes([0b10100111, 0b10000000])


# --- the reference decoder ------------------------------------------------------------------------


def _reference(path: Path) -> Outcome:
    try:
        scene = reference_decoder.decode(path.read_bytes())
    except reference_decoder.StreamError as error:
        return Outcome(error=error.kind)
    arrays = {name: getattr(scene, name) for name in FIELDS}
    return outcome_of(Splats(**arrays, extra=scene.extra), scene.complete)


@pytest.mark.parametrize("case", load_cases(), ids=lambda case: case.name)
def test_two_decoders_agree(case):
    """The decoder written from the text alone gives the same arrays and error classes."""
    assert judge(case, _reference(case.stream)) is None


@pytest.mark.parametrize("columns, verdict", [(3, "decoded"), (200, "limit")])
def test_both_decoders_count_extra_columns(columns, verdict):
    """200 columns of 100,000 equal doubles in a few kB are more than the limit (R-HEAD-07)."""
    n = 100_000
    arrays = [np.zeros((n, *shape), np.float32) for shape in ((3,), (3,), (4,), (), (3,), (0, 3))]
    arrays[2][:, 0] = 1
    options = codec.EncoderOptions(effort=1, threads=1, prune=False)
    header, boxes = surgery.take_apart(codec.encode(Splats(*arrays), options))
    extra = surgery.RawBox(wire.EXTR, invalid._columns(columns, n=n, kind=7))
    data = surgery.join(header, [*boxes, extra])
    ours, theirs = verdict_of_codec(data), verdict_of_reference(data)
    assert ours == theirs and (ours if len(ours) < 64 else "decoded") == verdict


# --- Kaitai Struct --------------------------------------------------------------------------------


def test_kaitai_description_parses_the_streams():
    """The parser made from nfx.ksy sees the boxes, tiles and views that we see."""
    pytest.importorskip("kaitaistruct")
    from conformance.nfx_kaitai import Nfx

    seen = set()
    for case in load_cases():
        if "error" in case.expect or case.name.startswith("cut-"):
            continue
        data = case.stream.read_bytes()
        found = Nfx.from_bytes(data)
        head = found.boxes[0].body
        assert head.sh_degree == case.expect["sh_degree"]
        tiers = [b.body for b in found.boxes if b.type == "INDX"]
        assert head.n_tiers == len(tiers)
        counts = [sum(tile.n.value for tile in tier.tiles) for tier in tiers]
        assert sum(counts) == head.n_gaussians.value
        models = [b.body for b in found.boxes if b.type == "MODL"]
        shrinks = [m.lossy.shrink if hasattr(m, "lossy") else 0 for m in models]
        whole = [i for i, shrink in enumerate(shrinks) if shrink == wire.REPLACES]
        assert sum(counts[whole[-1] if whole else 0 :]) == case.expect["n_gaussians"]
        assert found.boxes[-1].body.total == len(data)
        crcs = b"".join(struct.pack("<I", b.crc) for b in found.boxes[:-1])
        assert found.boxes[-1].body.crc_of_crcs == conventions.crc32c(crcs)
        seen |= {b.type for b in found.boxes}
    assert {"HEAD", "MODL", "INDX", "TILE", "VIEW", "EXTR", "META", "REST", "MLRA", "END "} <= seen
