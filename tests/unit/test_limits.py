"""Memory and time stay in proportion to the file: limits, bombs, and nothing executed."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

import codec
from codec.errors import LimitExceeded
from codec.options import DecoderLimits
from tools import peak_memory

ROOT = Path(__file__).parents[2]
QUICK = ("level-1.nfx", "level-2.nfx", "extra-claim.nfx", "gzip.spz", "nothing.ply")
PEAK_MB = 200


def peak_of(name: str, folder: Path) -> dict:
    path = folder / name
    path.write_bytes(peak_memory.BOMBS[name]())
    return peak_memory.measure([path])


@pytest.mark.parametrize("name", QUICK)
def test_bombs_take_little_memory(name, tmp_path):
    """A process that meets a bomb ends in an error on purpose, or a scene, below 200 MB."""
    found = peak_of(name, tmp_path)
    assert found["code"] == 0 and found["peak_mb"] < PEAK_MB, found


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in peak_memory.BOMBS if n not in QUICK])
def test_more_bombs_take_little_memory(name, tmp_path):
    found = peak_of(name, tmp_path)
    assert found["code"] == 0 and found["peak_mb"] < PEAK_MB, found


def test_all_invalid_streams_take_little_memory():
    """One process that meets every invalid stream of the suite stays below 200 MB."""
    found = peak_memory.measure(sorted((ROOT / "conformance" / "bad").glob("*/in.nfx")))
    assert found["code"] == 0 and found["peak_mb"] < PEAK_MB
    assert "accepted" not in found["said"]


def test_a_short_file_may_not_claim_much():
    """Few bytes with many Gaussians are refused before memory is taken, unless the caller asks."""
    data = peak_memory.free_scene(400_000, 2, broken=False)
    with pytest.raises(LimitExceeded) as caught:
        codec.decode(data)
    assert caught.value.code == "expansion" and len(data) < 3000
    with pytest.raises(LimitExceeded):
        codec.decode(data, DecoderLimits(max_expansion=0, max_memory=1 << 20))
    small = peak_memory.free_scene(100_000, 1, broken=False)
    assert codec.decode(small).n_gaussians == 100_000
    tight = DecoderLimits(max_memory=50_000_000)
    with pytest.raises(LimitExceeded):
        codec.decode(small, tight)
    with pytest.raises(LimitExceeded):
        codec.decode(small, DecoderLimits(max_gaussians=99_999))


def test_columns_count_as_memory():
    """Extra columns are weighed before each is unpacked."""
    box = peak_memory._extra(4, 1000)
    data = peak_memory.free_scene(1000, 1, box, broken=False)
    enough = DecoderLimits(max_memory=1000 * (512 + 12 * 16) + 4 * 8000)
    assert len(codec.decode(data, enough).extra) == 4
    with pytest.raises(LimitExceeded):
        codec.decode(data, replace(enough, max_memory=enough.max_memory - 1))


def test_restorer_maps_count_as_memory():
    """A few bytes of MLRA may not claim 2^24 symbols."""
    import struct

    from codec.decoder.restorer import read_signalled
    from codec.wire.restorer import write_restorer
    from conformance import restorer_cases

    header = struct.pack("<BBBBB", 1, 1, 1, 24, 1) + b"\x01\x80\x20" + bytes([1, 0])
    maps = header + 2 * struct.pack("<HB", 60000, 0) + bytes(4) + b"\0"
    data = restorer_cases.with_boxes(write_restorer(restorer_cases.SMALL), maps)
    with pytest.raises(LimitExceeded):
        read_signalled(data)


FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_METHODS = {"os": {"system", "popen"}, "tempfile": {"mktemp"}, "torch": set()}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "joblib"}


def test_nothing_from_a_file_is_executed():
    """No pickle, no eval, no shell, no torch.load or numpy.load that could run code."""
    for path in [*(ROOT / "codec").rglob("*.py"), *(ROOT / "conformance").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {a.name.split(".")[0] for a in node.names}
                names.add((getattr(node, "module", "") or "").split(".")[0])
                assert not names & FORBIDDEN_MODULES, path
            if isinstance(node, ast.Call):
                check_call(path, node)


def check_call(path: Path, call: ast.Call) -> None:
    name = getattr(call.func, "attr", "")
    given = {k.arg: getattr(k.value, "value", None) for k in call.keywords}
    owner = getattr(getattr(call.func, "value", None), "id", "")
    plain = getattr(call.func, "id", "")
    assert plain not in FORBIDDEN_CALLS, f"{path}:{call.lineno}: {plain}"
    assert name not in FORBIDDEN_METHODS.get(owner, ()), f"{path}:{call.lineno}: {name}"
    assert not given.get("shell"), f"{path}:{call.lineno}: a shell"
    assert not given.get("allow_pickle"), f"{path}:{call.lineno}: allow_pickle"
    if name == "load" and owner == "torch":
        assert given.get("weights_only") is True, f"{path}:{call.lineno}: torch.load"
